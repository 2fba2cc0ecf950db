/* Relays and endpoints that are away, refuse, break off or hang: tried again or given up as is right, and nobody else
 * waits. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kept/limits.h"
#include "tests/support/stage.h"

#define DATE "2027-01-15"
#define DUE "2027-01-13 13:00:00+00"

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
	stage_open(&stage, cluster, "peer", "2027-01-01 12:00:00+00");
}

static void close_stage(void)
{
	stage_close(&stage);
}

/* Minutes after the hour at which all is due. */
static void clock_after(int minutes, int seconds)
{
	char now[40];

	snprintf(now, sizeof(now), "2027-01-13 13:%02d:%02d+00", minutes, seconds);
	stage_clock(&stage, now);
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

/* Promises of so many people, each reached by a path of that peer. */
static void add_posts(struct http_peer *peer, int people, int promises)
{
	char hook[64];

	snprintf(hook, sizeof(hook), "http://127.0.0.1:%d/%%s", http_peer_port(peer));
	stage_crowd(
		&stage,
		&(struct stage_crowd){
			.channel = "webhook", .people = people, .promises = promises, .address = hook, .due_on = DATE});
}

static int wait_for_commands(struct program *worker, const char *command, int count)
{
	double end = clock_seconds() + STAGE_SECONDS;

	while (smtp_peer_commands(stage.mail, command) < count && clock_seconds() < end && !program_wait(worker, 0.01))
		;
	return smtp_peer_commands(stage.mail, command);
}

/* What passes: answers of the relay after which the mail is sent later. */
static const struct {
	const char *command, *reply; /* "": the connection is closed */
} passing[] = {
	{"CONNECT", "421 4.3.2 closing\r\n"},
	{"MAIL", "451 4.3.0 later\r\n"},
	{"RCPT", "450 4.2.1 later\r\n"},
	{"DATA", "451 4.3.0 later\r\n"},
	{".", "452 4.3.1 later\r\n"},
	{"MAIL", "550 5.7.1 not this sender\r\n"},
	{"CONNECT", ""},
	{"EHLO", ""},
	{"MAIL", ""},
	{"RCPT", ""},
	{"DATA", ""},
	{".", ""},
};

START_TEST(mail_that_the_relay_does_not_take_now_is_sent_later)
{
	for (int i = 0; i < (int)(sizeof(passing) / sizeof(passing[0])); i++) {
		clock_after(4 * i, 0);
		add_mails(1);
		smtp_peer_script(stage.mail, passing[i].command, passing[i].reply, 0, 1);
		stage_once(&stage);
		ck_assert_int_eq(smtp_peer_mails(stage.mail), i);
		ck_assert_msg(stage_number(&stage, "select count(*) from kept.waiting where why = 'retry'") == 1,
			      "%s %s", passing[i].command, passing[i].reply);
		clock_after(4 * i + 2, 0);
		stage_once(&stage);
		ck_assert_int_eq(smtp_peer_mails(stage.mail), i + 1);
	}
	stage_receive(&stage, NULL);
	stage_no_repeats(&stage);
	ck_assert_int_eq(
		stage_number(&stage, "select count(*) from kept.delivery where outcome = 'sent' and attempts = 2"),
		sizeof(passing) / sizeof(passing[0]));
}
END_TEST

START_TEST(mail_refused_for_good_fails_and_endpoints_hear_of_it)
{
	static const char *const commands[] = {"RCPT", "DATA", "."};
	char endpoint[STAGE_ID_SIZE], url[64];
	struct http_request request;

	snprintf(url, sizeof(url), "http://127.0.0.1:%d/", http_peer_port(stage.hooks));
	stage_endpoint(&stage, endpoint, url, "{reminder.failed}");
	for (int i = 0; i < 3; i++) {
		clock_after(i, 0);
		add_mails(1);
		smtp_peer_script(stage.mail, commands[i], "550 5.1.1 no such person\r\n", 0, 1);
		stage_once(&stage);
		ck_assert_int_eq(stage_number(&stage, "select count(*) from kept.delivery where outcome = 'failed' and "
						      "reason = 'status 550' and attempts = 1"),
				 i + 1);
		ck_assert_int_eq(http_peer_requests(stage.hooks), i + 1);
	}
	clock_after(59, 0);
	stage_once(&stage);
	ck_assert_int_eq(smtp_peer_mails(stage.mail), 0);
	ck_assert(http_peer_request(stage.hooks, 0, &request));
	ck_assert_ptr_nonnull(strstr(request.body, "\"reminder.failed\""));
	/* To whom is nobody's business. */
	ck_assert_ptr_null(strstr(request.body, "example\""));
	ck_assert_ptr_null(strstr(request.body, "Reader"));
	http_request_release(&request);
}
END_TEST

START_TEST(relay_that_is_away_delays_only_mail)
{
	long long tried;

	add_mails(100);
	add_posts(stage.hooks, 20, 20);
	stage_clock(&stage, DUE);
	smtp_peer_stop(stage.mail);
	stage.mail = NULL;
	stage_once(&stage);
	ck_assert_int_eq(http_peer_requests(stage.hooks), 20);
	ck_assert_int_eq(stage_number(&stage, "select count(*) from kept.delivery where outcome = 'sent'"), 20);
	/* The lane is shut at the first failure: only what was under way already has failed as well. */
	tried = stage_number(&stage, "select count(*) from kept.attempt where outcome = 'retry' and error = 'connect'");
	ck_assert_int_ge(tried, 1);
	ck_assert_int_le(tried, KEPT_MAIL_CONNECTIONS);
	ck_assert_int_eq(stage_number(&stage, "select count(*) from kept.lane where paused_until > kept.now()"), 1);
	stage.mail = smtp_peer_start();
	ck_assert_ptr_nonnull(stage.mail);
	free(stage.mail_url);
	ck_assert(asprintf(&stage.mail_url, "smtp://127.0.0.1:%d", smtp_peer_port(stage.mail)) > 0);
	clock_after(5, 0);
	stage_once(&stage);
	stage_complete(&stage, 120, NULL);
	stage_no_repeats(&stage);
}
END_TEST

START_TEST(relay_that_hangs_delays_only_mail)
{
	struct program worker;

	add_mails(100);
	add_posts(stage.hooks, 50, 200);
	smtp_peer_script(stage.mail, "CONNECT", NULL, 300000, -1);
	stage_clock(&stage, DUE);
	stage_worker(&stage, &worker, false);
	ck_assert(stage_until(&stage, "select count(*) = 200 from kept.delivery where outcome = 'sent'"));
	ck_assert_int_gt(wait_for_commands(&worker, "CONNECT", 1), 0);
	ck_assert_int_eq(smtp_peer_mails(stage.mail), 0);
	program_release(&worker);
}
END_TEST

START_TEST(endpoint_that_hangs_delays_only_its_own)
{
	struct http_peer *good = http_peer_start();
	struct program worker;

	ck_assert_ptr_nonnull(good);
	add_posts(stage.hooks, 4, 400);
	add_posts(good, 50, 200);
	add_mails(100);
	http_peer_script(stage.hooks, &(struct http_script){.hang = true});
	stage_clock(&stage, DUE);
	stage_worker(&stage, &worker, false);
	ck_assert(http_peer_wait(stage.hooks, 1, STAGE_SECONDS));
	ck_assert(stage_until(&stage, "select count(*) = 300 from kept.delivery where outcome = 'sent'"));
	/* All the others are done while the first of those that hang are still waited for. */
	ck_assert_int_eq(stage_number(&stage, "select count(*) from kept.attempt where outcome <> 'sent'"), 0);
	ck_assert_int_eq(smtp_peer_mails(stage.mail), 100);
	ck_assert_int_eq(http_peer_requests(good), 200);
	program_release(&worker);
	http_peer_stop(good);
}
END_TEST

START_TEST(failing_endpoint_is_tried_again_by_the_schedule)
{
	add_posts(stage.hooks, 1, 1);
	http_peer_script_times(stage.hooks, &(struct http_script){.status = 500, .body = "no"}, 2);
	stage_clock(&stage, DUE);
	stage_once(&stage);
	ck_assert_int_eq(http_peer_requests(stage.hooks), 1);
	clock_after(0, 3);
	stage_once(&stage);
	ck_assert_int_eq(http_peer_requests(stage.hooks), 1);
	clock_after(0, 7);
	stage_once(&stage);
	ck_assert_int_eq(http_peer_requests(stage.hooks), 2);
	clock_after(3, 0);
	stage_once(&stage);
	ck_assert_int_eq(http_peer_requests(stage.hooks), 2);
	clock_after(7, 0);
	stage_once(&stage);
	ck_assert_int_eq(http_peer_requests(stage.hooks), 3);
	stage_receive(&stage, NULL);
	ck_assert_int_eq(
		stage_number(&stage,
			     "select count(*) from (select distinct message_id, digest from public.received) same"),
		1);
	ck_assert_int_eq(stage_number(&stage, "select attempts from kept.delivery where outcome = 'sent'"), 3);
}
END_TEST

START_TEST(gone_contact_and_endpoint_get_nothing_more)
{
	char endpoint[STAGE_ID_SIZE], url[64], *state;

	add_posts(stage.hooks, 1, 1);
	snprintf(url, sizeof(url), "http://127.0.0.1:%d/events", http_peer_port(stage.hooks));
	stage_endpoint(&stage, endpoint, url, "{commitment.*}");
	http_peer_script(stage.hooks, &(struct http_script){.status = 410});
	stage_clock(&stage, DUE);
	stage_once(&stage);
	ck_assert_int_eq(http_peer_requests(stage.hooks), 2);
	ck_assert_int_eq(
		stage_number(&stage,
			     "select count(*) from kept.delivery where outcome = 'failed' and reason = 'status 410'"),
		2);
	state = stage_text(&stage, "select state || ' ' || state_reason from kept.endpoint");
	ck_assert_str_eq(state, "disabled It answered 410 Gone.");
	free(state);
	ck_assert_int_eq(stage_number(&stage, "select count(*) from kept.contact where gone_at is not null"), 1);
	stage_clock(&stage, "2027-01-16 13:00:00+00");
	stage_once(&stage);
	ck_assert_int_eq(http_peer_requests(stage.hooks), 2);
	ck_assert_int_eq(
		stage_number(&stage, "select count(*) from kept.reminder where rung = 'P+1D' and dropped is not null"),
		1);
}
END_TEST

START_TEST(retry_after_pauses_the_whole_lane)
{
	int first;

	add_posts(stage.hooks, 1, 100);
	http_peer_script(stage.hooks, &(struct http_script){.status = 429, .header = "Retry-After: 120"});
	stage_clock(&stage, DUE);
	stage_once(&stage);
	first = http_peer_requests(stage.hooks);
	ck_assert_int_le(first, KEPT_WINDOW_MESSAGES);
	ck_assert_int_eq(stage_number(&stage, "select count(*) from kept.lane where pause_reason = 'peer' and "
					      "paused_until = kept.now() + interval '120 seconds'"),
			 1);
	clock_after(1, 59);
	stage_once(&stage);
	ck_assert_int_eq(http_peer_requests(stage.hooks), first);
	http_peer_script(stage.hooks, &(struct http_script){.status = 0});
	clock_after(2, 1);
	stage_once(&stage);
	stage_receive(&stage, NULL);
	ck_assert_int_eq(stage_number(&stage, "select count(*) from kept.delivery where outcome = 'sent'"), 100);
	ck_assert_int_eq(stage_number(&stage, "select count(distinct message_id) from public.received"), 100);
	ck_assert_int_eq(http_peer_requests(stage.hooks), first + 100);
}
END_TEST

START_TEST(redirect_is_not_followed)
{
	struct http_peer *other = http_peer_start();
	char header[80];

	ck_assert_ptr_nonnull(other);
	snprintf(header, sizeof(header), "Location: http://127.0.0.1:%d/elsewhere", http_peer_port(other));
	add_posts(stage.hooks, 1, 1);
	http_peer_script(stage.hooks, &(struct http_script){.status = _i, .header = header});
	stage_clock(&stage, DUE);
	stage_once(&stage);
	ck_assert_int_eq(http_peer_requests(stage.hooks), 1);
	ck_assert_int_eq(http_peer_connections(other), 0);
	ck_assert_int_eq(stage_number(&stage,
				      "select count(*) from kept.attempt where outcome = 'retry' and error = "
				      "'redirect' and status = %d",
				      _i),
			 1);
	http_peer_stop(other);
}
END_TEST

static Suite *suite(void)
{
	Suite *made = suite_create("peer");
	TCase *tests = tcase_create("peer");

	tcase_set_timeout(tests, 180);
	tcase_add_unchecked_fixture(tests, start_cluster, stop_cluster);
	tcase_add_checked_fixture(tests, open_stage, close_stage);
	tcase_add_test(tests, mail_that_the_relay_does_not_take_now_is_sent_later);
	tcase_add_test(tests, mail_refused_for_good_fails_and_endpoints_hear_of_it);
	tcase_add_test(tests, relay_that_is_away_delays_only_mail);
	tcase_add_test(tests, relay_that_hangs_delays_only_mail);
	tcase_add_test(tests, endpoint_that_hangs_delays_only_its_own);
	tcase_add_test(tests, failing_endpoint_is_tried_again_by_the_schedule);
	tcase_add_test(tests, gone_contact_and_endpoint_get_nothing_more);
	tcase_add_test(tests, retry_after_pauses_the_whole_lane);
	tcase_add_loop_test(tests, redirect_is_not_followed, 301, 303);
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
