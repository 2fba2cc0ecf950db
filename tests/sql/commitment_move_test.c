/* Commitments: moving between statuses, dates, reminding by hand and what is listed of reminders. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

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
	api = route_connect(url);
}

static void tear_down(void)
{
	PQfinish(api);
}

static const char *const statuses[] = {"proposed", "agreed",   "in_progress", "completed",
				       "verified", "declined", "deferred",    "withdrawn"};
/* Rows: from; columns: to, in the order of `statuses`. */
static const char allowed[8][9] = {
	".xx..xxx", /* proposed */
	"..xx.xxx", /* agreed */
	".x.x..xx", /* in_progress */
	"..x.x...", /* completed */
	"..x.....", /* verified */
	"xx......", /* declined */
	".xxx.xxx", /* deferred */
	".x......", /* withdrawn */
};

START_TEST(only_the_moves_of_the_table_are_allowed)
{
	for (int to = 0; to < 8; to++) {
		const char *id = promise_made(api, "\"due_on\":\"2027-02-01\"");
		char sql[300], body[200];
		snprintf(sql, sizeof(sql), "update kept.commitment set status = '%s' where id = '%s'", statuses[_i],
			 id);
		query_run(superuser, sql);
		snprintf(body, sizeof(body), "{\"status\":\"%s\",\"reason\":\"So it is\"%s}", statuses[to],
			 strcmp(statuses[to], "deferred") == 0 ? ",\"due_on\":\"2027-03-01\"" : "");
		struct route_reply reply = promise_move(api, KEY_ADMIN, id, body);
		ck_assert_msg(reply.status == (allowed[_i][to] == 'x' ? 200 : 409), "%s to %s: %d %s", statuses[_i],
			      statuses[to], reply.status, reply.body);
		if (reply.status == 409)
			ck_assert_str_eq(reply.code, "move-not-allowed");
		else
			route_expect_member(&reply, "status", statuses[to]);
		route_release(&reply);
	}
}
END_TEST

START_TEST(a_refused_move_says_what_is_allowed)
{
	struct route_reply reply = promise_move(api, KEY_ADMIN, promise_made(api, ""), "{\"status\":\"verified\"}");
	ck_assert_int_eq(reply.status, 409);
	ck_assert_ptr_nonnull(strstr(reply.body, "completed, declined, deferred, in_progress, withdrawn"));
	route_release(&reply);
}
END_TEST

START_TEST(deferring_needs_a_later_date_and_a_reason)
{
	const char *id = promise_made(api, "\"due_on\":\"2027-01-15\"");
	struct route_reply reply = promise_move(api, KEY_ADMIN, id, "{\"status\":\"deferred\"}");
	ck_assert_int_eq(reply.status, 422);
	ck_assert_ptr_nonnull(strstr(reply.errors, "\"/due_on\""));
	ck_assert_ptr_nonnull(strstr(reply.errors, "\"/reason\""));
	route_release(&reply);
	route_expect(promise_move(api, KEY_ADMIN, id,
				  "{\"status\":\"deferred\",\"due_on\":\"2027-01-10\",\"reason\":\"Snow\"}"),
		     422);
	route_expect(promise_move(api, KEY_ADMIN, id,
				  "{\"status\":\"deferred\",\"due_on\":\"2027-01-15\",\"reason\":\"Snow\"}"),
		     422);
	reply = promise_move(api, KEY_ADMIN, id,
			     "{\"status\":\"deferred\",\"due_on\":\"2027-01-11\",\"reason\":\"Snow\"}");
	ck_assert_int_eq(reply.status, 200);
	route_expect_member(&reply, "first_due_on", "2027-01-15");
	route_expect_member(&reply, "times_moved", "1");
	route_expect_member(&reply, "status_reason", "Snow");
	route_release(&reply);
	route_expect(promise_move(api, KEY_ADMIN, id, "{\"status\":\"in_progress\",\"due_on\":\"2027-03-01\"}"), 422);
}
END_TEST

