/* The table of problems, their JSON, and what an error of PostgreSQL becomes: api/reply/problem.h. */
#include <check.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "api/reply/problem.h"
#include "kept/limits.h"

START_TEST(codes_are_unique_and_fit_an_address)
{
	for (size_t i = 0; i < problem_count; i++) {
		const struct problem *problem = &problem_table[i];
		ck_assert_ptr_eq(problem_find(problem->code), problem);
		ck_assert_uint_eq(strspn(problem->code, "abcdefghijklmnopqrstuvwxyz-"), strlen(problem->code));
		ck_assert_int_ge(problem->status, 400);
		ck_assert_int_le(problem->status, 599);
		ck_assert(*problem->title && *problem->about && *problem->advice);
	}
	ck_assert_ptr_null(problem_find("no-such-code"));
}
END_TEST

START_TEST(every_status_has_a_plain_problem)
{
	static const int statuses[] = {400, 401, 403, 404, 405, 409, 412, 413, 414,
				       415, 422, 428, 429, 431, 500, 501, 503, 504};
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		ck_assert_int_eq(problem_of_status(statuses[i])->status, statuses[i]);
	ck_assert_str_eq(problem_of_status(409)->code, "conflict");
	ck_assert_str_eq(problem_of_status(422)->code, "invalid");
	ck_assert_int_eq(problem_of_status(418)->status, 500);
}
END_TEST

static json_t *write_one(const struct problem_reply *reply)
{
	struct text out;
	text_init(&out, KEPT_REPLY_BYTES);
	problem_write(&out, reply);
	ck_assert(text_ok(&out));
	json_t *json = json_loadb(out.bytes, out.length, JSON_REJECT_DUPLICATES, NULL);
	ck_assert_msg(json != NULL, "%s", out.bytes);
	text_release(&out);
	return json;
}

START_TEST(json_has_the_members_of_rfc_9457)
{
	struct problem_errors errors;
	problem_errors_init(&errors);
	problem_errors_pointer(&errors, "/due_on", "must be a \"date\"\n");
	problem_errors_parameter(&errors, "group", "is not known here");
	struct text list;
	text_init(&list, KEPT_REPLY_BYTES);
	text_addf(&list, "[%s]", errors.items.bytes);
	const struct problem_reply reply = {
		.problem = problem_find("invalid"),
		.public_url = "https://kept.example",
		.request_id = "94d445f6-0d58-4be5-aa3a-bb17b24c900b",
		.detail = "Two things are \"wrong\".",
		.errors = list.bytes,
	};
	json_t *json = write_one(&reply), *items = json_object_get(json, "errors");
	ck_assert_str_eq(json_string_value(json_object_get(json, "type")),
			 "https://kept.example/docs/problems/invalid");
	ck_assert_str_eq(json_string_value(json_object_get(json, "title")), reply.problem->title);
	ck_assert_int_eq(json_integer_value(json_object_get(json, "status")), 422);
	ck_assert_str_eq(json_string_value(json_object_get(json, "detail")), reply.detail);
	ck_assert_str_eq(json_string_value(json_object_get(json, "instance")),
			 "urn:uuid:94d445f6-0d58-4be5-aa3a-bb17b24c900b");
	ck_assert_uint_eq(json_array_size(items), 2);
	ck_assert_str_eq(json_string_value(json_object_get(json_array_get(items, 0), "pointer")), "/due_on");
	ck_assert_str_eq(json_string_value(json_object_get(json_array_get(items, 1), "parameter")), "group");
	json_decref(json);
	text_release(&list);
	problem_errors_release(&errors);
}
END_TEST

