/* Meetings: the three questions in the reader's language, who came, and what each group answered. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "tests/support/query.h"
#include "tests/support/register.h"
#include "tests/support/route.h"

#define FRAMEWORK REGISTER_ID("51")
#define PLAN REGISTER_ID("52")
#define PLAN_WEST REGISTER_ID("53")

static struct cluster *cluster;
static char *url, *superuser;
static PGconn *api;

static const char plans[] =
	"delete from kept.meeting; delete from kept.plan; delete from kept.framework;"
	"insert into kept.framework (district_id, id, name) values ('" LAKEVIEW "', '" FRAMEWORK "', 'Own');"
	"insert into kept.plan (district_id, id, framework_id, school_id, school_year, title, starts_on, ends_on,"
	" sheet_code, created_by) values"
	" ('" LAKEVIEW "', '" PLAN "', '" FRAMEWORK "', '" SCHOOL_EAST
	"', '2026-27', 'Compact', '2026-08-01', '2027-06-30', 'abcdefghja', 'owner'),"
	" ('" LAKEVIEW "', '" PLAN_WEST "', '" FRAMEWORK "', '" SCHOOL_WEST
	"', '2026-27', 'Compact', '2026-08-01', '2027-06-30', 'abcdefghjb', 'owner');";

static void set_up(void)
{
	register_clear(superuser);
	query_run(superuser, plans);
	api = route_connect(url);
}

static void tear_down(void)
{
	PQfinish(api);
}

static struct route_reply create(const char *hash, const char *body, const char *languages)
{
	return route_ask(api, hash, "meeting_create", "request", "{}", "body", body, "languages", languages, NULL);
}

static struct route_reply change(const char *hash, const char *id, const char *body)
{
	return route_ask(api, hash, "meeting_change", "request", "{}", "id", id, "body", body, NULL);
}

/* The id of a new meeting, good until the next. */
static const char *made(const char *more)
{
	static char id[40];
	char body[300];
	snprintf(body, sizeof(body), "{\"title\":\"Kickoff\",\"held_on\":\"2027-01-08\"%s}", more);
	struct route_reply reply = create(KEY_ADMIN, body, NULL);
	ck_assert_msg(reply.status == 201, "%s %s", reply.state, reply.errors);
	snprintf(id, sizeof(id), "%s", route_member(&reply, "id"));
	route_release(&reply);
	return id;
}

START_TEST(a_meeting_asks_the_three_questions_in_the_readers_language_and_keeps_all_that_was_said)
{
	struct route_reply reply = create(
		KEY_ADMIN,
		"{\"plan_id\":\"" PLAN
		"\",\"title\":\"Reunión d'apertura\",\"held_on\":\"2027-01-08\",\"begins_at\":\"18:30\","
		"\"place\":\"مكتبة\",\"languages\":[\"en\",\"ar\"],\"agenda\":\"Buses\",\"minutes\":\"It's said\","
		"\"status\":\"held\",\"headcounts\":[{\"group\":\"families\",\"language\":\"ar\",\"count\":2},"
		"{\"group\":\"teachers\",\"count\":6}]}",
		"es-MX,fr");
	ck_assert_msg(reply.status == 201, "%s %s", reply.state, reply.errors);
	route_expect_member(&reply, "questions/0/code", "agree");
	route_expect_member(&reply, "questions/1/text",
			    "¿Quiénes no han participado en la conversación y cómo podemos incluirlos?");
	route_expect_member(&reply, "questions/2/code", "together");
	route_expect_member(&reply, "school_id", SCHOOL_EAST);
	route_expect_member(&reply, "begins_at", "18:30");
	route_expect_member(&reply, "place", "مكتبة");
	route_expect_member(&reply, "title", "Reunión d'apertura");
	route_expect_member(&reply, "minutes", "It's said");
	route_expect_member(&reply, "headcounts/0", "{\"count\":6,\"group\":\"teachers\",\"language\":\"und\"}");
	route_expect_member(&reply, "headcounts/1/language", "ar");
	struct route_reply again =
		route_ask(api, KEY_STEWARD_EAST, "meeting_read", "id", route_member(&reply, "id"), NULL);
	route_expect_member(&again, "questions/1/text",
			    "Who has not been part of the discussion, and how can they be included?");
	route_release(&again);
	route_release(&reply);
}
END_TEST

