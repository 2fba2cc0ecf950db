/*
 * What is told beside the ladder: once for each meaning, only while it is true, and as safely as reminders.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>
#include <libpq-fe.h>

#include "tests/support/fixture.h"
#include "tests/support/query.h"
#include "tests/support/stage.h"

#define NEW_DAY "2027-01-01T12:00:00Z"
#define LATE "2027-01-16T13:00:00Z" /* the day after the due date */
#define LATER "2027-01-16T13:01:00Z"
#define LEASE_OVER "2027-01-16T13:00:31Z"
#define SENT "\"outcome\": \"sent\", \"status\": 250"
#define RETRY "\"outcome\": \"retry\", \"error\": \"connect\", \"retry_seconds\": 60"
#define REFUSED "\"outcome\": \"failed\", \"error\": \"status\", \"status\": 550"
#define TICK "kept.tick(" FIXTURE_WORKER ", 'test', 16, 'http://kept.test')"
#define ALI "'00000000-0000-7000-8000-0000000000a3'::uuid"
#define STUDENT "'00000000-0000-7000-8000-0000000000a4'::uuid"
#define COUNCIL "'00000000-0000-7000-8000-0000000000f1'::uuid"
#define PLAN "'00000000-0000-7000-8000-000000000091'::uuid"
#define INVITATION "'00000000-0000-7000-8000-000000000092'::uuid"
#define MEETING "'00000000-0000-7000-8000-000000000093'::uuid"

static struct cluster *cluster;
static char *url;

static void start(void)
{
	cluster = stage_cluster();
	free(cluster_database(cluster, "notice", CLUSTER_TEST_CLOCK));
}

static void end(void)
{
	cluster_stop(cluster);
}

/* Whom the promise is owed: Ali, and a council; and an invitation to a meeting on the 20th. */
static const char owed[] =
	"delete from kept.reminder_clock;"
	"insert into kept.person (district_id, id, name, language) values"
	" (" FIXTURE_DISTRICT ", " ALI ", 'Ali', 'ar'), (" FIXTURE_DISTRICT ", " STUDENT ", 'Sam', 'en');"
	"insert into kept.organisation (district_id, id, name, kind, group_code) values"
	" (" FIXTURE_DISTRICT ", " COUNCIL ", 'Parent Council', 'council', 'families');"
	"insert into kept.contact (district_id, person_id, organisation_id, channel, address) values"
	" (" FIXTURE_DISTRICT ", " ALI ", null, 'email', 'ali@lakeview.example'),"
	" (" FIXTURE_DISTRICT ", null, " COUNCIL ", 'email', 'box@lakeview.example');"
	"insert into kept.party (district_id, commitment_id, role, person_id, organisation_id) values"
	" (" FIXTURE_DISTRICT ", " FIXTURE_COMMITMENT ", 'beneficiary', " ALI ", null),"
	" (" FIXTURE_DISTRICT ", " FIXTURE_COMMITMENT ", 'beneficiary', null, " COUNCIL ");"
	"insert into kept.framework (district_id, id, name) values"
	" (" FIXTURE_DISTRICT ", '00000000-0000-7000-8000-000000000090', 'Ours');"
	"insert into kept.plan (district_id, id, framework_id, school_year, title, starts_on, ends_on, sheet_code, "
	"created_by)"
	" values (" FIXTURE_DISTRICT ", " PLAN ", '00000000-0000-7000-8000-000000000090', '2026-27', 'Our plan',"
	" '2026-09-01', '2027-06-30', 'abcdefghij', 'test');"
	"insert into kept.meeting (district_id, id, plan_id, title, held_on, created_by) values"
	" (" FIXTURE_DISTRICT ", " MEETING ", " PLAN ", 'Kickoff', '2027-01-20', 'test');"
	"insert into kept.invitation (district_id, id, plan_id, meeting_id, group_code, language, subject, text, "
	"status, sent_at)"
	" values (" FIXTURE_DISTRICT ", " INVITATION ", " PLAN ", " MEETING
	", 'families', 'ar', 'S', 'T', 'sent', kept.now())";

