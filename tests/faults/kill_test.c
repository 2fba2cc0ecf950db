/*
 * A worker that dies at any step, or that wakes up after another took its work: nothing is lost, each reminder and
 * notice is recorded once, and what a peer gets twice is the same message.
 */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/stage.h"

#define DATE "2027-01-15"
#define DUE "2027-01-13 13:00:00+00"
#define FEW 5
#define MANY 2000
#define KILLS 40

static struct cluster *cluster;
static struct stage stage;

static void start_cluster(void)
{
	cluster = stage_cluster();
}

static void stop_cluster(void)
{
	cluster_stop(cluster);
}

static void open_stage(void)
{
	stage_open(&stage, cluster, "kill", "2027-01-01 12:00:00+00");
	stage_fast_lanes(&stage);
}

static void close_stage(void)
{
	stage_close(&stage);
}

static void add_mails(int count)
{
	stage_crowd(&stage, &(struct stage_crowd){.channel = "email",
						  .people = count,
						  .promises = count,
						  .address = "reader%s",
						  .domains = 1,
						  .due_on = DATE});
}

static void add_posts(int count)
{
	char hook[64];

	snprintf(hook, sizeof(hook), "http://127.0.0.1:%d/%%s", http_peer_port(stage.hooks));
	stage_crowd(&stage,
		    &(struct stage_crowd){
			    .channel = "webhook", .people = 1, .promises = count, .address = hook, .due_on = DATE});
}

/* As when the machine is gone: its sessions end, and what they had not committed with them. */
static void kill_with_sessions(struct program *worker)
{
	program_kill(worker);
	stage_change(&stage,
		     "select pg_terminate_backend(pid, 5000) from pg_stat_activity where " STAGE_WORKER_SESSIONS);
}

/* A dialogue that stops at one command: the worker is killed before it has the answer. */
static const struct {
	const char *command;
	bool arrives; /* the mail is at the relay when the worker dies */
} dialogue[] = {
	{"CONNECT", false}, {"EHLO", false}, {"MAIL", false}, {"RCPT", false}, {"DATA", false}, {".", true},
};

START_TEST(killed_in_the_dialogue_with_the_relay)
{
	struct program worker;

	add_mails(FEW);
	stage_clock(&stage, DUE);
	smtp_peer_script(stage.mail, dialogue[_i].command, NULL, 30000, FEW);
	stage_worker(&stage, &worker, false);
	for (double end = clock_seconds() + STAGE_SECONDS; smtp_peer_commands(stage.mail, dialogue[_i].command) < FEW;)
		ck_assert(clock_seconds() < end && !program_wait(&worker, 0.01));
	program_kill(&worker);
	program_release(&worker);
	ck_assert_int_eq(smtp_peer_mails(stage.mail), dialogue[_i].arrives ? FEW : 0);
	ck_assert_int_eq(stage_number(&stage, "select count(*) from kept.attempt"), 0);
	stage_expire(&stage);
	stage_once(&stage);
	ck_assert_int_eq(smtp_peer_mails(stage.mail), dialogue[_i].arrives ? 2 * FEW : FEW);
	stage_complete(&stage, FEW, NULL);
	ck_assert_int_eq(
		stage_number(&stage, "select count(*) from kept.attempt where outcome = 'unknown' and number = 1"),
		FEW);
}
END_TEST

START_TEST(killed_before_the_endpoint_answers)
{
	struct program worker;

	add_posts(FEW);
	stage_clock(&stage, DUE);
	http_peer_script_times(stage.hooks, &(struct http_script){.hang = true}, FEW);
	stage_worker(&stage, &worker, false);
	ck_assert(http_peer_wait(stage.hooks, FEW, STAGE_SECONDS));
	program_kill(&worker);
	program_release(&worker);
	stage_expire(&stage);
	stage_once(&stage);
	ck_assert_int_eq(http_peer_requests(stage.hooks), 2 * FEW);
	stage_complete(&stage, FEW, NULL);
}
END_TEST

/* Steps inside the database, and what has been sent by then. */
static const struct {
	const char *event, *table;
	int sent;
} steps[] = {
	{"insert", "heartbeat", 0},     /* it looks */
	{"insert", "reminder", 0},      /* it plans */
	{"insert", "batch", 0},         /* it puts into batches */
	{"update", "batch", 0},         /* it leases */
	{"insert", "message", 0},       /* it opens the window */
	{"insert", "attempt", 2 * FEW}, /* it settles */
	{"delete", "batch", 2 * FEW},   /* it ends the batch */
};
#define STEPS (int)(sizeof(steps) / sizeof(steps[0]))