/* Names are the client's: a pointer that is too long tells the nearest parent, a long name its beginning. */
START_TEST(long_places_are_cut_where_they_stay_right)
{
	char pointer[5000] = "/contacts/0/", name[5000];
	memset(pointer + strlen(pointer), 'x', 4000);
	for (size_t i = 0; i + 2 < sizeof(name); i += 2)
		memcpy(name + i, "\xc3\xa9", 3);
	memmove(name + 1, name, 4000);
	name[0] = 'a';
	struct problem_errors errors;
	problem_errors_init(&errors);
	problem_errors_pointer(&errors, pointer, "is not known here");
	problem_errors_parameter(&errors, name, "is not known here");
	struct text list;
	text_init(&list, KEPT_REPLY_BYTES);
	text_addf(&list, "[%s]", errors.items.bytes);
	json_t *json = json_loadb(list.bytes, list.length, 0, NULL);
	ck_assert_msg(json != NULL, "%s", list.bytes);
	ck_assert_str_eq(json_string_value(json_object_get(json_array_get(json, 0), "pointer")), "/contacts/0");
	ck_assert_uint_eq(strlen(json_string_value(json_object_get(json_array_get(json, 1), "parameter"))),
			  KEPT_ERROR_PLACE_BYTES - 1);
	json_decref(json);
	text_release(&list);
	problem_errors_release(&errors);
}
END_TEST

START_TEST(detail_is_the_title_when_there_is_none)
{
	const struct problem_reply reply = {.problem = problem_find("not-found"), .public_url = "", .request_id = "x"};
	json_t *json = write_one(&reply);
	ck_assert_str_eq(json_string_value(json_object_get(json, "detail")), reply.problem->title);
	ck_assert_ptr_null(json_object_get(json, "errors"));
	json_decref(json);
}
END_TEST

START_TEST(list_of_errors_has_an_end_and_takes_any_name)
{
	struct problem_errors errors;
	problem_errors_init(&errors);
	problem_errors_parameter(&errors, "\xff\xfe", "is not known here");
	for (int i = 0; i < 2 * KEPT_ERRORS; i++)
		problem_errors_pointer(&errors, "/x", "is wrong");
	ck_assert_int_eq(errors.count, KEPT_ERRORS);
	ck_assert(errors.more);
	ck_assert(text_ok(&errors.items) && text_is_utf8(errors.items.bytes, errors.items.length));
	problem_errors_release(&errors);
}
END_TEST

static const struct {
	const char *state, *hint, *code;
	bool by_design;
} errors_of_postgresql[] = {
	{"KT404", "", "not-found", true},
	{"KT409", "in-flight", "in-flight", true},
	{"KT422", "key-reused", "key-reused", true},
	{"KT409", "key-reused", "conflict", true}, /* a code of another status */
	{"KT409", "no-such-code", "conflict", true},
	{"KT999", "", "internal", false},
	{"40001", "", "unavailable", false},
	{"57P01", "", "unavailable", false},
	{"08006", "", "unavailable", false},
	{"53300", "", "unavailable", false},
	{"22003", "", "invalid", false},
	{"42P01", "", "internal", false},
	{"XX000", "", "internal", false},
	{NULL, "", "internal", false},
};

START_TEST(error_of_postgresql_becomes_a_problem)
{
	bool by_design;
	const struct problem *problem =
		problem_of_sqlstate(errors_of_postgresql[_i].state, errors_of_postgresql[_i].hint, &by_design);
	ck_assert_str_eq(problem->code, errors_of_postgresql[_i].code);
	ck_assert_int_eq(by_design, errors_of_postgresql[_i].by_design);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("problem");
	TCase *all = tcase_create("problem");
	tcase_add_test(all, codes_are_unique_and_fit_an_address);
	tcase_add_test(all, every_status_has_a_plain_problem);
	tcase_add_test(all, json_has_the_members_of_rfc_9457);
	tcase_add_test(all, detail_is_the_title_when_there_is_none);
	tcase_add_test(all, long_places_are_cut_where_they_stay_right);
	tcase_add_test(all, list_of_errors_has_an_end_and_takes_any_name);
	tcase_add_loop_test(all, error_of_postgresql_becomes_a_problem, 0,
			    sizeof(errors_of_postgresql) / sizeof(errors_of_postgresql[0]));
	suite_add_tcase(suite, all);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
