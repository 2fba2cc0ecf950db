/* Who is at a plan's table: what moves a group nearer to it or away, and who is told. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "tests/support/promise.h"
#include "tests/support/query.h"
#include "tests/support/register.h"
#include "tests/support/route.h"

#define FRAMEWORK REGISTER_ID("51")
#define PLAN REGISTER_ID("52")
#define OTHER_PLAN REGISTER_ID("53")
#define ARCHIVED_PLAN REGISTER_ID("54")
#define HILLSIDE_PLAN REGISTER_ID("55")
#define ITEM REGISTER_ID("56")
#define MEETING REGISTER_ID("57")

static struct cluster *cluster;
static char *url, *superuser;
static PGconn *api;

static const char plans[] =
	/* A published version cannot be taken away else. */
	"set session_replication_role = replica;"
	"delete from kept.plan_coverage; delete from kept.plan_response; delete from kept.plan_item;"
	"delete from kept.plan_version; delete from kept.invitation; delete from kept.meeting_headcount;"
	"delete from kept.meeting; delete from kept.plan; delete from kept.framework;"
	"insert into kept.framework (district_id, id, name) values ('" LAKEVIEW "', '" FRAMEWORK
	"', 'Own'), ('" HILLSIDE "', '" FRAMEWORK "', 'Own');"
	"insert into kept.plan (district_id, id, framework_id, school_year, title, starts_on, ends_on, sheet_code, "
	"created_by)"
	" select p.district::uuid, p.id::uuid, '" FRAMEWORK
	"', '2026-27', 'Compact', '2026-08-01', '2027-06-30', p.code, 'owner'"
	" from (values ('" LAKEVIEW "', '" PLAN "', 'abcdefghja'), ('" LAKEVIEW "', '" OTHER_PLAN
	"', 'abcdefghjb'), ('" LAKEVIEW "', '" ARCHIVED_PLAN "', 'abcdefghjc'),"
	" ('" HILLSIDE "', '" HILLSIDE_PLAN "', 'abcdefghjd')) p (district, id, code);"
	"insert into kept.plan_version (district_id, plan_id, number, created_by)"
	" select p.district_id, p.id, 1, 'owner' from kept.plan p;"
	"insert into kept.plan_item (district_id, id, plan_id, version_number, line, group_code, title, text_hash)"
	" values ('" LAKEVIEW "', '" ITEM "', '" PLAN "', 1, '" ITEM "', 'families', 'Read', repeat('0', 64));"
	"update kept.plan_version set status = case plan_id when '" ARCHIVED_PLAN
	"' then 'archived' else 'consultation' end, text_hash = repeat('0', 64);"
	"insert into kept.meeting (district_id, id, plan_id, title, held_on, status, created_by)"
	" values ('" LAKEVIEW "', '" MEETING "', '" PLAN "', 'Kickoff', '2027-01-08', 'planned', 'owner');"
	"insert into kept.meeting_headcount (district_id, meeting_id, group_code, language, count)"
	" values ('" LAKEVIEW "', '" MEETING "', 'families', 'es', 2), ('" LAKEVIEW "', '" MEETING
	"', 'students', 'en', 0);";

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

static void run(PGconn *connection, const char *sql)
{
	PGresult *result = PQexec(connection, sql);
	ck_assert_msg(PQresultStatus(result) == PGRES_COMMAND_OK || PQresultStatus(result) == PGRES_TUPLES_OK, "%s: %s",
		      sql, PQresultErrorMessage(result));
	PQclear(result);
}

static void refresh(void)
{
	run(api, "begin");
	run(api, "select kept.enter('key', '" KEY_READER "', '')");
	run(api, "select kept.coverage_refresh('" PLAN "')");
	run(api, "commit");
}

/* What was told since the last time, in its order, as group:from>to. */
static void expect_told(const char *expected)
{
	char *told = query_text(
		superuser,
		"with told as (delete from kept.event where type = 'coverage.changed' and exists (select from"
		" kept.event_pending p where p.event_id = id) returning id, district_id, data)"
		" select coalesce(string_agg(concat(data ->> 'group', ':', data ->> 'from', '>', data ->> 'to',"
		" case data ->> 'plan_id' when '" PLAN "' then '' else ' elsewhere' end), ', ' order by id), '')"
		" from told where data ->> 'link' = '/v1/plans/' || (data ->> 'plan_id') || '/coverage'");
	ck_assert_str_eq(told, expected);
	free(told);
	char *kept =
		query_text(superuser, "select coalesce(string_agg(distinct state, ' '), 'missing') from"
				      " kept.plan_coverage where group_code = 'families' and plan_id = '" PLAN "'");
	const char *to = strrchr(expected, '>');
	if (to && !strstr(expected, "elsewhere"))
		ck_assert_str_eq(kept, to + 1);
	free(kept);
}