/* `together`: its sessions die with it; else they go on when the lock is gone, and nobody hears their answer. */
static void kill_at_step(int step, bool together, bool notices)
{
	struct program worker;

	add_mails(FEW);
	add_posts(FEW);
	if (notices)
		stage_notify(&stage);
	else
		stage_clock(&stage, DUE);
	stage_hold(&stage, steps[step].event, steps[step].table);
	stage_worker(&stage, &worker, false);
	ck_assert(stage_worker_held(&stage));
	/* One lane may be settled before the other has sent all. */
	ck_assert(steps[step].sent == 0 ||
		  (smtp_peer_wait(stage.mail, FEW, STAGE_SECONDS) && http_peer_wait(stage.hooks, FEW, STAGE_SECONDS)));
	ck_assert_int_eq(smtp_peer_mails(stage.mail) + http_peer_requests(stage.hooks), steps[step].sent);
	if (together) {
		kill_with_sessions(&worker);
		stage_let_go(&stage);
	} else {
		program_kill(&worker);
		stage_let_go(&stage);
		ck_assert(stage_until(
			&stage, "select not exists (select from pg_stat_activity where " STAGE_WORKER_SESSIONS ")"));
	}
	program_release(&worker);
	stage_expire(&stage);
	stage_once(&stage);
	stage_complete(&stage, 2 * FEW, NULL);
}

START_TEST(killed_inside_the_database_with_its_sessions)
{
	kill_at_step(_i, true, false);
}
END_TEST

START_TEST(killed_while_its_session_goes_on)
{
	kill_at_step(_i, false, false);
}
END_TEST

/* Nothing is planned for them; all else is as with reminders. */
START_TEST(killed_while_notices_go_out)
{
	kill_at_step(_i, _i % 2 == 0, true);
	ck_assert_int_eq(stage_number(&stage, "select count(*) from kept.message where kind = 'notice'"), 2 * FEW);
	stage_notify(&stage);
	ck_assert_int_eq(stage_number(&stage, "select count(*) from kept.waiting"), 0);
}
END_TEST

START_TEST(killed_again_and_again_under_load)
{
	unsigned seed =
		(unsigned)stage_number(&stage, "select extract(epoch from clock_timestamp())::bigint %% 1000000");
	struct program worker;

	add_mails(MANY / 2);
	add_posts(MANY / 2);
	stage_clock(&stage, DUE);
	smtp_peer_script(stage.mail, "RCPT", NULL, 5, -1);
	smtp_peer_script(stage.mail, ".", NULL, 5, -1);
	http_peer_script(stage.hooks, &(struct http_script){.delay_ms = 20});
	for (int kill = 0; kill < KILLS; kill++) {
		int mails = smtp_peer_mails(stage.mail), posts = http_peer_requests(stage.hooks);

		stage_worker(&stage, &worker, false);
		/* At a random message of one peer, and some time after it. */
		if (rand_r(&seed) % 2)
			(void)smtp_peer_wait(stage.mail, mails + rand_r(&seed) % 40, 2.0);
		else
			(void)http_peer_wait(stage.hooks, posts + rand_r(&seed) % 40, 2.0);
		(void)program_wait(&worker, rand_r(&seed) % 30 / 1000.0);
		ck_assert_msg(!worker.ended, "the worker ended with %d", worker.status);
		program_kill(&worker);
		program_release(&worker);
		stage_expire(&stage);
	}
	stage_once(&stage);
	/* What its last session was still doing. */
	stage_expire(&stage);
	stage_once(&stage);
	stage_complete(&stage, MANY, NULL);
	ck_assert_int_gt(stage_number(&stage, "select count(*) from kept.attempt where outcome = 'unknown'"), 0);
}
END_TEST

/* What is recorded, in one line. */
static char *record(void)
{
	return stage_text(
		&stage,
		"select concat_ws(' ', (select count(*) from kept.attempt), (select count(*) from kept.delivery),"
		" (select count(*) from kept.waiting), (select md5(string_agg(a::text, ',' order by a::text)) from "
		"kept.attempt a),"
		" (select md5(string_agg(d::text, ',' order by d::text)) from kept.delivery d),"
		" (select md5(string_agg(b::text, ',' order by b::text)) from kept.batch b))");
}

/* Worker A stands still with a window open; its lease has run out. */
static void stop_in_window(struct program *a)
{
	add_mails(FEW);
	stage_clock(&stage, DUE);
	smtp_peer_script(stage.mail, "RCPT", NULL, 500, FEW);
	stage_worker(&stage, a, false);
	for (double end = clock_seconds() + STAGE_SECONDS; smtp_peer_commands(stage.mail, "RCPT") < FEW;)
		ck_assert(clock_seconds() < end && !program_wait(a, 0.005));
	program_signal(a, SIGSTOP);
	stage_expire(&stage);
}

