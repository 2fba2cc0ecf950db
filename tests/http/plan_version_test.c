/* The versions of a plan: how they move, that what was published stays, and that of two who adopt only one does. */
#include <check.h>
#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kept/text.h"
#include "tests/support/query.h"
#include "tests/support/world.h"

static struct world world;

static void start_all(void)
{
	world_start(&world, "plan_version");
}

static void stop_all(void)
{
	world_stop(&world);
}

static struct answer get(const char *key, const char *target)
{
	return must(200, ask(&world.asking, key, "GET", target, NULL, NULL));
}

static struct answer send(const char *method, const char *target, const char *headers, const char *body)
{
	return ask(&world.asking, world.lakeview.admin, method, target, headers, body);
}

/* The path of a new plan of two items, for families and students; version 1 is a draft. */
static const char *new_plan(void)
{
	struct answer list = get(world.lakeview.admin, "/v1/frameworks");
	const char *path = text_of("/v1/plans/%s",
				   world_make(&world, world.lakeview.admin, "/v1/plans",
					      text_of("{\"framework_id\":\"%s\",\"school_year\":\"2026-27\",\"title\":"
						      "\"Compact\",\"template\":"
						      "false,\"starts_on\":\"2026-08-24\",\"ends_on\":\"2027-06-11\"}",
						      at(&list, "items/0/id"))));
	answer_release(&list);
	const char *items = text_of("%s/items", path);
	world_make(&world, world.lakeview.admin, items, "{\"group\":\"students\",\"title\":\"Ask when stuck\"}");
	world_make(&world, world.lakeview.admin, items,
		   "{\"group\":\"families\",\"title\":\"Read\",\"owed_to_group\":\"students\"}");
	return path;
}

static struct answer move(const char *plan, int number, const char *status, const char *headers)
{
	return send("POST", text_of("%s/versions/%d/status", plan, number), headers,
		    text_of("{\"status\":\"%s\"}", status));
}

static void moved(const char *plan, int number, const char *status)
{
	must_be(200, move(plan, number, status, NULL));
}

static const char *status_of(const char *plan, int number)
{
	struct answer read = get(world.lakeview.admin, text_of("%s/versions/%d", plan, number));
	const char *status = at(&read, "status");
	answer_release(&read);
	return status;
}

/* The group of an item says so, in the table: how it says it is not this test's. */
static void agreed(const char *item)
{
	query_run(world.superuser, text_of("insert into kept.plan_response (district_id, plan_id, version_number, "
					   "item_id, group_code, stance, "
					   "identified_by, recorded_by, text_hash, responded_on)"
					   " select district_id, plan_id, version_number, id, group_code, 'agree', "
					   "'paper', 'owner', text_hash, "
					   "'2027-01-09' from kept.plan_item where id = '%s'",
					   item));
}

static const char *item_of(const char *plan, int number, const char *group)
{
	struct answer list = get(world.lakeview.admin, text_of("%s/items?version=%d&group=%s", plan, number, group));
	const char *id = at(&list, "items/0/id");
	answer_release(&list);
	return id;
}

static const char *const statuses[] = {"draft", "consultation", "adopted", "in_force", "under_review", "archived"};