static void open_register(void)
{
	url = fixture_open(cluster, "notice");
	fixture_change(url, NEW_DAY, owed);
}

static void close_register(void)
{
	free(url);
}

static void check_text(const char *instant, const char *sql, const char *expected)
{
	char *text = fixture_ask(url, instant, sql);
	ck_assert_str_eq(text, expected);
	free(text);
}

static void check_count(const char *sql, long long expected)
{
	ck_assert_int_eq(fixture_count(url, LATE, sql), expected);
}

static void check_delivery(const char *expected)
{
	check_text(LATE,
		   "select coalesce(string_agg(concat_ws(' ', outcome, reason, attempts), ', '), 'none') from "
		   "kept.delivery",
		   expected);
}

/* `to` is "person, organisation" in SQL. */
static void send_as(const char *kind, const char *to, const char *expected)
{
	char sql[600];
	snprintf(sql, sizeof(sql),
		 "set kept.district = '00000000-0000-7000-8000-0000000000d1';"
		 "select kept.notice_send('%s', %s, '%s', %s)",
		 kind, strcmp(kind, "invitation") == 0 ? INVITATION : FIXTURE_COMMITMENT,
		 strcmp(kind, "late") == 0 ? "2027-01-15" : "", to);
	check_text(LATE, sql, expected);
}

#define COMPLETE "update kept.commitment set status = 'completed', completed_on = '2027-01-14';"

static void complete(void)
{
	fixture_change(url, LATE, COMPLETE);
}

START_TEST(each_meaning_is_told_once_by_every_channel)
{
	fixture_change(url, NEW_DAY,
		       "insert into kept.contact (district_id, person_id, channel, address, secret) values"
		       " (" FIXTURE_DISTRICT ", " ALI ", 'webhook', 'https://ali.example/in', 'ks1.sealed')");
	send_as("late", ALI ", null", "queued");
	check_text(LATE,
		   "select string_agg(channel, ' ' order by channel) from kept.notice where message_id is not null",
		   "email webhook");
	send_as("late", ALI ", null", "told_already");
	send_as("late", STUDENT ", null", "no_contact");
	check_count("select count(*) from kept.waiting", 2);
	check_count("select count(*) from kept.tick(" FIXTURE_WORKER ", 'test', 16, '')", 2);
	fixture_settle(url, LATE, SENT);
	send_as("late", ALI ", null", "told_already");
	check_count("select count(*) from kept.waiting", 0);
	/* Another date is another meaning, and so is another kind. */
	fixture_change(url, LATE, "update kept.contact set paused = true where organisation_id is not null");
	send_as("late", "null, " COUNCIL, "paused");
	complete();
	send_as("kept", ALI ", null", "queued");
}
END_TEST

START_TEST(two_that_tell_the_same_at_once_tell_it_once)
{
	static const char telling[] =
		"set kept.now = '" LATE "'; set role kept_worker; set kept.district = "
		"'00000000-0000-7000-8000-0000000000d1'; begin;"
		"select kept.notice_send('late', " FIXTURE_COMMITMENT ", '2027-01-15', " ALI ", null)";
	PGconn *first = PQconnectdb(url), *second = PQconnectdb(url);
	PQclear(PQexec(first, telling));
	ck_assert_int_eq(PQsendQuery(second, telling), 1);
	PQclear(PQexec(first, "commit"));
	PGresult *result, *last = NULL;
	while ((result = PQgetResult(second)) != NULL) {
		PQclear(last);
		last = result;
	}
	ck_assert_str_eq(PQgetvalue(last, 0, 0), "told_already");
	PQclear(last);
	PQclear(PQexec(second, "commit"));
	PQfinish(first);
	PQfinish(second);
	check_count("select count(*) from kept.waiting", 1);
}
END_TEST

