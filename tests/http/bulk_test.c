/* Many things by one request, in JSON: a result each, all or nothing, once only, within the scope of the key. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "kept/limits.h"
#include "kept/text.h"
#include "tests/support/query.h"
#include "tests/support/world.h"

#define COMMITMENTS "/v1/commitments/bulk"
#define PEOPLE "/v1/people/bulk"

static struct world world;

static void start_all(void)
{
	world_start(&world, "bulk");
}

static void stop_all(void)
{
	world_stop(&world);
}

static struct answer send(const char *target, const char *headers, const char *body)
{
	return ask(&world.asking, world.lakeview.admin, "POST", target, headers, body);
}

static struct answer get(const char *target)
{
	return must(200, ask(&world.asking, world.lakeview.admin, "GET", target, NULL, NULL));
}

static long long people_named(const char *name)
{
	return query_number(world.superuser, text_of("select count(*) from kept.person where name like '%s%%'", name));
}

/* So many new people, with `more` items behind them. To be freed. */
static char *people(const char *name, int count, const char *more)
{
	struct text out;
	text_init(&out, 1 << 20);
	text_adds(&out, "{\"items\":[");
	for (int i = 0; i < count; i++)
		text_addf(&out, "%s{\"name\":\"%s %d\",\"groups\":[\"families\"]}", i > 0 ? "," : "", name, i);
	text_adds(&out, more);
	text_adds(&out, "]}");
	char *body = text_take(&out);
	ck_assert_ptr_nonnull(body);
	return body;
}

START_TEST(each_item_has_a_result_of_its_own)
{
	const char *mine = world_promise(&world, "");
	struct answer reply =
		must(207, send(COMMITMENTS, NULL,
			       text_of("{\"items\":["
				       "{\"group\":\"families\",\"title\":\"A\",\"owner\":{\"person_id\":\"%s\"}},"
				       "{\"group\":\"pirates\",\"title\":\"B\",\"owner\":{\"person_id\":\"%s\"},\"due_"
				       "on\":\"soon\"},"
				       "{\"id\":\"%s\",\"version\":1,\"title\":\"C\"},"
				       "{\"id\":\"%s\",\"title\":\"D\"},"
				       "{\"group\":\"families\",\"title\":\"E\",\"owner\":{\"person_id\":\"%s\"}},"
				       "{\"id\":\"%s\",\"version\":1,\"title\":\"F\"},"
				       "{\"id\":\"%s\"}]}",
				       world.lakeview.person, world.lakeview.person, mine, WORLD_ABSENT,
				       world.hillside.person, mine, mine)));
	static const char *const statuses[] = {"201", "422", "200", "404", "422", "412", "422"};
	for (int i = 0; i < 7; i++) {
		ck_assert_str_eq(at(&reply, text_of("items/%d/status", i)), statuses[i]);
		ck_assert_str_eq(at(&reply, text_of("items/%d/index", i)), text_of("%d", i));
		ck_assert_str_eq(at(&reply, text_of("items/%d/line", i)), "");
		const char *problem = at(&reply, text_of("items/%d/problem/status", i));
		ck_assert_str_eq(problem, *statuses[i] == '4' ? statuses[i] : "");
	}
	ck_assert_str_eq(at(&reply, "created"), "1");
	ck_assert_str_eq(at(&reply, "changed"), "1");
	ck_assert_str_eq(at(&reply, "failed"), "5");
	/* All that is wrong with one item, as with the operation for one thing. */
	ck_assert_int_eq(count_at(&reply, "items/1/problem/errors"), 2);
	ck_assert_str_eq(at(&reply, "items/4/problem/errors/0/pointer"), "/items/4/owner/person_id");
	ck_assert_ptr_nonnull(strstr(at(&reply, "items/5/problem/type"), "/docs/problems/precondition-failed"));
	struct answer read = get(text_of("/v1/commitments/%s", mine));
	ck_assert_str_eq(at(&read, "title"), "C");
	ck_assert_str_eq(at(&read, "version"), at(&reply, "items/2/version"));
	answer_release(&read);
	answer_release(&reply);
}
END_TEST

START_TEST(same_thing_twice_is_as_if_sent_one_after_the_other)
{
	const char *person = world_make(&world, world.lakeview.admin, "/v1/people",
					"{\"name\":\"Twice\",\"groups\":[\"families\"]}");
	struct answer reply = must(207, send(PEOPLE, NULL,
					     text_of("{\"items\":[{\"id\":\"%s\",\"name\":\"Twice B\"},"
						     "{\"id\":\"%s\",\"version\":2,\"name\":\"Twice C\"},"
						     "{\"id\":\"%s\",\"version\":2,\"name\":\"Twice D\"}]}",
						     person, person, person)));
	ck_assert_str_eq(at(&reply, "items/0/version"), "2");
	ck_assert_str_eq(at(&reply, "items/1/version"), "3");
	ck_assert_str_eq(at(&reply, "items/2/status"), "412");
	ck_assert_int_eq(people_named("Twice C"), 1);
	answer_release(&reply);
}
END_TEST