START_TEST(going_back_from_completed_needs_a_reason)
{
	const char *id = promise_made(api, "\"due_on\":\"2027-01-15\"");
	struct route_reply reply = promise_move(api, KEY_ADMIN, id, "{\"status\":\"completed\"}");
	route_expect_member(&reply, "completed_on", "2027-01-10");
	route_expect_member(&reply, "outcome", "kept");
	route_expect_member(&reply, "due_state", "closed");
	route_expect_member(&reply, "next_reminder_at", "null");
	route_release(&reply);
	route_expect(promise_move(api, KEY_ADMIN, id, "{\"status\":\"in_progress\"}"), 422);
	reply = promise_move(api, KEY_ADMIN, id, "{\"status\":\"in_progress\",\"reason\":\"Two weeks are missing\"}");
	route_expect_member(&reply, "completed_on", "null");
	route_expect_member(&reply, "outcome", "null");
	route_release(&reply);
	ck_assert_int_eq(query_number(superuser, "select count(*) from kept.event where type = 'commitment.completed'"),
			 1);
	ck_assert_int_eq(
		query_number(superuser, "select count(*) from kept.event where type = 'commitment.status_changed'"), 2);
}
END_TEST

START_TEST(the_owner_cannot_verify)
{
	char more[200];
	snprintf(more, sizeof(more),
		 "{\"group\":\"business_community\",\"title\":\"Mentors\",\"owner\":{\"organisation_id\":"
		 "\"" ORGANISATION_CHAMBER "\"}}");
	struct route_reply reply = promise_create(api, KEY_ADMIN, more);
	char id[40];
	snprintf(id, sizeof(id), "%s", route_member(&reply, "id"));
	route_release(&reply);
	route_expect(promise_move(api, KEY_PARTNER, id, "{\"status\":\"completed\"}"), 200);
	route_expect(promise_move(api, KEY_PARTNER, id, "{\"status\":\"verified\"}"), 403);
	route_expect(promise_move(api, KEY_STEWARD, id, "{\"status\":\"verified\"}"), 200);
}
END_TEST

START_TEST(a_stop_takes_the_commitment_off_the_clock_at_once)
{
	static const char *const stops[] = {"completed", "declined", "withdrawn"};
	for (size_t i = 0; i < sizeof(stops) / sizeof(stops[0]); i++) {
		const char *id = promise_made(api, "\"due_on\":\"2027-02-01\"");
		char body[100], sql[200];
		snprintf(sql, sizeof(sql),
			 "select next_at is not null from kept.reminder_clock where commitment_id = '%s'", id);
		char *before = query_text(superuser, sql);
		snprintf(body, sizeof(body), "{\"status\":\"%s\"}", stops[i]);
		route_expect(promise_move(api, KEY_ADMIN, id, body), 200);
		char *after = query_text(superuser, sql);
		ck_assert_str_eq(before, "t");
		ck_assert_str_eq(after, "f");
		free(before);
		free(after);
	}
}
END_TEST

START_TEST(completion_is_dated_in_the_zone_of_the_commitment)
{
	route_clock(api, "2027-01-11 06:00:00+00"); /* 01:00 in New York, 22:00 of the day before in Los Angeles */
	struct route_reply east = promise_move(
		api, KEY_ADMIN, promise_made(api, "\"due_on\":\"2027-01-10\",\"school_id\":\"" SCHOOL_EAST "\""),
		"{\"status\":\"completed\"}");
	struct route_reply west = promise_move(
		api, KEY_ADMIN, promise_made(api, "\"due_on\":\"2027-01-10\",\"school_id\":\"" SCHOOL_WEST "\""),
		"{\"status\":\"completed\"}");
	route_expect_member(&east, "completed_on", "2027-01-11");
	route_expect_member(&east, "outcome", "late");
	route_expect_member(&west, "completed_on", "2027-01-10");
	route_expect_member(&west, "outcome", "kept");
	route_release(&east);
	route_release(&west);
}
END_TEST

