/*
 * Windows, settling, takeover, breaker and the last look at the truth, in SQL.
 */
#include <stdio.h>
#include <stdlib.h>

#include <check.h>

#include "tests/support/fixture.h"
#include "tests/support/query.h"

#define NEW_DAY "2027-01-01T12:00:00Z"
#define DUE "2027-01-08T13:00:00Z" /* the rung seven days before */
#define A_SECOND_LATER "2027-01-08T13:00:01Z"
#define LEASE_OVER "2027-01-08T13:00:31Z"
#define SENT "\"outcome\": \"sent\", \"status\": 250, \"duration_ms\": 5"
#define RETRY "\"outcome\": \"retry\", \"error\": \"connect\", \"retry_seconds\": 60"
#define REFUSED "\"outcome\": \"failed\", \"error\": \"status\", \"status\": 550, \"answer\": \"no such user\""
#define TICK "kept.tick(" FIXTURE_WORKER ", 'test', 16, 'http://kept.test')"

static struct cluster *cluster;
static char *url;

static void start(void)
{
	cluster = cluster_start(NULL);
	/* Migrated once: each test, a process of its own, gets a copy. */
	free(cluster_database(cluster, "settle", CLUSTER_TEST_CLOCK));
}

static void end(void)
{
	cluster_stop(cluster);
}

static void open_register(void)
{
	url = fixture_open(cluster, "settle");
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
	ck_assert_int_eq(fixture_count(url, NEW_DAY, sql), expected);
}

static void check_delivery(const char *expected)
{
	check_text(NEW_DAY,
		   "select coalesce(string_agg(concat_ws(' ', outcome, reason, attempts), ', '), 'none') from "
		   "kept.delivery",
		   expected);
}

START_TEST(sent_message_is_recorded_and_its_batch_gone)
{
	ck_assert_int_eq(fixture_tick(url, DUE), 1);
	ck_assert_int_eq(fixture_settle(url, A_SECOND_LATER, SENT), 0);
	check_delivery("sent 1");
	check_count("select count(*) from kept.batch", 0);
	check_text(NEW_DAY, "select concat_ws(' ', number, outcome, status, duration_ms, worker_id) from kept.attempt",
		   "1 sent 250 5 11111111-1111-7111-8111-111111111111");
	check_text(NEW_DAY,
		   "select (select message_id from kept.delivery) = (select message_id from kept.reminder where "
		   "channel = 'email')",
		   "t");
}
END_TEST

START_TEST(frozen_facts_are_complete_and_stay)
{
	fixture_change(
		url, NEW_DAY,
		"update kept.commitment set when_where_how = 'At bedtime', title = 'Read';"
		"insert into kept.stakeholder_group_text (code, language, name) values ('families', 'es', 'Familias')"
		" on conflict (code, language) do update set name = excluded.name;"
		"insert into kept.person (district_id, id, name) values (" FIXTURE_DISTRICT
		", '00000000-0000-7000-8000-0000000000a2', 'Principal');"
		"insert into kept.contact (district_id, person_id, channel, address) values (" FIXTURE_DISTRICT
		", '00000000-0000-7000-8000-0000000000a2', 'email', 'principal@lakeview.example');"
		"insert into kept.party (district_id, commitment_id, role, person_id) values (" FIXTURE_DISTRICT
		", " FIXTURE_COMMITMENT ", 'accountable', '00000000-0000-7000-8000-0000000000a2')");
	check_text(DUE,
		   "select content = '{\"kind\":\"reminder\",\"rung\":\"P-7D\",\"ask\":false,\"language\":\"es\","
		   "\"time_zone\":\"America/New_York\",\"date\":\"2027-01-08T13:00:00Z\","
		   "\"to\":{\"name\":\"Maria\",\"address\":\"maria@lakeview.example\"},"
		   "\"reply_to\":{\"name\":\"Principal\",\"address\":\"principal@lakeview.example\"},"
		   "\"sender\":{\"district\":\"Lakeview\",\"school\":null},"
		   "\"commitment\":{\"id\":\"00000000-0000-7000-8000-0000000000b1\",\"title\":\"Read\",\"group\":"
		   "\"families\","
		   "\"group_name\":\"Familias\",\"due_on\":\"2027-01-15\",\"days\":7,\"owner\":\"Maria\",\"role\":"
		   "\"owner\","
		   "\"when_where_how\":\"At bedtime\","
		   "\"link\":\"http://kept.test/v1/commitments/00000000-0000-7000-8000-0000000000b1\"}}'::jsonb "
		   "from " TICK,
		   "t");
	fixture_settle(url, DUE, RETRY);
	fixture_change(url, DUE, "update kept.commitment set title = 'Other words'");
	check_text("2027-01-08T13:02:00Z", "select content #>> '{commitment,title}' from " TICK, "Read");
}
END_TEST

