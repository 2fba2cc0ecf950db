/* Commitments from promise to outcome: statuses, due states, filters. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "kept/text.h"
#include "tests/support/query.h"
#include "tests/support/world.h"

static struct world world;

static void start_all(void)
{
	world_start(&world, "promise");
}

static void stop_all(void)
{
	world_stop(&world);
}

static struct answer get(const char *target)
{
	return must(200, ask(&world.asking, world.lakeview.admin, "GET", target, NULL, NULL));
}

static struct answer post(const char *target, const char *body)
{
	return ask(&world.asking, world.lakeview.admin, "POST", target, NULL, body);
}

static struct answer patch(const char *target, const char *body)
{
	return ask(&world.asking, world.lakeview.admin, "PATCH", target, "If-Match: *\r\n", body);
}

/* The path of a new promise. */
static const char *promise(const char *more)
{
	return text_of("/v1/commitments/%s", world_promise(&world, more));
}

static struct answer move(const char *path, const char *body)
{
	return post(text_of("%s/status", path), body);
}

START_TEST(promise_is_told_as_the_issue_says)
{
	struct answer made =
		must(201, post("/v1/commitments",
			       text_of("{\"group\":\"families\",\"title\":\"Read together twenty "
				       "minutes\",\"owner\":{\"person_id\":\"%s\"},\"due_on\":\"2027-02-15\"}",
				       world.lakeview.person)));
	static const struct {
		const char *path, *value;
	} members[] = {
		{"group", "families"},
		{"title", "Read together twenty minutes"},
		{"status", "agreed"},
		{"due_on", "2027-02-15"},
		{"due_state", "set"},
		{"owner/name", "María O'Neill"},
		{"parties", "[]"},
		{"version", "1"},
		{"visibility", "group"},
		{"next_reminder_at", "2027-02-08T13:00:00Z"},
		{"first_due_on", "2027-02-15"},
		{"times_moved", "0"},
		{"outcome", "null"},
		{"completed_on", "null"},
		{"created_at", "2027-01-10T15:00:00Z"},
	};
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		ck_assert_msg(strcmp(at(&made, members[i].path), members[i].value) == 0, "%s: %s", members[i].path,
			      made.body);
	answer_release(&made);
}
END_TEST

#define PROPOSED 1
#define AGREED 2
#define IN_PROGRESS 4
#define COMPLETED 8
#define VERIFIED 16
#define DECLINED 32
#define DEFERRED 64
#define WITHDRAWN 128

static const char *const statuses[] = {"proposed", "agreed",   "in_progress", "completed",
				       "verified", "declined", "deferred",    "withdrawn"};

/* How to get there from agreed, and where one may go from there. */
static const struct {
	const char *way[3];
	int to;
} moves[] = {
	{{NULL}, AGREED | IN_PROGRESS | DECLINED | DEFERRED | WITHDRAWN}, /* proposed: it begins so */
	{{NULL}, IN_PROGRESS | COMPLETED | DECLINED | DEFERRED | WITHDRAWN},
	{{"in_progress", NULL}, AGREED | COMPLETED | DEFERRED | WITHDRAWN},
	{{"completed", NULL}, IN_PROGRESS | VERIFIED},
	{{"completed", "verified", NULL}, IN_PROGRESS},
	{{"declined", NULL}, PROPOSED | AGREED},
	{{"deferred", NULL}, AGREED | IN_PROGRESS | COMPLETED | DECLINED | DEFERRED | WITHDRAWN},
	{{"withdrawn", NULL}, AGREED},
};

static const char *move_body(const char *status, int nth)
{
	if (strcmp(status, "deferred") == 0)
		return text_of("{\"status\":\"deferred\",\"due_on\":\"2027-03-0%d\",\"reason\":\"Snow\"}", nth);
	return text_of("{\"status\":\"%s\",\"reason\":\"Snow\"}", status);
}

START_TEST(status_moves_as_the_table_says)
{
	for (int to = 0; to < 8; to++) {
		const char *path = promise(_i == 0 ? ",\"status\":\"proposed\",\"due_on\":\"2027-02-15\""
						   : ",\"due_on\":\"2027-02-15\"");
		for (int step = 0; moves[_i].way[step]; step++)
			must_be(200, move(path, move_body(moves[_i].way[step], 1)));
		struct answer moved = move(path, move_body(statuses[to], 2));
		bool allowed = moves[_i].to & (1 << to);
		ck_assert_msg(moved.status == (allowed ? 200 : 409), "%s to %s: %d %s", statuses[_i], statuses[to],
			      moved.status, moved.body);
		if (allowed)
			ck_assert_str_eq(at(&moved, "status"), statuses[to]);
		else
			ck_assert_msg(strstr(at(&moved, "type"), "/move-not-allowed"), "%s", moved.body);
		answer_release(&moved);
	}
}
END_TEST

