/* How an item of a plan stands by what its group said, and what becomes of it when the plan is adopted. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "tests/support/consult.h"
#include "tests/support/promise.h"
#include "tests/support/query.h"
#include "tests/support/register.h"
#include "tests/support/route.h"

static struct cluster *cluster;
static char *url, *superuser;
static PGconn *api;

static void set_up(void)
{
	register_clear(superuser);
	consult_plan(superuser);
	api = route_connect(url);
}

static void tear_down(void)
{
	PQfinish(api);
}

/* Responses of that many, who were not named. */
static void said(const char *item, const char *stance, int count)
{
	char sql[800];
	snprintf(sql, sizeof(sql),
		 "insert into kept.plan_response (district_id, plan_id, version_number, item_id, group_code, stance, "
		 "amendment,"
		 " count, identified_by, recorded_by, text_hash, responded_on)"
		 " select district_id, plan_id, version_number, id, group_code, '%s', %s, %d, 'paper', 'owner', "
		 "text_hash,"
		 " '2027-01-09' from kept.plan_item where id = '%s'",
		 stance, strcmp(stance, "amend") == 0 ? "'On Sundays'" : "null", count, item);
	if (count > 0)
		query_run(superuser, sql);
}

static void said_by(const char *item, const char *stance, const char *person)
{
	char sql[800];
	snprintf(sql, sizeof(sql),
		 "insert into kept.plan_response (district_id, plan_id, version_number, item_id, group_code, stance, "
		 "amendment,"
		 " person_id, identified_by, recorded_by, text_hash, responded_on)"
		 " select district_id, plan_id, version_number, id, group_code, '%s', %s, '%s', 'key', 'owner', "
		 "text_hash,"
		 " '2027-01-09' from kept.plan_item where id = '%s'",
		 stance, strcmp(stance, "amend") == 0 ? "'On Sundays'" : "null", person, item);
	query_run(superuser, sql);
}

/* What a question answers inside a unit of that key; to be freed. What it did stays. */
static char *inside(const char *hash, const char *sql)
{
	char enter[200];
	snprintf(enter, sizeof(enter), "select kept.enter('key', '%s', '')", hash);
	PQclear(PQexec(api, "begin"));
	PQclear(PQexec(api, enter));
	PGresult *result = PQexec(api, sql);
	ck_assert_msg(PQresultStatus(result) == PGRES_TUPLES_OK, "%s", PQresultErrorMessage(result));
	char *answer = strdup(PQgetvalue(result, 0, 0));
	PQclear(result);
	result = PQexec(api, "commit");
	ck_assert_msg(PQresultStatus(result) == PGRES_COMMAND_OK, "%s", PQresultErrorMessage(result));
	PQclear(result);
	return answer;
}

static void expect_inside(const char *hash, const char *sql, const char *expected)
{
	char *answer = inside(hash, sql);
	ck_assert_msg(strcmp(answer, expected) == 0, "%s: %s", sql, answer);
	free(answer);
}

static void expect_standing(const char *item, const char *expected)
{
	char sql[200];
	snprintf(sql, sizeof(sql),
		 "select concat_ws(' ', s.agree, s.amend, s.decline, s.abstain, s.standing)"
		 " from kept.plan_item_standings(array['%s'::uuid]) s",
		 item);
	expect_inside(KEY_PARTNER, sql, expected);
}

static void adopt(int number, const char *agreed)
{
	char sql[200];
	snprintf(sql, sizeof(sql),
		 "select kept.plan_adopt(p, v) from kept.plan p join kept.plan_version v on v.plan_id = p.id where "
		 "v.number = %d",
		 number);
	expect_inside(KEY_STEWARD_EAST, sql, agreed);
}

static const struct {
	int agree, amend, decline, abstain;
	const char *standing;
} standings[] = {
	{0, 0, 0, 0, "open"},     {1, 0, 0, 0, "agreed"},   {0, 0, 0, 5, "open"},     {1, 0, 1, 0, "open"},
	{2, 0, 1, 9, "agreed"},   {0, 0, 1, 0, "declined"}, {0, 1, 0, 0, "amended"},  {1, 1, 0, 0, "amended"},
	{31, 4, 1, 0, "agreed"},  {2, 1, 1, 0, "amended"},  {1, 1, 2, 0, "declined"}, {0, 2, 1, 0, "amended"},
	{0, 1, 1, 0, "declined"}, {3, 2, 1, 0, "amended"},
};

START_TEST(an_item_stands_as_its_group_said)
{
	consult_version(superuser, 1, "Read", "null", "1");
	said(CONSULT_ITEM, "agree", standings[_i].agree);
	said(CONSULT_ITEM, "amend", standings[_i].amend);
	said(CONSULT_ITEM, "decline", standings[_i].decline);
	said(CONSULT_ITEM, "abstain", standings[_i].abstain);
	char expected[80];
	snprintf(expected, sizeof(expected), "%d %d %d %d %s", standings[_i].agree, standings[_i].amend,
		 standings[_i].decline, standings[_i].abstain, standings[_i].standing);
	expect_standing(CONSULT_ITEM, expected);
}
END_TEST