START_TEST(webhook_contact_gets_a_payload_without_a_person)
{
	fixture_change(url, NEW_DAY,
		       "update kept.contact set channel = 'webhook', address = 'https://union.example/in', secret = "
		       "'ks1.sealed'");
	check_text(DUE,
		   "select concat_ws(' ', channel, destination, secret, secret_context, body::json ->> 'type', "
		   "body::json #>> '{data,rung}',"
		   " body::json #>> '{data,link}', body ilike '%maria%') from " TICK,
		   "webhook https://union.example/in ks1.sealed secret reminder.due P-7D "
		   "http://kept.test/v1/commitments/00000000-0000-7000-8000-0000000000b1 f");
}
END_TEST

START_TEST(retry_waits_and_counts_on_under_the_same_id)
{
	ck_assert_int_eq(fixture_tick(url, DUE), 1);
	ck_assert_int_eq(fixture_settle(url, DUE, RETRY), 0);
	check_delivery("none");
	check_text(DUE, "select seconds || ' ' || more from kept.tick_next()", "60 false");
	ck_assert_int_eq(fixture_tick(url, "2027-01-08T13:00:59Z"), 0);
	check_text("2027-01-08T13:01:00Z",
		   "select attempt || ' ' || (message_id = (select message_id from kept.reminder where channel = "
		   "'email')) from " TICK,
		   "2 true");
	fixture_settle(url, "2027-01-08T13:01:01Z", SENT);
	check_delivery("sent 2");
	check_count("select count(*) from kept.waiting", 0);
}
END_TEST

START_TEST(late_settle_after_a_takeover_records_nothing)
{
	ck_assert_int_eq(fixture_tick(url, DUE), 1);
	fixture_change(url, DUE,
		       "create table public.before as select id, lease_id, messages from kept.batch; grant select on "
		       "public.before to public");
	check_text(LEASE_OVER,
		   "select attempt from kept.tick(" FIXTURE_OTHER_WORKER ", 'test', 16, 'http://kept.test')", "2");
	check_text(NEW_DAY, "select outcome || ' ' || number || ' ' || worker_id from kept.attempt",
		   "unknown 1 11111111-1111-7111-8111-111111111111");
	char *state = fixture_state(url, LEASE_OVER,
				    "select kept.settle(id, lease_id, "
				    "jsonb_build_array(jsonb_build_object('message_id', messages[1], 'outcome', "
				    "'sent')), false, '') from public.before");
	ck_assert_str_eq(state, "KT409");
	free(state);
	check_delivery("none");
	check_count("select count(*) from kept.attempt", 1);
	check_text(LEASE_OVER, "select kept.renew(id, lease_id) from public.before", "f");
	check_text(LEASE_OVER,
		   "select count(*) from kept.batch b, kept.settle(b.id, b.lease_id, "
		   "jsonb_build_array(jsonb_build_object('message_id', b.messages[1], 'outcome', "
		   "'sent')), false, '')",
		   "0");
	check_delivery("sent 2");
}
END_TEST

START_TEST(renewed_lease_is_not_taken_over)
{
	ck_assert_int_eq(fixture_tick(url, DUE), 1);
	check_text("2027-01-08T13:00:20Z", "select kept.renew(id, lease_id) from kept.batch", "t");
	check_text(LEASE_OVER, "select count(*) from kept.tick(" FIXTURE_OTHER_WORKER ", 'test', 16, '')", "0");
}
END_TEST

