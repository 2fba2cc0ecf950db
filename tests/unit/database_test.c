/* What a connection string becomes, and what an error of PostgreSQL means. */
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "sql/database.h"

static const char *value_of(const struct database_url *url, const char *keyword)
{
	const char *found = NULL;
	for (size_t i = 0; url->keywords[i]; i++) {
		if (!strcmp(url->keywords[i], keyword)) {
			ck_assert_msg(!found, "%s stands there twice", keyword);
			found = url->values[i];
		}
	}
	return found;
}

static struct database_url read_url(const char *string)
{
	struct database_session session = {
		.role = "kept_api", .application_name = "test", .statement_timeout_ms = 500, .lock_timeout_ms = 400};
	struct database_url url;
	char *error;
	ck_assert_msg(database_url(&url, string, &session, &error), "%s", string);
	return url;
}

START_TEST(options_are_added_to_those_of_the_string)
{
	struct database_url url = read_url("postgresql://kept@one:5433,two/kept?options=-c%20work_mem%3D3MB");
	const char *options = value_of(&url, "options");
	ck_assert_ptr_eq(strstr(options, "-c work_mem=3MB "), options);
	ck_assert_ptr_nonnull(strstr(options, " -c role=kept_api"));
	ck_assert_ptr_nonnull(strstr(options, " -c statement_timeout=500"));
	ck_assert_ptr_nonnull(strstr(options, " -c lock_timeout=400"));
	ck_assert_ptr_null(strstr(options, "synchronous_commit"));
	ck_assert_str_eq(value_of(&url, "host"), "one,two");
	ck_assert_str_eq(value_of(&url, "user"), "kept");
	ck_assert_str_eq(value_of(&url, "target_session_attrs"), "read-write");
	ck_assert_str_eq(value_of(&url, "fallback_application_name"), "test");
	ck_assert_str_eq(value_of(&url, "client_encoding"), "UTF8");
	ck_assert_double_eq(url.connect_seconds, 10);
	database_url_release(&url);
}
END_TEST

START_TEST(options_of_the_environment_are_not_lost)
{
	setenv("PGOPTIONS", "-c geqo=off", 1);
	struct database_url url = read_url("dbname=kept");
	unsetenv("PGOPTIONS");
	ck_assert_ptr_nonnull(strstr(value_of(&url, "options"), "-c geqo=off "));
	database_url_release(&url);
}
END_TEST

START_TEST(nothing_that_the_string_has_is_replaced)
{
	struct database_url url = read_url("host=a target_session_attrs=any tcp_user_timeout=1 connect_timeout=3 "
					   "application_name=mine");
	ck_assert_str_eq(value_of(&url, "target_session_attrs"), "any");
	ck_assert_str_eq(value_of(&url, "tcp_user_timeout"), "1");
	ck_assert_str_eq(value_of(&url, "application_name"), "mine");
	ck_assert_double_eq(url.connect_seconds, 3);
	database_url_release(&url);
}
END_TEST

START_TEST(a_malformed_string_is_refused_without_telling_it)
{
	static const char *const strings[] = {"nonsense", "password=hidden nonsense", "postgresql://u:hidden@[h"};
	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
		struct database_url url;
		char *error = NULL;
		ck_assert(!database_url(&url, strings[i], &(struct database_session){0}, &error));
		ck_assert_ptr_nonnull(error);
		ck_assert_ptr_nonnull(strstr(error, "KEPT_DATABASE_URL"));
		ck_assert_ptr_null(strstr(error, "hidden"));
		free(error);
	}
}
END_TEST

static const struct {
	const char *state;
	int status;
	enum database_fault fault;
	bool retryable, reconnect;
} meanings[] = {
	{"KT404", 404, DATABASE_FAULT_CLIENT, false, false}, {"KT429", 429, DATABASE_FAULT_CLIENT, false, false},
	{"KT999", 500, DATABASE_FAULT_OURS, false, false},   {"KTabc", 500, DATABASE_FAULT_OURS, false, false},
	{"23505", 409, DATABASE_FAULT_CLIENT, false, false}, {"23514", 422, DATABASE_FAULT_CLIENT, false, false},
	{"22P02", 422, DATABASE_FAULT_CLIENT, false, false}, {"40001", 503, DATABASE_FAULT_AWAY, true, false},
	{"40P01", 503, DATABASE_FAULT_AWAY, true, false},    {"55P03", 503, DATABASE_FAULT_AWAY, true, false},
	{"57014", 503, DATABASE_FAULT_AWAY, false, false},   {"57P01", 503, DATABASE_FAULT_AWAY, false, true},
	{"25006", 503, DATABASE_FAULT_AWAY, false, true},    {"53300", 503, DATABASE_FAULT_AWAY, false, false},
	{"42883", 500, DATABASE_FAULT_OURS, false, false},   {"42501", 403, DATABASE_FAULT_CLIENT, false, false},
	{"XX000", 500, DATABASE_FAULT_OURS, false, false},   {"", 500, DATABASE_FAULT_OURS, false, false},
	{NULL, 500, DATABASE_FAULT_OURS, false, false},
};

START_TEST(an_error_has_one_meaning)
{
	struct database_error error = database_error_of(meanings[_i].state);
	ck_assert_int_eq(error.status, meanings[_i].status);
	ck_assert_int_eq(error.fault, meanings[_i].fault);
	ck_assert_int_eq(error.retryable, meanings[_i].retryable);
	ck_assert_int_eq(error.reconnect, meanings[_i].reconnect);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("database");
	TCase *test = tcase_create("database");
	tcase_add_test(test, options_are_added_to_those_of_the_string);
	tcase_add_test(test, options_of_the_environment_are_not_lost);
	tcase_add_test(test, nothing_that_the_string_has_is_replaced);
	tcase_add_test(test, a_malformed_string_is_refused_without_telling_it);
	tcase_add_loop_test(test, an_error_has_one_meaning, 0, sizeof(meanings) / sizeof(meanings[0]));
	suite_add_tcase(suite, test);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