START_TEST(a_group_stands_by_the_nearest_that_it_did)
{
	static const struct {
		const char *happens, *told;
	} steps[] = {
		{"select 1", ""},
		{"insert into kept.invitation (district_id, plan_id, group_code, language, subject, text) values "
		 "('" LAKEVIEW "', '" PLAN "', 'families', 'es', 'Venga', 'Venga')",
		 ""},
		{"update kept.invitation set status = 'sent', sent_at = kept.now(), sent_by = 'owner'", ""},
		{"update kept.invitation set recipients = 1", "families:missing>invited"},
		{"select 1", ""},
		{"update kept.meeting set status = 'held'", "families:invited>took_part"},
		{"insert into kept.plan_response (district_id, plan_id, version_number, item_id, group_code, stance,"
		 " identified_by, recorded_by, text_hash, responded_on) select district_id, plan_id, 1, id, 'families',"
		 " 'decline', 'paper', 'owner', text_hash, '2027-01-09' from kept.plan_item",
		 "families:took_part>responded"},
		{"insert into kept.commitment (district_id, group_code, title, status, plan_id, created_by) values "
		 "('" LAKEVIEW "', 'families', 'Read', 'proposed', '" PLAN "', 'owner')",
		 ""},
		{"update kept.commitment set status = 'deferred'", "families:responded>committed"},
		{"update kept.commitment set status = 'withdrawn'", "families:committed>responded"},
		{"update kept.plan_response set replaced_by = id", "families:responded>took_part"},
		{"update kept.meeting_headcount set count = 0", "families:took_part>invited"},
		{"delete from kept.invitation", "families:invited>missing"},
	};
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		query_run(superuser, steps[i].happens);
		refresh();
		expect_told(steps[i].told);
	}
}
END_TEST

static const char *in_plan(const char *plan)
{
	static char more[100];
	snprintf(more, sizeof(more), "\"plan_id\":\"%s\"", plan);
	return more;
}

START_TEST(a_commitment_moves_its_plan_with_each_change)
{
	const char *id = promise_made(api, in_plan(PLAN));
	expect_told("families:missing>committed");
	struct route_reply reply = promise_read(api, KEY_ADMIN, id);
	route_expect_member(&reply, "plan_id", PLAN);
	route_release(&reply);
	route_expect(promise_move(api, KEY_ADMIN, id, "{\"status\":\"withdrawn\"}"), 200);
	expect_told("families:committed>missing");
	route_expect(promise_move(api, KEY_ADMIN, id, "{\"status\":\"agreed\",\"reason\":\"Again\"}"), 200);
	expect_told("families:missing>committed");
	route_expect(promise_change(api, id, "{\"title\":\"Read more\"}"), 200);
	expect_told("");
	route_expect(promise_change(api, id, "{\"plan_id\":\"" OTHER_PLAN "\"}"), 200);
	expect_told("families:committed>missing, families:missing>committed elsewhere");
	route_expect(promise_change(api, id, "{\"plan_id\":null}"), 200);
	expect_told("families:committed>missing elsewhere");
	route_expect(promise_change(api, id, "{\"plan_id\":\"" PLAN "\"}"), 200);
	expect_told("families:missing>committed");
	route_expect(route_ask(api, KEY_ADMIN, "commitment_remove", "request", "{}", "id", id, NULL), 204);
	expect_told("families:committed>missing");
}
END_TEST

START_TEST(a_commitment_without_a_plan_tells_nothing_of_coverage)
{
	const char *id = promise_made(api, "");
	route_expect(promise_move(api, KEY_ADMIN, id, "{\"status\":\"withdrawn\"}"), 200);
	expect_told("");
	ck_assert_int_eq(query_number(superuser, "select count(*) from kept.plan_coverage"), 0);
}
END_TEST

START_TEST(a_plan_that_the_key_cannot_know_is_refused_and_nothing_is_stored)
{
	static const struct {
		const char *key, *plan, *change;
	} rows[] = {
		{KEY_ADMIN, REGISTER_ID("99"), ""},
		{KEY_ADMIN, HILLSIDE_PLAN, ""},
		{KEY_ADMIN, ARCHIVED_PLAN, ""},
		{KEY_STEWARD_EAST, OTHER_PLAN,
		 "update kept.plan set school_id = '" SCHOOL_WEST "' where id = '" OTHER_PLAN "'"},
	};
	const char *id = promise_made(api, "\"school_id\":\"" SCHOOL_EAST "\"");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char body[400];
		if (*rows[i].change)
			query_run(superuser, rows[i].change);
		snprintf(body, sizeof(body),
			 "{\"group\":\"families\",\"title\":\"x\",\"school_id\":\"" SCHOOL_EAST
			 "\",\"owner\":{\"person_id\":\"" PERSON_MARIA "\"},\"plan_id\":\"%s\"}",
			 rows[i].plan);
		struct route_reply reply = promise_create(api, rows[i].key, body);
		ck_assert_int_eq(reply.status, 422);
		ck_assert_ptr_nonnull(strstr(reply.errors, "\"/plan_id\""));
		route_release(&reply);
		snprintf(body, sizeof(body), "{\"plan_id\":\"%s\"}", rows[i].plan);
		route_expect(
			route_ask(api, rows[i].key, "commitment_change", "request", "{}", "id", id, "body", body, NULL),
			422);
	}
	ck_assert_int_eq(query_number(superuser, "select count(*) from kept.commitment where plan_id is null"), 1);
	ck_assert_int_eq(query_number(superuser, "select count(*) from kept.commitment"), 1);
}
END_TEST