START_TEST(takeover_marks_only_the_open_window)
{
	fixture_crowd(url, NEW_DAY, 100, "crowd.example", "2027-01-15");
	fixture_change(url, NEW_DAY, "delete from kept.party where commitment_id = " FIXTURE_COMMITMENT);
	ck_assert_int_eq(fixture_tick(url, DUE), 64);
	ck_assert_int_eq(fixture_settle(url, A_SECOND_LATER, SENT), 36);
	ck_assert_int_eq(fixture_tick(url, "2027-01-08T13:00:32Z"), 36);
	check_count("select count(*) from kept.attempt where outcome = 'unknown'", 36);
	check_count("select count(*) from kept.delivery", 64);
	ck_assert_int_eq(fixture_settle(url, "2027-01-08T13:00:33Z", SENT), 0);
	check_count("select count(*) from kept.delivery where attempts = 2", 36);
	check_count("select count(*) from kept.batch", 0);
}
END_TEST

static const struct change {
	const char *sql, *reason;
} changes[] = {
	{"update kept.commitment set status = 'completed'", "dropped completed 0"},
	{"update kept.commitment set status = 'withdrawn'", "dropped no_longer_due 0"},
	{"update kept.commitment set due_on = '2027-03-01'", "dropped moved 0"},
	{"delete from kept.party", "dropped party_removed 0"},
	{"update kept.contact set paused = true", "dropped contact_paused 0"},
	{"update kept.contact set gone_at = kept.now()", "dropped contact_gone 0"},
	{"delete from kept.contact", "dropped contact_removed 0"},
	{"delete from kept.commitment", "dropped commitment_removed 0"},
};

START_TEST(reminder_that_is_no_longer_true_is_dropped)
{
	free(fixture_ask(url, DUE, "select kept.plan_due('-infinity', 1000)"));
	fixture_change(url, DUE, changes[_i].sql);
	ck_assert_int_eq(fixture_tick(url, DUE), 0);
	check_delivery(changes[_i].reason);
	check_count("select count(*) from kept.batch", 0);
	check_count("select count(*) from kept.message", 0);
}
END_TEST

START_TEST(completed_between_two_attempts_is_dropped)
{
	ck_assert_int_eq(fixture_tick(url, DUE), 1);
	fixture_settle(url, DUE, RETRY);
	fixture_change(url, DUE, "update kept.commitment set status = 'completed'");
	ck_assert_int_eq(fixture_tick(url, "2027-01-08T13:01:00Z"), 0);
	check_delivery("dropped completed 1");
}
END_TEST

START_TEST(corrected_address_gets_the_reminder_as_another_message)
{
	ck_assert_int_eq(fixture_tick(url, DUE), 1);
	fixture_settle(url, DUE, RETRY);
	fixture_change(url, DUE, "update kept.contact set address = 'other@lakeview.example'");
	ck_assert_int_eq(fixture_tick(url, "2027-01-08T13:01:00Z"), 0);
	check_delivery("superseded contact_changed 1");
	check_text("2027-01-08T13:01:01Z",
		   "select destination || ' ' || attempt || ' ' || (message_id <> (select message_id from "
		   "kept.delivery)) from " TICK,
		   "other@lakeview.example 1 true");
}
END_TEST

START_TEST(reminder_goes_to_the_next_contact_when_its_own_is_gone)
{
	free(fixture_ask(url, DUE, "select kept.plan_due('-infinity', 1000)"));
	fixture_change(url, DUE,
		       "insert into kept.contact (district_id, person_id, organisation_id, channel, address, position)"
		       " select district_id, person_id, organisation_id, channel, 'second@lakeview.example', 9 from "
		       "kept.contact limit 1");
	fixture_change(url, DUE, "update kept.contact set gone_at = kept.now() where position < 9");
	ck_assert_int_eq(fixture_tick(url, DUE), 0);
	check_delivery("superseded contact_gone 0");
	check_text("2027-01-08T13:00:01Z", "select destination from " TICK, "second@lakeview.example");
}
END_TEST

