/*
 * The planner and the fan-out in SQL: who is reminded when, and who is not and why.
 */
#include <stdio.h>
#include <stdlib.h>

#include <check.h>
#include <libpq-fe.h>

#include "tests/support/fixture.h"
#include "tests/support/query.h"

#define NEW_DAY "2027-01-01T12:00:00Z" /* when the commitment was registered */
#define WEEK_BEFORE "2027-01-08T13:00:00Z"
#define TWO_DAYS_BEFORE "2027-01-13T13:00:00Z"
#define DAY_ITSELF "2027-01-15T13:00:00Z"
#define DAY_AFTER "2027-01-16T13:00:00Z"
#define WEEK_AFTER "2027-01-22T13:00:00Z"
#define SENT "\"outcome\": \"sent\", \"status\": 250"

static struct cluster *cluster;
static char *url;

static void start(void)
{
	cluster = cluster_start(NULL);
	/* Migrated once: each test, a process of its own, gets a copy. */
	free(cluster_database(cluster, "plan", CLUSTER_TEST_CLOCK));
}

static void end(void)
{
	cluster_stop(cluster);
}

static void open_register(void)
{
	url = fixture_open(cluster, "plan");
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

/* "P-7D email sent, …" of what is recorded, by date. */
static void check_reminders(const char *expected)
{
	check_text(NEW_DAY,
		   "select string_agg(concat_ws(' ', rung, channel, coalesce(dropped, 'goes')), ', ' order by due_at, "
		   "channel) "
		   "from kept.reminder where channel <> 'event'",
		   expected);
}

static void check_events(const char *expected)
{
	check_text(NEW_DAY,
		   "select string_agg(concat_ws(' ', type, data ->> 'rung'), ', ' order by data ->> 'rung' desc, id) "
		   "from kept.event",
		   expected);
}

START_TEST(ladder_shows_every_rung_of_owner_and_event)
{
	check_text(NEW_DAY,
		   "select string_agg(concat_ws(' ', rung, channel, to_char(due_at, 'MM-DD HH24:MI')), ', ' order by "
		   "due_at, channel) "
		   "from kept.ladder(" FIXTURE_DISTRICT ", " FIXTURE_COMMITMENT ")",
		   "P-7D email 01-08 13:00, P-7D event 01-08 13:00, P-2D email 01-13 13:00, P-2D event 01-13 13:00, "
		   "P0D event 01-15 13:00, P+1D email 01-16 13:00, P+1D event 01-16 13:00, P+7D email 01-22 13:00, "
		   "P+7D event 01-22 13:00");
}
END_TEST

START_TEST(reminder_goes_at_eight_in_the_recipients_zone_and_not_before)
{
	ck_assert_int_eq(fixture_tick(url, NEW_DAY), 0);
	ck_assert_int_eq(fixture_tick(url, "2027-01-08T12:59:59Z"), 0);
	ck_assert_int_eq(fixture_tick(url, WEEK_BEFORE), 1);
	check_reminders("P-7D email goes");
	fixture_change(url, WEEK_BEFORE,
		       "update kept.person set time_zone = 'Europe/Paris'; "
		       "select kept.reckon(" FIXTURE_DISTRICT ", " FIXTURE_COMMITMENT ")");
	check_text(WEEK_BEFORE, "select next_at at time zone 'UTC' from kept.reminder_clock", "2027-01-13 07:00:00");
}
END_TEST

START_TEST(second_look_plans_nothing_again)
{
	ck_assert_int_eq(fixture_tick(url, WEEK_BEFORE), 1);
	ck_assert_int_eq(fixture_tick(url, WEEK_BEFORE), 0);
	fixture_change(url, WEEK_BEFORE, "update kept.reminder_clock set next_at = kept.now()");
	ck_assert_int_eq(fixture_tick(url, "2027-01-08T13:00:01Z"), 0);
	check_reminders("P-7D email goes");
	check_events("commitment.due_soon P-7D");
}
END_TEST

START_TEST(two_planners_at_once_do_not_plan_the_same)
{
	PGconn *first = PQconnectdb(url);
	PQclear(PQexec(first, "set kept.now = '" WEEK_BEFORE "'; set role kept_worker"));
	PQclear(PQexec(first, "begin"));
	PGresult *result =
		PQexec(first, "select * from kept.tick(" FIXTURE_OTHER_WORKER ", 'test', 16, 'http://kept.test')");
	ck_assert_int_eq(PQntuples(result), 1);
	PQclear(result);
	ck_assert_int_eq(fixture_tick(url, WEEK_BEFORE), 0);
	PQclear(PQexec(first, "commit"));
	PQfinish(first);
	ck_assert_int_eq(fixture_tick(url, WEEK_BEFORE), 0);
	check_reminders("P-7D email goes");
}
END_TEST

START_TEST(days_before_the_registration_are_passed_over)
{
	fixture_change(url, "2027-01-12T20:00:00Z",
		       "update kept.commitment set remindable_since = kept.now(); "
		       "select kept.reckon(" FIXTURE_DISTRICT ", " FIXTURE_COMMITMENT ")");
	ck_assert_int_eq(fixture_tick(url, "2027-01-12T20:00:00Z"), 0);
	check_reminders("P-7D email passed_before_start");
	ck_assert_int_eq(fixture_tick(url, TWO_DAYS_BEFORE), 1);
}
END_TEST

START_TEST(todays_rung_whose_hour_has_passed_goes_at_once)
{
	fixture_change(url, "2027-01-13T20:00:00Z",
		       "update kept.commitment set remindable_since = kept.now(); "
		       "select kept.reckon(" FIXTURE_DISTRICT ", " FIXTURE_COMMITMENT ")");
	ck_assert_int_eq(fixture_tick(url, "2027-01-13T20:00:00Z"), 1);
	check_reminders("P-7D email passed_before_start, P-2D email goes");
}
END_TEST

START_TEST(after_an_outage_only_the_latest_rung_goes)
{
	ck_assert_int_eq(fixture_tick(url, "2027-01-14T13:00:00Z"), 1);
	check_reminders("P-7D email overtaken, P-2D email goes");
	fixture_settle(url, "2027-01-14T13:00:01Z", SENT);
	ck_assert_int_eq(fixture_tick(url, "2027-01-25T13:00:00Z"), 1);
	check_reminders("P-7D email overtaken, P-2D email goes, P+1D email stale, P+7D email goes");
}
END_TEST

START_TEST(rung_before_the_date_never_goes_after_it)
{
	ck_assert_int_eq(fixture_tick(url, "2027-01-16T12:00:00Z"), 0);
	check_reminders("P-7D email stale, P-2D email stale");
}
END_TEST

START_TEST(overdue_rung_is_of_use_for_a_week)
{
	ck_assert_int_eq(fixture_tick(url, "2027-01-29T13:00:00Z"), 0);
	check_reminders("P-7D email stale, P-2D email stale, P+1D email stale, P+7D email stale");
}
END_TEST

START_TEST(nobody_to_reach_is_recorded_once_and_not_made_up_for)
{
	fixture_change(url, NEW_DAY, "delete from kept.contact");
	ck_assert_int_eq(fixture_tick(url, WEEK_BEFORE), 0);
	check_reminders("P-7D none no_contact");
	fixture_change(url, WEEK_BEFORE,
		       "insert into kept.contact (district_id, person_id, channel, address) values (" FIXTURE_DISTRICT
		       ", " FIXTURE_PERSON ", 'email', 'm@x.example'); "
		       "select kept.reckon(" FIXTURE_DISTRICT ", " FIXTURE_COMMITMENT ")");
	ck_assert_int_eq(fixture_tick(url, "2027-01-09T13:00:00Z"), 0);
	ck_assert_int_eq(fixture_tick(url, TWO_DAYS_BEFORE), 1);
	check_reminders("P-7D none no_contact, P-2D email goes");
}
END_TEST

START_TEST(paused_contact_is_not_used_and_another_is)
{
	fixture_change(url, NEW_DAY, "update kept.contact set paused = true");
	ck_assert_int_eq(fixture_tick(url, WEEK_BEFORE), 0);
	check_reminders("P-7D email paused");
	fixture_change(url, WEEK_BEFORE,
		       "insert into kept.contact (district_id, person_id, channel, address, position) values "
		       "(" FIXTURE_DISTRICT ", " FIXTURE_PERSON ", 'email', 'second@x.example', 2)");
	check_text(TWO_DAYS_BEFORE, "select destination from kept.tick(" FIXTURE_WORKER ", 'test', 16, '')",
		   "second@x.example");
}
END_TEST

START_TEST(accountable_hears_only_of_what_is_overdue)
{
	fixture_change(url, NEW_DAY,
		       "update kept.party set role = 'accountable'; "
		       "select kept.reckon(" FIXTURE_DISTRICT ", " FIXTURE_COMMITMENT ")");
	ck_assert_int_eq(fixture_tick(url, TWO_DAYS_BEFORE), 0);
	check_reminders("");
	ck_assert_int_eq(fixture_tick(url, DAY_AFTER), 1);
	check_reminders("P+1D email goes");
}
END_TEST

START_TEST(proposed_is_asked_before_the_date_only)
{
	fixture_change(url, NEW_DAY,
		       "update kept.commitment set status = 'proposed'; "
		       "select kept.reckon(" FIXTURE_DISTRICT ", " FIXTURE_COMMITMENT ")");
	check_text(WEEK_BEFORE, "select content ->> 'ask' from kept.tick(" FIXTURE_WORKER ", 'test', 16, '')", "true");
	fixture_settle(url, WEEK_BEFORE, SENT);
	ck_assert_int_eq(fixture_tick(url, TWO_DAYS_BEFORE), 1);
	fixture_settle(url, TWO_DAYS_BEFORE, SENT);
	ck_assert_int_eq(fixture_tick(url, DAY_ITSELF), 0);
	ck_assert_int_eq(fixture_tick(url, DAY_AFTER), 0);
	ck_assert_int_eq(fixture_tick(url, WEEK_AFTER), 0);
	check_reminders("P-7D email goes, P-2D email goes");
	check_events("commitment.due_today P0D, commitment.due_soon P-7D, commitment.due_soon P-2D");
}
END_TEST

START_TEST(closed_commitments_have_no_clock)
{
	static const char *const closed[] = {"completed", "verified", "declined", "withdrawn"};
	for (size_t i = 0; i < sizeof(closed) / sizeof(closed[0]); i++) {
		char sql[300];
		snprintf(sql, sizeof(sql), "update kept.commitment set status = '%s'; select kept.reckon(%s, %s)",
			 closed[i], FIXTURE_DISTRICT, FIXTURE_COMMITMENT);
		fixture_change(url, NEW_DAY, sql);
		check_text(NEW_DAY, "select coalesce(next_at::text, 'none') from kept.reminder_clock", "none");
	}
}
END_TEST

START_TEST(moved_date_starts_the_ladder_anew)
{
	ck_assert_int_eq(fixture_tick(url, WEEK_BEFORE), 1);
	fixture_change(url, "2027-01-09T13:00:00Z",
		       "update kept.commitment set due_on = '2027-02-01'; "
		       "select kept.reckon(" FIXTURE_DISTRICT ", " FIXTURE_COMMITMENT ")");
	ck_assert_int_eq(fixture_tick(url, DAY_ITSELF), 0);
	ck_assert_int_eq(fixture_tick(url, "2027-01-25T13:00:00Z"), 1);
	check_text(NEW_DAY,
		   "select string_agg(due_on || ' ' || rung, ', ' order by due_on) from kept.reminder where channel = "
		   "'email'",
		   "2027-01-15 P-7D, 2027-02-01 P-7D");
}
END_TEST

START_TEST(edited_policy_repeats_nothing_and_makes_up_for_nothing)
{
	ck_assert_int_eq(fixture_tick(url, WEEK_BEFORE), 1);
	fixture_settle(url, WEEK_BEFORE, SENT);
	fixture_change(url, "2027-01-12T15:00:00Z",
		       "update kept.reminder_policy set offsets = '{-7,-5,-1}', updated_at = kept.now(); "
		       "update kept.district set plan_rev = plan_rev + 1; "
		       "insert into kept.replan (district_id, plan_rev) select id, plan_rev from kept.district");
	ck_assert_int_eq(fixture_tick(url, "2027-01-12T15:00:00Z"), 0);
	ck_assert_int_eq(fixture_tick(url, "2027-01-12T15:00:01Z"), 0);
	check_reminders("P-7D email goes, P-5D email passed_before_start");
	ck_assert_int_eq(fixture_count(url, NEW_DAY, "select count(*) from kept.replan"), 0);
	ck_assert_int_eq(fixture_tick(url, "2027-01-14T13:00:00Z"), 1);
}
END_TEST

START_TEST(removed_policy_makes_up_for_nothing)
{
	fixture_change(
		url, NEW_DAY,
		"insert into kept.reminder_policy (district_id, name, group_code, offsets) values (" FIXTURE_DISTRICT
		", 'Families', 'families', '{-1}');"
		"select kept.reckon(" FIXTURE_DISTRICT ", " FIXTURE_COMMITMENT ")");
	ck_assert_int_eq(fixture_tick(url, "2027-01-14T13:00:00Z"), 1);
	fixture_settle(url, "2027-01-14T13:00:00Z", SENT);
	fixture_change(url, "2027-01-14T15:00:00Z",
		       "set kept.district = '00000000-0000-7000-8000-0000000000d1';"
		       "select kept.policy_remove('{}', id) from kept.reminder_policy where name = 'Families'");
	ck_assert_int_eq(fixture_tick(url, "2027-01-14T15:00:00Z"), 0);
	ck_assert_int_eq(fixture_tick(url, "2027-01-14T15:00:01Z"), 0);
	check_reminders("P-7D email passed_before_start, P-2D email passed_before_start, P-1D email goes");
	ck_assert_int_eq(fixture_tick(url, DAY_AFTER), 1);
}
END_TEST

START_TEST(replan_goes_in_chunks)
{
	fixture_crowd(url, NEW_DAY, 1500, "crowd.example", "2027-03-01");
	fixture_change(url, NEW_DAY,
		       "update kept.district set plan_rev = plan_rev + 1; "
		       "insert into kept.replan (district_id, plan_rev) select id, plan_rev from kept.district");
	ck_assert_int_eq(fixture_tick(url, NEW_DAY), 0);
	ck_assert_int_eq(fixture_count(url, NEW_DAY, "select count(*) from kept.reminder_clock where plan_rev = 2"),
			 1000);
	check_text(NEW_DAY, "select more from kept.tick_next()", "t");
	ck_assert_int_eq(fixture_tick(url, NEW_DAY), 0);
	ck_assert_int_eq(fixture_count(url, NEW_DAY, "select count(*) from kept.reminder_clock where plan_rev = 2"),
			 1501);
	check_text(NEW_DAY, "select more from kept.tick_next()", "f");
}
END_TEST

START_TEST(each_event_is_told_once)
{
	fixture_tick(url, WEEK_BEFORE);
	fixture_tick(url, TWO_DAYS_BEFORE);
	fixture_tick(url, DAY_ITSELF);
	fixture_tick(url, DAY_ITSELF);
	fixture_tick(url, DAY_AFTER);
	fixture_tick(url, WEEK_AFTER);
	check_events("commitment.due_today P0D, commitment.due_soon P-7D, commitment.due_soon P-2D, commitment.overdue "
		     "P+7D, "
		     "commitment.overdue P+1D");
	ck_assert_int_eq(
		fixture_count(url, NEW_DAY, "select count(*) from kept.event where data::text ilike '%maria%'"), 0);
}
END_TEST

static void add_endpoint(const char *events, const char *state)
{
	char sql[400];
	snprintf(sql, sizeof(sql),
		 "insert into kept.endpoint (district_id, id, url, events, secret, state) values (%s, %s, "
		 "'https://s.example/', '%s', "
		 "'ks1.sealed', '%s')",
		 FIXTURE_DISTRICT, FIXTURE_ENDPOINT, events, state);
	fixture_change(url, NEW_DAY, sql);
	fixture_change(url, NEW_DAY, "delete from kept.contact");
}

START_TEST(endpoint_gets_what_it_asked_for)
{
	static const struct subscription {
		const char *events;
		int count;
	} table[] = {
		{"{*}", 1}, {"{commitment.*}", 1}, {"{commitment.due_soon}", 1}, {"{commitment.due,reminder.*}", 0}};
	add_endpoint(table[_i].events, "active");
	ck_assert_int_eq(fixture_tick(url, WEEK_BEFORE), table[_i].count);
	ck_assert_int_eq(fixture_count(url, NEW_DAY, "select count(*) from kept.event_pending"), 0);
}
END_TEST

START_TEST(event_payload_has_type_instant_and_whole_link)
{
	add_endpoint("{*}", "active");
	check_text(WEEK_BEFORE,
		   "select concat_ws(' ', body::json ->> 'type', body::json ->> 'timestamp', body::json #>> "
		   "'{data,link}', "
		   "body::json #>> '{data,days_left}', secret, useful_seconds) "
		   "from kept.tick(" FIXTURE_WORKER ", 'test', 16, 'https://kept.test')",
		   "commitment.due_soon 2027-01-08T13:00:00.000Z "
		   "https://kept.test/v1/commitments/00000000-0000-7000-8000-0000000000b1 7 ks1.sealed -1");
}
END_TEST

START_TEST(paused_endpoint_gets_its_messages_later)
{
	add_endpoint("{*}", "paused");
	ck_assert_int_eq(fixture_tick(url, WEEK_BEFORE), 0);
	ck_assert_int_eq(fixture_count(url, NEW_DAY, "select count(*) from kept.waiting where why = 'held'"), 1);
	fixture_change(url, WEEK_BEFORE, "update kept.endpoint set state = 'active'");
	ck_assert_int_eq(fixture_tick(url, "2027-01-08T13:02:00Z"), 1);
}
END_TEST

START_TEST(disabled_endpoint_gets_nothing)
{
	add_endpoint("{*}", "disabled");
	ck_assert_int_eq(fixture_tick(url, WEEK_BEFORE), 0);
	ck_assert_int_eq(fixture_count(url, NEW_DAY, "select count(*) from kept.message"), 0);
}
END_TEST

START_TEST(worker_sleeps_until_the_next_rung)
{
	check_text(NEW_DAY, "select round(seconds::numeric) from kept.tick_next()", "608400");
	check_text(NEW_DAY, "select more from kept.tick_next()", "f");
	check_text(WEEK_BEFORE, "select more from kept.tick_next()", "t");
	fixture_change(url, NEW_DAY, "delete from kept.commitment");
	check_text(NEW_DAY, "select coalesce(seconds::text, 'nothing') from kept.tick_next()", "nothing");
}
END_TEST

START_TEST(old_clock_is_found_by_a_full_look)
{
	ck_assert_int_eq(fixture_tick(url, NEW_DAY), 0);
	fixture_change(url, NEW_DAY, "update kept.reminder_clock set next_at = '2026-06-01'");
	ck_assert_int_eq(fixture_tick(url, "2027-01-01T12:00:59Z"), 0);
	check_text(NEW_DAY, "select next_at::date from kept.reminder_clock", "2026-06-01");
	ck_assert_int_eq(fixture_tick(url, "2027-01-01T12:01:01Z"), 0);
	check_text(NEW_DAY, "select next_at::date from kept.reminder_clock", "2027-01-08");
}
END_TEST

START_TEST(small_district_does_not_wait_for_a_large_one)
{
	fixture_crowd(url, NEW_DAY, 100, "a.example", "2027-01-15");
	fixture_change(url, NEW_DAY,
		       "insert into kept.district (id, name, time_zone, locale) values "
		       "('00000000-0000-7000-8000-0000000000d2', 'Small', 'UTC', 'en');"
		       "insert into kept.lane (district_id, channel, destination) select " FIXTURE_DISTRICT
		       ", 'email', n || '.example' from generate_series(1, 50) n;"
		       "insert into kept.lane (district_id, channel, destination) values "
		       "('00000000-0000-7000-8000-0000000000d2', 'email', 's.example');"
		       "insert into kept.batch (district_id, lane_id, messages, ready_at) select district_id, id, "
		       "array[kept.uuid7()],"
		       " kept.now() - case when destination = 's.example' then interval '1 s' else interval '1 min' "
		       "end from kept.lane");
	ck_assert_int_eq(fixture_count(url, NEW_DAY,
				       "select count(*) from kept.lease(" FIXTURE_WORKER ", 4) "
				       "where district_id = '00000000-0000-7000-8000-0000000000d2'"),
			 1);
}
END_TEST

/* 20 webhook lanes that failed and have waited longest, 20 that are well, one of mail. */
START_TEST(what_hangs_does_not_take_all_places_of_a_worker)
{
	fixture_crowd(url, NEW_DAY, 1, "a.example", "2027-01-15");
	fixture_change(url, NEW_DAY,
		       "insert into kept.lane (district_id, channel, destination, failures) select " FIXTURE_DISTRICT
		       ", case when n = 41 then 'email' else 'webhook' end, n || '.example', (n <= 20)::int"
		       " from generate_series(1, 41) n;"
		       "insert into kept.batch (district_id, lane_id, messages, ready_at) select district_id, id, "
		       "array[kept.uuid7()], kept.now() - interval '1 min' * (1 + failures) from kept.lane");
	check_text(
		NEW_DAY,
		"select concat_ws(' ', count(*), count(*) filter (where l.channel = 'webhook'), count(*) filter (where "
		"l.failures > 0)) from kept.lease(" FIXTURE_WORKER ", 16) taken join kept.batch b on b.id = "
		"taken.batch_id join kept.lane l on l.id = b.lane_id",
		"13 12 4");
	/* Those that it holds count: webhooks have had their share. */
	check_text(NEW_DAY, "select count(*) from kept.lease(" FIXTURE_WORKER ", 3)", "0");
}
END_TEST

START_TEST(one_that_cannot_be_planned_stops_no_other)
{
	fixture_crowd(url, NEW_DAY, 5, "crowd.example", "2027-01-15");
	fixture_change(url, NEW_DAY, "update kept.person set time_zone = 'Mars/Olympus' where id = " FIXTURE_PERSON);
	(void)fixture_tick(url, WEEK_BEFORE);
	check_text(WEEK_BEFORE, "select count(*) from kept.reminder where channel = 'email' and message_id is not null",
		   "5");
	check_text(WEEK_BEFORE,
		   "select to_char(next_at at time zone 'UTC', 'MM-DD HH24:MI') from kept.reminder_clock where "
		   "commitment_id "
		   "= " FIXTURE_COMMITMENT,
		   "01-08 14:00");
	fixture_change(url, WEEK_BEFORE, "update kept.person set time_zone = null where id = " FIXTURE_PERSON);
	(void)fixture_tick(url, "2027-01-08T14:00:00Z");
	check_text(WEEK_BEFORE, "select count(*) from kept.reminder where channel = 'email' and message_id is not null",
		   "6");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("plan");
	TCase *tests = tcase_create("plan");
	tcase_set_timeout(tests, 60);
	tcase_add_unchecked_fixture(tests, start, end);
	tcase_add_checked_fixture(tests, open_register, close_register);
	tcase_add_test(tests, ladder_shows_every_rung_of_owner_and_event);
	tcase_add_test(tests, reminder_goes_at_eight_in_the_recipients_zone_and_not_before);
	tcase_add_test(tests, second_look_plans_nothing_again);
	tcase_add_test(tests, two_planners_at_once_do_not_plan_the_same);
	tcase_add_test(tests, days_before_the_registration_are_passed_over);
	tcase_add_test(tests, todays_rung_whose_hour_has_passed_goes_at_once);
	tcase_add_test(tests, after_an_outage_only_the_latest_rung_goes);
	tcase_add_test(tests, rung_before_the_date_never_goes_after_it);
	tcase_add_test(tests, overdue_rung_is_of_use_for_a_week);
	tcase_add_test(tests, nobody_to_reach_is_recorded_once_and_not_made_up_for);
	tcase_add_test(tests, paused_contact_is_not_used_and_another_is);
	tcase_add_test(tests, accountable_hears_only_of_what_is_overdue);
	tcase_add_test(tests, proposed_is_asked_before_the_date_only);
	tcase_add_test(tests, closed_commitments_have_no_clock);
	tcase_add_test(tests, moved_date_starts_the_ladder_anew);
	tcase_add_test(tests, edited_policy_repeats_nothing_and_makes_up_for_nothing);
	tcase_add_test(tests, removed_policy_makes_up_for_nothing);
	tcase_add_test(tests, replan_goes_in_chunks);
	tcase_add_test(tests, each_event_is_told_once);
	tcase_add_loop_test(tests, endpoint_gets_what_it_asked_for, 0, 4);
	tcase_add_test(tests, event_payload_has_type_instant_and_whole_link);
	tcase_add_test(tests, paused_endpoint_gets_its_messages_later);
	tcase_add_test(tests, disabled_endpoint_gets_nothing);
	tcase_add_test(tests, worker_sleeps_until_the_next_rung);
	tcase_add_test(tests, old_clock_is_found_by_a_full_look);
	tcase_add_test(tests, small_district_does_not_wait_for_a_large_one);
	tcase_add_test(tests, one_that_cannot_be_planned_stops_no_other);
	tcase_add_test(tests, what_hangs_does_not_take_all_places_of_a_worker);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
