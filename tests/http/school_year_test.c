/* The school year: days without school, a plan for the next year, and a principal who leaves in January. */
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
	world_start(&world, "school_year");
}

static void stop_all(void)
{
	world_stop(&world);
}

static struct answer get(const char *target)
{
	return must(200, ask(&world.asking, world.lakeview.admin, "GET", target, NULL, NULL));
}

static struct answer send(const char *method, const char *target, const char *body)
{
	return ask(&world.asking, world.lakeview.admin, method, target,
		   strcmp(method, "POST") == 0 ? NULL : "If-Match: *\r\n", body);
}

static const char *make(const char *path, const char *body)
{
	return world_make(&world, world.lakeview.admin, path, body);
}

static void expect_member(const char *target, const char *path, const char *value)
{
	struct answer read = get(target);
	ck_assert_msg(strcmp(at(&read, path), value) == 0, "%s of %s is not %s: %s", path, target, value, read.body);
	answer_release(&read);
}

START_TEST(closed_days_are_listed_for_a_school_and_a_time)
{
	const char *school = make("/v1/schools", "{\"name\":\"Closed\"}"),
		   *other = make("/v1/schools", "{\"name\":\"Open\"}");
	const char *all = make("/v1/closed-days", "{\"name\":\"Election\",\"first_on\":\"2031-11-04\"}");
	make("/v1/closed-days", text_of("{\"name\":\"Boiler\",\"school_id\":\"%s\",\"first_on\":\"2031-11-06\",\"last_"
					"on\":\"2031-11-07\"}",
					school));
	expect_member(text_of("/v1/closed-days/%s", all), "last_on", "2031-11-04");
	const struct {
		const char *filter;
		int count;
	} counts[] = {{"from=2031-11-01&to=2031-11-30", 2},
		      {"from=2031-11-05&to=2031-11-30", 1},
		      {"from=2031-11-07&to=2031-11-07", 1},
		      {"from=2031-11-08&to=2031-11-30", 0},
		      {"from=2031-11-01&to=2031-11-05", 1},
		      {text_of("from=2031-11-01&to=2031-11-30&school_id=%s", school), 2},
		      {text_of("from=2031-11-01&to=2031-11-30&school_id=%s", other), 1}};
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		struct answer list = get(text_of("/v1/closed-days?%s", counts[i].filter));
		ck_assert_msg(count_at(&list, "items") == counts[i].count, "%s: %s", counts[i].filter, list.body);
		answer_release(&list);
	}
	must_be(204, send("DELETE", text_of("/v1/closed-days/%s", all), NULL));
	must_be(409, send("DELETE", text_of("/v1/schools/%s", school), NULL));
}
END_TEST

START_TEST(closed_days_that_cannot_be_are_refused)
{
	const struct {
		const char *more, *pointer;
	} wrong[] = {
		{"\"first_on\":\"2027-02-29\"", "/first_on"},
		{"\"first_on\":\"1899-12-31\"", "/first_on"},
		{"\"first_on\":\"2027-02-02\",\"last_on\":\"2027-02-01\"", "/last_on"},
		{"\"first_on\":\"2027-02-02\",\"last_on\":\"2028-02-04\"", "/last_on"},
		{"\"last_on\":\"2027-02-02\"", "/first_on"},
		{text_of("\"first_on\":\"2027-02-02\",\"school_id\":\"%s\"", world.hillside.school), "/school_id"}};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct answer refused =
			must(422, send("POST", "/v1/closed-days", text_of("{\"name\":\"Break\",%s}", wrong[i].more)));
		ck_assert_msg(names(&refused, wrong[i].pointer), "%s: %s", wrong[i].more, refused.body);
		answer_release(&refused);
	}
	const char *days =
		make("/v1/closed-days", "{\"name\":\"Break\",\"first_on\":\"2032-02-02\",\"last_on\":\"2032-02-03\"}");
	must_be(422, send("PATCH", text_of("/v1/closed-days/%s", days), "{\"first_on\":\"2032-02-04\"}"));
	must_be(200, send("PATCH", text_of("/v1/closed-days/%s", days), "{\"first_on\":\"2032-02-03\"}"));
	expect_member(text_of("/v1/closed-days/%s", days), "version", "2");
}
END_TEST

/* A plan of a new school of 2026-27; `more` are further members. */
static const char *plan(const char *more)
{
	struct answer frameworks = get("/v1/frameworks");
	const char *made =
		make("/v1/plans",
		     text_of("{\"framework_id\":\"%s\",\"school_id\":\"%s\",\"school_year\":\"2026-27\",\"title\":"
			     "\"Compact 2026-27\",\"starts_on\":\"2026-08-17\",\"ends_on\":\"2027-06-11\",\"template\":"
			     "false%s}",
			     at(&frameworks, "items/0/id"), make("/v1/schools", "{\"name\":\"Lincoln\"}"), more));
	answer_release(&frameworks);
	return made;
}

#define NEXT_YEAR "\"school_year\":\"2027-28\",\"starts_on\":\"2027-08-16\",\"ends_on\":\"2028-06-09\""