START_TEST(reminder_before_the_date_is_of_use_until_that_day_ends)
{
	check_text(DUE,
		   "select useful_seconds = extract(epoch from timestamptz '2027-01-16T05:00:00Z' - '" DUE
		   "') from " TICK,
		   "t");
	fixture_settle(url, DUE, "\"outcome\": \"retry\", \"error\": \"connect\", \"retry_seconds\": 600000");
	ck_assert_int_eq(fixture_tick(url, "2027-01-16T05:00:00Z"), 0);
	check_count("select count(*) from kept.delivery where reason = 'stale'", 1);
}
END_TEST

START_TEST(window_with_nothing_true_gives_way_to_the_next)
{
	fixture_crowd(url, NEW_DAY, 100, "crowd.example", "2027-01-15");
	free(fixture_ask(url, DUE, "select kept.plan_due('-infinity', 1000)"));
	fixture_change(
		url, DUE,
		"update kept.commitment set status = 'completed' where id in (select r.commitment_id from "
		"kept.reminder r "
		"join kept.batch b on r.message_id = any (b.messages[1:64]) where cardinality(b.messages) > 64)");
	ck_assert_int_eq(fixture_tick(url, DUE), 36 + 1);
	check_count("select count(*) from kept.delivery where outcome = 'dropped'", 64);
}
END_TEST

START_TEST(failed_reminder_is_told_to_endpoints_and_its_own_failure_is_not)
{
	ck_assert_int_eq(fixture_tick(url, DUE), 1);
	fixture_change(url, DUE,
		       "insert into kept.endpoint (district_id, id, url, events, secret) values (" FIXTURE_DISTRICT
		       ", " FIXTURE_ENDPOINT ", 'https://s.example/', '{reminder.failed}', 'ks1.sealed')");
	fixture_settle(url, DUE, REFUSED);
	check_delivery("failed status 550 1");
	check_text(DUE,
		   "select body::json ->> 'type' || ' ' || (body::json #>> '{data,reason}') || ' ' || (body like "
		   "'%aria%') from " TICK,
		   "reminder.failed status 550 false");
	fixture_settle(url, DUE, "\"outcome\": \"failed\", \"error\": \"status\", \"status\": 500");
	ck_assert_int_eq(fixture_tick(url, DUE), 0);
	check_count("select count(*) from kept.event where type = 'reminder.failed'", 1);
}
END_TEST

static void subscribe(void)
{
	fixture_change(url, NEW_DAY,
		       "insert into kept.endpoint (district_id, id, url, events, secret) values (" FIXTURE_DISTRICT
		       ", " FIXTURE_ENDPOINT ", 'https://s.example/', '{*}', 'ks1.sealed'); delete from kept.party");
}

START_TEST(endpoint_that_answers_410_is_disabled)
{
	subscribe();
	ck_assert_int_eq(fixture_tick(url, DUE), 1);
	fixture_settle(url, DUE,
		       "\"outcome\": \"failed\", \"error\": \"status\", \"status\": 410, \"endpoint_gone\": true");
	check_text(NEW_DAY, "select state || ': ' || state_reason || ' ' || version from kept.endpoint",
		   "disabled: It answered 410 Gone. 2");
}
END_TEST

START_TEST(webhook_contact_that_answers_410_is_gone)
{
	fixture_change(url, NEW_DAY,
		       "update kept.contact set channel = 'webhook', address = 'https://union.example/in', secret = "
		       "'ks1.sealed'");
	ck_assert_int_eq(fixture_tick(url, DUE), 1);
	fixture_settle(url, DUE,
		       "\"outcome\": \"failed\", \"error\": \"status\", \"status\": 410, \"endpoint_gone\": true");
	check_count("select count(*) from kept.contact where gone_at is not null", 1);
}
END_TEST