START_TEST(headcounts_are_replaced_whole_and_move_coverage_once_the_meeting_is_held)
{
	char more[200];
	snprintf(more, sizeof(more), ",\"plan_id\":\"%s\",\"headcounts\":[{\"group\":\"families\",\"count\":2}]", PLAN);
	const char *id = made(more);
	ck_assert_int_eq(query_number(superuser, "select count(*) from kept.plan_coverage"), 0);
	route_expect(change(KEY_ADMIN, id, "{\"status\":\"held\"}"), 200);
	ck_assert_int_eq(query_number(superuser, "select count(*) from kept.plan_coverage where state = 'took_part' "
						 "and group_code = 'families'"),
			 1);
	struct route_reply reply =
		change(KEY_ADMIN, id, "{\"headcounts\":[{\"group\":\"students\",\"language\":\"es\",\"count\":3}]}");
	ck_assert_int_eq(route_count(&reply, "headcounts"), 1);
	route_expect_member(&reply, "headcounts/0/group", "students");
	route_expect_member(&reply, "version", "3");
	route_release(&reply);
	ck_assert_int_eq(query_number(superuser, "select count(*) from kept.plan_coverage where state = 'took_part' "
						 "and group_code = 'students'"),
			 1);
	ck_assert_int_eq(query_number(superuser, "select count(*) from kept.plan_coverage where state = 'missing' "
						 "and group_code = 'families'"),
			 1);
	route_expect(route_ask(api, KEY_ADMIN, "meeting_remove", "request", "{}", "id", id, NULL), 204);
	ck_assert_int_eq(query_number(superuser, "select count(*) from kept.plan_coverage where state <> 'missing'"),
			 0);
}
END_TEST

