/* Several workers at once on many reminders: each goes out exactly once, and none is missing. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/support/stage.h"

#define MAILS 5000
#define POSTS 5000
#define HOOKS                                                                                                          \
	500 /* owners of the posts: small batches, so that all workers together stay below the peer's 1,000            \
	       connections */
#define MOST_WORKERS 5
#define CROWD_SECONDS 120.0

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
	stage_open(&stage, cluster, "crowd", "2027-01-01 12:00:00+00");
	stage_fast_lanes(&stage);
}

static void close_stage(void)
{
	stage_close(&stage);
}

static void add_crowd(void)
{
	char hook[64];

	/* The number of the owner is the end of the path. */
	snprintf(hook, sizeof(hook), "http://127.0.0.1:%d/%%s", http_peer_port(stage.hooks));
	stage_crowd(&stage, &(struct stage_crowd){.channel = "email",
						  .people = MAILS,
						  .promises = MAILS,
						  .address = "reader%s",
						  .domains = 10,
						  .due_on = "2027-01-15"});
	stage_crowd(&stage, &(struct stage_crowd){.channel = "webhook",
						  .people = HOOKS,
						  .promises = POSTS,
						  .address = hook,
						  .due_on = "2027-01-15"});
}

START_TEST(workers_at_once_send_each_reminder_once)
{
	static const int counts[] = {2, MOST_WORKERS};
	struct program workers[MOST_WORKERS];
	double begun;

	add_crowd();
	stage_clock(&stage, "2027-01-13 13:00:00+00");
	begun = clock_seconds();
	for (int i = 0; i < counts[_i]; i++)
		stage_worker(&stage, &workers[i], false);
	ck_assert(smtp_peer_wait(stage.mail, MAILS, CROWD_SECONDS));
	ck_assert(http_peer_wait(stage.hooks, POSTS, CROWD_SECONDS));
	ck_assert(stage_until(&stage, "select count(*) = %d from kept.delivery", MAILS + POSTS));
	printf("%d workers, %d reminders: %.1f s\n", counts[_i], MAILS + POSTS, clock_seconds() - begun);
	for (int i = 0; i < counts[_i]; i++)
		stage_stop(&workers[i]);
	stage_complete(&stage, MAILS + POSTS, NULL);
	stage_no_repeats(&stage);
	ck_assert_int_eq(stage_number(&stage, "select count(distinct worker_id) from kept.attempt"), counts[_i]);
}
END_TEST

static Suite *suite(void)
{
	Suite *made = suite_create("crowd");
	TCase *tests = tcase_create("crowd");

	tcase_set_timeout(tests, 300);
	tcase_add_unchecked_fixture(tests, start_cluster, stop_cluster);
	tcase_add_checked_fixture(tests, open_stage, close_stage);
	tcase_add_loop_test(tests, workers_at_once_send_each_reminder_once, 0, 2);
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