static const char *stolen(const char *id)
{
	return text_of("{\"items\":[{\"id\":\"%s\",\"name\":\"Stolen\"}]}", id);
}

START_TEST(foreign_things_answer_as_absent_ones)
{
	struct answer absent = must(207, send(PEOPLE, NULL, stolen(WORLD_ABSENT)));
	struct answer foreign = must(207, send(PEOPLE, NULL, stolen(world.hillside.person)));
	ck_assert_str_eq(absent.body, foreign.body);
	ck_assert_str_eq(at(&absent, "items/0/status"), "404");
	ck_assert_int_eq(people_named("Stolen"), 0);
	answer_release(&absent);
	answer_release(&foreign);
}
END_TEST

START_TEST(scope_of_a_key_holds_for_each_item)
{
	const char *east = world_make(&world, world.lakeview.admin, "/v1/schools", "{\"name\":\"East\"}");
	const char *steward = world_key(&world, "steward", text_of(",\"school_id\":\"%s\"", east));
	const char *items =
		text_of("{\"items\":[{\"name\":\"Scope A\",\"groups\":[\"families\"],\"school_ids\":[\"%s\"]},"
			"{\"name\":\"Scope B\",\"groups\":[\"families\"],\"school_ids\":[\"%s\"]},"
			"{\"id\":\"%s\",\"name\":\"Scope C\"}]}",
			east, world.lakeview.school, world.lakeview.person);
	struct answer reply = must(207, ask(&world.asking, steward, "POST", PEOPLE, NULL, items));
	ck_assert_str_eq(at(&reply, "items/0/status"), "201");
	ck_assert_str_eq(at(&reply, "items/1/status"), "403");
	ck_assert_str_eq(at(&reply, "items/2/status"), "404");
	ck_assert_int_eq(people_named("Scope"), 1);
	answer_release(&reply);
	must_be(403, ask(&world.asking, world.partner, "POST", PEOPLE, NULL, items));
	must_be(403, ask(&world.asking, world.reader, "POST", COMMITMENTS, NULL, items));
	ck_assert_int_eq(people_named("Scope"), 1);
}
END_TEST

START_TEST(all_or_nothing_stores_nothing_when_one_item_is_refused)
{
	char *body = people("Whole", 20,
			    text_of(",{\"id\":\"%s\",\"version\":99,\"name\":\"Whole\"}", world.lakeview.person));
	char *before = world_digest(&world);
	struct answer reply = must(422, send(PEOPLE "?atomic=true", "Idempotency-Key: whole\r\n", body));
	ck_assert_int_eq(count_at(&reply, "errors"), 1);
	ck_assert_str_eq(at(&reply, "errors/0/pointer"), "/items/20");
	char *after = world_digest(&world);
	ck_assert_str_eq(before, after);
	answer_release(&reply);
	/* Nothing was kept under the key, so it is good for the corrected one. */
	free(body);
	body = people("Whole", 20, "");
	reply = must(200, send(PEOPLE "?atomic=true", "Idempotency-Key: whole\r\n", body));
	ck_assert_int_eq(people_named("Whole"), 20);
	answer_release(&reply);
	/* atomic is a part of the request. */
	reply = must(422, send(PEOPLE, "Idempotency-Key: whole\r\n", body));
	ck_assert_ptr_nonnull(strstr(at(&reply, "type"), "/key-reused"));
	answer_release(&reply);
	free(before);
	free(after);
	free(body);
}
END_TEST

START_TEST(of_many_errors_of_all_or_nothing_the_first_64_are_told)
{
	struct text body;
	text_init(&body, 1 << 20);
	text_adds(&body, "{\"items\":[{}");
	for (int i = 0; i < 99; i++)
		text_adds(&body, ",{}");
	text_adds(&body, "]}");
	struct answer reply = must(422, send(PEOPLE "?atomic=true", NULL, body.bytes));
	ck_assert_int_eq(count_at(&reply, "errors"), 64);
	ck_assert_ptr_nonnull(strstr(at(&reply, "detail"), "100 of 100"));
	answer_release(&reply);
	text_release(&body);
}
END_TEST

static char *thousand(int count)
{
	struct text out;
	text_init(&out, KEPT_BULK_BYTES);
	text_adds(&out, "{\"items\":[");
	for (int i = 0; i < count; i++)
		text_addf(&out,
			  "%s{\"group\":\"families\",\"title\":\"Thousand %d\",\"owner\":{\"person_id\":\"%s\"},"
			  "\"due_on\":\"2027-02-15\"}",
			  i > 0 ? "," : "", i, world.lakeview.person);
	text_adds(&out, "]}");
	char *body = text_take(&out);
	ck_assert_ptr_nonnull(body);
	return body;
}