START_TEST(only_the_moves_of_the_table_are_made)
{
	static const char *const allowed[] = {"draft consultation", "consultation adopted",  "consultation archived",
					      "adopted in_force",   "adopted archived",      "in_force under_review",
					      "in_force archived",  "under_review in_force", "under_review archived"};
	const char *plan = new_plan();
	for (int from = 0; from < 6; from++) {
		ck_assert_str_eq(status_of(plan, 1), statuses[from]);
		for (int to = 0; to < 6; to++) {
			int wanted = 409;
			for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++)
				if (strcmp(allowed[i], text_of("%s %s", statuses[from], statuses[to])) == 0)
					wanted = 200;
			struct answer reply = move(plan, 1, statuses[to], "Prefer: tx=rollback\r\n");
			ck_assert_msg(reply.status == wanted, "%s to %s: %s", statuses[from], statuses[to], reply.body);
			ck_assert_msg(wanted == 200 || strstr(at(&reply, "type"), "/move-not-allowed"), "%s",
				      reply.body);
			answer_release(&reply);
		}
		if (from < 5)
			moved(plan, 1, statuses[from + 1]);
	}
	must_be(422, move(plan, 1, "lost", NULL));
	must_be(404, move(plan, 2, "archived", NULL));
	/* Each move was told, with the version that moved. */
	ck_assert_int_eq(query_number(world.superuser,
				      "select count(*) from kept.event where type like 'plan.%' and "
				      "data ->> 'number' = '1' and type = 'plan.' || (data ->> 'status')"),
			 5);
}
END_TEST

START_TEST(empty_version_is_not_put_to_the_groups)
{
	const char *plan = new_plan();
	for (int i = 0; i < 2; i++) {
		struct answer list = get(world.lakeview.admin, text_of("%s/items", plan));
		must_be(204,
			send("DELETE", text_of("%s/items/%s", plan, at(&list, "items/0/id")), "If-Match: *\r\n", NULL));
		answer_release(&list);
	}
	must_be(409, move(plan, 1, "consultation", NULL));
	ck_assert_str_eq(status_of(plan, 1), "draft");
}
END_TEST

START_TEST(published_version_never_changes)
{
	const char *plan = new_plan(), *item = text_of("%s/items/%s", plan, item_of(plan, 1, "families"));
	moved(plan, 1, "consultation");
	for (int archived = 0; archived < 2; archived++) {
		char *before = world_digest(&world);
		struct answer reply = must(409, send("PATCH", item, "If-Match: *\r\n", "{\"title\":\"Other\"}"));
		ck_assert_ptr_nonnull(strstr(at(&reply, "detail"), "a published version never changes"));
		answer_release(&reply);
		must_be(409, send("DELETE", item, "If-Match: *\r\n", NULL));
		must_be(409,
			send("POST", text_of("%s/items", plan), NULL, "{\"group\":\"families\",\"title\":\"More\"}"));
		reply = must(409, send("DELETE", plan, "If-Match: *\r\n", NULL));
		ck_assert_ptr_nonnull(strstr(at(&reply, "detail"), "stays in the register"));
		answer_release(&reply);
		char *after = world_digest(&world);
		ck_assert_str_eq(before, after);
		free(before);
		free(after);
		if (!archived)
			moved(plan, 1, "archived");
	}
}
END_TEST

/* Whoever asks, whatever function: what the groups were asked stays in the table as it was. */
START_TEST(table_itself_refuses_a_change_of_what_was_published)
{
	const char *plan = new_plan(), *id = strrchr(plan, '/') + 1;
	moved(plan, 1, "consultation");
	const char *const changes[] = {
		"update kept.plan_item set title = 'Other' where plan_id = '%s'",
		"update kept.plan_item set text_hash = repeat('1', 64) where plan_id = '%s'",
		"update kept.plan_item set version_number = 2 where plan_id = '%s'",
		"delete from kept.plan_item where plan_id = '%s'",
		"insert into kept.plan_item select (jsonb_populate_record(i, jsonb_build_object('id', kept.uuid7(), "
		"'line', "
		"kept.uuid7()))).* from kept.plan_item i where plan_id = '%s'",
		"update kept.plan_version set status = 'draft', text_hash = null where plan_id = '%s'",
		"update kept.plan_version set status = 'under_review' where plan_id = '%s'",
		"update kept.plan_version set text_hash = repeat('1', 64) where plan_id = '%s'",
		"update kept.plan_version set consulted_at = null where plan_id = '%s'",
		"delete from kept.plan_version where plan_id = '%s'",
		"delete from kept.plan where id = '%s'",
	};
	char *before = world_digest(&world);
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		struct text sql;
		text_init(&sql, 2048);
		text_add(&sql, changes[i], (size_t)(strstr(changes[i], "%s") - changes[i]));
		text_addf(&sql, "%s'", id);
		char *statement = text_take(&sql), *state = query_state(world.superuser, statement);
		ck_assert_msg(strcmp(state, "KT409") == 0, "%s: %s", statement, state);
		free(state);
		free(statement);
	}
	char *after = world_digest(&world);
	ck_assert_str_eq(before, after);
	free(before);
	free(after);
	query_run(world.superuser, text_of("update kept.plan_item set commitment_id = null where plan_id = '%s'", id));
}
END_TEST