START_TEST(what_is_late_says_what_to_whom_and_never_names_a_person_who_owes)
{
	static const char facts[] =
		"select concat_ws(' ', content ->> 'kind', content ->> 'notice', content ->> 'language',"
		" content #>> '{to,name}', content #>> '{commitment,title}', content #>> '{commitment,days}',"
		" content #>> '{commitment,owner}', content #>> '{commitment,role}',"
		" content::text ilike '%maria%', useful_seconds) from " TICK;
	send_as("late", ALI ", null", "queued");
	check_text(LATE, facts, "notice late ar Ali Read together -1 beneficiary f 604800");
	fixture_settle(url, LATE, SENT);
	fixture_change(
		url, LATE,
		"delete from kept.party where role = 'owner';"
		"insert into kept.organisation (district_id, id, name, kind, group_code) values (" FIXTURE_DISTRICT
		", '00000000-0000-7000-8000-0000000000f2', 'School Board', 'department', 'families');"
		"insert into kept.party (district_id, commitment_id, role, organisation_id) values (" FIXTURE_DISTRICT
		", " FIXTURE_COMMITMENT ", 'owner', '00000000-0000-7000-8000-0000000000f2')");
	send_as("late", "null, " COUNCIL, "queued");
	check_text(LATE, facts, "notice late en Parent Council Read together -1 School Board beneficiary f 604800");
}
END_TEST

START_TEST(facts_are_frozen_at_the_first_attempt)
{
	send_as("invitation", ALI ", null", "queued");
	check_text(LATE, "select content -> 'invitation' ->> 'text' || ' ' || (content ->> 'language') from " TICK,
		   "T ar");
	fixture_settle(url, LATE, RETRY);
	check_text(LATE, "select kind || ' ' || (content ->> 'notice') from kept.message", "notice invitation");
	fixture_change(url, LATE, "update kept.invitation set text = 'Other words'");
	check_text(LATER, "select attempt || ' ' || (content -> 'invitation' ->> 'text') from " TICK, "2 T");
	fixture_settle(url, LATER, SENT);
	check_delivery("sent 2");
}
END_TEST

START_TEST(webhooks_get_ids_and_group_and_no_person)
{
	static const struct {
		const char *kind, *to, *type, *id;
	} told[] = {
		{"invitation", ALI ", null", "plan.invitation", "invitation_id"},
		{"late", ALI ", null", "commitment.late", "commitment_id"},
		{"handover", FIXTURE_PERSON ", null", "commitment.handed_over", "commitment_id"},
		{"kept", ALI ", null", "commitment.kept", "commitment_id"},
	};
	fixture_change(url, NEW_DAY,
		       "update kept.contact set channel = 'webhook', address = 'https://union.example/in', secret = "
		       "'ks1.sealed'");
	for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++) {
		char sql[500], expected[200];
		if (strcmp(told[i].kind, "kept") == 0)
			complete();
		send_as(told[i].kind, told[i].to, "queued");
		snprintf(sql, sizeof(sql),
			 "select concat_ws(' ', body::json ->> 'type', body::json #>> '{data,%s}', body::json #>> "
			 "'{data,group}', split_part(body::json #>> '{data,link}', '/', 3), body ~* "
			 "'maria|ali\\y|sam') from " TICK,
			 told[i].id);
		snprintf(expected, sizeof(expected), "%s 00000000-0000-7000-8000-0000000000%s families kept.test f",
			 told[i].type, i == 0 ? "92" : "b1");
		check_text(LATE, sql, expected);
		fixture_settle(url, LATE, SENT);
	}
	check_count("select count(*) from kept.delivery where outcome = 'sent'", 4);
}
END_TEST

static const struct {
	const char *kind, *sql, *reason;
} changes[] = {
	{"invitation", "delete from kept.plan", "invitation_removed"},
	{"invitation", "delete from kept.invitation", "invitation_removed"},
	{"invitation", "update kept.meeting set status = 'cancelled'", "meeting_cancelled"},
	{"invitation", "update kept.meeting set held_on = '2027-01-15'", "stale"},
	{"invitation", "update kept.contact set paused = true", "contact_paused"},
	{"kept", "update kept.commitment set status = 'in_progress', completed_on = null", "no_longer_completed"},
	{"kept", "delete from kept.party where role = 'beneficiary'", "party_removed"},
	{"kept", "delete from kept.commitment", "commitment_removed"},
	{"kept", "update kept.contact set gone_at = kept.now()", "contact_gone"},
	{"late", "update kept.commitment set status = 'completed', completed_on = '2027-01-16'", "completed"},
	{"late", "update kept.commitment set status = 'withdrawn'", "no_longer_due"},
	{"late", "update kept.commitment set status = 'proposed'", "no_longer_due"},
	{"late", "update kept.commitment set due_on = '2027-02-01'", "moved"},
	{"late", "delete from kept.contact", "contact_removed"},
	{"late", "update kept.notice set created_at = kept.now() - interval '7 days'", "stale"},
	{"handover", "delete from kept.party where role = 'owner'", "party_removed"},
	{"handover", "update kept.commitment set status = 'declined'", "no_longer_due"},
	{"handover", "update kept.commitment set status = 'completed', completed_on = '2027-01-16'", "completed"},
	{"handover", "update kept.notice set created_at = kept.now() - interval '14 days'", "stale"},
};