START_TEST(a_plan_stays_where_the_commitment_carries_out_its_item_and_where_it_is_archived_since)
{
	const char *id = promise_made(api, in_plan(PLAN));
	query_run(superuser, "update kept.commitment set plan_item_id = '" ITEM "'");
	struct route_reply reply = promise_change(api, id, "{\"plan_id\":null}");
	ck_assert_int_eq(reply.status, 422);
	ck_assert_ptr_nonnull(strstr(reply.errors, "carries out an item"));
	route_release(&reply);
	query_run(superuser, "update kept.plan_version set status = 'archived'");
	route_expect(promise_change(api, id, "{\"plan_id\":\"" PLAN "\",\"title\":\"As it is\"}"), 200);
}
END_TEST

START_TEST(many_at_once_are_told_once_for_each_plan_and_group)
{
#define ITEM_OF(group, plan)                                                                                           \
	"{\"body\":{\"group\":\"" group "\",\"title\":\"x\",\"owner\":{\"group\":\"" group "\"},\"plan_id\":\"" plan   \
	"\"}}"
	struct route_reply reply = route_ask(
		api, KEY_ADMIN, "commitment_bulk", "request", "{}", "atomic", "false", "body",
		"[" ITEM_OF("families", OTHER_PLAN) "," ITEM_OF("families", PLAN) "," ITEM_OF(
			"families", PLAN) "," ITEM_OF("students", HILLSIDE_PLAN) "," ITEM_OF("teachers", PLAN) "]",
		NULL);
	ck_assert_msg(reply.status == 207, "%d %s", reply.status, reply.body);
	route_release(&reply);
	expect_told("teachers:missing>committed, families:missing>committed, families:missing>committed elsewhere");
}
END_TEST

/* One takes the last commitment away while another makes one: the second must see what the first did. */
START_TEST(two_at_once_leave_the_truth)
{
	const char *id = promise_made(api, in_plan(PLAN));
	PGconn *other = route_connect(url);
	char sql[400];
	expect_told("families:missing>committed");
	run(api, "begin");
	run(api, "select kept.enter('key', '" KEY_ADMIN "', '')");
	snprintf(sql, sizeof(sql), "select kept.commitment_move('{}', '%s', '{\"status\":\"withdrawn\"}')", id);
	run(api, sql);
	ck_assert_int_eq(PQsendQuery(other, "begin; select kept.enter('key', '" KEY_ADMIN "', '');"
					    "select kept.commitment_create('{}', '{\"group\":\"families\",\"title\":"
					    "\"x\",\"owner\":{\"group\":\"families\"},\"plan_id\":\"" PLAN "\"}');"
					    "commit"),
			 1);
	while (query_number(superuser, "select count(*) from pg_locks where locktype = 'advisory' and not granted") ==
	       0)
		ck_assert_int_eq(PQconsumeInput(other), 1);
	run(api, "commit");
	for (PGresult *result; (result = PQgetResult(other)) != NULL;) {
		ck_assert_msg(PQresultStatus(result) == PGRES_COMMAND_OK || PQresultStatus(result) == PGRES_TUPLES_OK,
			      "%s", PQresultErrorMessage(result));
		PQclear(result);
	}
	PQfinish(other);
	/* Events of two units of a frozen clock have no order. */
	ck_assert_int_eq(query_number(superuser, "select count(distinct data ->> 'to') from kept.event where type = "
						 "'coverage.changed'"),
			 2);
	ck_assert_int_eq(query_number(superuser, "select count(*) from kept.plan_coverage where state = 'committed'"),
			 1);
}
END_TEST

int main(void)
{
	cluster = cluster_start(NULL);
	url = cluster_database(cluster, "coverage", CLUSTER_TEST_CLOCK);
	superuser = cluster_superuser(cluster, "coverage");
	register_fill(superuser);
	Suite *suite = suite_create("coverage");
	TCase *test = tcase_create("coverage");
	tcase_add_checked_fixture(test, set_up, tear_down);
	tcase_set_timeout(test, 60);
	tcase_add_test(test, a_group_stands_by_the_nearest_that_it_did);
	tcase_add_test(test, a_commitment_moves_its_plan_with_each_change);
	tcase_add_test(test, a_commitment_without_a_plan_tells_nothing_of_coverage);
	tcase_add_test(test, a_plan_that_the_key_cannot_know_is_refused_and_nothing_is_stored);
	tcase_add_test(test, a_plan_stays_where_the_commitment_carries_out_its_item_and_where_it_is_archived_since);
	tcase_add_test(test, many_at_once_are_told_once_for_each_plan_and_group);
	tcase_add_test(test, two_at_once_leave_the_truth);
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
