/* Webhooks over real connections: what goes out, what an endpoint's answer does, whom we refuse to speak to. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kept/limits.h"
#include "kept/sign.h"
#include "kept/steady.h"
#include "tests/support/http_peer.h"
#include "tests/support/sending.h"

static struct sending sending;
static struct http_peer *peer;
static char url[80];

static const char body[] = "{\"type\":\"reminder.due\",\"data\":{\"title\":\"Ünïcode “quoted”\"}}";

static void start_with(const char *allow)
{
	peer = http_peer_start();
	ck_assert_ptr_nonnull(peer);
	snprintf(url, sizeof(url), "http://127.0.0.1:%d/hook", http_peer_port(peer));
	sending_start(&sending, "file:///nowhere", "/nowhere", MAIL_TLS_OFF, allow, NULL);
}

static void start(void)
{
	start_with("127.0.0.1/32:*");
}

static void start_denying(void)
{
	start_with("");
}

static void stop(void)
{
	http_peer_stop(peer);
	sending_stop(&sending);
}

static struct send_result send_to(const char *target)
{
	struct send_job job;
	struct send_result result;

	sending_webhook(&sending, &job, target, body);
	ck_assert_int_eq(sending_run(&sending, &job, 1, &result, 10), 1);
	send_job_release(&job);
	return result;
}

static struct send_result send_scripted(struct http_script script)
{
	http_peer_script(peer, &script);
	return send_to(url);
}

START_TEST(request_carries_stored_bytes_id_and_a_signature_that_verifies)
{
	struct send_job job;
	struct send_result result;
	struct http_request request;
	char id[80], timestamp[40], signature[200], value[80], expected[40] = "msg_";
	size_t used = 4;

	sending_webhook(&sending, &job, url, body);
	ck_assert_int_eq(sending_run(&sending, &job, 1, &result, 10), 1);
	ck_assert_int_eq(result.outcome, OUTCOME_SENT);
	ck_assert_int_eq(result.status, 204);
	ck_assert_int_eq(http_peer_requests(peer), 1);
	ck_assert(http_peer_request(peer, 0, &request));
	ck_assert_str_eq(request.method, "POST");
	ck_assert_str_eq(request.path, "/hook");
	ck_assert_uint_eq(request.length, strlen(body));
	ck_assert_int_eq(memcmp(request.body, body, request.length), 0);
	ck_assert(http_request_header(&request, "webhook-id", id, sizeof(id)));
	for (const char *c = job.message_id; *c; c++)
		if (*c != '-')
			expected[used++] = *c;
	ck_assert_str_eq(id, expected);
	ck_assert(http_request_header(&request, "webhook-timestamp", timestamp, sizeof(timestamp)));
	ck_assert(http_request_header(&request, "webhook-signature", signature, sizeof(signature)));
	ck_assert(sign_verify(signature, SENDING_SECRET, id, strtoll(timestamp, NULL, 10), (int64_t)time(NULL),
			      request.body, request.length));
	ck_assert(http_request_header(&request, "content-type", value, sizeof(value)));
	ck_assert_str_eq(value, "application/json");
	ck_assert(http_request_header(&request, "user-agent", value, sizeof(value)));
	ck_assert_str_eq(value, "Kept/" KEPT_VERSION);
	ck_assert(!http_request_header(&request, "expect", value, sizeof(value)));
	ck_assert(!http_request_header(&request, "accept-encoding", value, sizeof(value)));
	http_request_release(&request);
	send_result_release(&result);
	send_job_release(&job);
}
END_TEST

START_TEST(connection_is_used_again)
{
	for (int i = 0; i < 5; i++) {
		struct send_result result = send_to(url);

		ck_assert_int_eq(result.outcome, OUTCOME_SENT);
		send_result_release(&result);
	}
	ck_assert_int_eq(http_peer_requests(peer), 5);
	ck_assert_int_eq(http_peer_connections(peer), 1);
}
END_TEST

START_TEST(window_of_64_is_sent_at_once)
{
	struct send_job jobs[KEPT_WINDOW_MESSAGES];
	struct send_result results[KEPT_WINDOW_MESSAGES];
	double began = steady_seconds();

	http_peer_script(peer, &(struct http_script){.status = 200, .delay_ms = 300});
	for (int i = 0; i < KEPT_WINDOW_MESSAGES; i++)
		sending_webhook(&sending, &jobs[i], url, body);
	ck_assert_int_eq(sending_run(&sending, jobs, KEPT_WINDOW_MESSAGES, results, 10), KEPT_WINDOW_MESSAGES);
	ck_assert_double_lt(steady_seconds() - began, 5.0);
	for (int i = 0; i < KEPT_WINDOW_MESSAGES; i++) {
		ck_assert_int_eq(results[i].outcome, OUTCOME_SENT);
		send_job_release(&jobs[i]);
		send_result_release(&results[i]);
	}
}
END_TEST

START_TEST(redirect_is_not_followed)
{
	struct http_peer *other = http_peer_start();
	char header[120];
	struct send_result result;

	snprintf(header, sizeof(header), "Location: http://127.0.0.1:%d/", http_peer_port(other));
	result = send_scripted((struct http_script){.status = 302, .header = header});
	ck_assert_int_eq(result.outcome, OUTCOME_RETRY);
	ck_assert_int_eq(result.error, SEND_REDIRECT);
	ck_assert_int_eq(result.status, 302);
	ck_assert_int_eq(http_peer_connections(other), 0);
	http_peer_stop(other);
	send_result_release(&result);
}
END_TEST

START_TEST(gone_endpoint_is_told)
{
	struct send_result result = send_scripted((struct http_script){.status = 410});

	ck_assert_int_eq(result.outcome, OUTCOME_FAILED);
	ck_assert(result.endpoint_gone);
	send_result_release(&result);
}
END_TEST

START_TEST(retry_after_pauses_the_lane)
{
	struct send_result result = send_scripted((struct http_script){.status = 503, .header = "Retry-After: 120"});

	ck_assert_int_eq(result.outcome, OUTCOME_RETRY);
	ck_assert_int_eq(result.status, 503);
	ck_assert_double_eq(result.lane_pause_seconds, 120);
	send_result_release(&result);
}
END_TEST

START_TEST(server_error_is_tried_again)
{
	struct send_result result = send_scripted((struct http_script){.status = 500, .body = "no"});

	ck_assert_int_eq(result.outcome, OUTCOME_RETRY);
	ck_assert_int_eq(result.error, SEND_STATUS);
	ck_assert_double_gt(result.retry_seconds, 0);
	/* The peer is on the allow list: what it says may be private. */
	ck_assert_ptr_null(result.answer);
	send_result_release(&result);
}
END_TEST