START_TEST(new_draft_has_the_same_lines_and_is_compared_with_the_old)
{
	const char *plan = new_plan(), *versions = text_of("%s/versions", plan);
	must_be(409, send("POST", versions, NULL, "{}"));
	moved(plan, 1, "consultation");
	must_be(422, send("POST", versions, NULL, "{\"from\":2}"));
	struct answer made = must(201, send("POST", versions, NULL, "{}"));
	ck_assert_int_eq(count_at(&made, "items"), 2);
	ck_assert_str_eq(at(&made, "number"), "2");
	answer_release(&made);
	const char *same = text_of("%s/comparison", plan);
	struct answer compared = get(world.lakeview.admin, same);
	ck_assert_int_eq(count_at(&compared, "same"), 2);
	answer_release(&compared);

	const char *family = text_of("%s/items/%s", plan, item_of(plan, 2, "families"));
	must_be(200, send("PATCH", family, "If-Match: *\r\n", "{\"title\":\"Read aloud\"}"));
	must_be(204,
		send("DELETE", text_of("%s/items/%s", plan, item_of(plan, 2, "students")), "If-Match: *\r\n", NULL));
	world_make(&world, world.lakeview.admin, text_of("%s/items", plan),
		   "{\"group\":\"leaders\",\"title\":\"Open early\"}");
	compared = get(world.lakeview.admin, text_of("%s/comparison?from=1&to=2", plan));
	ck_assert_str_eq(at(&compared, "added/0/title"), "Open early");
	ck_assert_str_eq(at(&compared, "removed/0/title"), "Ask when stuck");
	ck_assert_str_eq(at(&compared, "changed/0/from/title"), "Read");
	ck_assert_str_eq(at(&compared, "changed/0/to/title"), "Read aloud");
	ck_assert_int_eq(count_at(&compared, "added") + count_at(&compared, "removed") + count_at(&compared, "changed"),
			 3);
	ck_assert_int_eq(count_at(&compared, "same"), 0);
	answer_release(&compared);
	compared = get(world.lakeview.admin, text_of("%s/comparison?from=2&to=1", plan));
	ck_assert_str_eq(at(&compared, "removed/0/title"), "Open early");
	answer_release(&compared);
	must_be(404, send("GET", text_of("%s/comparison?from=1&to=3", plan), NULL, NULL));
	/* The draft is nobody's outside. */
	must_be(404, ask(&world.asking, world.reader, "GET", text_of("%s/comparison?from=1&to=2", plan), NULL, NULL));
	must_be(404, ask(&world.asking, world.reader, "GET", text_of("%s/versions/2", plan), NULL, NULL));
	must_be(404, ask(&world.asking, world.reader, "GET", text_of("%s/items?version=2", plan), NULL, NULL));
	must_be(404, ask(&world.asking, world.partner, "GET", family, NULL, NULL));
	compared = get(world.reader, same);
	ck_assert_str_eq(at(&compared, "to/number"), "1");
	answer_release(&compared);
	struct answer read = get(world.reader, plan);
	ck_assert_int_eq(count_at(&read, "versions"), 1);
	answer_release(&read);
	read = get(world.reader, versions);
	ck_assert_int_eq(count_at(&read, "items"), 1);
	answer_release(&read);
	/* What was removed and is wanted again is the same line: a draft may begin with any version. */
	moved(plan, 2, "consultation");
	must_be(201, send("POST", versions, NULL, "{\"from\":1}"));
	compared = get(world.lakeview.admin, text_of("%s/comparison?from=1&to=3", plan));
	ck_assert_int_eq(count_at(&compared, "same"), 2);
	answer_release(&compared);
}
END_TEST