START_TEST(failing_endpoint_is_noted_cleared_and_after_days_disabled)
{
	subscribe();
	ck_assert_int_eq(fixture_tick(url, DUE), 1);
	fixture_settle(url, DUE, RETRY);
	check_text(NEW_DAY, "select failing_since at time zone 'UTC' from kept.endpoint", "2027-01-08 13:00:00");
	ck_assert_int_eq(fixture_tick(url, "2027-01-08T13:02:00Z"), 1);
	fixture_settle(url, "2027-01-08T13:02:00Z", SENT);
	check_count("select count(*) from kept.endpoint where failing_since is null", 1);
	ck_assert_int_eq(fixture_tick(url, "2027-01-13T13:00:00Z"), 1);
	fixture_settle(url, "2027-01-13T13:00:00Z", RETRY);
	/* Events of the days between wait with it. */
	ck_assert_int_ge(fixture_tick(url, "2027-01-18T13:00:01Z"), 1);
	fixture_settle(url, "2027-01-18T13:00:01Z", RETRY);
	check_text(NEW_DAY, "select state || ': ' || state_reason from kept.endpoint",
		   "disabled: It failed for five days.");
}
END_TEST

START_TEST(five_failures_open_the_breaker_and_one_try_closes_it)
{
	fixture_crowd(url, NEW_DAY, 100, "crowd.example", "2027-01-15");
	fixture_change(url, NEW_DAY, "delete from kept.party where commitment_id = " FIXTURE_COMMITMENT);
	ck_assert_int_eq(fixture_tick(url, DUE), 64);
	/* The rest of the batch is given back. */
	ck_assert_int_eq(fixture_settle(url, DUE, RETRY), 0);
	check_text(NEW_DAY,
		   "select failures || ' ' || pause_reason || ' ' || (paused_until at time zone 'UTC') from kept.lane",
		   "5 breaker 2027-01-08 13:00:30");
	check_count("select count(*) from kept.batch where slot is null", 1);
	ck_assert_int_eq(fixture_tick(url, "2027-01-08T13:00:29Z"), 0);
	check_text("2027-01-08T13:00:29Z", "select seconds || ' ' || more from kept.tick_next()", "1 false");
	/* One message tries the way. */
	ck_assert_int_eq(fixture_tick(url, "2027-01-08T13:00:30Z"), 1);
	ck_assert_int_eq(fixture_settle(url, "2027-01-08T13:00:30Z", RETRY), 0);
	check_text(NEW_DAY, "select failures || ' ' || (paused_until at time zone 'UTC') from kept.lane",
		   "6 2027-01-08 13:01:30");
	ck_assert_int_eq(fixture_tick(url, "2027-01-08T13:01:30Z"), 1);
	ck_assert_int_ge(fixture_settle(url, "2027-01-08T13:01:30Z", SENT), 34);
	check_text(NEW_DAY, "select failures || ' ' || (paused_until is null) from kept.lane", "0 true");
}
END_TEST

START_TEST(refused_recipients_do_not_speak_against_the_domain)
{
	fixture_crowd(url, NEW_DAY, 10, "crowd.example", "2027-01-15");
	fixture_change(url, NEW_DAY, "delete from kept.party where commitment_id = " FIXTURE_COMMITMENT);
	ck_assert_int_eq(fixture_tick(url, DUE), 10);
	fixture_settle(url, DUE, REFUSED);
	check_text(NEW_DAY, "select failures || ' ' || (paused_until is null) from kept.lane", "0 true");
}
END_TEST

START_TEST(peer_that_asks_to_wait_is_left_alone)
{
	subscribe();
	ck_assert_int_eq(fixture_tick(url, DUE), 1);
	fixture_settle(url, DUE,
		       "\"outcome\": \"retry\", \"error\": \"status\", \"status\": 429, \"retry_seconds\": 5, "
		       "\"lane_pause_seconds\": 120");
	ck_assert_int_eq(fixture_tick(url, "2027-01-08T13:01:00Z"), 0);
	check_text("2027-01-08T13:01:00Z", "select seconds || ' ' || more from kept.tick_next()", "60 false");
	ck_assert_int_eq(fixture_tick(url, "2027-01-08T13:02:00Z"), 1);
}
END_TEST