START_TEST(a_word_on_the_same_text_holds_for_the_next_version)
{
	consult_version(superuser, 1, "Read", "null", "1");
	said(CONSULT_ITEM, "agree", 5);
	said_by(CONSULT_ITEM, "agree", PERSON_MARIA);
	said_by(CONSULT_ITEM, "decline", PERSON_BEN);
	consult_version(superuser, 2, "Read", "null", "1");
	expect_standing(CONSULT_ITEM_LATER, "6 0 1 0 agreed");
	/* Newer words take the place of older ones, of the unnamed together. */
	said_by(CONSULT_ITEM_LATER, "amend", PERSON_MARIA);
	said(CONSULT_ITEM_LATER, "abstain", 2);
	expect_standing(CONSULT_ITEM_LATER, "0 1 1 2 declined");
	expect_standing(CONSULT_ITEM, "6 0 1 0 agreed");
}
END_TEST

START_TEST(a_word_on_another_text_does_not)
{
	consult_version(superuser, 1, "Read", "null", "1");
	said(CONSULT_ITEM, "agree", 5);
	consult_version(superuser, 2, "Read daily", "null", "2");
	expect_standing(CONSULT_ITEM_LATER, "0 0 0 0 open");
}
END_TEST

/* The commitment that the plan has, to be freed; the only one. */
static char *promised(void)
{
	ck_assert_int_eq(query_number(superuser, "select count(*) from kept.commitment"), 1);
	return query_text(superuser, "select id from kept.commitment");
}

START_TEST(what_was_agreed_becomes_a_commitment_that_asks)
{
	consult_version(superuser, 1, "Léer \"juntos\"", "null", "1");
	said(CONSULT_ITEM, "agree", 2);
	adopt(1, "1");
	char *id = promised();
	struct route_reply reply = promise_read(api, KEY_READER, id);
	static const char *const members[][2] = {
		{"status", "proposed"},
		{"visibility", "plan"},
		{"title", "Léer \"juntos\""},
		{"plan_id", CONSULT_PLAN},
		{"plan_item_id", CONSULT_ITEM},
		{"group", "families"},
		{"owner/group", "families"},
		{"school_id", SCHOOL_EAST},
		{"owner/school_id", SCHOOL_EAST},
		{"parties/0/role", "beneficiary"},
		{"parties/0/group", "students"},
		{"kind", "single"},
		{"asks/0", "owner"},
		{"asks/1", "due_on"},
		{"asks/2", "when_where_how"},
	};
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		route_expect_member(&reply, members[i][0], members[i][1]);
	route_release(&reply);
	ck_assert_int_eq(query_number(superuser, "select count(*) from kept.event where type = 'commitment.created'"),
			 1);
	ck_assert_int_eq(query_number(superuser, "select count(*) from kept.reminder_clock"), 1);
	free(id);
}
END_TEST

static void expect_promise(const char *id, const char *path, const char *value)
{
	struct route_reply reply = promise_read(api, KEY_ADMIN, id);
	route_expect_member(&reply, path, value);
	route_release(&reply);
}

START_TEST(what_is_not_agreed_becomes_nothing)
{
	consult_version(superuser, 1, "Read", "null", "1");
	said(CONSULT_ITEM, "decline", 1);
	adopt(1, "0");
	ck_assert_int_eq(query_number(superuser, "select count(*) from kept.commitment"), 0);
}
END_TEST

START_TEST(the_commitment_of_a_line_goes_on_with_the_next_version)
{
	consult_version(superuser, 1, "Read", "'2027-03-01'", "1");
	said(CONSULT_ITEM, "agree", 2);
	adopt(1, "1");
	char *id = promised(), sql[200];
	snprintf(sql, sizeof(sql),
		 "update kept.commitment set status = 'agreed', due_on = '2027-03-08' where id = '%s'", id);
	query_run(superuser, sql);
	consult_version(superuser, 2, "Read", "'2027-03-01'", "1");
	adopt(2, "1");
	free(promised()); /* no second one */
	expect_promise(id, "plan_item_id", CONSULT_ITEM_LATER);
	expect_promise(id, "status", "agreed");
	expect_promise(id, "due_on", "2027-03-08"); /* its owner moved it */
	free(id);
}
END_TEST

