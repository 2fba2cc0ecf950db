/* What the API answers to requests that are not as they should be, byte by byte over a socket. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kept/limits.h"
#include "kept/text.h"
#include "tests/support/api.h"
#include "tests/support/cluster.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define HOST "Host: a\r\n"
#define JSON "Content-Type: application/json\r\n"

static struct cluster *cluster;
static struct api api;

static void start_all(void)
{
	cluster = cluster_start(NULL);
	char *url = cluster_database(cluster, "edge", CLUSTER_MIGRATED);
	api_start(&api, url, "2");
	free(url);
}

static void stop_all(void)
{
	api_release(&api);
	cluster_stop(cluster);
}

/* `problem`: the reply is a problem of ours; libmicrohttpd's own refusals are plain pages. `K` stands for the key. */
static const struct {
	const char *bytes;
	size_t length; /* 0: a string */
	int status;
	bool closes;
	const char *problem;
} raw[] = {
	{"GET /livez HTTP/1.1\r\n" HOST "\r\n", 0, 200, false, NULL},
	{"GET /livez HTTP/1.0\r\n\r\n", 0, 200, true, NULL},
	{"GET http://kept.example/livez HTTP/1.1\r\n" HOST "\r\n", 0, 200, false, NULL},
	{"HEAD /livez HTTP/1.1\r\n" HOST "\r\n", 0, 200, false, NULL},
	{"OPTIONS /livez HTTP/1.1\r\n" HOST "\r\n", 0, 204, false, NULL},
	{"GET /livez HTTP/1.1\r\n\r\n", 0, 400, true, "bad-request"},
	{"GET /livez HTTP/1.1\r\n" HOST HOST "\r\n", 0, 400, true, "bad-request"},
	{"GET /livez HTTP/1.1\r\nHost: a@b\r\n\r\n", 0, 400, true, "bad-request"},
	{"GET /livez\0x HTTP/1.1\r\n" HOST "\r\n", sizeof("GET /livez\0x HTTP/1.1\r\n" HOST "\r\n") - 1, 400, true,
	 "bad-request"},
	{"GET /livez\0 HTTP/1.1\r\n" HOST "\r\n", sizeof("GET /livez\0 HTTP/1.1\r\n" HOST "\r\n") - 1, 400, true,
	 "bad-request"},
	{"GET /li\x01vez HTTP/1.1\r\n" HOST "\r\n", 0, 400, true, "bad-request"},
	{"GET /li vez HTTP/1.1\r\n" HOST "\r\n", 0, 400, true, "bad-request"},
	{"GET /%zz HTTP/1.1\r\n" HOST "\r\n", 0, 400, true, "bad-request"},
	{"GET /%00 HTTP/1.1\r\n" HOST "\r\n", 0, 400, true, "bad-request"},
	{"GET /v1/../livez HTTP/1.1\r\n" HOST "\r\n", 0, 400, true, "bad-request"},
	{"GET /v1/%2e%2E/livez HTTP/1.1\r\n" HOST "\r\n", 0, 400, true, "bad-request"},
	{"GET //livez HTTP/1.1\r\n" HOST "\r\n", 0, 400, true, "bad-request"},
	{"GET /livez HTTP/1.1\r\n" HOST "X: a\x01z\r\n\r\n", 0, 400, true, "bad-request"},
	{"GET /livez HTTP/1.1\r\n" HOST "X y: a\r\n\r\n", 0, 400, true, "bad-request"},
	{"GET /livez HTTP/1.1\r\n" HOST "X : a\r\n\r\n", 0, 400, true, "bad-request"},
	{"GET /livez HTTP/1.1\r\n" HOST "no colon\r\n\r\n", 0, 400, true, NULL},
	{"POST /v1/people HTTP/1.1\r\n" HOST "K"
	 "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
	 0, 400, true, "bad-request"},
	{"POST /v1/people HTTP/1.1\r\n" HOST "K"
	 "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	 0, 400, true, "bad-request"},
	{"POST /v1/people HTTP/1.1\r\n" HOST "K"
	 "Transfer-Encoding: gzip\r\n\r\n0\r\n\r\n",
	 0, 400, true, "bad-request"},
	{"POST /v1/people HTTP/1.1\r\n" HOST "K"
	 "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
	 0, 400, true, "bad-request"},
	{"POST /v1/people HTTP/1.0\r\n" HOST "K"
	 "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	 0, 400, true, "bad-request"},
	{"POST /v1/people HTTP/1.1\r\n" HOST "K"
	 "Content-Length: +5\r\n\r\n{}   ",
	 0, 400, true, NULL},
	{"POST /v1/people HTTP/1.1\r\n" HOST "K" JSON "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n", 0, 400,
	 true, NULL},
	{"TRACE /livez HTTP/1.1\r\n" HOST "\r\n", 0, 405, false, "method-not-allowed"},
	{"PUT /v1/people HTTP/1.1\r\n" HOST "K"
	 "\r\n",
	 0, 405, false, "method-not-allowed"},
	{"get /livez HTTP/1.1\r\n" HOST "\r\n", 0, 501, true, "not-implemented"},
	{"FOO /livez HTTP/1.1\r\n" HOST "\r\n", 0, 501, true, "not-implemented"},
	{"GET /livez HTTP/1.2\r\n" HOST "\r\n", 0, 505, true, "http-version"},
	{"GET /nothing HTTP/1.1\r\n" HOST "\r\n", 0, 404, false, "not-found"},
	{"GET /v1/people/ HTTP/1.1\r\n" HOST "K"
	 "\r\n",
	 0, 404, false, "not-found"},
	{"GET /v1/people/abc HTTP/1.1\r\n" HOST "K"
	 "\r\n",
	 0, 404, false, "not-found"},
	{"GET /v1/people?x=1 HTTP/1.1\r\n" HOST "K"
	 "\r\n",
	 0, 400, false, "bad-request"},
	{"GET /v1/people?page_size=1&page_size=1 HTTP/1.1\r\n" HOST "K"
	 "\r\n",
	 0, 400, false, "bad-request"},
	{"GET /v1/people?page_size=-1 HTTP/1.1\r\n" HOST "K"
	 "\r\n",
	 0, 400, false, "bad-request"},
	{"GET /v1/people?page_token=%C0%AF HTTP/1.1\r\n" HOST "K"
	 "\r\n",
	 0, 400, false, "bad-request"},
	{"GET /v1/people?page_token=ks1.k1.AAAA HTTP/1.1\r\n" HOST "K"
	 "\r\n",
	 0, 400, false, "bad-page-token"},
	{"GET /v1/people HTTP/1.1\r\n" HOST "\r\n", 0, 401, false, "unauthorized"},
	{"GET /livez HTTP/1.1\r\n" HOST "Authorization: Bearer kept_cut\r\n\r\n", 0, 401, false, "unauthorized"},
	{"GET /livez HTTP/1.1\r\n" HOST "Authorization: Bearer another\r\n\r\n", 0, 200, false, NULL},
	{"GET /livez HTTP/1.1\r\n" HOST "Authorization: Basic a2VwdF8=\r\n\r\n", 0, 200, false, NULL},
	{"GET /livez HTTP/1.1\r\n" HOST "K"
	 "\r\n",
	 0, 200, false, NULL},
	{"GET /v1/people HTTP/1.1\r\n" HOST "K"
	 "K"
	 "\r\n",
	 0, 400, true, "bad-request"},
	{"GET /livez HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\n{}", 0, 400, true, "bad-request"},
	{"POST /v1/people HTTP/1.1\r\n" HOST "K"
	 "Content-Length: 2\r\n\r\n{}",
	 0, 415, false, "unsupported-media-type"},
	{"POST /v1/people HTTP/1.1\r\n" HOST "K"
	 "Content-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}",
	 0, 415, false, "unsupported-media-type"},
	{"POST /v1/people HTTP/1.1\r\n" HOST "K" JSON "Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}", 0, 415,
	 false, "unsupported-media-type"},
	{"POST /v1/people HTTP/1.1\r\n" HOST "K"
	 "Expect: 100-continue\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\n",
	 0, 415, true, "unsupported-media-type"},
	{"POST /v1/people HTTP/1.1\r\n" HOST "K" JSON "\r\n", 0, 400, false, "bad-request"},
	{"POST /v1/people HTTP/1.1\r\n" HOST "K" JSON "Content-Length: 1\r\n\r\n{", 0, 400, false, "bad-request"},
	{"POST /v1/people HTTP/1.1\r\n" HOST "K" JSON "Content-Length: 2\r\n\r\n[]", 0, 422, false, "invalid"},
	{"POST /v1/people HTTP/1.1\r\n" HOST "K" JSON "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 0, 422,
	 true, "invalid"},
	{"POST /v1/people HTTP/1.1\r\n" HOST "K" JSON "Idempotency-Key: \"\"\r\nContent-Length: 2\r\n\r\n{}", 0, 400,
	 false, "bad-request"},
	{"POST /v1/people HTTP/1.1\r\n" HOST "K" JSON "Content-Length: 2000000\r\n\r\n{", 0, 413, true, "too-large"},
	{"DELETE /v1/people/01a20900-ea91-78a5-90ba-b2d2aab6ae00 HTTP/1.1\r\n" HOST "K"
	 "\r\n",
	 0, 428, false, "precondition-required"},
	{"DELETE /v1/people/01a20900-ea91-78a5-90ba-b2d2aab6ae00 HTTP/1.1\r\n" HOST "K"
	 "If-Match: 1\r\n\r\n",
	 0, 400, false, "bad-request"},
	{"DELETE /v1/people/01a20900-ea91-78a5-90ba-b2d2aab6ae00 HTTP/1.1\r\n" HOST "K"
	 "If-Match: \"x\"\r\n\r\n",
	 0, 412, false, "precondition-failed"},
	{"GET /v1/people/01a20900-ea91-78a5-90ba-b2d2aab6ae00 HTTP/1.1\r\n" HOST "K"
	 "\r\n",
	 0, 404, false, "not-found"},
};

/* The bytes with each "K" of the table replaced by the header with the key. */
static char *with_key(const char *bytes, size_t *length)
{
	static char out[4096];
	size_t used = 0;
	for (size_t i = 0; i < *length; i++) {
		/* K alone at the begin of a line, or right after another. */
		bool key = bytes[i] == 'K' && i > 0 && (bytes[i - 1] == '\n' || bytes[i - 1] == 'K');
		if (key)
			used += (size_t)snprintf(out + used, sizeof(out) - used, "Authorization: Bearer %s\r\n",
						 api.key);
		else
			out[used++] = bytes[i];
	}
	*length = used;
	return out;
}

START_TEST(doubtful_request_gets_its_status)
{
	size_t length = raw[_i].length ? raw[_i].length : strlen(raw[_i].bytes);
	const char *bytes = with_key(raw[_i].bytes, &length);
	int fd = api_connect(&api);
	api_write(fd, bytes, length);
	struct api_reply reply = api_read(fd, strncmp(bytes, "HEAD", 4) == 0, 10);
	ck_assert_msg(reply.status == raw[_i].status, "case %d: %d %s", _i, reply.status, reply.body);
	char *type = api_header(&reply, "Content-Type"), *id = api_header(&reply, "X-Request-Id");
	if (raw[_i].problem) {
		char *address = api_member(&reply, "type"), *instance = api_member(&reply, "instance");
		ck_assert_str_eq(type, "application/problem+json");
		ck_assert_msg(strstr(address, raw[_i].problem) != NULL, "case %d: %s", _i, address);
		ck_assert_str_eq(instance + strlen("urn:uuid:"), id);
		free(address);
		free(instance);
	}
	ck_assert_msg(api_closes(fd, raw[_i].closes ? 5 : 0.02) == raw[_i].closes, "case %d", _i);
	close(fd);
	free(type);
	free(id);
	api_reply_release(&reply);
}
END_TEST

START_TEST(connection_serves_on_after_an_ordinary_refusal)
{
	int fd = api_connect(&api);
	for (int i = 0; i < 3; i++) {
		char *request = api_request(&api, "POST", "/v1/people", NULL, "{}");
		api_write(fd, request, strlen(request));
		struct api_reply reply = api_read(fd, false, 10);
		ck_assert_int_eq(reply.status, 422);
		api_reply_release(&reply);
		free(request);
	}
	close(fd);
}
END_TEST

START_TEST(long_body_is_413_also_in_chunks)
{
	static char body[3 * 32768 + 64];
	memset(body, 'x', sizeof(body) - 1);
	struct api_reply reply = api_ask(&api, "POST", "/v1/people", NULL, body);
	ck_assert_int_eq(reply.status, 413);
	api_reply_release(&reply);
	char *head = api_request(&api, "POST", "/v1/people",
				 "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n", NULL);
	int fd = api_connect(&api);
	api_write(fd, head, strlen(head));
	for (int i = 0; i < 3; i++) {
		api_write(fd, "8000\r\n", 6);
		api_write(fd, body, 32768);
		api_write(fd, "\r\n", 2);
	}
	api_write(fd, "0\r\n\r\n", 5);
	reply = api_read(fd, false, 10);
	ck_assert_int_eq(reply.status, 413);
	api_reply_release(&reply);
	free(head);
	close(fd);
}
END_TEST

START_TEST(body_without_end_is_cut_off)
{
	static char piece[32768];
	char *head = api_request(&api, "POST", "/v1/people",
				 "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n", NULL);
	int fd = api_connect(&api);
	memset(piece, 'x', sizeof(piece));
	api_write(fd, head, strlen(head));
	for (int i = 0; i < 64; i++) {
		api_write(fd, "8000\r\n", 6);
		api_write(fd, piece, sizeof(piece));
		api_write(fd, "\r\n", 2);
	}
	ck_assert(api_closes(fd, 5));
	free(head);
	close(fd);
}
END_TEST

START_TEST(headers_and_targets_have_a_limit)
{
	static char headers[42000], target[42000];
	memset(headers, 'a', sizeof(headers) - 3);
	memcpy(headers, "X: ", 3);
	memcpy(headers + sizeof(headers) - 3, "\r\n", 3);
	struct api_reply reply = api_ask(&api, "GET", "/v1/people", headers, NULL);
	ck_assert_int_eq(reply.status, 431);
	api_reply_release(&reply);
	memset(target, 'a', sizeof(target) - 1);
	target[0] = '/';
	reply = api_ask(&api, "GET", target, NULL, NULL);
	ck_assert_int_eq(reply.status, 414);
	api_reply_release(&reply);
	target[5000] = '\0';
	reply = api_ask(&api, "GET", target, NULL, NULL);
	ck_assert_int_eq(reply.status, 414);
	char *type = api_header(&reply, "Content-Type");
	ck_assert_str_eq(type, "application/problem+json");
	free(type);
	api_reply_release(&reply);
}
END_TEST

START_TEST(unknown_and_malformed_keys_are_answered_alike)
{
	static const char *const keys[] = {
		"",
		"Authorization: Bearer kept_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\r\n",
		"Authorization: Bearer nonsense\r\n",
		"Authorization: Basic YTpi\r\n",
	};
	char *first = NULL;
	for (size_t i = 0; i < COUNT(keys); i++) {
		char bytes[512];
		snprintf(bytes, sizeof(bytes), "GET /v1/people HTTP/1.1\r\n" HOST "%s\r\n", keys[i]);
		int fd = api_connect(&api);
		api_write(fd, bytes, strlen(bytes));
		struct api_reply reply = api_read(fd, false, 10);
		ck_assert_int_eq(reply.status, 401);
		char *challenge = api_header(&reply, "WWW-Authenticate"), *detail = api_member(&reply, "detail");
		ck_assert_ptr_nonnull(challenge);
		if (first)
			ck_assert_str_eq(detail, first);
		else
			first = strdup(detail);
		free(challenge);
		free(detail);
		api_reply_release(&reply);
		close(fd);
	}
	free(first);
}
END_TEST

START_TEST(not_allowed_names_the_methods)
{
	struct api_reply reply = api_ask(&api, "PUT", "/v1/people", NULL, NULL);
	char *allow = api_header(&reply, "Allow");
	ck_assert_int_eq(reply.status, 405);
	ck_assert_msg(allow && strstr(allow, "GET") && strstr(allow, "POST") && !strstr(allow, "PUT"), "%s", allow);
	free(allow);
	api_reply_release(&reply);
}
END_TEST

START_TEST(replies_carry_the_safe_headers)
{
	static const char *const targets[] = {"/", "/livez", "/v1/people", "/v1/people?x=1", "/nothing"};
	for (size_t i = 0; i < COUNT(targets); i++) {
		struct api_reply reply = api_ask(&api, "GET", targets[i], NULL, NULL);
		char *sniff = api_header(&reply, "X-Content-Type-Options"),
		     *policy = api_header(&reply, "Content-Security-Policy"),
		     *cache = api_header(&reply, "Cache-Control"), *id = api_header(&reply, "X-Request-Id");
		ck_assert_str_eq(sniff, "nosniff");
		ck_assert(text_starts(policy, "default-src 'none'") && strstr(policy, "frame-ancestors 'none'"));
		ck_assert_msg(i < 2 || strcmp(cache, "no-store") == 0, "%s: %s", targets[i], cache);
		ck_assert_ptr_nonnull(id);
		free(sniff);
		free(policy);
		free(cache);
		free(id);
		api_reply_release(&reply);
	}
}
END_TEST

START_TEST(log_tells_requests_and_no_key)
{
	struct api_reply reply = api_ask(&api, "GET", "/v1/people?page_size=3", NULL, NULL);
	char *id = api_header(&reply, "X-Request-Id"), *log;
	ck_assert(program_log_until(&api.program, id, 5));
	log = program_log(&api.program);
	ck_assert_ptr_nonnull(strstr(log, "\"route\":\"/v1/people\""));
	ck_assert_ptr_nonnull(strstr(log, api.district));
	ck_assert_ptr_null(strstr(log, api.key));
	free(log);
	free(id);
	api_reply_release(&reply);
}
END_TEST

START_TEST(id_of_a_refused_request_is_in_problem_header_and_log)
{
	struct api_reply reply = api_ask(&api, "GET", "/v1/people?none=1", NULL, NULL);
	char *id = api_header(&reply, "X-Request-Id"), *instance = api_member(&reply, "instance"), *log, *line;
	ck_assert_int_eq(reply.status, 400);
	ck_assert_str_eq(instance + strlen("urn:uuid:"), id);
	ck_assert(program_log_until(&api.program, id, 5));
	log = program_log(&api.program);
	line = strstr(log, id);
	ck_assert(strcspn(line, "\n") > (size_t)(strstr(line, "\"status\":400") - line));
	free(log);
	free(instance);
	free(id);
	api_reply_release(&reply);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("edge");
	TCase *all = tcase_create("edge");
	tcase_set_timeout(all, 90);
	tcase_add_unchecked_fixture(all, start_all, stop_all);
	tcase_add_loop_test(all, doubtful_request_gets_its_status, 0, COUNT(raw));
	tcase_add_test(all, connection_serves_on_after_an_ordinary_refusal);
	tcase_add_test(all, long_body_is_413_also_in_chunks);
	tcase_add_test(all, body_without_end_is_cut_off);
	tcase_add_test(all, headers_and_targets_have_a_limit);
	tcase_add_test(all, unknown_and_malformed_keys_are_answered_alike);
	tcase_add_test(all, not_allowed_names_the_methods);
	tcase_add_test(all, replies_carry_the_safe_headers);
	tcase_add_test(all, log_tells_requests_and_no_key);
	tcase_add_test(all, id_of_a_refused_request_is_in_problem_header_and_log);
	suite_add_tcase(suite, all);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