/* Rows that point at what is removed would stop it. */
#define LOOSE                                                                                                          \
	"alter table kept.invitation drop constraint invitation_district_id_meeting_id_fkey;"                          \
	"alter table kept.meeting drop constraint meeting_district_id_plan_id_fkey;"

/* Each change in a transaction of its own, that nobody commits. */
START_TEST(notice_that_is_no_longer_true_is_dropped)
{
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		const char *kind = changes[i].kind;
		bool kept = strcmp(kind, "kept") == 0, invitation = strcmp(kind, "invitation") == 0;
		char sql[2000], expected[100];
		snprintf(sql, sizeof(sql),
			 "begin; set local kept.district = '00000000-0000-7000-8000-0000000000d1';"
			 "select kept.notice_send('%s', %s, '%s', %s, null); reset role; %s " LOOSE " %s;"
			 "set kept.now = '" LATER "'; set role kept_worker; select count(*) from " TICK ";"
			 "select concat_ws(' ', d.outcome, d.reason, d.attempts, (select count(*) from kept.batch),"
			 " (select count(*) from kept.waiting), (select count(*) from kept.message)) from "
			 "kept.delivery d",
			 kind, invitation ? INVITATION : FIXTURE_COMMITMENT,
			 strcmp(kind, "late") == 0 ? "2027-01-15" : "",
			 strcmp(kind, "handover") == 0 ? FIXTURE_PERSON : ALI, kept ? COMPLETE : "", changes[i].sql);
		snprintf(expected, sizeof(expected), "dropped %s 0 0 0 0", changes[i].reason);
		check_text(LATE, sql, expected);
	}
}
END_TEST

START_TEST(notice_that_ceased_to_be_true_between_two_attempts_is_dropped)
{
	send_as("late", ALI ", null", "queued");
	send_as("invitation", "null, " COUNCIL, "queued");
	ck_assert_int_eq(fixture_tick(url, LATE), 2);
	fixture_settle(url, LATE, RETRY);
	fixture_change(url, LATE, "update kept.meeting set status = 'cancelled'");
	fixture_change(url, LATE, COMPLETE);
	ck_assert_int_eq(fixture_tick(url, LATER), 0);
	check_text(
		LATE,
		"select string_agg(concat_ws(' ', outcome, reason, attempts), ', ' order by reason) from kept.delivery",
		"dropped completed 1, dropped meeting_cancelled 1");
	check_count("select count(*) from kept.batch", 0);
	check_count("select count(*) from kept.waiting", 0);
}
END_TEST

START_TEST(corrected_address_gets_the_notice_as_another_message)
{
	send_as("late", ALI ", null", "queued");
	ck_assert_int_eq(fixture_tick(url, LATE), 1);
	fixture_settle(url, LATE, RETRY);
	fixture_change(url, LATE, "update kept.contact set address = 'other@lakeview.example' where person_id = " ALI);
	ck_assert_int_eq(fixture_tick(url, LATER), 0);
	check_delivery("superseded contact_changed 1");
	check_text("2027-01-16T13:01:01Z",
		   "select destination || ' ' || attempt || ' ' || (message_id <> (select message_id from "
		   "kept.delivery)) from " TICK,
		   "other@lakeview.example 1 true");
	fixture_settle(url, "2027-01-16T13:01:01Z", SENT);
	check_count("select count(*) from kept.delivery d join kept.notice n using (message_id) where outcome = 'sent'",
		    1);
}
END_TEST

