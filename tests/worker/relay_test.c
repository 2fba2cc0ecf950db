/* Mail over a real SMTP dialogue and into a folder: what the relay gets, and what its answers do. */
#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kept/steady.h"
#include "tests/support/sending.h"
#include "tests/support/smtp_peer.h"

static struct sending sending;
static struct smtp_peer *peer;
static char folder[64];

static void start_with(enum mail_tls tls, struct sender_limits limits)
{
	char url[64];

	snprintf(folder, sizeof(folder), "/tmp/kept-relay-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	peer = smtp_peer_start();
	ck_assert_ptr_nonnull(peer);
	snprintf(url, sizeof(url), "smtp://127.0.0.1:%d", smtp_peer_port(peer));
	sending_start(&sending, url, folder, tls, "", &limits);
}

static void start(void)
{
	start_with(MAIL_TLS_OFF, sending_limits());
}

static void remove_folder(void)
{
	DIR *directory = opendir(folder);
	struct dirent *entry;

	while (directory && (entry = readdir(directory)))
		if (entry->d_name[0] != '.' || strlen(entry->d_name) > 2)
			unlinkat(dirfd(directory), entry->d_name, 0);
	if (directory)
		closedir(directory);
	rmdir(folder);
}

static void stop(void)
{
	sending_stop(&sending);
	smtp_peer_stop(peer);
	remove_folder();
}

static struct send_result send_one(void)
{
	struct send_job job;
	struct send_result result;

	sending_mail(&job, "maria@lakeview.example");
	ck_assert_int_eq(sending_run(&sending, &job, 1, &result, 15), 1);
	send_job_release(&job);
	return result;
}

START_TEST(mail_arrives_whole_with_the_envelope_of_its_reader)
{
	struct send_job job;
	struct send_result result;
	struct smtp_mail mail;
	char id[120];

	sending_mail(&job, "maria@lakeview.example");
	ck_assert_int_eq(sending_run(&sending, &job, 1, &result, 10), 1);
	ck_assert_msg(result.outcome == OUTCOME_SENT, "%s %d %s", send_error_word(result.error), result.status,
		      result.answer);
	ck_assert_int_eq(result.status, 250);
	ck_assert_str_eq(result.answer, "250 2.0.0 queued");
	ck_assert(smtp_peer_mail(peer, 0, &mail));
	ck_assert_str_eq(mail.from, "kept@lakeview.example");
	ck_assert_str_eq(mail.to, "maria@lakeview.example");
	snprintf(id, sizeof(id), "Message-ID: <%s@lakeview.example>\r\n", job.message_id);
	ck_assert_ptr_nonnull(strstr(mail.bytes, id));
	ck_assert_ptr_nonnull(strstr(mail.bytes, "Auto-Submitted: auto-generated\r\n"));
	smtp_mail_release(&mail);
	send_result_release(&result);
	send_job_release(&job);
}
END_TEST

START_TEST(connection_is_used_again)
{
	for (int i = 0; i < 5; i++) {
		struct send_result result = send_one();

		ck_assert_int_eq(result.outcome, OUTCOME_SENT);
		send_result_release(&result);
	}
	ck_assert_int_eq(smtp_peer_mails(peer), 5);
	ck_assert_int_eq(smtp_peer_connections(peer), 1);
}
END_TEST

START_TEST(idle_connection_says_quit)
{
	struct send_result result = send_one();
	double end = steady_seconds() + 10;

	send_result_release(&result);
	while ((smtp_peer_open(peer) > 0 || smtp_peer_commands(peer, "QUIT") == 0) && steady_seconds() < end)
		usleep(10000);
	ck_assert_int_eq(smtp_peer_commands(peer, "QUIT"), 1);
	ck_assert_int_eq(smtp_peer_open(peer), 0);
	result = send_one();
	ck_assert_int_eq(result.outcome, OUTCOME_SENT);
	send_result_release(&result);
}
END_TEST

static const struct {
	const char *command, *reply;
	enum outcome outcome;
	enum send_error error;
	int status;
} refusals[] = {
	{"CONNECT", "554 no service\r\n", OUTCOME_RETRY, SEND_STATUS, 554},
	{"CONNECT", "421 busy\r\n", OUTCOME_RETRY, SEND_STATUS, 421},
	{"MAIL", "451 later\r\n", OUTCOME_RETRY, SEND_STATUS, 451},
	{"MAIL", "550 not you\r\n", OUTCOME_RETRY, SEND_STATUS, 550},
	{"RCPT", "450 4.2.1 greylisted\r\n", OUTCOME_RETRY, SEND_STATUS, 450},
	{"RCPT", "550 5.1.1 no such user\r\n", OUTCOME_FAILED, SEND_STATUS, 550},
	{"DATA", "451 later\r\n", OUTCOME_RETRY, SEND_STATUS, 451},
	{"DATA", "554 no\r\n", OUTCOME_FAILED, SEND_STATUS, 554},
	{".", "452 4.3.1 full\r\n", OUTCOME_RETRY, SEND_STATUS, 452},
	{".", "554-5.7.1 spam\r\n554 5.7.1 go away\r\n", OUTCOME_FAILED, SEND_STATUS, 554},
	{"CONNECT", "", OUTCOME_RETRY, SEND_BROKEN, 0},
	{"MAIL", "", OUTCOME_RETRY, SEND_BROKEN, 0},
	{"RCPT", "", OUTCOME_RETRY, SEND_BROKEN, 0},
	{"DATA", "", OUTCOME_RETRY, SEND_BROKEN, 0},
	{".", "", OUTCOME_RETRY, SEND_BROKEN, 0},
};

START_TEST(refusal_in_each_phase_has_its_outcome_and_the_next_mail_goes)
{
	struct send_result result;

	smtp_peer_script(peer, refusals[_i].command, refusals[_i].reply, 0, 1);
	result = send_one();
	ck_assert_msg(result.outcome == refusals[_i].outcome && result.error == refusals[_i].error &&
			      result.status == refusals[_i].status,
		      "%s %s: %s %s %d", refusals[_i].command, refusals[_i].reply, outcome_word(result.outcome),
		      send_error_word(result.error), result.status);
	if (refusals[_i].reply[0]) {
		ck_assert_ptr_nonnull(result.answer);
		ck_assert_int_eq(strncmp(result.answer, refusals[_i].reply, 3), 0);
	}
	send_result_release(&result);
	ck_assert_int_eq(smtp_peer_mails(peer), 0);
	result = send_one();
	ck_assert_int_eq(result.outcome, OUTCOME_SENT);
	send_result_release(&result);
}
END_TEST

START_TEST(tarpit_ends_in_time)
{
	static const char *const commands[] = {"CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "."};
	struct send_result result;

	smtp_peer_script(peer, commands[_i], NULL, 60000, 1);
	result = send_one();
	ck_assert_msg(result.outcome == OUTCOME_RETRY && result.error == SEND_TIMEOUT, "%s: %s %s", commands[_i],
		      outcome_word(result.outcome), send_error_word(result.error));
	ck_assert_int_lt(result.duration_ms, 4500);
	send_result_release(&result);
}
END_TEST

START_TEST(wait_after_the_dot_is_longer_and_holds_nobody_up)
{
	struct send_job jobs[2];
	struct send_result results[2];

	/* Longer than the mail itself may take, shorter than the wait for its answer. */
	smtp_peer_script(peer, ".", NULL, 1500, 1);
	sending_mail(&jobs[0], "slow@lakeview.example");
	sending_mail(&jobs[1], "quick@lakeview.example");
	ck_assert_int_eq(sending_run(&sending, jobs, 2, results, 10), 2);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(results[i].outcome, OUTCOME_SENT);
	ck_assert_int_gt(results[0].duration_ms + results[1].duration_ms, 1400);
	ck_assert_int_lt(
		results[0].duration_ms < results[1].duration_ms ? results[0].duration_ms : results[1].duration_ms, 700);
	for (int i = 0; i < 2; i++) {
		send_job_release(&jobs[i]);
		send_result_release(&results[i]);
	}
}
END_TEST

START_TEST(relay_that_never_answers_quit_holds_nobody_up)
{
	struct send_result result;
	double began;

	smtp_peer_script(peer, "RCPT", "550 no such user\r\n", 0, 1);
	smtp_peer_script(peer, "QUIT", NULL, 60000, -1);
	result = send_one();
	ck_assert_int_eq(result.outcome, OUTCOME_FAILED);
	ck_assert_int_eq(result.status, 550);
	send_result_release(&result);
	result = send_one();
	ck_assert_int_eq(result.outcome, OUTCOME_SENT);
	send_result_release(&result);
	began = steady_seconds();
	sender_free(sending.sender);
	sending.sender = NULL;
	ck_assert_double_lt(steady_seconds() - began, 2.0);
}
END_TEST

START_TEST(many_mails_use_few_connections)
{
	struct send_job jobs[40];
	struct send_result results[40];

	for (int i = 0; i < 40; i++)
		sending_mail(&jobs[i], "maria@lakeview.example");
	ck_assert_int_eq(sending_run(&sending, jobs, 40, results, 20), 40);
	for (int i = 0; i < 40; i++) {
		ck_assert_int_eq(results[i].outcome, OUTCOME_SENT);
		send_job_release(&jobs[i]);
		send_result_release(&results[i]);
	}
	ck_assert_int_eq(smtp_peer_mails(peer), 40);
	ck_assert_int_le(smtp_peer_connections(peer), 4);
}
END_TEST

START_TEST(address_with_control_characters_never_reaches_the_relay)
{
	static const char *const addresses[] = {"a@b.example>\r\nRCPT TO:<x@y.example", "a b@c.example", "no-at", ""};

	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		struct send_job job;
		struct send_result result;

		sending_mail(&job, addresses[i]);
		ck_assert_int_eq(sending_run(&sending, &job, 1, &result, 10), 1);
		ck_assert_int_eq(result.outcome, OUTCOME_FAILED);
		ck_assert_int_eq(result.error, SEND_COMPOSE);
		send_result_release(&result);
		send_job_release(&job);
	}
	ck_assert_int_eq(smtp_peer_connections(peer), 0);
}
END_TEST

START_TEST(demonstration_goes_to_the_folder_whatever_the_relay)
{
	struct send_job job;
	struct send_result result;
	char path[160];
	struct stat status;

	sending_mail(&job, "maria@lakeview.example");
	job.demonstration = true;
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(sending_run(&sending, &job, 1, &result, 10), 1);
		ck_assert_int_eq(result.outcome, OUTCOME_SENT);
		send_result_release(&result);
	}
	ck_assert_int_eq(smtp_peer_connections(peer), 0);
	snprintf(path, sizeof(path), "%s/%s.eml", folder, job.message_id);
	ck_assert_int_eq(stat(path, &status), 0);
	ck_assert_int_eq(status.st_mode & 0777, 0600);
	ck_assert_int_gt(status.st_size, 500);
	send_job_release(&job);
}
END_TEST