static const struct {
	const char *status, *due_on, *state;
} due_states[] = {
	{"agreed", "null", "not_set"},           {"agreed", "'2027-01-09'", "overdue"},
	{"proposed", "'2027-01-09'", "overdue"}, {"agreed", "'2027-01-10'", "due_today"},
	{"agreed", "'2027-01-11'", "due_soon"},  {"deferred", "'2027-01-17'", "due_soon"},
	{"agreed", "'2027-01-18'", "set"},       {"completed", "'2027-01-09'", "closed"},
	{"verified", "null", "closed"},          {"declined", "'2027-01-10'", "closed"},
	{"withdrawn", "'2027-01-18'", "closed"}, {"in_progress", "'1999-01-01'", "overdue"},
};

START_TEST(due_states_hold_by_the_day)
{
	char sql[200];
	snprintf(sql, sizeof(sql), "select kept.due_state('%s', %s, '2027-01-10')", due_states[_i].status,
		 due_states[_i].due_on);
	char *state = query_text(superuser, sql);
	ck_assert_str_eq(state, due_states[_i].state);
	free(state);
}
END_TEST

static const struct {
	const char *status, *completed_on, *first, *due_on, *outcome;
} outcomes[] = {
	{"completed", "'2027-01-10'", "'2027-01-10'", "'2027-01-10'", "kept"},
	{"verified", "'2027-01-01'", "'2027-01-10'", "'2027-02-10'", "kept"},
	{"completed", "'2027-01-11'", "'2027-01-10'", "'2027-02-10'", "kept_later"},
	{"completed", "'2027-02-11'", "'2027-01-10'", "'2027-02-10'", "late"},
	{"completed", "'2027-01-11'", "'2027-01-10'", "null", "late"},
	{"completed", "'2027-01-11'", "null", "null", ""},
	{"withdrawn", "null", "'2027-01-10'", "'2027-01-10'", "let_go"},
	{"declined", "null", "null", "null", "let_go"},
	{"agreed", "null", "'2027-01-10'", "'2027-01-10'", ""},
};

START_TEST(kept_means_by_the_first_date)
{
	char sql[200];
	snprintf(sql, sizeof(sql), "select kept.commitment_outcome('%s', %s, %s, %s)", outcomes[_i].status,
		 outcomes[_i].completed_on, outcomes[_i].first, outcomes[_i].due_on);
	char *outcome = query_text(superuser, sql);
	ck_assert_str_eq(outcome, outcomes[_i].outcome);
	free(outcome);
}
END_TEST

START_TEST(a_new_date_is_remembered_and_starts_the_ladder_anew)
{
	const char *id = promise_made(api, "\"due_on\":\"2027-01-12\"");
	route_clock(api, "2027-01-11 15:00:00+00");
	struct route_reply reply =
		promise_change(api, id, "{\"due_on\":\"2027-02-01\",\"description\":\"Also on Sundays\"}");
	ck_assert_int_eq(reply.status, 200);
	route_expect_member(&reply, "first_due_on", "2027-01-12");
	route_expect_member(&reply, "times_moved", "1");
	route_expect_member(&reply, "version", "2");
	route_expect_member(&reply, "next_reminder_at", "2027-01-25T13:00:00Z");
	route_release(&reply);
	ck_assert_int_eq(
		query_number(superuser,
			     "select count(*) from kept.commitment where remindable_since = '2027-01-11 15:00:00+00'"),
		1);
	reply = promise_change(api, id, "{\"due_on\":null}");
	route_expect_member(&reply, "due_state", "not_set");
	route_expect_member(&reply, "next_reminder_at", "null");
	route_expect_member(&reply, "times_moved", "2");
	route_release(&reply);
	reply = promise_change(api, id, "{\"description\":null}");
	route_expect_member(&reply, "description", "null");
	route_expect_member(&reply, "version", "4");
	route_release(&reply);
	reply = promise_change(api, id, "{\"title\":\"Read together\"}");
	route_expect_member(&reply, "version", "4"); /* nothing changed */
	route_release(&reply);
}
END_TEST

START_TEST(the_date_of_a_closed_commitment_stays)
{
	const char *id = promise_made(api, "\"due_on\":\"2027-01-15\"");
	route_expect(promise_move(api, KEY_ADMIN, id, "{\"status\":\"completed\"}"), 200);
	route_expect(promise_change(api, id, "{\"due_on\":\"2027-03-01\"}"), 409);
	route_expect(promise_change(api, id, "{\"description\":\"Done on Friday\"}"), 200);
}
END_TEST