START_TEST(a_copied_plan_has_the_same_lines_on_the_same_working_days)
{
	const char *old = plan(",\"review_on\":\"2027-03-03\""), *items = text_of("/v1/plans/%s/items", old);
	struct answer read = get(text_of("/v1/plans/%s", old));
	const char *school = at(&read, "school_id");
	make("/v1/closed-days", "{\"name\":\"Labor Day\",\"first_on\":\"2026-09-07\"}");
	make("/v1/closed-days",
	     text_of("{\"name\":\"Labor Day\",\"school_id\":\"%s\",\"first_on\":\"2027-09-06\"}", school));
	make("/v1/closed-days", text_of("{\"name\":\"Another's\",\"school_id\":\"%s\",\"first_on\":\"2027-09-07\"}",
					world.lakeview.school));
	make(items,
	     "{\"group\":\"families\",\"title\":\"Leer — O'Neill قراءة\",\"description\":\"Each day\",\"due_on\":"
	     "\"2026-09-08\",\"owed_to_group\":\"students\",\"position\":1}");
	make(items, "{\"group\":\"families\",\"title\":\"Whenever\",\"position\":2}");
	struct answer copied = must(201, send("POST", text_of("/v1/plans/%s/copy", old), "{" NEXT_YEAR "}"));
	ck_assert_str_eq(at(&copied, "title"), "Compact 2027-28");
	ck_assert_str_eq(at(&copied, "school_id"), school);
	ck_assert_str_eq(at(&copied, "copied_from"), old);
	ck_assert_str_eq(at(&copied, "review_on"), "2028-03-01");
	ck_assert_str_eq(at(&copied, "current/status"), "draft");
	ck_assert_str_eq(at(&copied, "slug"), "null");
	struct answer now = get(text_of("/v1/plans/%s/items", at(&copied, "id"))), before = get(items);
	ck_assert_int_eq(count_at(&now, "items"), 2);
	ck_assert_str_eq(at(&now, "items/0/due_on"), "2027-09-07");
	ck_assert_str_eq(at(&now, "items/1/due_on"), "null");
	static const char *const same[] = {"title", "description", "group", "owed_to_group", "line"};
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++)
		ck_assert_str_eq(at(&now, text_of("items/0/%s", same[i])), at(&before, text_of("items/0/%s", same[i])));
	ck_assert_str_ne(at(&now, "items/0/id"), at(&before, "items/0/id"));
	must_be(409, send("POST", text_of("/v1/plans/%s/copy", old), "{" NEXT_YEAR ",\"title\":\"Again\"}"));
	answer_release(&now);
	answer_release(&before);
	answer_release(&copied);
	answer_release(&read);
}
END_TEST

START_TEST(a_copy_that_cannot_be_leaves_nothing)
{
	const char *old = plan(""), *copy = text_of("/v1/plans/%s/copy", old);
	const struct {
		const char *body, *pointer;
	} wrong[] = {
		{"\"school_year\":\"2026-27\",\"starts_on\":\"2026-08-17\",\"ends_on\":\"2027-06-11\"", "/starts_on"},
		{"\"school_year\":\"2026-27\",\"starts_on\":\"2027-08-16\",\"ends_on\":\"2028-06-09\"", "/school_year"},
		{"\"school_year\":\"2027-29\",\"starts_on\":\"2027-08-16\",\"ends_on\":\"2028-06-09\"", "/school_year"},
		{"\"school_year\":\"2027-28\",\"starts_on\":\"2027-08-16\",\"ends_on\":\"2027-08-16\"", "/ends_on"},
		{"\"school_year\":\"2027-28\",\"starts_on\":\"2027-08-16\",\"ends_on\":\"2029-12-31\"", "/ends_on"},
		{NEXT_YEAR ",\"title\":\"\"", "/title"}};
	char *before = world_digest(&world);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct answer refused = must(422, send("POST", copy, text_of("{%s}", wrong[i].body)));
		ck_assert_msg(names(&refused, wrong[i].pointer), "%s: %s", wrong[i].body, refused.body);
		answer_release(&refused);
	}
	must_be(412, ask(&world.asking, world.lakeview.admin, "POST", copy, "If-Match: \"9-0123456789abcdef\"\r\n",
			 "{" NEXT_YEAR "}"));
	char *after = world_digest(&world);
	ck_assert_str_eq(before, after);
	free(before);
	free(after);
}
END_TEST

START_TEST(of_two_who_copy_at_once_one_wins)
{
	const char *copy = text_of("/v1/plans/%s/copy", plan(""));
	int fds[4], made = 0;
	for (int i = 0; i < 4; i++)
		fds[i] = api_connect(&world.api);
	for (int i = 0; i < 4; i++)
		ask_send(fds[i], world.lakeview.admin, "POST", copy, NULL, "{" NEXT_YEAR "}");
	for (int i = 0; i < 4; i++) {
		struct answer reply = ask_read(&world.asking, fds[i], "POST", copy);
		ck_assert_msg(reply.status == 201 || reply.status == 409, "%d %s", reply.status, reply.body);
		made += reply.status == 201;
		answer_release(&reply);
		close(fds[i]);
	}
	ck_assert_int_eq(made, 1);
}
END_TEST