START_TEST(newer_version_takes_the_place_of_the_older)
{
	const char *plan = new_plan(), *versions = text_of("%s/versions", plan);
	moved(plan, 1, "consultation");
	must_be(201, send("POST", versions, NULL, "{}"));
	moved(plan, 2, "consultation");
	ck_assert_str_eq(status_of(plan, 1), "archived");
	moved(plan, 2, "adopted");
	moved(plan, 2, "in_force");
	must_be(201, send("POST", versions, NULL, "{}"));
	moved(plan, 3, "consultation");
	/* What was agreed to holds while the next is discussed; the plan is read by the newest. */
	ck_assert_str_eq(status_of(plan, 2), "in_force");
	struct answer read = get(world.reader, plan);
	ck_assert_str_eq(at(&read, "current/number"), "3");
	ck_assert(text_starts(at(&read, "sheet_url"), "/s/"));
	answer_release(&read);
	moved(plan, 3, "adopted");
	ck_assert_str_eq(status_of(plan, 2), "archived");
	moved(plan, 3, "archived");
	must_be(201, send("POST", versions, NULL, "{}"));
	read = get(world.lakeview.admin, plan);
	ck_assert_str_eq(at(&read, "current/number"), "3");
	answer_release(&read);
	const char *other = new_plan();
	struct answer list = get(world.lakeview.admin, "/v1/plans?status=archived&page_size=200");
	ck_assert_ptr_nonnull(strstr(list.body, strrchr(plan, '/') + 1));
	ck_assert_ptr_null(strstr(list.body, strrchr(other, '/') + 1));
	answer_release(&list);
}
END_TEST

START_TEST(adoption_makes_commitments_and_the_text_stays_as_it_was)
{
	const char *plan = new_plan(), *item = text_of("%s/items/%s", plan, item_of(plan, 1, "families"));
	moved(plan, 1, "consultation");
	struct answer consulted = get(world.lakeview.admin, text_of("%s/versions/1", plan));
	agreed(strrchr(item, '/') + 1);
	moved(plan, 1, "adopted");
	struct answer adopted = get(world.lakeview.admin, text_of("%s/versions/1", plan)),
		      read = get(world.reader, item);
	ck_assert_str_eq(at(&adopted, "text_hash"), at(&consulted, "text_hash"));
	ck_assert_str_ne(at(&adopted, "adopted_at"), "null");
	ck_assert_str_eq(at(&read, "standing"), "agreed");
	ck_assert_str_eq(at(&read, "counts"), "null");
	const char *commitment = text_of("/v1/commitments/%s", at(&read, "commitment_id"));
	answer_release(&read);
	read = get(world.lakeview.admin, commitment);
	ck_assert_str_eq(text_of("/v1/plans/%s", at(&read, "plan_id")), plan);
	ck_assert_str_eq(at(&read, "status"), "proposed");
	answer_release(&read);
	read = get(world.lakeview.admin, text_of("%s/items/%s", plan, item_of(plan, 1, "students")));
	ck_assert_str_eq(at(&read, "commitment_id"), "null");
	answer_release(&read);
	must_be(204, send("DELETE", commitment, "If-Match: *\r\n", NULL));
	read = get(world.lakeview.admin, item);
	ck_assert_str_eq(at(&read, "commitment_id"), "null");
	answer_release(&read);
	answer_release(&consulted);
	answer_release(&adopted);
}
END_TEST