START_TEST(somebody_is_reminded_by_hand_once_a_day)
{
	const char *id = promise_made(
		api, "\"due_on\":\"2027-01-15\",\"parties\":[{\"role\":\"helper\",\"person_id\":\"" PERSON_BEN
		     "\"},{\"role\":\"helper\",\"organisation_id\":\"" ORGANISATION_CHAMBER
		     "\"},{\"role\":\"accountable\",\"group\":\"leaders\"}]");
	struct route_reply reply = promise_remind(api, id);
	ck_assert_int_eq(reply.status, 202);
	ck_assert_int_eq(route_count(&reply, "recipients"), 3);
	route_expect_member(&reply, "recipients/0/recipient_id", PERSON_MARIA);
	route_expect_member(&reply, "recipients/0/channel", "email");
	route_expect_member(&reply, "recipients/0/queued", "true");
	route_expect_member(&reply, "recipients/1/recipient_id", PERSON_BEN);
	route_expect_member(&reply, "recipients/1/reason", "no_contact");
	route_expect_member(&reply, "recipients/2/channel", "webhook");
	route_release(&reply);
	ck_assert_int_eq(
		query_number(superuser,
			     "select count(*) from kept.waiting w join kept.reminder r on r.message_id = w.message_id"
			     " join kept.lane l on l.id = w.lane_id"
			     " where w.why = 'asked' and r.rung = 'NOW-2027-01-10' and l.channel = r.channel"),
		2);
	reply = promise_remind(api, id);
	ck_assert_int_eq(reply.status, 409);
	ck_assert_str_eq(reply.code, "already-reminded");
	route_release(&reply);
	route_clock(api, "2027-01-11 04:30:00+00"); /* still the tenth in New York */
	route_expect(promise_remind(api, id), 409);
	route_clock(api, "2027-01-11 05:30:00+00");
	route_expect(promise_remind(api, id), 202);
}
END_TEST

START_TEST(what_is_closed_or_has_no_date_is_not_reminded_of)
{
	route_expect(promise_remind(api, promise_made(api, "")), 409);
	const char *id = promise_made(api, "\"due_on\":\"2027-01-15\"");
	route_expect(promise_move(api, KEY_ADMIN, id, "{\"status\":\"completed\"}"), 200);
	route_expect(promise_remind(api, id), 409);
}
END_TEST

START_TEST(a_reminder_has_its_hour_whoever_asks)
{
	/* María lives in Tokyo now; the partner may not know her, and still moves what it helps with. */
	query_run(superuser, "update kept.person set time_zone = 'Asia/Tokyo' where id = '" PERSON_MARIA "'");
	const char *id =
		promise_made(api, "\"due_on\":\"2027-02-01\",\"visibility\":\"plan\",\"parties\":[{\"role\":\"helper\","
				  "\"organisation_id\":\"" ORGANISATION_CHAMBER "\"}]");
	struct route_reply admin = promise_read(api, KEY_ADMIN, id), reader = promise_read(api, KEY_READER, id);
	route_expect_member(&admin, "next_reminder_at", "2027-01-24T23:00:00Z");
	route_expect_member(&admin, "owner/name", "María O'Neill");
	route_expect_member(&reader, "next_reminder_at", "2027-01-24T23:00:00Z");
	route_expect_member(&reader, "owner/name", "null");
	route_expect(promise_move(api, KEY_PARTNER, id, "{\"status\":\"in_progress\"}"), 200);
	/* The event of that rung is at 08:00 in New York; the clock strikes for the first of all. */
	ck_assert_int_eq(
		query_number(superuser,
			     "select count(*) from kept.reminder_clock where next_at = '2027-01-24 23:00:00+00'"),
		1);
	struct route_reply list = route_ask(api, KEY_PARTNER, "commitment_list", "page_size", "50", NULL);
	route_expect_member(&list, "0/next_reminder_at", "2027-01-24T23:00:00Z");
	query_run(superuser, "update kept.person set time_zone = null where id = '" PERSON_MARIA "'");
	route_release(&admin);
	route_release(&reader);
	route_release(&list);
}
END_TEST

