/* What Kept answers to requests byte by byte (tests/support/raw_requests.h), and that nothing behind them is heard. */
#include <check.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kept/text.h"
#include "tests/support/api.h"
#include "tests/support/cluster.h"
#include "tests/support/raw_requests.h"

static struct cluster *cluster;
static struct api api;

static void start_all(void)
{
	cluster = cluster_start(NULL);
	char *url = cluster_database(cluster, "guard", CLUSTER_MIGRATED);
	api_start(&api, url, "1");
	free(url);
}

static void stop_all(void)
{
	api_release(&api);
	cluster_stop(cluster);
}

/* How often Kept has told of the request behind. */
static int heard_behind(void)
{
	char *log = program_log(&api.program);
	int heard = 0;
	for (const char *at = log; (at = strstr(at, "\"route\":\"" RAW_BEHIND_ROUTE "\"")); at++)
		heard++;
	free(log);
	return heard;
}

START_TEST(request_gets_its_status_and_nothing_behind_it_is_heard)
{
	const struct raw_request *raw = &raw_requests[_i];
	int fd = api_connect(&api), before = heard_behind();
	struct text out;
	text_init(&out, 64 * 1024);
	text_add(&out, raw->bytes, raw->length);
	if (raw->by != SERVED)
		text_adds(&out, RAW_BEHIND);
	api_write(fd, out.bytes, out.length);
	struct api_reply reply = api_read(fd, false, 10);
	ck_assert_msg(reply.status == raw->status, "%s: %d, not %d: %s", raw->name, reply.status, raw->status,
		      reply.body);
	char *type = api_header(&reply, "Content-Type");
	bool problem = type && strcmp(type, "application/problem+json") == 0;
	if (raw->by != SERVED) {
		ck_assert_msg(problem == (raw->by == BY_KEPT), "%s: %s", raw->name, reply.body);
		ck_assert_msg(api_closes(fd, 5), "%s: left open", raw->name);
		ck_assert_msg(heard_behind() == before, "%s: what stood behind it was read as a request", raw->name);
	}
	close(fd);
	free(type);
	api_reply_release(&reply);
	text_release(&out);
}
END_TEST

/* The log of the others is worth something only if it would tell. */
START_TEST(request_behind_an_ordinary_one_is_heard)
{
	static const char both[] = "GET /livez HTTP/1.1\r\nHost: a\r\n\r\n" RAW_BEHIND;
	int fd = api_connect(&api);
	api_write(fd, both, sizeof(both) - 1);
	ck_assert(program_log_until(&api.program, "\"route\":\"" RAW_BEHIND_ROUTE "\"", 10));
	close(fd);
}
END_TEST

/* libmicrohttpd's buffer grows and moves meanwhile: that must not look like a doubtful head. */
START_TEST(long_head_in_small_pieces_is_plain)
{
	static const char line[] = "X-Padding: 01234567890123456789012345678901234567890123456789\r\n";
	char *request = api_request(&api, "GET", "/v1/people?x=1", NULL, NULL);
	struct text out;
	text_init(&out, 64 * 1024);
	text_add(&out, request, strlen(request) - 2);
	for (int i = 0; i < 200; i++)
		text_add(&out, line, sizeof(line) - 1);
	text_adds(&out, "\r\n");
	for (size_t piece = 1; piece < 2000; piece = piece * 3 + 50) {
		int fd = api_connect(&api), one = 1;
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		for (size_t at = 0; at < out.length; at += piece)
			api_write(fd, out.bytes + at, out.length - at < piece ? out.length - at : piece);
		struct api_reply reply = api_read(fd, false, 10);
		char *detail = api_member(&reply, "detail");
		ck_assert_str_eq(detail, "A query parameter is wrong. See errors.");
		free(detail);
		api_reply_release(&reply);
		close(fd);
	}
	text_release(&out);
	free(request);
}
END_TEST

