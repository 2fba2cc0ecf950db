/* What the guard refuses and what it lets pass: api/request/guard.h as tables. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "api/request/guard.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const good_targets[] = {
	"/",
	"/v1/people",
	"/v1/people/",
	"/v1/people?page_size=5&group=families",
	"/v1/people?a=%C3%A9+x",
	"/v1/a.b/..c/...",
	"/v1/people?next=a//b/../c",
	"http://kept.example:8420/v1/people",
	"HTTPS://kept.example/v1",
};

START_TEST(ordinary_target_passes)
{
	const char *start;
	struct guard_fault fault = guard_target(good_targets[_i], &start);
	ck_assert_msg(!fault.code, "%s: %s", good_targets[_i], fault.detail);
	ck_assert_int_eq(*start, '/');
}
END_TEST

static const struct {
	const char *target, *code;
} bad_targets[] = {
	{"", "bad-request"},
	{"*", "bad-request"},
	{"v1/people", "bad-request"},
	{"http://kept.example", "bad-request"},
	{"ftp://kept.example/v1", "bad-request"},
	{"/v1/\x01people", "bad-request"},
	{"/v1/peo ple", "bad-request"},
	{"/v1/\x7f", "bad-request"},
	{"/v1/\xc3\xa9", "bad-request"},
	{"/v1#top", "bad-request"},
	{"/v1\\people", "bad-request"},
	{"/v1/<b>", "bad-request"},
	{"/v1/%", "bad-request"},
	{"/v1/%2", "bad-request"},
	{"/v1/%zz", "bad-request"},
	{"/v1/%00", "bad-request"},
	{"/v1?x=%0d%0a", "bad-request"},
	{"/v1/%7F", "bad-request"},
	{"//v1", "bad-request"},
	{"/v1//people", "bad-request"},
	{"/v1/people//", "bad-request"},
	{"/v1/./people", "bad-request"},
	{"/v1/../people", "bad-request"},
	{"/v1/..", "bad-request"},
	{"/..", "bad-request"},
	{"/.?x=1", "bad-request"},
	{"/v1/%2e%2E/people", "bad-request"},
	{"/v1/.%2e", "bad-request"},
	{"/v1%2fpeople", "bad-request"},
	{"/v1%5Cpeople", "bad-request"},
	{"http:///v1", "bad-request"},
	{"http://me@kept.example/v1", "bad-request"},
	{"http://kept.example:x/v1", "bad-request"},
};

START_TEST(doubtful_target_is_refused)
{
	const char *start;
	struct guard_fault fault = guard_target(bad_targets[_i].target, &start);
	ck_assert_msg(fault.code, "%s passed", bad_targets[_i].target);
	ck_assert_str_eq(fault.code, bad_targets[_i].code);
}
END_TEST

START_TEST(long_target_is_414)
{
	char target[4200];
	const char *start;
	memset(target, 'a', sizeof(target));
	target[0] = '/';
	target[4096] = '\0';
	ck_assert_ptr_null(guard_target(target, &start).code);
	target[4096] = 'a';
	target[4097] = '\0';
	ck_assert_str_eq(guard_target(target, &start).code, "uri-too-long");
}
END_TEST

START_TEST(methods_are_known_in_upper_case_only)
{
	static const char *const known[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"};
	static const char *const unknown[] = {"get", "FOO", "", "GETS", "GE", "POST "};
	for (size_t i = 0; i < COUNT(known); i++)
		ck_assert_msg(guard_method_known(known[i]), "%s", known[i]);
	for (size_t i = 0; i < COUNT(unknown); i++)
		ck_assert_msg(!guard_method_known(unknown[i]), "%s", unknown[i]);
}
END_TEST

/* Headers as "Name: value" lines; the version. `code` NULL: passes. */
static const struct {
	const char *code, *version;
	const char *lines[4];
} cases[] = {
	{NULL, "HTTP/1.1", {"Host: kept.example"}},
	{NULL, "HTTP/1.1", {"Host: [::1]:8420", "X-A: tab\there", "Content-Length: 12"}},
	{NULL, "HTTP/1.1", {"Host: a", "Transfer-Encoding: Chunked"}},
	{NULL, "HTTP/1.0", {NULL}},
	{NULL, "HTTP/1.1", {"Host: a", "X: 1", "X: 2"}},
	{"bad-request", "HTTP/1.1", {NULL}},
	{"bad-request", "HTTP/1.1", {"Host: "}},
	{"bad-request", "HTTP/1.1", {"Host: a", "host: a"}},
	{"bad-request", "HTTP/1.0", {"Host: a", "Host: b"}},
	{"bad-request", "HTTP/1.1", {"Host: a b"}},
	{"bad-request", "HTTP/1.1", {"Host: user@a"}},
	{NULL, "HTTP/1.1", {"Host: a:"}},
	{"bad-request", "HTTP/1.1", {"Host: a%20b"}},
	{"bad-request", "HTTP/1.1", {"Host: a%0ab"}},
	{"bad-request", "HTTP/1.1", {"Host: a:b"}},
	{"bad-request", "HTTP/1.1", {"Host: a:1:2"}},
	{"bad-request", "HTTP/1.1", {"Host: a:123456"}},
	{"bad-request", "HTTP/1.1", {"Host: :80"}},
	{"bad-request", "HTTP/1.1", {"Host: []"}},
	{"bad-request", "HTTP/1.1", {"Host: [::1"}},
	{"bad-request", "HTTP/1.1", {"Host: [::1]x"}},
	{"bad-request", "HTTP/1.1", {"Host: [g::1]"}},
	{"expectation-failed", "HTTP/1.1", {"Host: a", "Expect: 200-ok"}},
	{"expectation-failed", "HTTP/1.1", {"Host: a", "Expect: x", "Expect: 100-continue"}},
	{NULL, "HTTP/1.1", {"Host: a", "Expect: 100-Continue"}},
	{NULL, "HTTP/1.0", {"Expect: x"}},
	{"bad-request", "HTTP/1.1", {"Host: a/b"}},
	{"bad-request", "HTTP/1.1", {"Host: a", "Content-Length: 1", "Content-Length: 1"}},
	{"bad-request", "HTTP/1.1", {"Host: a", "Content-Length: 1, 1"}},
	{"bad-request", "HTTP/1.1", {"Host: a", "Content-Length: +1"}},
	{"bad-request", "HTTP/1.1", {"Host: a", "Content-Length: -1"}},
	{"bad-request", "HTTP/1.1", {"Host: a", "Content-Length: "}},
	{"bad-request", "HTTP/1.1", {"Host: a", "Content-Length: 99999999999999999999"}},
	{"bad-request", "HTTP/1.1", {"Host: a", "Content-Length: 1", "Transfer-Encoding: chunked"}},
	{"bad-request", "HTTP/1.1", {"Host: a", "Transfer-Encoding: gzip"}},
	{"bad-request", "HTTP/1.1", {"Host: a", "Transfer-Encoding: gzip, chunked"}},
	{"bad-request", "HTTP/1.1", {"Host: a", "Transfer-Encoding: chunked", "Transfer-Encoding: chunked"}},
	{"bad-request", "HTTP/1.0", {"Host: a", "Transfer-Encoding: chunked"}},
	{"bad-request", "HTTP/1.1", {"Host: a", "X: a\x01z"}},
	{"bad-request", "HTTP/1.1", {"Host: a", "X: a\x7f"}},
	{"bad-request", "HTTP/1.1", {"Host: a", "X y: a"}},
	{"bad-request", "HTTP/1.1", {"Host: a", "X : a"}},
	{"bad-request", "HTTP/1.1", {"Host: a", "Authorization: Bearer a", "authorization: Bearer b"}},
	{"bad-request", "HTTP/1.1", {"Host: a", "Idempotency-Key: a", "Idempotency-Key: a"}},
	{"bad-request", "HTTP/1.1", {"Host: a", "Content-Type: a/b", "Content-Type: a/b"}},
	{"http-version", "HTTP/1.2", {"Host: a"}},
	{"http-version", "", {"Host: a"}},
};