START_TEST(notice_goes_to_the_next_contact_when_its_own_is_gone)
{
	send_as("late", ALI ", null", "queued");
	fixture_change(url, LATE,
		       "insert into kept.contact (district_id, person_id, channel, address, position) values "
		       "(" FIXTURE_DISTRICT ", " ALI ", 'email', 'second@lakeview.example', 9);"
		       "update kept.contact set gone_at = kept.now() where address = 'ali@lakeview.example'");
	ck_assert_int_eq(fixture_tick(url, LATE), 0);
	check_delivery("superseded contact_gone 0");
	check_text("2027-01-16T13:00:01Z", "select destination from " TICK, "second@lakeview.example");
}
END_TEST

START_TEST(takeover_records_an_unknown_attempt_and_sends_the_same_again)
{
	send_as("late", ALI ", null", "queued");
	ck_assert_int_eq(fixture_tick(url, LATE), 1);
	check_text(LEASE_OVER,
		   "select attempt || ' ' || (message_id = (select message_id from kept.notice)) from "
		   "kept.tick(" FIXTURE_OTHER_WORKER ", 'test', 16, 'http://kept.test')",
		   "2 true");
	check_text(LATE, "select outcome || ' ' || number from kept.attempt", "unknown 1");
	ck_assert_int_eq(fixture_settle(url, LEASE_OVER, SENT), 0);
	check_delivery("none");
}
END_TEST

START_TEST(failed_notice_is_told_to_endpoints_without_a_person)
{
	fixture_change(url, NEW_DAY,
		       "insert into kept.endpoint (district_id, id, url, events, secret) values (" FIXTURE_DISTRICT
		       ", " FIXTURE_ENDPOINT ", 'https://s.example/', '{notice.*}', 'ks1.sealed')");
	send_as("invitation", ALI ", null", "queued");
	send_as("late", "null, " COUNCIL, "queued");
	ck_assert_int_eq(fixture_tick(url, LATE), 2);
	fixture_settle(url, LATE, REFUSED);
	check_text(LATE,
		   "select string_agg(concat_ws(' ', body::json ->> 'type', body::json #>> '{data,notice}', body::json "
		   "#>> "
		   "'{data,reason}', body::json #>> '{data,group}', body::json #>> '{data,link}', body ~* "
		   "'ali\\y|council'), ', ' "
		   "order by body::json #>> '{data,notice}') from " TICK,
		   "notice.failed invitation status 550 families "
		   "http://kept.test/v1/plans/00000000-0000-7000-8000-000000000091 f, "
		   "notice.failed late status 550 families "
		   "http://kept.test/v1/commitments/00000000-0000-7000-8000-0000000000b1 f");
	check_text(LATE, "select count(*) || ' ' || count(commitment_id) from kept.event where type = 'notice.failed'",
		   "2 1");
}
END_TEST

START_TEST(contact_that_answers_410_is_gone)
{
	fixture_change(
		url, NEW_DAY,
		"update kept.contact set channel = 'webhook', address = 'https://ali.example/in', secret = 'ks1.sealed'"
		" where person_id = " ALI);
	send_as("late", ALI ", null", "queued");
	ck_assert_int_eq(fixture_tick(url, LATE), 1);
	fixture_settle(url, LATE,
		       "\"outcome\": \"failed\", \"error\": \"status\", \"status\": 410, \"endpoint_gone\": true");
	check_count("select count(*) from kept.contact where gone_at is not null and person_id = " ALI, 1);
}
END_TEST