START_TEST(settle_after_another_finished_changes_nothing)
{
	struct program a;
	char *before, *after;

	stop_in_window(&a);
	stage_once(&stage);
	before = record();
	program_signal(&a, SIGCONT);
	ck_assert(program_log_until(&a, "\"event\":\"lease_lost\"", STAGE_SECONDS));
	after = record();
	ck_assert_str_eq(after, before);
	stage_stop(&a);
	stage_complete(&stage, FEW, NULL);
	free(before);
	free(after);
}
END_TEST

START_TEST(settle_while_another_sends_changes_nothing)
{
	struct program a, b;
	char *before, *after;

	stop_in_window(&a);
	smtp_peer_script(stage.mail, ".", NULL, 60000, FEW);
	stage_worker(&stage, &b, false);
	ck_assert(stage_until(&stage, "select count(*) = %d from kept.attempt where outcome = 'unknown'", FEW));
	for (double end = clock_seconds() + STAGE_SECONDS; smtp_peer_commands(stage.mail, ".") < FEW;)
		ck_assert(clock_seconds() < end && !program_wait(&b, 0.005));
	/* B's mails wait for their answers; those of A come at once. */
	smtp_peer_script(stage.mail, ".", NULL, 0, 0);
	before = record();
	program_signal(&a, SIGCONT);
	ck_assert(program_log_until(&a, "\"event\":\"lease_lost\"", STAGE_SECONDS));
	after = record();
	ck_assert_str_eq(after, before);
	ck_assert_int_eq(stage_number(&stage, "select count(*) from kept.delivery"), 0);
	stage_stop(&a);
	program_kill(&b);
	program_release(&b);
	stage_expire(&stage);
	stage_once(&stage);
	stage_complete(&stage, FEW, NULL);
	free(before);
	free(after);
}
END_TEST

START_TEST(stopped_worker_gives_back_what_it_has_not_started)
{
	struct program worker;

	add_mails(200);
	stage_clock(&stage, DUE);
	smtp_peer_script(stage.mail, ".", NULL, 100, -1);
	stage_worker(&stage, &worker, false);
	ck_assert(smtp_peer_wait(stage.mail, 20, STAGE_SECONDS));
	stage_stop(&worker);
	ck_assert_int_eq(stage_number(&stage, "select count(*) from kept.batch where lease_id is not null"), 0);
	ck_assert_int_eq(stage_number(&stage, "select count(*) from kept.delivery"), smtp_peer_mails(stage.mail));
	ck_assert_int_lt(smtp_peer_mails(stage.mail), 200);
	smtp_peer_script(stage.mail, ".", NULL, 0, 0);
	stage_once(&stage);
	stage_receive(&stage, NULL);
	stage_no_repeats(&stage);
	ck_assert_int_eq(stage_number(&stage, "select count(*) from kept.delivery where outcome = 'sent'"), 200);
	/* What was given back counts as no attempt. */
	ck_assert_int_eq(stage_number(&stage, "select count(*) from kept.attempt"), 200);
}
END_TEST

static Suite *suite(void)
{
	Suite *made = suite_create("kill");
	TCase *tests = tcase_create("kill");

	tcase_set_timeout(tests, 300);
	tcase_add_unchecked_fixture(tests, start_cluster, stop_cluster);
	tcase_add_checked_fixture(tests, open_stage, close_stage);
	tcase_add_loop_test(tests, killed_in_the_dialogue_with_the_relay, 0,
			    (int)(sizeof(dialogue) / sizeof(dialogue[0])));
	tcase_add_test(tests, killed_before_the_endpoint_answers);
	tcase_add_loop_test(tests, killed_inside_the_database_with_its_sessions, 0, STEPS);
	tcase_add_loop_test(tests, killed_while_its_session_goes_on, 0, STEPS);
	tcase_add_loop_test(tests, killed_while_notices_go_out, 2, STEPS);
	tcase_add_test(tests, killed_again_and_again_under_load);
	tcase_add_test(tests, settle_after_another_finished_changes_nothing);
	tcase_add_test(tests, settle_while_another_sends_changes_nothing);
	tcase_add_test(tests, stopped_worker_gives_back_what_it_has_not_started);
	suite_add_tcase(made, tests);
	return made;
}

int main(void)
{
	SRunner *runner = srunner_create(suite());
	int failed;

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