START_TEST(endless_answer_with_good_headers_is_success_and_ends)
{
	struct send_result result = send_scripted((struct http_script){.status = 200, .endless = true});

	ck_assert_int_eq(result.outcome, OUTCOME_SENT);
	ck_assert_int_lt(result.duration_ms, 900);
	send_result_release(&result);
}
END_TEST

START_TEST(trickling_answer_ends_in_time_and_counts_by_its_headers)
{
	struct send_result result = send_scripted((struct http_script){.status = 200, .trickle = true});

	ck_assert_int_eq(result.outcome, OUTCOME_SENT);
	ck_assert_int_lt(result.duration_ms, 2500);
	send_result_release(&result);
}
END_TEST

START_TEST(hanging_endpoint_ends_in_time_and_holds_nobody_up)
{
	struct http_peer *good = http_peer_start();
	struct send_job jobs[2];
	struct send_result results[2];
	char good_url[80];

	snprintf(good_url, sizeof(good_url), "http://127.0.0.1:%d/", http_peer_port(good));
	http_peer_script(peer, &(struct http_script){.hang = true});
	sending_webhook(&sending, &jobs[0], url, body);
	sending_webhook(&sending, &jobs[1], good_url, body);
	ck_assert_int_eq(sending_run(&sending, jobs, 2, results, 10), 2);
	ck_assert_int_eq(results[0].outcome, OUTCOME_RETRY);
	ck_assert_int_eq(results[0].error, SEND_TIMEOUT);
	ck_assert_int_lt(results[0].duration_ms, 2500);
	ck_assert_int_eq(results[1].outcome, OUTCOME_SENT);
	ck_assert_int_lt(results[1].duration_ms, 500);
	for (int i = 0; i < 2; i++) {
		send_job_release(&jobs[i]);
		send_result_release(&results[i]);
	}
	http_peer_stop(good);
}
END_TEST

START_TEST(dropped_connection_is_tried_again)
{
	struct send_result result = send_scripted((struct http_script){.drop = true});

	ck_assert_int_eq(result.outcome, OUTCOME_RETRY);
	ck_assert_int_eq(result.error, SEND_BROKEN);
	ck_assert_int_eq(result.status, 0);
	send_result_release(&result);
}
END_TEST

START_TEST(closed_port_is_a_connect_error)
{
	char closed[80];
	struct http_peer *other = http_peer_start();
	struct send_result result;

	snprintf(closed, sizeof(closed), "http://127.0.0.1:%d/", http_peer_port(other));
	http_peer_stop(other);
	result = send_to(closed);
	ck_assert_int_eq(result.outcome, OUTCOME_RETRY);
	ck_assert_int_eq(result.error, SEND_CONNECT);
	send_result_release(&result);
}
END_TEST

START_TEST(denied_address_is_never_connected_to_however_it_is_spelt)
{
	static const char *const hosts[] = {"127.0.0.1",  "localhost", "2130706433",        "0x7f.1",
					    "0177.0.0.1", "127.1",     "[::ffff:127.0.0.1]"};

	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		char target[120];
		struct send_result result;

		snprintf(target, sizeof(target), "http://%s:%d/", hosts[i], http_peer_port(peer));
		result = send_to(target);
		ck_assert_msg(result.error == SEND_BLOCKED, "%s: %s", hosts[i], send_error_word(result.error));
		ck_assert_int_eq(result.outcome, OUTCOME_RETRY);
		send_result_release(&result);
	}
	ck_assert_int_eq(http_peer_connections(peer), 0);
}
END_TEST

