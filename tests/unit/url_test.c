/* Which webhook URLs are taken, and how they are read: worker/url.h as a table. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "worker/url.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
	const char *text;
	const char *host; /* NULL: refused */
	int port;
	bool https;
} rows[] = {
	{"https://example.org/", "example.org", 443, true},
	{"https://example.org", "example.org", 443, true},
	{"HTTPS://Example.ORG/Hook?a=b&c=%20", "example.org", 443, true},
	{"https://example.org:8443/hook", "example.org", 8443, true},
	{"https://example.org./hook", "example.org.", 443, true},
	{"http://127.0.0.1:8422/hook", "127.0.0.1", 8422, false},
	{"http://example.org/", "example.org", 80, false},
	{"https://[2606:4700::1]:444/", "[2606:4700::1]", 444, true},
	{"https://[::1]/", "[::1]", 443, true},
	{"https://xn--bcher-kva.example/", "xn--bcher-kva.example", 443, true},
	{"https://example.org/a@b", "example.org", 443, true},
	{"https://example.org/?next=https://u@x/", "example.org", 443, true},
	{"https://example.org:65535/", "example.org", 65535, true},
	/* numbers that are addresses: read as libcurl does, judged at connect */
	{"https://2130706433/", "127.0.0.1", 443, true},
	{"https://0x7f.1/", "127.0.0.1", 443, true},
	{"https://0177.0.0.1/", "127.0.0.1", 443, true},
	{"", NULL, 0, false},
	{"example.org/hook", NULL, 0, false},
	{"//example.org/hook", NULL, 0, false},
	{"/hook", NULL, 0, false},
	{"https:", NULL, 0, false},
	{"https://", NULL, 0, false},
	{"https:///hook", NULL, 0, false},
	{"https:////hook", NULL, 0, false},
	{"https:/example.org/", NULL, 0, false},
	{"https:example.org://x/", NULL, 0, false},
	{"https?x://example.org/", NULL, 0, false},
	{"ftp://example.org/", NULL, 0, false},
	{"file:///etc/passwd", NULL, 0, false},
	{"gopher://example.org/", NULL, 0, false},
	{"javascript:alert(1)", NULL, 0, false},
	{"smtp://example.org/", NULL, 0, false},
	{"ws://example.org/", NULL, 0, false},
	{"https://user@example.org/", NULL, 0, false},
	{"https://user:word@example.org/", NULL, 0, false},
	{"https://:word@example.org/", NULL, 0, false},
	{"https://@example.org/", NULL, 0, false},
	{"https://example.org#part", NULL, 0, false},
	{"https://example.org/#", NULL, 0, false},
	{"https://example.org/hook#a", NULL, 0, false},
	{"https://127.0.0.1\\@example.org/", NULL, 0, false},
	{"https://example.org\\hook", NULL, 0, false},
	{"https://example.org/a b", NULL, 0, false},
	{" https://example.org/", NULL, 0, false},
	{"https://example.org/ ", NULL, 0, false},
	{"https://example.org/\r\nX-Injected: 1", NULL, 0, false},
	{"https://example.org/\n", NULL, 0, false},
	{"https://example.org/\t", NULL, 0, false},
	{"https://example.org/\x7f", NULL, 0, false},
	{"https://exam\x01ple.org/", NULL, 0, false},
	{"https://b\xc3\xbc"
	 "cher.example/",
	 NULL, 0, false},
	{"https://example.org/\xc3\xa9", NULL, 0, false},
	{"https://example.org:0/", NULL, 0, false},
	{"https://example.org:65536/", NULL, 0, false},
	{"https://example.org:99999999999/", NULL, 0, false},
	{"https://example.org:-1/", NULL, 0, false},
	{"https://example.org:port/", NULL, 0, false},
	{"https://[fe80::1%25lo]/", NULL, 0, false},
	{"https://[fe80::1%lo]/", NULL, 0, false},
	{"https://[::1/", NULL, 0, false},
	{"https://[nonsense]/", NULL, 0, false},
	{"https://example.org%0d%0a/", NULL, 0, false},
	{"https://example.org%2fx/", NULL, 0, false},
};

START_TEST(urls_are_taken_or_refused_by_the_table)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct url url;
		const char *why = NULL;
		bool taken = url_check(&url, rows[i].text, &why);
		ck_assert_msg(taken == (rows[i].host != NULL), "%s: %s", rows[i].text, taken ? url.host : why);
		ck_assert_msg(taken == (why == NULL), "%s", rows[i].text);
		if (!taken)
			continue;
		ck_assert_str_eq(url.host, rows[i].host);
		ck_assert_msg(url.port == rows[i].port, "%s: %d", rows[i].text, url.port);
		ck_assert_msg(url.https == rows[i].https, "%s", rows[i].text);
	}
}
END_TEST

START_TEST(length_has_a_ceiling)
{
	char text[URL_BYTES + 2];
	struct url url;
	const char *why;
	memset(text, 'a', sizeof(text));
	memcpy(text, "https://example.org/", 20);
	text[URL_BYTES] = '\0';
	ck_assert(url_check(&url, text, &why));
	text[URL_BYTES] = 'a';
	text[URL_BYTES + 1] = '\0';
	ck_assert(!url_check(&url, text, &why));
}
END_TEST

START_TEST(a_host_too_long_is_refused)
{
	char text[400];
	struct url url;
	const char *why;
	memset(text, 'a', sizeof(text));
	memcpy(text, "https://", 8);
	text[8 + 256] = '\0';
	ck_assert(!url_check(&url, text, &why));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("url");
	TCase *tests = tcase_create("url");
	tcase_add_test(tests, urls_are_taken_or_refused_by_the_table);
	tcase_add_test(tests, length_has_a_ceiling);
	tcase_add_test(tests, a_host_too_long_is_refused);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
