/*
 * A trace goes from the request through the log, the event and the reminder to the webhook, each hop with a span of its
 * own (W3C Trace Context).
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kept/trace.h"
#include "tests/support/http_peer.h"
#include "tests/support/query.h"
#include "tests/support/world.h"

#define ID "4bf92f3577b34da6a3ce929d0e0e4736"
#define SPAN "00f067aa0ba902b7"
#define GOOD "00-" ID "-" SPAN "-01"

static struct world world;
static struct http_peer *peer;

static void start_all(void)
{
	world_start(&world, "trace");
}

static void stop_all(void)
{
	world_stop(&world);
}

static void start(void)
{
	peer = http_peer_start();
	ck_assert_ptr_nonnull(peer);
}

static void stop(void)
{
	http_peer_stop(peer);
}

static struct answer post(const char *headers, const char *target, const char *body)
{
	return ask(&world.asking, world.lakeview.admin, "POST", target, headers, body);
}

static const char *endpoint(const char *events)
{
	return world_make(
		&world, world.lakeview.admin, "/v1/webhook-endpoints",
		text_of("{\"url\":\"http://127.0.0.1:%d/\",\"events\":[\"%s\"]}", http_peer_port(peer), events));
}

static void forget(const char *endpoint_id)
{
	must_be(204, ask(&world.asking, world.lakeview.admin, "DELETE",
			 text_of("/v1/webhook-endpoints/%s", endpoint_id), "If-Match: *\r\n", NULL));
}

struct hop {
	char parent[TRACE_PARENT_SIZE + 20], state[600], id[100];
};

/* What the peer got with its request of that number. */
static struct hop hop(int number)
{
	struct hop got = {0};
	struct http_request request;
	ck_assert_msg(http_peer_request(peer, number, &request), "request %d did not come", number);
	ck_assert(http_request_header(&request, "traceparent", got.parent, sizeof(got.parent)));
	(void)!http_request_header(&request, "tracestate", got.state, sizeof(got.state));
	ck_assert(http_request_header(&request, "webhook-id", got.id, sizeof(got.id)));
	http_request_release(&request);
	ck_assert_uint_eq(strlen(got.parent), 55);
	return got;
}

static const char *promise_with(const char *headers)
{
	struct answer made =
		must(201, post(headers, "/v1/commitments",
			       text_of("{\"group\":\"families\",\"title\":\"Traced\",\"due_on\":\"2027-02-15\","
				       "\"owner\":{\"person_id\":\"%s\"}}",
				       world.lakeview.person)));
	const char *id = at(&made, "id");
	answer_release(&made);
	return id;
}

START_TEST(the_trace_of_a_request_reaches_the_webhook)
{
	const char *made = endpoint("commitment.*");
	promise_with("traceparent: " GOOD "\r\nTracestate: foo=1\r\nTRACESTATE: bar=2,foo=3\r\n");
	world_work(&world);
	struct hop got = hop(0);
	ck_assert_msg(strncmp(got.parent, "00-" ID "-", 36) == 0, "%s", got.parent);
	ck_assert_str_eq(got.parent + 52, "-01");
	ck_assert_str_eq(got.state, "foo=1,bar=2");
	/* Neither the caller's span nor the request's. */
	char *kept = query_text(world.superuser, "select traceparent from kept.event where traceparent like '00-" ID
						 "%' and type = 'commitment.created'");
	ck_assert_uint_eq(strlen(kept), 55);
	ck_assert(memcmp(got.parent + 36, SPAN, 16) != 0 && memcmp(kept + 36, SPAN, 16) != 0);
	ck_assert(memcmp(got.parent + 36, kept + 36, 16) != 0);
	/* The request's span is in its log line, with the caller's. */
	char line[200];
	snprintf(line, sizeof(line), "\"trace\":\"" ID "\",\"span\":\"%.16s\",\"parent\":\"" SPAN "\"", kept + 36);
	char *log = program_log(&world.api.program);
	ck_assert_msg(strstr(log, line), "no %s in the log", line);
	free(log);
	free(kept);
	forget(made);
}
END_TEST

START_TEST(each_attempt_is_a_span_of_the_same_trace)
{
	const char *made = endpoint("commitment.*");
	http_peer_script_times(peer, &(struct http_script){.status = 503}, 1);
	promise_with("traceparent: " GOOD "\r\n");
	world_work(&world);
	world_clock(&world, "2027-01-10 16:00:00+00");
	world_work(&world);
	world_clock(&world, WORLD_NOW);
	ck_assert_int_ge(http_peer_requests(peer), 2);
	struct hop first = hop(0), second = hop(http_peer_requests(peer) - 1);
	ck_assert_str_eq(first.id, second.id);
	ck_assert_int_eq(strncmp(first.parent, "00-" ID "-", 36), 0);
	ck_assert_int_eq(strncmp(second.parent, "00-" ID "-", 36), 0);
	ck_assert(memcmp(first.parent + 36, second.parent + 36, 16) != 0);
	ck_assert_str_eq(first.state, "");
	forget(made);
}
END_TEST