/* Both requests wait for the plan, then go on as they like. The statuses that they got, the lower one first. */
static void adopt_twice(const char *plan, const char *headers, int statuses_got[2])
{
	const char *target = text_of("%s/versions/1/status", plan), *id = strrchr(plan, '/') + 1;
	int fds[2];
	PGconn *holder = PQconnectdb(world.superuser);
	PQclear(PQexec(holder, text_of("begin; select 1 from kept.plan where id = '%s' for update", id)));
	for (int i = 0; i < 2; i++) {
		fds[i] = api_connect(&world.api);
		ask_send(fds[i], world.lakeview.admin, "POST", target, headers, "{\"status\":\"adopted\"}");
	}
	ck_assert(query_until(world.superuser,
			      "select count(*) = 2 from pg_stat_activity where wait_event_type = 'Lock'", 2));
	PQclear(PQexec(holder, "commit"));
	PQfinish(holder);
	for (int i = 0; i < 2; i++) {
		struct answer reply = ask_read(&world.asking, fds[i], "POST", target);
		statuses_got[i] = reply.status;
		answer_release(&reply);
		close(fds[i]);
	}
	if (statuses_got[0] > statuses_got[1]) {
		int first = statuses_got[0];
		statuses_got[0] = statuses_got[1];
		statuses_got[1] = first;
	}
}

START_TEST(of_two_who_adopt_at_once_one_wins)
{
	for (int named = 0; named < 2; named++) {
		const char *plan = new_plan();
		int got[2];
		moved(plan, 1, "consultation");
		agreed(item_of(plan, 1, "families"));
		struct answer seen = get(world.lakeview.admin, plan);
		adopt_twice(plan, named ? if_match(&seen) : NULL, got);
		ck_assert_int_eq(got[0], 200);
		ck_assert_int_eq(got[1], named ? 412 : 409);
		answer_release(&seen);
		const char *id = strrchr(plan, '/') + 1;
		ck_assert_int_eq(query_number(world.superuser,
					      text_of("select count(*) from kept.commitment where plan_id = '%s'", id)),
				 1);
		ck_assert_int_eq(query_number(world.superuser, text_of("select count(*) from kept.event where type = "
								       "'plan.adopted' and data ->> 'plan_id' = '%s'",
								       id)),
				 1);
	}
}
END_TEST

START_TEST(adoption_that_breaks_at_its_end_leaves_nothing)
{
	const char *plan = new_plan();
	moved(plan, 1, "consultation");
	agreed(item_of(plan, 1, "families"));
	static const char event[] = "alter function kept.plan_event(kept.plan, text, kept.plan_version) rename to away";
	query_run(world.superuser, event);
	char *before = world_digest(&world);
	must_be(500, move(plan, 1, "adopted", "Idempotency-Key: broken\r\n"));
	char *after = world_digest(&world);
	query_run(world.superuser, "alter function kept.away(kept.plan, text, kept.plan_version) rename to plan_event");
	ck_assert_str_eq(before, after);
	free(before);
	free(after);
	must_be(200, move(plan, 1, "adopted", "Idempotency-Key: broken\r\n"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("plan_version");
	TCase *all = tcase_create("plan_version");
	tcase_set_timeout(all, 120);
	tcase_add_unchecked_fixture(all, start_all, stop_all);
	tcase_add_test(all, only_the_moves_of_the_table_are_made);
	tcase_add_test(all, empty_version_is_not_put_to_the_groups);
	tcase_add_test(all, published_version_never_changes);
	tcase_add_test(all, table_itself_refuses_a_change_of_what_was_published);
	tcase_add_test(all, new_draft_has_the_same_lines_and_is_compared_with_the_old);
	tcase_add_test(all, newer_version_takes_the_place_of_the_older);
	tcase_add_test(all, adoption_makes_commitments_and_the_text_stays_as_it_was);
	tcase_add_test(all, of_two_who_adopt_at_once_one_wins);
	tcase_add_test(all, adoption_that_breaks_at_its_end_leaves_nothing);
	suite_add_tcase(suite, all);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