START_TEST(url_with_user_name_or_other_scheme_is_refused)
{
	static const char *const urls[] = {"http://user:pw@127.0.0.1:%d/", "ftp://127.0.0.1:%d/",
					   "gopher://127.0.0.1:%d/", "file:///etc/hostname?%d",
					   "http://127.0.0.1:%d\\@example.org/"};

	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		char target[120];
		struct send_result result;
		const char *at = strstr(urls[i], "%d");

		snprintf(target, sizeof(target), "%.*s%d%s", (int)(at - urls[i]), urls[i], http_peer_port(peer),
			 at + 2);
		result = send_to(target);
		ck_assert_msg(result.error == SEND_BLOCKED, "%s: %s", target, send_error_word(result.error));
		send_result_release(&result);
	}
	ck_assert_int_eq(http_peer_connections(peer), 0);
}
END_TEST

START_TEST(proxy_variables_are_ignored)
{
	struct http_peer *proxy = http_peer_start();
	struct send_result result;
	char proxy_url[80];

	snprintf(proxy_url, sizeof(proxy_url), "http://127.0.0.1:%d", http_peer_port(proxy));
	setenv("http_proxy", proxy_url, 1);
	setenv("ALL_PROXY", proxy_url, 1);
	result = send_to(url);
	unsetenv("http_proxy");
	unsetenv("ALL_PROXY");
	ck_assert_int_eq(result.outcome, OUTCOME_SENT);
	ck_assert_int_eq(http_peer_requests(peer), 1);
	ck_assert_int_eq(http_peer_connections(proxy), 0);
	http_peer_stop(proxy);
	send_result_release(&result);
}
END_TEST

START_TEST(secret_that_does_not_open_is_a_failed_attempt)
{
	struct send_job job;
	struct send_result result;

	sending_webhook(&sending, &job, url, body);
	free(job.secret_context);
	job.secret_context = strdup("another row");
	ck_assert_int_eq(sending_run(&sending, &job, 1, &result, 10), 1);
	ck_assert_int_eq(result.outcome, OUTCOME_FAILED);
	ck_assert_int_eq(result.error, SEND_COMPOSE);
	ck_assert_int_eq(http_peer_connections(peer), 0);
	send_result_release(&result);
	send_job_release(&job);
}
END_TEST

START_TEST(unknown_name_is_told)
{
	struct send_result result = send_to("https://nothing.invalid/");

	ck_assert_int_eq(result.outcome, OUTCOME_RETRY);
	ck_assert_int_eq(result.error, SEND_NAME);
	send_result_release(&result);
}
END_TEST

static void note(void *context, struct send_result *result)
{
	*(enum outcome *)context = result->outcome;
}

START_TEST(stopped_send_is_unknown)
{
	struct send_job job;
	enum outcome outcome = OUTCOME_SENT;

	http_peer_script(peer, &(struct http_script){.hang = true});
	sending_webhook(&sending, &job, url, body);
	sender_send(sending.sender, &job, note, &outcome);
	for (double end = steady_seconds() + 10; http_peer_requests(peer) == 0 && steady_seconds() < end;)
		ev_run(sending.loop, EVRUN_NOWAIT);
	sender_stop(sending.sender);
	ck_assert_int_eq(outcome, OUTCOME_UNKNOWN);
	send_job_release(&job);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("transport");
	TCase *allowed = tcase_create("allowed"), *denied = tcase_create("denied");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(allowed, start, stop);
	tcase_set_timeout(allowed, 30);
	tcase_add_test(allowed, request_carries_stored_bytes_id_and_a_signature_that_verifies);
	tcase_add_test(allowed, connection_is_used_again);
	tcase_add_test(allowed, window_of_64_is_sent_at_once);
	tcase_add_test(allowed, redirect_is_not_followed);
	tcase_add_test(allowed, gone_endpoint_is_told);
	tcase_add_test(allowed, retry_after_pauses_the_lane);
	tcase_add_test(allowed, server_error_is_tried_again);
	tcase_add_test(allowed, endless_answer_with_good_headers_is_success_and_ends);
	tcase_add_test(allowed, trickling_answer_ends_in_time_and_counts_by_its_headers);
	tcase_add_test(allowed, hanging_endpoint_ends_in_time_and_holds_nobody_up);
	tcase_add_test(allowed, dropped_connection_is_tried_again);
	tcase_add_test(allowed, closed_port_is_a_connect_error);
	tcase_add_test(allowed, url_with_user_name_or_other_scheme_is_refused);
	tcase_add_test(allowed, proxy_variables_are_ignored);
	tcase_add_test(allowed, secret_that_does_not_open_is_a_failed_attempt);
	tcase_add_test(allowed, unknown_name_is_told);
	tcase_add_test(allowed, stopped_send_is_unknown);
	tcase_add_checked_fixture(denied, start_denying, stop);
	tcase_add_test(denied, denied_address_is_never_connected_to_however_it_is_spelt);
	suite_add_tcase(suite, allowed);
	suite_add_tcase(suite, denied);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