START_TEST(what_does_not_fit_is_named_and_nothing_is_stored)
{
	static const struct {
		const char *more, *pointer;
	} rows[] = {
		{",\"plan_id\":\"" REGISTER_ID("99") "\"", "/plan_id"},
		{",\"plan_id\":\"" PLAN "\",\"school_id\":\"" SCHOOL_WEST "\"", "/school_id"},
		{",\"school_id\":\"" HILLSIDE_SCHOOL "\"", "/school_id"},
		{",\"held_on\":\"2027-01-11\",\"status\":\"held\"", "/status"},
		{",\"held_on\":\"2300-01-01\"", "/held_on"},
		{",\"headcounts\":[{\"group\":\"pirates\",\"count\":1}]", "/headcounts/0/group"},
		{",\"headcounts\":[{\"group\":\"families\",\"count\":1},{\"group\":\"families\",\"language\":\"es\","
		 "\"count\":1},{\"group\":\"families\",\"language\":\"und\",\"count\":1}]",
		 "/headcounts/2"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char body[500], pointer[60];
		snprintf(body, sizeof(body), "{\"title\":\"x\"%s%s}",
			 strstr(rows[i].more, "held_on") ? "" : ",\"held_on\":\"2027-01-08\"", rows[i].more);
		struct route_reply reply = create(KEY_ADMIN, body, NULL);
		snprintf(pointer, sizeof(pointer), "\"pointer\": \"%s\"", rows[i].pointer);
		ck_assert_msg(reply.status == 422 && strstr(reply.errors, pointer), "%s: %d %s", rows[i].more,
			      reply.status, reply.errors);
		route_release(&reply);
	}
	ck_assert_int_eq(query_number(superuser, "select count(*) from kept.meeting"), 0);
}
END_TEST

START_TEST(a_meeting_is_for_admins_and_for_stewards_of_its_school)
{
	const char *id = made(",\"school_id\":\"" SCHOOL_WEST "\"");
	static const struct {
		const char *key;
		int read, written;
	} rows[] = {{KEY_ADMIN, 200, 200},
		    {KEY_STEWARD, 200, 200},
		    {KEY_STEWARD_EAST, 404, 404},
		    {KEY_HILLSIDE, 404, 404},
		    {KEY_STEWARD_FAMILIES, 200, 403}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		route_expect(route_ask(api, rows[i].key, "meeting_read", "id", id, NULL), rows[i].read);
		route_expect(route_ask(api, rows[i].key, "meeting_answer_list", "id", id, "page_size", "50", NULL),
			     rows[i].read);
		route_expect(change(rows[i].key, id, "{\"title\":\"Changed\"}"), rows[i].written);
	}
}
END_TEST

START_TEST(a_group_key_notes_what_its_own_group_answered)
{
	static const struct {
		const char *group;
		int status;
	} rows[] = {{"families", 201}, {"teachers", 403}};
	const char *id = made("");
	for (size_t i = 0; i < 2; i++) {
		char body[200];
		snprintf(body, sizeof(body), "{\"question\":\"missing\",\"group\":\"%s\",\"text\":\"Cooks\"}",
			 rows[i].group);
		route_expect(route_ask(api, KEY_STEWARD_FAMILIES, "meeting_answer_create", "request", "{}", "id", id,
				       "body", body, NULL),
			     rows[i].status);
	}
	struct route_reply reply = route_ask(api, KEY_ADMIN, "meeting_answer_list", "id", id, "page_size", "1", NULL);
	ck_assert_int_eq(route_count(&reply, ""), 1);
	route_expect_member(&reply, "0/group", "families");
	ck_assert_str_eq(reply.next, "");
	char answer[40];
	snprintf(answer, sizeof(answer), "%s", route_member(&reply, "0/id"));
	route_release(&reply);
	route_expect(route_ask(api, KEY_STEWARD_FAMILIES, "meeting_answer_change", "request", "{}", "id", id,
			       "answer_id", answer, "body", "{\"group\":\"teachers\"}", NULL),
		     403);
	route_expect(
		route_ask(api, KEY_ADMIN, "meeting_answer_read", "id", REGISTER_ID("99"), "answer_id", answer, NULL),
		404);
}
END_TEST

START_TEST(a_meeting_in_which_a_group_responded_stays)
{
	const char *id = made("");
	char sql[900];
	snprintf(sql, sizeof(sql),
		 "insert into kept.plan_version (district_id, plan_id, number, created_by) values ('" LAKEVIEW
		 "', '" PLAN "', 1, 'owner');"
		 "insert into kept.plan_item (district_id, id, plan_id, version_number, line, group_code, title, "
		 "text_hash) values ('" LAKEVIEW "', '" REGISTER_ID("54") "', '" PLAN "', 1, '" REGISTER_ID(
			 "54") "', 'families', 'Read', repeat('0', 64));"
			       "insert into kept.plan_response (district_id, plan_id, version_number, item_id, "
			       "group_code, stance, identified_by, recorded_by, text_hash, responded_on, meeting_id)"
			       " select district_id, plan_id, 1, id, group_code, 'agree', 'meeting', 'owner', "
			       "text_hash, '2027-01-08', '%s' from kept.plan_item",
		 id);
	query_run(superuser, sql);
	route_expect(route_ask(api, KEY_ADMIN, "meeting_remove", "request", "{}", "id", id, NULL), 409);
	ck_assert_int_eq(query_number(superuser, "select count(*) from kept.meeting"), 1);
	query_run(superuser, "delete from kept.plan_version");
}
END_TEST

int main(void)
{
	cluster = cluster_start(NULL);
	url = cluster_database(cluster, "meeting", CLUSTER_TEST_CLOCK);
	superuser = cluster_superuser(cluster, "meeting");
	register_fill(superuser);
	Suite *suite = suite_create("meeting");
	TCase *test = tcase_create("meeting");
	tcase_add_checked_fixture(test, set_up, tear_down);
	tcase_set_timeout(test, 60);
	tcase_add_test(test, a_meeting_asks_the_three_questions_in_the_readers_language_and_keeps_all_that_was_said);
	tcase_add_test(test, headcounts_are_replaced_whole_and_move_coverage_once_the_meeting_is_held);
	tcase_add_test(test, what_does_not_fit_is_named_and_nothing_is_stored);
	tcase_add_test(test, a_meeting_is_for_admins_and_for_stewards_of_its_school);
	tcase_add_test(test, a_group_key_notes_what_its_own_group_answered);
	tcase_add_test(test, a_meeting_in_which_a_group_responded_stays);
	suite_add_tcase(suite, test);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	free(url);
	free(superuser);
	cluster_stop(cluster);
	return failed ? 1 : 0;
}