START_TEST(another_text_is_a_question_again)
{
	consult_version(superuser, 1, "Read", "null", "1");
	said(CONSULT_ITEM, "agree", 2);
	adopt(1, "1");
	char *id = promised();
	query_run(superuser, "update kept.commitment set status = 'in_progress'");
	consult_version(superuser, 2, "Read daily", "'2027-03-01'", "2");
	said(CONSULT_ITEM_LATER, "agree", 2);
	adopt(2, "1");
	expect_promise(id, "title", "Read daily");
	expect_promise(id, "status", "proposed");
	expect_promise(id, "due_on", "2027-03-01");
	free(promised());
	free(id);
}
END_TEST

START_TEST(what_nobody_took_on_goes_with_the_groups_agreement)
{
	consult_version(superuser, 1, "Read", "null", "1");
	said(CONSULT_ITEM, "agree", 2);
	adopt(1, "1");
	char *id = promised();
	consult_version(superuser, 2, "Read daily", "null", "2");
	said(CONSULT_ITEM_LATER, "decline", 2);
	adopt(2, "0");
	expect_promise(id, "status", "withdrawn");
	free(id);
}
END_TEST

static const char *const begun[][2] = {
	{"proposed", "agreed"},    {"proposed", "in_progress"}, {"deferred", "agreed"},
	{"deferred", "completed"}, {"declined", "agreed"},      {"withdrawn", "agreed"},
};

START_TEST(nothing_begins_while_it_asks_for_something)
{
	consult_version(superuser, 1, "Read", "null", "1");
	said(CONSULT_ITEM, "agree", 2);
	adopt(1, "1");
	char *id = promised(), sql[200], body[100];
	snprintf(sql, sizeof(sql), "update kept.commitment set status = '%s'", begun[_i][0]);
	query_run(superuser, sql);
	snprintf(body, sizeof(body), "{\"status\":\"%s\",\"reason\":\"So\"}", begun[_i][1]);
	struct route_reply reply = promise_move(api, KEY_ADMIN, id, body);
	ck_assert_int_eq(reply.status, 422);
	ck_assert_ptr_nonnull(strstr(reply.errors, "an owner who is a person"));
	ck_assert_ptr_nonnull(strstr(reply.errors, "due_on"));
	ck_assert_ptr_nonnull(strstr(reply.errors, "when_where_how"));
	route_release(&reply);
	route_expect(promise_change(api, id,
				    "{\"owner\":{\"person_id\":\"" PERSON_MARIA
				    "\"},\"due_on\":\"2027-03-01\",\"when_where_how\":\"After supper\"}"),
		     strcmp(begun[_i][0], "declined") == 0 || strcmp(begun[_i][0], "withdrawn") == 0 ? 409 : 200);
	if (strcmp(begun[_i][0], "proposed") == 0 || strcmp(begun[_i][0], "deferred") == 0)
		route_expect(promise_move(api, KEY_ADMIN, id, body), 200);
	else
		route_expect(promise_move(api, KEY_ADMIN, id, body), 422);
	free(id);
}
END_TEST

START_TEST(what_is_let_go_asks_for_nothing)
{
	consult_version(superuser, 1, "Read", "null", "1");
	said(CONSULT_ITEM, "agree", 2);
	adopt(1, "1");
	char *id = promised();
	struct route_reply reply = promise_move(api, KEY_ADMIN, id, "{\"status\":\"declined\"}");
	ck_assert_int_eq(reply.status, 200);
	ck_assert_int_eq(route_count(&reply, "asks"), 0);
	route_release(&reply);
	free(id);
}
END_TEST

int main(void)
{
	cluster = cluster_start(NULL);
	url = cluster_database(cluster, "adopt", CLUSTER_TEST_CLOCK);
	superuser = cluster_superuser(cluster, "adopt");
	register_fill(superuser);
	Suite *suite = suite_create("adopt");
	TCase *test = tcase_create("adopt");
	tcase_set_timeout(test, 60);
	tcase_add_checked_fixture(test, set_up, tear_down);
	tcase_add_loop_test(test, an_item_stands_as_its_group_said, 0, sizeof(standings) / sizeof(standings[0]));
	tcase_add_test(test, a_word_on_the_same_text_holds_for_the_next_version);
	tcase_add_test(test, a_word_on_another_text_does_not);
	tcase_add_test(test, what_was_agreed_becomes_a_commitment_that_asks);
	tcase_add_test(test, what_is_not_agreed_becomes_nothing);
	tcase_add_test(test, the_commitment_of_a_line_goes_on_with_the_next_version);
	tcase_add_test(test, another_text_is_a_question_again);
	tcase_add_test(test, what_nobody_took_on_goes_with_the_groups_agreement);
	tcase_add_loop_test(test, nothing_begins_while_it_asks_for_something, 0, sizeof(begun) / sizeof(begun[0]));
	tcase_add_test(test, what_is_let_go_asks_for_nothing);
	suite_add_tcase(suite, test);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	cluster_stop(cluster);
	free(url);
	free(superuser);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