/* How many mails were sent to that name's address since. */
static long long mails(const char *name)
{
	return query_number(
		world.superuser,
		text_of("select count(*) from kept.delivery d join kept.message m on m.district_id = d.district_id and "
			"m.id = d.message_id where d.outcome = 'sent' and m.content #>> '{to,address}' = "
			"'%s@lincoln.example'",
			name));
}

static const char *leader(const char *name)
{
	return make(
		"/v1/people",
		text_of("{\"name\":\"%s\",\"groups\":[\"leaders\"],\"contacts\":[{\"channel\":\"email\",\"address\":"
			"\"%s@lincoln.example\"}]}",
			name, name));
}

static void work_at(const char *now)
{
	world_clock(&world, now);
	world_work(&world);
}

START_TEST(a_principal_who_leaves_in_january)
{
	world_clock(&world, "2027-01-04 15:00:00+00");
	const char *principal = leader("principal"), *next = leader("next"), *helper = leader("helper");
	const char *school =
		make("/v1/schools", text_of("{\"name\":\"Lincoln\",\"coordinator_id\":\"%s\"}", principal));
	const char *promise = make(
		"/v1/commitments",
		text_of("{\"group\":\"leaders\",\"school_id\":\"%s\",\"title\":\"An hour a week for planning\","
			"\"due_on\":\"2027-01-20\",\"owner\":{\"person_id\":\"%s\"},\"parties\":[{\"role\":\"helper\","
			"\"person_id\":\"%s\"}]}",
			school, principal, helper));
	const char *path = text_of("/v1/commitments/%s", promise);
	must_be(202, send("POST", text_of("%s/remind", path), "{}"));
	work_at("2027-01-04 15:00:00+00");
	ck_assert_int_eq(mails("principal"), 1);
	/* A week before: planned, and queued, because the mailboxes' host asks to wait; one more by hand. */
	query_run(world.superuser, "update kept.lane set paused_until = '2027-01-13 14:00:00+00'");
	work_at("2027-01-13 13:00:00+00");
	must_be(202, send("POST", text_of("%s/remind", path), "{}"));
	ck_assert_int_eq(mails("principal"), 1);
	struct answer parts = get(text_of("/v1/people/%s/handover", principal));
	ck_assert_int_eq(count_at(&parts, "items"), 2);
	answer_release(&parts);
	must_be(202, send("POST", text_of("/v1/people/%s/handover", principal),
			  text_of("{\"to\":{\"person_id\":\"%s\"}}", next)));
	work_at("2027-01-13 14:30:00+00");
	ck_assert_int_eq(mails("principal"), 1);
	/* The next one is asked: by the notice, and by the day's rung. The helper is reminded as ever, and by hand. */
	ck_assert_int_eq(mails("next"), 2);
	ck_assert_int_eq(mails("helper"), 3);
	ck_assert_int_eq(query_number(world.superuser, text_of("select count(*) from kept.reminder r join "
							       "kept.delivery d on d.district_id = r.district_id "
							       "and d.message_id = r.message_id where r.recipient_id = "
							       "'%s' and d.outcome = 'dropped' and "
							       "d.reason = 'party_removed'",
							       principal)),
			 2);
	expect_member(path, "status", "proposed");
	expect_member(path, "owner/person_id", next);
	must_be(200, send("POST", text_of("%s/status", path), "{\"status\":\"agreed\"}"));
	expect_member(path, "next_reminder_at", "2027-01-18T13:00:00Z");
	work_at("2027-01-18 13:00:00+00");
	work_at("2027-01-21 13:00:00+00");
	ck_assert_int_eq(mails("next"), 4);
	ck_assert_int_eq(mails("principal"), 1);
	/* What was stays to be read, also when nobody may be named any more. */
	must_be(204, send("DELETE", text_of("/v1/people/%s", principal), NULL));
	expect_member(text_of("%s/handovers", path), "items/0/from_person_id", principal);
	expect_member(text_of("%s/handovers", path), "items/0/to_name", "next");
	expect_member(text_of("%s/handovers", path), "items/0/status_before", "agreed");
	expect_member(text_of("/v1/schools/%s", school), "coordinator_id", next);
	world_clock(&world, WORLD_NOW);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("school_year");
	TCase *all = tcase_create("school_year");
	tcase_set_timeout(all, 120);
	tcase_add_unchecked_fixture(all, start_all, stop_all);
	tcase_add_test(all, closed_days_are_listed_for_a_school_and_a_time);
	tcase_add_test(all, closed_days_that_cannot_be_are_refused);
	tcase_add_test(all, a_copied_plan_has_the_same_lines_on_the_same_working_days);
	tcase_add_test(all, a_copy_that_cannot_be_leaves_nothing);
	tcase_add_test(all, of_two_who_copy_at_once_one_wins);
	tcase_add_test(all, a_principal_who_leaves_in_january);
	suite_add_tcase(suite, all);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
