/* Keys: shown once, good until they expire or are revoked, and no wider than who made them. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kept/text.h"
#include "tests/support/query.h"
#include "tests/support/world.h"

static struct world world;

static void start_all(void)
{
	world_start(&world, "keys");
}

static void stop_all(void)
{
	world_stop(&world);
}

static struct answer send(const char *key, const char *method, const char *target, const char *headers,
			  const char *body)
{
	return ask(&world.asking, key, method, target, headers, body);
}

static int status_with(const char *key)
{
	struct answer reply = send(key, "GET", "/v1/district", NULL, NULL);
	int status = reply.status;
	answer_release(&reply);
	return status;
}

START_TEST(key_is_shown_once)
{
	const char *admin = world.lakeview.admin, *body = "{\"role\":\"reader\",\"name\":\"Board\"}";
	struct answer made = must(201, send(admin, "POST", "/v1/keys", "Idempotency-Key: board\r\n", body));
	const char *key = at(&made, "key");
	ck_assert(text_starts(key, "kept_") && text_starts(key, at(&made, "prefix")));
	ck_assert_int_eq(status_with(key), 200);
	struct answer again = must(201, send(admin, "POST", "/v1/keys", "Idempotency-Key: board\r\n", body));
	ck_assert_str_eq(again.body, made.body);
	struct answer read = must(200, send(admin, "GET", header(&made, "Location"), NULL, NULL));
	struct answer list = must(200, send(admin, "GET", "/v1/keys?page_size=200", NULL, NULL));
	ck_assert_str_eq(at(&read, "key"), "");
	ck_assert_ptr_null(strstr(list.body, key));
	ck_assert_ptr_null(strstr(list.body, "ks1."));
	char *left =
		query_text(world.superuser, text_of("select string_agg(relname, ' ') from pg_class where relnamespace "
						    "= 'kept'::regnamespace and relkind = 'r'"
						    " and (xpath('/row/n/text()', query_to_xml(format('select count(*) "
						    "as n from kept.%%I t where strpos(t::text, %%L) > 0',"
						    " relname, '%s'), false, true, '')))[1]::text <> '0'",
						    key));
	ck_assert_msg(*left == '\0', "in the clear in %s", left);
	free(left);
	answer_release(&made);
	answer_release(&again);
	answer_release(&read);
	answer_release(&list);
}
END_TEST

START_TEST(revoked_key_is_refused_by_the_next_request_of_an_open_connection)
{
	struct answer made = must(201, send(world.lakeview.admin, "POST", "/v1/keys", "Idempotency-Key: short\r\n",
					    "{\"role\":\"reader\"}"));
	const char *key = at(&made, "key"), *path = header(&made, "Location");
	int fd = api_connect(&world.api);
	must_be(200, ask_on(&world.asking, fd, key, "GET", "/v1/district", NULL, NULL));
	must_be(204, send(world.lakeview.admin, "DELETE", path, if_match(&made), NULL));
	must_be(401, ask_on(&world.asking, fd, key, "GET", "/v1/district", NULL, NULL));
	must_be(401, ask_on(&world.asking, fd, key, "GET", "/v1/district", NULL, NULL));
	close(fd);
	struct answer read = must(200, send(world.lakeview.admin, "GET", path, NULL, NULL));
	ck_assert_str_eq(at(&read, "revoked_at"), "2027-01-10T15:00:00Z");
	/* The reply that showed it is gone, so the repeat makes another. */
	struct answer again = must(201, send(world.lakeview.admin, "POST", "/v1/keys", "Idempotency-Key: short\r\n",
					     "{\"role\":\"reader\"}"));
	ck_assert_str_ne(at(&again, "key"), key);
	answer_release(&made);
	answer_release(&read);
	answer_release(&again);
}
END_TEST

START_TEST(key_ends_at_the_moment_it_expires)
{
	const char *key = world_key(&world, "reader", ",\"expires_at\":\"2027-01-10T16:00:00Z\"");
	ck_assert_int_eq(status_with(key), 200);
	world_clock(&world, "2027-01-10 15:59:59+00");
	ck_assert_int_eq(status_with(key), 200);
	world_clock(&world, "2027-01-10 16:00:00+00");
	ck_assert_int_eq(status_with(key), 401);
	world_clock(&world, WORLD_NOW);
	must_be(422, send(world.lakeview.admin, "POST", "/v1/keys", NULL,
			  "{\"role\":\"reader\",\"expires_at\":\"2027-01-10T14:59:59Z\"}"));
	must_be(422, send(world.lakeview.admin, "POST", "/v1/keys", NULL,
			  "{\"role\":\"reader\",\"expires_at\":\"infinity\"}"));
}
END_TEST

START_TEST(key_names_only_what_its_district_has)
{
	struct answer refused =
		must(422, send(world.lakeview.admin, "POST", "/v1/keys", NULL,
			       text_of("{\"role\":\"partner\",\"school_id\":\"%s\",\"organisation_id\":\"%s\"}",
				       world.hillside.school, world.hillside.organisation)));
	ck_assert(names(&refused, "/school_id") && names(&refused, "/organisation_id"));
	answer_release(&refused);
	refused = must(422,
		       send(world.lakeview.admin, "POST", "/v1/keys", NULL,
			    text_of("{\"role\":\"reader\",\"organisation_id\":\"%s\"}", world.lakeview.organisation)));
	ck_assert(names(&refused, "/organisation_id"));
	answer_release(&refused);
}
END_TEST

START_TEST(admin_key_is_for_the_whole_district)
{
	const char *school = text_of("{\"role\":\"admin\",\"school_id\":\"%s\"}", world.lakeview.school);
	must_be(422, send(world.lakeview.admin, "POST", "/v1/keys", NULL, school));
	must_be(422,
		send(world.lakeview.admin, "POST", "/v1/keys", NULL, "{\"role\":\"admin\",\"group\":\"families\"}"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("key");
	TCase *all = tcase_create("key");
	tcase_set_timeout(all, 120);
	tcase_add_unchecked_fixture(all, start_all, stop_all);
	tcase_add_test(all, key_is_shown_once);
	tcase_add_test(all, revoked_key_is_refused_by_the_next_request_of_an_open_connection);
	tcase_add_test(all, key_ends_at_the_moment_it_expires);
	tcase_add_test(all, key_names_only_what_its_district_has);
	tcase_add_test(all, admin_key_is_for_the_whole_district);
	suite_add_tcase(suite, all);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
