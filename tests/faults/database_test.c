/* PostgreSQL goes and comes back while a worker runs: the worker waits, goes on, never ends, and loses nothing. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/support/stage.h"

#define DATE "2027-01-15"
#define DUE "2027-01-13 13:00:00+00"
#define MAILS 600
#define POSTS 400
#define OUTAGES 4

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
	stage_open(&stage, cluster, "database", "2027-01-01 12:00:00+00");
	stage_fast_lanes(&stage);
}

static void close_stage(void)
{
	stage_close(&stage);
}

static void add_crowd(void)
{
	char hook[64];

	snprintf(hook, sizeof(hook), "http://127.0.0.1:%d/%%s", http_peer_port(stage.hooks));
	stage_crowd(&stage, &(struct stage_crowd){.channel = "email",
						  .people = MAILS,
						  .promises = MAILS,
						  .address = "reader%s",
						  .domains = 3,
						  .due_on = DATE});
	stage_crowd(&stage,
		    &(struct stage_crowd){
			    .channel = "webhook", .people = 8, .promises = POSTS, .address = hook, .due_on = DATE});
}

START_TEST(outages_lose_nothing_and_end_no_worker)
{
	struct program worker;

	add_crowd();
	stage_clock(&stage, DUE);
	smtp_peer_script(stage.mail, ".", NULL, 20, -1);
	http_peer_script(stage.hooks, &(struct http_script){.delay_ms = 100});
	stage_worker(&stage, &worker, false);
	for (int outage = 0; outage < OUTAGES; outage++) {
		int sent = smtp_peer_mails(stage.mail);

		ck_assert(smtp_peer_wait(stage.mail, sent + 40, STAGE_SECONDS));
		if (outage % 2)
			cluster_shut(cluster);
		else
			cluster_cut(cluster);
		ck_assert(program_log_until(&worker, "\"event\":\"database_away\"", STAGE_SECONDS));
		ck_assert(!program_wait(&worker, 0.1));
		cluster_resume(cluster);
		/* What a lost answer leased is nobody's until its lease has run out. */
		stage_expire(&stage);
	}
	ck_assert(stage_until(&stage, "select count(*) = %d from kept.delivery", MAILS + POSTS));
	ck_assert(!program_wait(&worker, 0));
	stage_stop(&worker);
	stage_complete(&stage, MAILS + POSTS, NULL);
}
END_TEST

START_TEST(answers_that_came_while_it_was_away_are_recorded_afterwards)
{
	struct program worker;

	stage_crowd(&stage, &(struct stage_crowd){.channel = "email",
						  .people = 10,
						  .promises = 10,
						  .address = "reader%s",
						  .domains = 1,
						  .due_on = DATE});
	stage_clock(&stage, DUE);
	smtp_peer_script(stage.mail, "RCPT", NULL, 1000, 10);
	stage_worker(&stage, &worker, false);
	for (double end = clock_seconds() + STAGE_SECONDS; smtp_peer_commands(stage.mail, "RCPT") == 0;)
		ck_assert(clock_seconds() < end && !program_wait(&worker, 0.01));
	cluster_cut(cluster);
	ck_assert(smtp_peer_wait(stage.mail, 10, STAGE_SECONDS));
	cluster_resume(cluster);
	ck_assert(stage_until(&stage, "select count(*) = 10 from kept.delivery where outcome = 'sent'"));
	stage_stop(&worker);
	stage_complete(&stage, 10, NULL);
	/* The lease was still its own: nothing is unknown. */
	stage_no_repeats(&stage);
	ck_assert_int_eq(stage_number(&stage, "select count(*) from kept.attempt"), 10);
}
END_TEST

START_TEST(settle_lost_with_its_session_is_sent_again)
{
	struct program worker;

	stage_crowd(&stage, &(struct stage_crowd){.channel = "email",
						  .people = 100,
						  .promises = 100,
						  .address = "reader%s",
						  .domains = 1,
						  .due_on = DATE});
	stage_clock(&stage, DUE);
	stage_hold(&stage, "insert", "attempt");
	stage_worker(&stage, &worker, false);
	ck_assert(stage_worker_held(&stage));
	stage_change(&stage,
		     "select pg_terminate_backend(pid, 5000) from pg_stat_activity where " STAGE_WORKER_SESSIONS);
	stage_let_go(&stage);
	ck_assert(stage_until(&stage, "select count(*) = 100 from kept.delivery where outcome = 'sent'"));
	stage_stop(&worker);
	stage_complete(&stage, 100, NULL);
	stage_no_repeats(&stage);
	ck_assert_int_eq(stage_number(&stage, "select count(*) from kept.attempt"), 100);
}
END_TEST

START_TEST(worker_that_starts_before_the_database_waits_for_it)
{
	struct program worker;

	stage_crowd(&stage, &(struct stage_crowd){.channel = "email",
						  .people = 3,
						  .promises = 3,
						  .address = "reader%s",
						  .domains = 1,
						  .due_on = DATE});
	stage_clock(&stage, DUE);
	cluster_shut(cluster);
	stage_worker(&stage, &worker, false);
	ck_assert(program_log_until(&worker, "\"event\":\"database_unreachable\"", STAGE_SECONDS));
	cluster_resume(cluster);
	ck_assert(smtp_peer_wait(stage.mail, 3, STAGE_SECONDS));
	ck_assert(stage_until(&stage, "select count(*) = 3 from kept.delivery where outcome = 'sent'"));
	stage_stop(&worker);
	stage_complete(&stage, 3, NULL);
	stage_no_repeats(&stage);
}
END_TEST

START_TEST(lost_session_is_opened_again)
{
	struct program worker;

	add_crowd();
	stage_clock(&stage, DUE);
	smtp_peer_script(stage.mail, ".", NULL, 10, -1);
	stage_worker(&stage, &worker, false);
	for (int i = 0; i < 10; i++) {
		ck_assert(stage_until(
			&stage, "with session as (select pid from pg_stat_activity where " STAGE_WORKER_SESSIONS ")"
				" select coalesce(bool_or(pg_terminate_backend(pid, 5000)), false) from session"));
		stage_expire(&stage);
	}
	ck_assert(stage_until(&stage, "select count(*) = %d from kept.delivery", MAILS + POSTS));
	stage_stop(&worker);
	stage_complete(&stage, MAILS + POSTS, NULL);
}
END_TEST

static Suite *suite(void)
{
	Suite *made = suite_create("database");
	TCase *tests = tcase_create("database");

	tcase_set_timeout(tests, 180);
	tcase_add_unchecked_fixture(tests, start_cluster, stop_cluster);
	tcase_add_checked_fixture(tests, open_stage, close_stage);
	tcase_add_test(tests, outages_lose_nothing_and_end_no_worker);
	tcase_add_test(tests, answers_that_came_while_it_was_away_are_recorded_afterwards);
	tcase_add_test(tests, settle_lost_with_its_session_is_sent_again);
	tcase_add_test(tests, worker_that_starts_before_the_database_waits_for_it);
	tcase_add_test(tests, lost_session_is_opened_again);
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