START_TEST(reminders_are_listed_with_what_became_of_them)
{
	const char *id = promise_made(
		api, "\"due_on\":\"2027-01-15\",\"parties\":[{\"role\":\"helper\",\"person_id\":\"" PERSON_BEN "\"}]");
	route_expect(promise_remind(api, id), 202);
	query_run(superuser,
		  "insert into kept.delivery (district_id, message_id, outcome, attempts)"
		  " select district_id, message_id, 'sent', 1 from kept.reminder where message_id is not null");
	struct route_reply reply = route_ask(api, KEY_ADMIN, "reminder_list", "id", id, "page_size", "50", NULL);
	ck_assert_int_eq(reply.status, 200);
	/* Asked now: two; to come: 2 days before, 1 and 7 days after, for two people; 7 days before was before the
	 * start. */
	ck_assert_int_eq(route_count(&reply, ""), 8);
	route_expect_member(&reply, "0/rung", "NOW-2027-01-10");
	route_expect_member(&reply, "0/state", "sent");
	route_expect_member(&reply, "1/state", "not_sent");
	route_expect_member(&reply, "1/reason", "no_contact");
	route_expect_member(&reply, "2/rung", "P-2D");
	route_expect_member(&reply, "2/state", "to_come");
	route_expect_member(&reply, "2/due_at", "2027-01-13T13:00:00Z");
	char all[9000];
	snprintf(all, sizeof(all), "%s", route_member(&reply, "7/rung"));
	ck_assert_str_eq(all, "P+7D");
	route_release(&reply);
	int count = 0;
	char after[300] = "";
	do {
		reply = route_ask(api, KEY_ADMIN, "reminder_list", "id", id, "page_size", "3", "after",
				  *after ? after : NULL, NULL);
		count += route_count(&reply, "");
		snprintf(after, sizeof(after), "%s", reply.next);
		route_release(&reply);
	} while (*after);
	ck_assert_int_eq(count, 8);
	route_expect(route_ask(api, KEY_HILLSIDE, "reminder_list", "id", id, "page_size", "3", NULL), 404);
	query_run(superuser, "delete from kept.delivery");
}
END_TEST

int main(void)
{
	cluster = cluster_start(NULL);
	url = cluster_database(cluster, "commitment_move", CLUSTER_TEST_CLOCK);
	superuser = cluster_superuser(cluster, "commitment_move");
	register_fill(superuser);
	Suite *suite = suite_create("commitment_move");
	TCase *test = tcase_create("commitment_move");
	tcase_add_checked_fixture(test, set_up, tear_down);
	tcase_set_timeout(test, 60);
	tcase_add_loop_test(test, only_the_moves_of_the_table_are_allowed, 0, 8);
	tcase_add_test(test, a_refused_move_says_what_is_allowed);
	tcase_add_test(test, deferring_needs_a_later_date_and_a_reason);
	tcase_add_test(test, going_back_from_completed_needs_a_reason);
	tcase_add_test(test, the_owner_cannot_verify);
	tcase_add_test(test, a_stop_takes_the_commitment_off_the_clock_at_once);
	tcase_add_test(test, completion_is_dated_in_the_zone_of_the_commitment);
	tcase_add_loop_test(test, due_states_hold_by_the_day, 0, sizeof(due_states) / sizeof(due_states[0]));
	tcase_add_loop_test(test, kept_means_by_the_first_date, 0, sizeof(outcomes) / sizeof(outcomes[0]));
	tcase_add_test(test, a_new_date_is_remembered_and_starts_the_ladder_anew);
	tcase_add_test(test, the_date_of_a_closed_commitment_stays);
	tcase_add_test(test, somebody_is_reminded_by_hand_once_a_day);
	tcase_add_test(test, what_is_closed_or_has_no_date_is_not_reminded_of);
	tcase_add_test(test, a_reminder_has_its_hour_whoever_asks);
	tcase_add_test(test, reminders_are_listed_with_what_became_of_them);
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