/* Malformed or none: a trace all the same, and never a refusal. */
START_TEST(without_a_good_traceparent_a_new_trace_goes_on)
{
	static const char *const table[] = {
		NULL,
		"traceparent: nonsense\r\ntracestate: foo=1\r\n",
		"traceparent: " GOOD "x\r\n",
		"traceparent: " GOOD "\r\ntraceparent: " GOOD "\r\n",
		"traceparent: \r\n",
		"tracestate: foo=1\r\n",
	};
	const char *made = endpoint("commitment.created");
	int count = (int)(sizeof(table) / sizeof(table[0]));
	for (int i = 0; i < count; i++)
		promise_with(table[i]);
	world_work(&world);
	ck_assert_int_eq(http_peer_requests(peer), count);
	for (int i = 0; i < count; i++) {
		struct hop got = hop(i);
		ck_assert_msg(!strstr(got.parent, ID), "%s", got.parent);
		ck_assert_str_eq(got.parent + 52, "-02");
		ck_assert_str_eq(got.state, "");
		for (int n = 0; n < i; n++)
			ck_assert(memcmp(hop(n).parent + 3, got.parent + 3, 32) != 0);
	}
	forget(made);
}
END_TEST

START_TEST(a_reminder_asked_for_belongs_to_the_trace_that_asked)
{
	const char *promise = promise_with(NULL);
	must_be(201,
		post(NULL, text_of("/v1/people/%s/contacts", world.lakeview.person),
		     text_of("{\"channel\":\"webhook\",\"address\":\"http://127.0.0.1:%d/\"}", http_peer_port(peer))));
	must_be(202, post("traceparent: " GOOD "\r\ntracestate: foo=1\r\n",
			  text_of("/v1/commitments/%s/remind", promise), "{}"));
	world_work(&world);
	struct hop got = hop(0);
	ck_assert_msg(strncmp(got.parent, "00-" ID "-", 36) == 0, "%s", got.parent);
	ck_assert_str_eq(got.state, "foo=1");
	/* The one whose day comes is a trace of its own: the message's id, which all attempts share. */
	world_clock(&world, "2027-02-13 14:00:00+00");
	world_work(&world);
	world_clock(&world, WORLD_NOW);
	got = hop(http_peer_requests(peer) - 1);
	ck_assert_int_ge(http_peer_requests(peer), 2);
	ck_assert_msg(memcmp(got.parent + 3, got.id + 4, 32) == 0, "%s is not the trace of %s", got.parent, got.id);
	ck_assert_str_eq(got.parent + 52, "-02");
}
END_TEST

START_TEST(each_request_has_a_trace_in_the_log)
{
	must_be(401,
		ask(&world.asking, NULL, "GET", "/v1/schools", "traceparent: 00-" ID "-1234567890123456-00\r\n", NULL));
	ck_assert(program_log_until(&world.api.program, "\"parent\":\"1234567890123456\"", 10));
	must_be(200, ask(&world.asking, world.lakeview.admin, "GET", "/v1/groups", NULL, NULL));
	ck_assert(program_log_until(&world.api.program, "\"route\":\"/v1/groups\"", 10));
	char *log = program_log(&world.api.program);
	for (const char *line = strstr(log, "\"event\":\"request\""); line;
	     line = strstr(line + 1, "\"event\":\"request\"")) {
		size_t length = strcspn(line, "\n");
		ck_assert_msg(memmem(line, length, "\"trace\":\"", 9) && memmem(line, length, "\"span\":\"", 8), "%.*s",
			      (int)length, line);
	}
	free(log);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("trace");
	TCase *all = tcase_create("trace");
	tcase_set_timeout(all, 120);
	tcase_add_unchecked_fixture(all, start_all, stop_all);
	tcase_add_checked_fixture(all, start, stop);
	tcase_add_test(all, the_trace_of_a_request_reaches_the_webhook);
	tcase_add_test(all, each_attempt_is_a_span_of_the_same_trace);
	tcase_add_test(all, without_a_good_traceparent_a_new_trace_goes_on);
	tcase_add_test(all, a_reminder_asked_for_belongs_to_the_trace_that_asked);
	tcase_add_test(all, each_request_has_a_trace_in_the_log);
	suite_add_tcase(suite, all);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