static const struct {
	const char *line, *headers;
	int status;
} refused[] = {
	{"POST /v1/people", "", 401},
	{"POST /nothing", "", 404},
	{"PUT /v1/people", "", 405},
	{"TRACE /v1/people", "", 405},
	{"FOO /v1/people", "", 501},
	{"POST /v1/people", "Expect: 100-continue\r\n", 401},
	{"POST /v1/people", "Expect: 42\r\n", 417},
	{"POST /v1/people", "Authorization: Bearer x\r\nAuthorization: Bearer y\r\n", 400},
	{"GET /livez", "", 400},
};

START_TEST(body_of_a_refused_request_is_not_read_as_one)
{
	char bytes[1024];
	int length =
		snprintf(bytes, sizeof(bytes), "%s HTTP/1.1\r\nHost: a\r\n%sContent-Length: %zu\r\n\r\n" RAW_BEHIND,
			 refused[_i].line, refused[_i].headers, sizeof(RAW_BEHIND) - 1);
	int fd = api_connect(&api), before = heard_behind();
	api_write(fd, bytes, (size_t)length);
	struct api_reply reply = api_read(fd, false, 10), more = api_read(fd, false, 0.1);
	ck_assert_int_eq(reply.status, refused[_i].status);
	ck_assert_int_eq(more.status, 0);
	ck_assert_int_eq(heard_behind(), before);
	api_reply_release(&reply);
	api_reply_release(&more);
	close(fd);
}
END_TEST

START_TEST(trailers_are_refused)
{
	char *head = api_request(&api, "POST", "/v1/people",
				 "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n", NULL);
	static const char *const ends[] = {"0\r\n\r\n", "0\r\nX: y\r\n\r\n"};
	for (int i = 0; i < 2; i++) {
		int fd = api_connect(&api);
		api_write(fd, head, strlen(head));
		api_write(fd, "2\r\n{}\r\n", 7);
		api_write(fd, ends[i], strlen(ends[i]));
		struct api_reply reply = api_read(fd, false, 10);
		ck_assert_int_eq(reply.status, i == 0 ? 422 : 400);
		ck_assert(reply.closed);
		api_reply_release(&reply);
		close(fd);
	}
	free(head);
}
END_TEST

START_TEST(keys_of_ten_kilobytes_are_refused)
{
	char key[10 * 1024 + 1], headers[11 * 1024];
	memset(key, 'k', sizeof(key) - 1);
	key[sizeof(key) - 1] = '\0';
	snprintf(headers, sizeof(headers), "Idempotency-Key: %s\r\n", key);
	struct api_reply reply = api_ask(&api, "POST", "/v1/people", headers, "{}");
	ck_assert_int_eq(reply.status, 400);
	api_reply_release(&reply);
	snprintf(headers, sizeof(headers),
		 "GET /v1/people HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer kept_%s\r\n\r\n", key);
	int fd = api_connect(&api);
	api_write(fd, headers, strlen(headers));
	reply = api_read(fd, false, 10);
	ck_assert_int_eq(reply.status, 401);
	api_reply_release(&reply);
	close(fd);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("guard_wire");
	TCase *all = tcase_create("guard_wire");
	tcase_set_timeout(all, 60);
	tcase_add_unchecked_fixture(all, start_all, stop_all);
	tcase_add_loop_test(all, request_gets_its_status_and_nothing_behind_it_is_heard, 0, (int)raw_request_count);
	tcase_add_loop_test(all, body_of_a_refused_request_is_not_read_as_one, 0, sizeof(refused) / sizeof(refused[0]));
	tcase_add_test(all, trailers_are_refused);
	tcase_add_test(all, keys_of_ten_kilobytes_are_refused);
	tcase_add_test(all, long_head_in_small_pieces_is_plain);
	/* Last: its request is heard. */
	tcase_add_test(all, request_behind_an_ordinary_one_is_heard);
	suite_add_tcase(suite, all);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