START_TEST(reminders_and_notices_of_a_lane_share_a_window_in_order)
{
	fixture_change(url, "2027-01-16T12:00:00Z",
		       "delete from kept.party where organisation_id is not null; select kept.reckon(" FIXTURE_DISTRICT
		       ", " FIXTURE_COMMITMENT ")");
	send_as("late", ALI ", null", "queued");
	send_as("invitation", ALI ", null", "queued");
	fixture_change(
		url, LATE,
		"update kept.waiting w set ready_at = w.ready_at - case n.kind when 'late' then interval '2 s' else "
		"interval '1 s' end from kept.notice n where n.message_id = w.message_id");
	free(fixture_ask(url, LATE, "select kept.plan_due('-infinity', 1000)"));
	/* A reminder that waits is put among them. */
	fixture_change(
		url, LATE,
		"insert into kept.waiting (district_id, message_id, lane_id, ready_at, why) select b.district_id, "
		"b.messages[1], b.lane_id, kept.now(), 'retry' from kept.batch b; delete from kept.batch");
	check_text(LATE,
		   "select string_agg(coalesce(content ->> 'notice', content ->> 'rung'), ' ' order by position) "
		   "from " TICK,
		   "late invitation P+1D");
	check_count("select count(*) from kept.batch where cardinality(messages) = 3", 1);
	fixture_settle(url, LATE, SENT);
	check_count("select count(*) from kept.delivery where outcome = 'sent'", 3);
	check_text(LATE, "select string_agg(kind, ' ' order by kind) from kept.message", "notice notice reminder");
}
END_TEST

/* What went out to an old address before the contact changed is no longer the notice's message. */
START_TEST(what_was_superseded_is_erased_by_the_housekeeping)
{
	send_as("late", ALI ", null", "queued");
	ck_assert_int_eq(fixture_tick(url, LATE), 1);
	fixture_settle(url, LATE, RETRY);
	fixture_change(url, LATE, "update kept.contact set gone_at = kept.now() where person_id = " ALI);
	fixture_change(url, LATE,
		       "insert into kept.contact (district_id, person_id, channel, address, position) values "
		       "(" FIXTURE_DISTRICT ", " ALI ", 'email', 'second@lakeview.example', 9)");
	ck_assert_int_eq(fixture_tick(url, LATER), 0);
	check_delivery("superseded contact_gone 1");
	fixture_change(url, LATER,
		       "insert into kept.erasure (district_id, person_id, name, addresses) values (" FIXTURE_DISTRICT
		       ", " ALI ", 'Ali', '{ali@lakeview.example}')");
	check_count("select count(*) from kept.message where content::text like '%ali@%'", 1);
	free(fixture_ask(url, "2027-01-16T13:10:00Z", "select kept.erasure_go_on(1000)"));
	check_count("select count(*) from kept.message where content::text like '%ali@%'", 0);
	check_count("select count(*) from kept.message where content = '{\"erased\": true}'", 1);
}
END_TEST

static Suite *suite(void)
{
	Suite *made = suite_create("notice");
	TCase *tests = tcase_create("notice");
	tcase_set_timeout(tests, 60);
	tcase_add_unchecked_fixture(tests, start, end);
	tcase_add_checked_fixture(tests, open_register, close_register);
	tcase_add_test(tests, each_meaning_is_told_once_by_every_channel);
	tcase_add_test(tests, two_that_tell_the_same_at_once_tell_it_once);
	tcase_add_test(tests, what_is_late_says_what_to_whom_and_never_names_a_person_who_owes);
	tcase_add_test(tests, facts_are_frozen_at_the_first_attempt);
	tcase_add_test(tests, webhooks_get_ids_and_group_and_no_person);
	tcase_add_test(tests, notice_that_is_no_longer_true_is_dropped);
	tcase_add_test(tests, notice_that_ceased_to_be_true_between_two_attempts_is_dropped);
	tcase_add_test(tests, corrected_address_gets_the_notice_as_another_message);
	tcase_add_test(tests, notice_goes_to_the_next_contact_when_its_own_is_gone);
	tcase_add_test(tests, takeover_records_an_unknown_attempt_and_sends_the_same_again);
	tcase_add_test(tests, failed_notice_is_told_to_endpoints_without_a_person);
	tcase_add_test(tests, contact_that_answers_410_is_gone);
	tcase_add_test(tests, reminders_and_notices_of_a_lane_share_a_window_in_order);
	tcase_add_test(tests, what_was_superseded_is_erased_by_the_housekeeping);
	suite_add_tcase(made, tests);
	return made;
}

int main(void)
{
	SRunner *runner = srunner_create(suite());
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