START_TEST(given_back_batch_keeps_what_was_not_sent)
{
	fixture_crowd(url, NEW_DAY, 10, "crowd.example", "2027-01-15");
	fixture_change(url, NEW_DAY, "delete from kept.party where commitment_id = " FIXTURE_COMMITMENT);
	ck_assert_int_eq(fixture_tick(url, DUE), 10);
	check_text(DUE,
		   "select count(*) from kept.batch b, kept.settle(b.id, b.lease_id, jsonb_build_array("
		   "jsonb_build_object('message_id', b.messages[1], 'outcome', 'sent'),"
		   "jsonb_build_object('message_id', b.messages[2], 'outcome', 'unknown')), true, '')",
		   "0");
	check_count("select count(*) from kept.batch where slot is null and cardinality(messages) = 9", 1);
	check_count("select count(*) from kept.attempt", 2);
	ck_assert_int_eq(fixture_tick(url, DUE), 9);
	fixture_settle(url, DUE, SENT);
	check_count("select count(*) from kept.delivery where attempts = 1", 9);
	check_count("select count(*) from kept.delivery where attempts = 2", 1);
}
END_TEST

START_TEST(ordered_lane_holds_back_what_follows_a_retry)
{
	fixture_crowd(url, NEW_DAY, 3, "crowd.example", "2027-01-15");
	fixture_change(url, NEW_DAY,
		       "delete from kept.party where commitment_id = " FIXTURE_COMMITMENT "; "
		       "insert into kept.lane (district_id, channel, destination, ordered) values (" FIXTURE_DISTRICT
		       ", 'email', 'crowd.example', true)");
	ck_assert_int_eq(fixture_tick(url, DUE), 1);
	ck_assert_int_eq(fixture_settle(url, DUE, RETRY), 0);
	ck_assert_int_eq(fixture_tick(url, "2027-01-08T13:00:30Z"), 0);
	check_text("2027-01-08T13:01:00Z", "select position || ' ' || attempt from " TICK, "1 2");
	ck_assert_int_eq(fixture_settle(url, "2027-01-08T13:01:00Z", SENT), 1);
	ck_assert_int_eq(fixture_settle(url, "2027-01-08T13:01:01Z", SENT), 1);
	ck_assert_int_eq(fixture_settle(url, "2027-01-08T13:01:02Z", SENT), 0);
}
END_TEST

START_TEST(lane_gives_no_more_batches_than_slots)
{
	fixture_crowd(url, NEW_DAY, 900, "crowd.example", "2027-01-15");
	fixture_change(url, NEW_DAY, "delete from kept.party where commitment_id = " FIXTURE_COMMITMENT);
	ck_assert_int_eq(fixture_tick(url, DUE), 128);
	check_count("select count(*) from kept.batch", 4);
	check_count("select count(distinct slot) from kept.batch where slot is not null", 2);
	ck_assert_int_eq(fixture_tick(url, DUE), 0);
	check_text(DUE, "select more from kept.tick_next()", "f");
}
END_TEST

START_TEST(reminder_asked_for_by_hand_goes_at_once)
{
	fixture_change(url, NEW_DAY,
		       "insert into kept.reminder (district_id, commitment_id, due_on, rung, recipient_id, channel, "
		       "recipient_kind, party_role,"
		       " contact_id, due_at, message_id) values (" FIXTURE_DISTRICT ", " FIXTURE_COMMITMENT
		       ", '2027-01-15', 'NOW-2027-01-01', " FIXTURE_PERSON
		       ", 'email', 'person', 'owner', " FIXTURE_CONTACT ", kept.now(), kept.uuid7());"
		       "insert into kept.waiting (district_id, message_id, lane_id, ready_at, why) select district_id, "
		       "message_id, "
		       "kept.lane_for(district_id, 'email', contact_id, null), kept.now(), 'asked' from kept.reminder");
	check_text(NEW_DAY, "select content ->> 'rung' || ' ' || (content #>> '{commitment,days}') from " TICK,
		   "NOW-2027-01-01 14");
	fixture_settle(url, NEW_DAY, SENT);
	check_delivery("sent 1");
}
END_TEST

START_TEST(replayed_message_goes_again_under_its_id)
{
	ck_assert_int_eq(fixture_tick(url, DUE), 1);
	fixture_settle(url, DUE, REFUSED);
	fixture_change(url, DUE,
		       "insert into kept.waiting (district_id, message_id, lane_id, ready_at, why) "
		       "select district_id, id, lane_id, kept.now(), 'replay' from kept.message");
	check_text(DUE, "select attempt from " TICK, "2");
	fixture_settle(url, DUE, SENT);
	check_delivery("sent 2");
}
END_TEST