START_TEST(move_says_why_and_when)
{
	const char *path = promise(",\"due_on\":\"2027-02-15\"");
	static const char *const wrong[][2] = {
		{"{\"status\":\"deferred\"}", "/reason"},
		{"{\"status\":\"deferred\"}", "/due_on"},
		{"{\"status\":\"deferred\",\"due_on\":\"2027-02-15\",\"reason\":\"x\"}", "/due_on"},
		{"{\"status\":\"deferred\",\"due_on\":\"2027-01-10\",\"reason\":\"x\"}", "/due_on"},
		{"{\"status\":\"completed\",\"due_on\":\"2027-02-20\"}", "/due_on"},
		{"{\"status\":\"kept\"}", "/status"},
	};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct answer refused = must(422, move(path, wrong[i][0]));
		ck_assert_msg(names(&refused, wrong[i][1]), "%s: %s", wrong[i][0], refused.body);
		answer_release(&refused);
	}
	struct answer moved = must(200, move(path, "{\"status\":\"deferred\",\"due_on\":\"2027-03-01\",\"reason\":"
						   "\"The library opens in February.\"}"));
	ck_assert_str_eq(at(&moved, "due_on"), "2027-03-01");
	ck_assert_str_eq(at(&moved, "first_due_on"), "2027-02-15");
	ck_assert_str_eq(at(&moved, "times_moved"), "1");
	ck_assert_str_eq(at(&moved, "status_reason"), "The library opens in February.");
	ck_assert_str_eq(at(&moved, "next_reminder_at"), "2027-02-22T13:00:00Z");
	answer_release(&moved);
	must_be(412, ask(&world.asking, world.lakeview.admin, "POST", text_of("%s/status", path),
			 "If-Match: \"1-0123456789abcdef\"\r\n", "{\"status\":\"completed\"}"));
	moved = must(200, move(path, "{\"status\":\"completed\"}"));
	ck_assert_str_eq(at(&moved, "completed_on"), "2027-01-10");
	ck_assert_str_eq(at(&moved, "outcome"), "kept");
	ck_assert_str_eq(at(&moved, "due_state"), "closed");
	ck_assert_str_eq(at(&moved, "next_reminder_at"), "null");
	answer_release(&moved);
	must_be(409, patch(path, "{\"due_on\":\"2027-04-01\"}"));
	struct answer refused = must(422, move(path, "{\"status\":\"in_progress\"}"));
	ck_assert(names(&refused, "/reason"));
	answer_release(&refused);
}
END_TEST

START_TEST(outcome_is_what_became_of_the_first_date)
{
	const char *kept = promise(",\"due_on\":\"2027-01-12\""), *later = promise(",\"due_on\":\"2027-01-12\""),
		   *late = promise(",\"due_on\":\"2027-01-12\"");
	must_be(200, move(later, "{\"status\":\"deferred\",\"due_on\":\"2027-01-20\",\"reason\":\"Snow\"}"));
	/* In New York it is still the twelfth. */
	world_clock(&world, "2027-01-13 04:59:59+00");
	must_be(200, move(kept, "{\"status\":\"completed\"}"));
	world_clock(&world, "2027-01-13 05:00:00+00");
	must_be(200, move(later, "{\"status\":\"completed\"}"));
	must_be(200, move(late, "{\"status\":\"completed\"}"));
	world_clock(&world, WORLD_NOW);
	const char *const paths[] = {kept, later, late}, *const outcomes[] = {"kept", "kept_later", "late"};
	for (int i = 0; i < 3; i++) {
		struct answer read = get(paths[i]);
		ck_assert_str_eq(at(&read, "outcome"), outcomes[i]);
		answer_release(&read);
	}
}
END_TEST

START_TEST(lists_can_be_filtered)
{
	static const struct {
		const char *more, *state;
	} made[] = {{"", "not_set"},
		    {",\"due_on\":\"2027-01-18\"", "set"},
		    {",\"due_on\":\"2027-01-17\"", "due_soon"},
		    {",\"due_on\":\"2027-01-10\"", "due_today"},
		    {",\"due_on\":\"2027-01-09\"", "overdue"},
		    {",\"due_on\":\"2027-01-09\"", "closed"}};
	const char *owner = world_make(&world, world.lakeview.admin, "/v1/people",
				       "{\"name\":\"Filter\",\"groups\":[\"teachers\"]}");
	const char *school = world_make(&world, world.lakeview.admin, "/v1/schools", "{\"name\":\"Filter\"}");
	const char *paths[6];
	for (int i = 0; i < 6; i++) {
		paths[i] = world_make(&world, world.lakeview.admin, "/v1/commitments",
				      text_of("{\"group\":\"teachers\",\"title\":\"Filter\",\"school_id\":\"%s\","
					      "\"owner\":{\"person_id\":\"%s\"}%s}",
					      school, owner, made[i].more));
		if (i == 5)
			must_be(200, move(text_of("/v1/commitments/%s", paths[i]), "{\"status\":\"completed\"}"));
	}
	for (int i = 0; i < 6; i++) {
		struct answer list = get(text_of("/v1/commitments?school_id=%s&due_state=%s", school, made[i].state));
		ck_assert_msg(count_at(&list, "items") == 1 && strcmp(at(&list, "items/0/id"), paths[i]) == 0, "%s: %s",
			      made[i].state, list.body);
		answer_release(&list);
	}
	const struct {
		const char *filter;
		int count;
	} counts[] = {{"", 6},
		      {"&status=completed", 1},
		      {"&status=agreed", 5},
		      {"&group=families", 0},
		      {"&due_from=2027-01-10", 3},
		      {"&due_to=2027-01-10", 3},
		      {"&due_from=2027-01-10&due_to=2027-01-17", 2},
		      {"&due_from=2027-01-17&due_to=2027-01-10", 0}};
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		struct answer list = get(text_of("/v1/commitments?owner_id=%s%s", owner, counts[i].filter));
		ck_assert_msg(count_at(&list, "items") == counts[i].count, "%s: %s", counts[i].filter, list.body);
		answer_release(&list);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("promise");
	TCase *all = tcase_create("promise");
	tcase_set_timeout(all, 120);
	tcase_add_unchecked_fixture(all, start_all, stop_all);
	tcase_add_test(all, promise_is_told_as_the_issue_says);
	tcase_add_loop_test(all, status_moves_as_the_table_says, 0, 8);
	tcase_add_test(all, move_says_why_and_when);
	tcase_add_test(all, outcome_is_what_became_of_the_first_date);
	tcase_add_test(all, lists_can_be_filtered);
	suite_add_tcase(suite, all);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