START_TEST(folder_that_cannot_be_written_is_tried_again)
{
	struct send_job job;
	struct send_result result;

	sending_mail(&job, "maria@lakeview.example");
	job.demonstration = true;
	free(sending.config.mail_folder);
	sending.config.mail_folder = strdup("/dev/null/mail");
	ck_assert_int_eq(sending_run(&sending, &job, 1, &result, 10), 1);
	ck_assert_int_eq(result.outcome, OUTCOME_RETRY);
	ck_assert_int_eq(result.error, SEND_LOCAL);
	send_result_release(&result);
	send_job_release(&job);
}
END_TEST

static void start_tls(void)
{
	start_with(MAIL_TLS_REQUIRED, sending_limits());
}

START_TEST(relay_without_tls_gets_nothing_when_tls_is_required)
{
	struct send_result result = send_one();

	ck_assert_int_eq(result.outcome, OUTCOME_RETRY);
	ck_assert_int_eq(result.error, SEND_TLS);
	ck_assert_int_eq(smtp_peer_commands(peer, "MAIL"), 0);
	send_result_release(&result);
}
END_TEST

static void note(void *context, struct send_result *result)
{
	*(enum outcome *)context = result->outcome;
}

START_TEST(stopped_mail_is_unknown)
{
	struct send_job job;
	enum outcome outcome = OUTCOME_SENT;
	double end = steady_seconds() + 10;

	smtp_peer_script(peer, ".", NULL, 60000, 1);
	sending_mail(&job, "maria@lakeview.example");
	sender_send(sending.sender, &job, note, &outcome);
	ck_assert(smtp_peer_wait(peer, 1, 10));
	sender_stop(sending.sender);
	while (outcome == OUTCOME_SENT && steady_seconds() < end)
		ev_run(sending.loop, EVRUN_ONCE);
	ck_assert_int_eq(outcome, OUTCOME_UNKNOWN);
	send_job_release(&job);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("relay");
	TCase *plain = tcase_create("plain"), *tls = tcase_create("tls");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(plain, start, stop);
	tcase_set_timeout(plain, 30);
	tcase_add_test(plain, mail_arrives_whole_with_the_envelope_of_its_reader);
	tcase_add_test(plain, connection_is_used_again);
	tcase_add_test(plain, idle_connection_says_quit);
	tcase_add_loop_test(plain, refusal_in_each_phase_has_its_outcome_and_the_next_mail_goes, 0,
			    (int)(sizeof(refusals) / sizeof(refusals[0])));
	tcase_add_loop_test(plain, tarpit_ends_in_time, 0, 6);
	tcase_add_test(plain, wait_after_the_dot_is_longer_and_holds_nobody_up);
	tcase_add_test(plain, relay_that_never_answers_quit_holds_nobody_up);
	tcase_add_test(plain, many_mails_use_few_connections);
	tcase_add_test(plain, address_with_control_characters_never_reaches_the_relay);
	tcase_add_test(plain, demonstration_goes_to_the_folder_whatever_the_relay);
	tcase_add_test(plain, folder_that_cannot_be_written_is_tried_again);
	tcase_add_test(plain, stopped_mail_is_unknown);
	tcase_add_checked_fixture(tls, start_tls, stop);
	tcase_add_test(tls, relay_without_tls_gets_nothing_when_tls_is_required);
	suite_add_tcase(suite, plain);
	suite_add_tcase(suite, tls);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