START_TEST(message_that_cannot_be_made_fails_alone_after_its_tries)
{
	fixture_crowd(url, "2027-01-02T13:00:00Z", 5, "crowd.example", "2027-01-15");
	free(fixture_ask(url, DUE, "select kept.plan_due('-infinity', 1000)"));
	fixture_change(url, DUE, "update kept.lane set slots = 16");
	fixture_change(
		url, DUE,
		"update kept.person set time_zone = 'Mars/Olympus' where id ="
		" (select recipient_id from kept.reminder where channel = 'email' and recipient_id <> " FIXTURE_PERSON
		" limit 1)");
	/* Their batch cannot be opened, and each goes on by itself. */
	ck_assert_int_eq(fixture_tick(url, DUE), 1);
	ck_assert_int_eq(fixture_tick(url, "2027-01-08T13:00:01Z"), 4);
	check_text(DUE, "select concat_ws(' ', number, outcome, error) from kept.attempt", "1 retry compose");
	for (int minutes = 16; minutes < 90; minutes += 16) {
		char instant[40];
		snprintf(instant, sizeof(instant), "2027-01-08T%02d:%02d:00Z", 13 + minutes / 60, minutes % 60);
		(void)fixture_tick(url, instant);
	}
	check_text(DUE, "select concat_ws(' ', outcome, reason, attempts) from kept.delivery", "failed compose 5");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("settle");
	TCase *tests = tcase_create("settle");
	tcase_set_timeout(tests, 60);
	tcase_add_unchecked_fixture(tests, start, end);
	tcase_add_checked_fixture(tests, open_register, close_register);
	tcase_add_test(tests, sent_message_is_recorded_and_its_batch_gone);
	tcase_add_test(tests, frozen_facts_are_complete_and_stay);
	tcase_add_test(tests, webhook_contact_gets_a_payload_without_a_person);
	tcase_add_test(tests, retry_waits_and_counts_on_under_the_same_id);
	tcase_add_test(tests, late_settle_after_a_takeover_records_nothing);
	tcase_add_test(tests, renewed_lease_is_not_taken_over);
	tcase_add_test(tests, takeover_marks_only_the_open_window);
	tcase_add_loop_test(tests, reminder_that_is_no_longer_true_is_dropped, 0, sizeof(changes) / sizeof(changes[0]));
	tcase_add_test(tests, completed_between_two_attempts_is_dropped);
	tcase_add_test(tests, corrected_address_gets_the_reminder_as_another_message);
	tcase_add_test(tests, reminder_goes_to_the_next_contact_when_its_own_is_gone);
	tcase_add_test(tests, reminder_before_the_date_is_of_use_until_that_day_ends);
	tcase_add_test(tests, window_with_nothing_true_gives_way_to_the_next);
	tcase_add_test(tests, failed_reminder_is_told_to_endpoints_and_its_own_failure_is_not);
	tcase_add_test(tests, endpoint_that_answers_410_is_disabled);
	tcase_add_test(tests, webhook_contact_that_answers_410_is_gone);
	tcase_add_test(tests, failing_endpoint_is_noted_cleared_and_after_days_disabled);
	tcase_add_test(tests, five_failures_open_the_breaker_and_one_try_closes_it);
	tcase_add_test(tests, refused_recipients_do_not_speak_against_the_domain);
	tcase_add_test(tests, peer_that_asks_to_wait_is_left_alone);
	tcase_add_test(tests, given_back_batch_keeps_what_was_not_sent);
	tcase_add_test(tests, ordered_lane_holds_back_what_follows_a_retry);
	tcase_add_test(tests, lane_gives_no_more_batches_than_slots);
	tcase_add_test(tests, reminder_asked_for_by_hand_goes_at_once);
	tcase_add_test(tests, replayed_message_goes_again_under_its_id);
	tcase_add_test(tests, message_that_cannot_be_made_fails_alone_after_its_tries);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