START_TEST(headers_are_judged)
{
	struct guard_headers headers = {0};
	for (size_t i = 0; i < 4 && cases[_i].lines[i]; i++) {
		char name[64] = "";
		const char *line = cases[_i].lines[i], *colon = strstr(line, ": ");
		memcpy(name, line, (size_t)(colon - line));
		guard_header(&headers, name, strlen(name), colon + 2, strlen(colon + 2));
	}
	struct guard_fault fault = guard_headers_end(&headers, cases[_i].version);
	if (cases[_i].code)
		ck_assert_msg(fault.code && strcmp(fault.code, cases[_i].code) == 0, "case %d: %s", _i, fault.code);
	else
		ck_assert_msg(!fault.code, "case %d: %s", _i, fault.detail);
}
END_TEST

START_TEST(nul_in_a_header_is_refused)
{
	struct guard_headers headers = {0};
	guard_header(&headers, "X", 1, "a\0b", 3);
	ck_assert_ptr_nonnull(headers.fault.code);
}
END_TEST

START_TEST(escapes_are_decoded_once)
{
	char plain[] = "a%2Fb%2520%C3%A9";
	size_t length;
	ck_assert(guard_unescape(plain, &length));
	ck_assert_str_eq(plain, "a/b%20\xc3\xa9");
	ck_assert_uint_eq(length, strlen(plain));
	char overlong[] = "%C0%AF", nul[] = "a%00b", cut[] = "%E2%82", control[] = "%1b";
	ck_assert(!guard_unescape(overlong, &length));
	ck_assert(!guard_unescape(nul, &length));
	ck_assert(!guard_unescape(cut, &length));
	ck_assert(!guard_unescape(control, &length));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("guard");
	TCase *all = tcase_create("guard");
	tcase_add_loop_test(all, ordinary_target_passes, 0, COUNT(good_targets));
	tcase_add_loop_test(all, doubtful_target_is_refused, 0, COUNT(bad_targets));
	tcase_add_test(all, long_target_is_414);
	tcase_add_test(all, methods_are_known_in_upper_case_only);
	tcase_add_loop_test(all, headers_are_judged, 0, COUNT(cases));
	tcase_add_test(all, nul_in_a_header_is_refused);
	tcase_add_test(all, escapes_are_decoded_once);
	suite_add_tcase(suite, all);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
