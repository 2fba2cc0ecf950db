/* SIGHUP: kept-worker reads the files of its settings again while it sends; nothing is lost, nothing is sent twice. */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/stage.h"

#define MAILS 600
#define POSTS 100
#define OTHER_RING "b:ffffffffffffffffffffffffffffffff"

static struct cluster *cluster;
static struct stage stage;
static struct program worker;

static void start_cluster(void)
{
	cluster = stage_cluster();
}

static void stop_cluster(void)
{
	cluster_stop(cluster);
}

/* Whole or not at all: the worker may be reading. */
static void write_file(const char *name, const char *value)
{
	char path[80], made[88];
	snprintf(path, sizeof(path), "%s/%s", stage.folder, name);
	snprintf(made, sizeof(made), "%s.new", path);
	FILE *file = fopen(made, "w");
	ck_assert(file && fprintf(file, "%s\n", value) > 0 && fclose(file) == 0);
	ck_assert_int_eq(rename(made, path), 0);
}

static void open_stage(void)
{
	stage_open(&stage, cluster, "reload", "2027-01-01 12:00:00+00");
	stage_fast_lanes(&stage);
	stage.files = true;
	write_file("mail_from", "Kept <first@lakeview.example>");
	write_file("secret", STAGE_RING);
	write_file("log_level", "info");
}

static void close_stage(void)
{
	program_release(&worker);
	stage_close(&stage);
}

static void add_crowd(int mails, int posts)
{
	char hook[64];
	snprintf(hook, sizeof(hook), "http://127.0.0.1:%d/%%s", http_peer_port(stage.hooks));
	if (mails > 0)
		stage_crowd(&stage, &(struct stage_crowd){.channel = "email",
							  .people = mails,
							  .promises = mails,
							  .address = "reader%s",
							  .domains = 3,
							  .due_on = "2027-01-15"});
	if (posts > 0)
		stage_crowd(&stage, &(struct stage_crowd){.channel = "webhook",
							  .people = 20,
							  .promises = posts,
							  .address = hook,
							  .due_on = "2027-01-15"});
	stage_clock(&stage, "2027-01-13 13:00:00+00");
}

static int count_log(const char *word)
{
	char *log = program_log(&worker);
	int found = 0;
	for (const char *at = log; (at = strstr(at, word)); at++)
		found++;
	free(log);
	return found;
}

static int mails_from(const char *address)
{
	struct smtp_mail mail;
	int found = 0;
	for (int i = 0; smtp_peer_mail(stage.mail, i, &mail); i++) {
		found += strcmp(mail.from, address) == 0;
		smtp_mail_release(&mail);
	}
	return found;
}

START_TEST(settings_change_while_mails_and_posts_are_under_way)
{
	/* Slow enough that each change meets some under way. */
	smtp_peer_script(stage.mail, ".", NULL, 30, -1);
	http_peer_script(stage.hooks, &(struct http_script){.delay_ms = 30});
	add_crowd(MAILS, POSTS);
	stage_worker(&stage, &worker, false);
	ck_assert(smtp_peer_wait(stage.mail, 50, STAGE_SECONDS));
	write_file("mail_from", "Later <second@lakeview.example>");
	write_file("secret", OTHER_RING "," STAGE_RING);
	program_signal(&worker, SIGHUP);
	ck_assert(program_log_until(&worker, "\"event\":\"reloaded\"", STAGE_SECONDS));
	/* The next one waits until what was under way has ended and its connections are closed. */
	write_file("mail_from", "Last <third@lakeview.example>");
	program_signal(&worker, SIGHUP);
	ck_assert(program_log_until(&worker, "\"event\":\"reload_waits\"", STAGE_SECONDS));
	ck_assert(stage_until(&stage, "select count(*) = %d from kept.delivery", MAILS + POSTS));
	double end = clock_seconds() + STAGE_SECONDS;
	while (count_log("\"event\":\"reloaded\"") < 2)
		ck_assert_msg(clock_seconds() < end, "the second reload did not come");
	int first = mails_from("first@lakeview.example"), second = mails_from("second@lakeview.example");
	printf("%d mails by the first settings, %d after the reload\n", first, second);
	ck_assert_int_ge(first, 50);
	ck_assert_int_ge(second, 50);
	stage_stop(&worker);
	stage_complete(&stage, MAILS + POSTS, NULL);
	stage_no_repeats(&stage);
}
END_TEST

START_TEST(wrong_file_changes_nothing)
{
	stage_worker(&stage, &worker, false);
	ck_assert(program_log_until(&worker, "\"event\":\"database_connected\"", STAGE_SECONDS));
	write_file("secret", "a:short");
	program_signal(&worker, SIGHUP);
	ck_assert(program_log_until(&worker, "\"event\":\"reload_failed\"", STAGE_SECONDS));
	add_crowd(5, 5);
	ck_assert(stage_until(&stage, "select count(*) = 10 from kept.delivery"));
	ck_assert_int_eq(mails_from("first@lakeview.example"), 5);
	ck_assert_int_eq(count_log("\"event\":\"reloaded\""), 0);
	stage_stop(&worker);
	stage_complete(&stage, 10, NULL);
}
END_TEST

START_TEST(stop_while_settings_change_ends_well)
{
	smtp_peer_script(stage.mail, ".", NULL, 300, -1);
	add_crowd(40, 0);
	stage_worker(&stage, &worker, false);
	ck_assert(smtp_peer_wait(stage.mail, 5, STAGE_SECONDS));
	program_signal(&worker, SIGHUP);
	ck_assert(program_log_until(&worker, "\"event\":\"reloaded\"", STAGE_SECONDS));
	stage_stop(&worker);
	smtp_peer_script(stage.mail, ".", NULL, 0, -1);
	stage_once(&stage);
	stage_complete(&stage, 40, NULL);
	stage_no_repeats(&stage);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("worker_reload");
	TCase *all = tcase_create("worker_reload");
	tcase_set_timeout(all, 180);
	tcase_add_unchecked_fixture(all, start_cluster, stop_cluster);
	tcase_add_checked_fixture(all, open_stage, close_stage);
	tcase_add_test(all, settings_change_while_mails_and_posts_are_under_way);
	tcase_add_test(all, wrong_file_changes_nothing);
	tcase_add_test(all, stop_while_settings_change_ends_well);
	suite_add_tcase(suite, all);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