START_TEST(a_thousand_are_taken_and_one_more_is_refused)
{
	static const char question[] = "select count(*) from kept.commitment where title like 'Thousand %'";
	char *body = thousand(1001);
	struct answer reply = must(422, send(COMMITMENTS, NULL, body));
	ck_assert(names(&reply, "/items"));
	answer_release(&reply);
	ck_assert_int_eq(query_number(world.superuser, question), 0);
	free(body);
	body = thousand(1000);
	reply = must(200, send(COMMITMENTS, NULL, body));
	ck_assert_str_eq(at(&reply, "created"), "1000");
	ck_assert_int_eq(count_at(&reply, "items"), 1000);
	ck_assert_int_eq(query_number(world.superuser, question), 1000);
	/* Each has its clock, its history and its events, as if it had come alone. */
	ck_assert_int_eq(
		query_number(world.superuser,
			     "select count(*) from kept.commitment c join kept.reminder_clock k on"
			     " k.commitment_id = c.id where c.title like 'Thousand %' and k.next_at is not null"),
		1000);
	ck_assert_int_eq(query_number(world.superuser, "select count(*) from kept.commitment c join kept.event e on"
						       " e.commitment_id = c.id where c.title like 'Thousand %'"),
			 2000);
	answer_release(&reply);
	free(body);
}
END_TEST

START_TEST(repeat_gets_the_same_bytes_and_changes_nothing)
{
	static const char key[] = "Idempotency-Key: same bytes\r\n";
	char *body = people("Bytes", 3,
			    ",{\"name\":\"\"},{\"name\":\"Bytes\",\"groups\":[\"families\"],\"contacts\":["
			    "{\"channel\":\"webhook\",\"address\":\"https://a.example/\"}]}");
	struct answer first = must(207, send(PEOPLE, key, body));
	const char *secret = at(&first, "items/4/secrets/0/secret");
	ck_assert(text_starts(secret, "whsec_"));
	char *before = world_digest(&world);
	struct answer again = must(207, send(PEOPLE, key, body));
	ck_assert_str_eq(first.body, again.body);
	ck_assert_str_eq(header(&again, "Idempotent-Replayed"), "true");
	char *after = world_digest(&world);
	ck_assert_str_eq(before, after);
	/* The secret is that of the contact, and what is kept of the answer does not show it. */
	struct answer read = get(text_of("/v1/contacts/%s", at(&first, "items/4/secrets/0/contact_id")));
	ck_assert_str_eq(at(&read, "channel"), "webhook");
	ck_assert_int_eq(
		query_number(world.superuser,
			     text_of("select count(*) from kept.idempotency where body like '%%%s%%'", secret + 6)),
		0);
	answer_release(&read);
	answer_release(&again);
	answer_release(&first);
	free(before);
	free(after);
	free(body);
}
END_TEST

START_TEST(dry_run_tells_the_results_and_keeps_nothing)
{
	char *body = people("Dry", 2,
			    ",{\"name\":\"Dry\",\"groups\":[\"families\"],\"contacts\":["
			    "{\"channel\":\"webhook\",\"address\":\"https://a.example/\"}]},{}");
	char *before = world_digest(&world);
	struct answer reply = must(207, send(PEOPLE, "Prefer: tx=rollback\r\n", body));
	ck_assert_str_eq(at(&reply, "created"), "3");
	ck_assert_str_eq(at(&reply, "items/3/status"), "422");
	ck_assert_str_eq(at(&reply, "items/2/secrets"), "");
	char *after = world_digest(&world);
	ck_assert_str_eq(before, after);
	answer_release(&reply);
	free(before);
	free(after);
	free(body);
}
END_TEST

START_TEST(without_an_idempotency_key_it_is_400)
{
	struct api_reply reply = api_ask(&world.api, "POST", PEOPLE, NULL, "{\"items\":[{}]}");
	ck_assert_int_eq(reply.status, 400);
	ck_assert_ptr_nonnull(strstr(reply.body, "Idempotency-Key is needed"));
	api_reply_release(&reply);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("bulk");
	TCase *all = tcase_create("bulk");
	tcase_set_timeout(all, 90);
	tcase_add_unchecked_fixture(all, start_all, stop_all);
	tcase_add_test(all, each_item_has_a_result_of_its_own);
	tcase_add_test(all, same_thing_twice_is_as_if_sent_one_after_the_other);
	tcase_add_test(all, foreign_things_answer_as_absent_ones);
	tcase_add_test(all, scope_of_a_key_holds_for_each_item);
	tcase_add_test(all, all_or_nothing_stores_nothing_when_one_item_is_refused);
	tcase_add_test(all, of_many_errors_of_all_or_nothing_the_first_64_are_told);
	tcase_add_test(all, a_thousand_are_taken_and_one_more_is_refused);
	tcase_add_test(all, repeat_gets_the_same_bytes_and_changes_nothing);
	tcase_add_test(all, dry_run_tells_the_results_and_keeps_nothing);
	tcase_add_test(all, without_an_idempotency_key_it_is_400);
	suite_add_tcase(suite, all);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
