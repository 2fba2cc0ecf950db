/* Reading of request bodies: what is refused, with which status, and what is taken. */
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "api/request/body.h"
#include "kept/limits.h"

struct row {
	const char *body;
	int status; /* 0: taken */
	const char *words;
};

static const struct row rows[] = {
	{"{}", 0, ""},
	{" {\"a\": [1, 2.5, true, null, \"\\u00e9\xc3\xa9\\ud83d\\ude00\"]} \r\n", 0, ""},
	{"{\"a\":9223372036854775807,\"b\":-9223372036854775808}", 0, ""},
	{"{\"a\":\"[[[[[[[[[[[[[[[[[[[[,,,\\\"{{\"}", 0, ""},
	{"", 400, "empty"},
	{"  ", 400, ""},
	{"[]", 422, "object"},
	{"\"text\"", 422, "object"},
	{"5", 422, "object"},
	{"null", 422, "object"},
	{"{", 400, "line 1"},
	{"{\"a\":1", 400, "line 1"},
	{"{\"a\":1,}", 400, "line 1"},
	{"{'a':1}", 400, "not JSON"},
	{"{a:1}", 400, "not JSON"},
	{"{\"a\":01}", 400, "not JSON"},
	{"{\"a\":+1}", 400, "not JSON"},
	{"{\"a\":.5}", 400, "not JSON"},
	{"{\"a\":NaN}", 400, "not JSON"},
	{"{\"a\":1} {}", 400, "after the end"},
	{"{\"a\":1}x", 400, "after the end"},
	{"{\"a\":1,\n \"a\":2}", 400, "twice in one object (line 2"},
	{"{\"a\":{\"b\":1,\"\\u0062\":2}}", 400, "twice"},
	{"{\"a\":99999999999999999999}", 400, "too large"},
	{"{\"a\":1e999}", 400, "too large"},
	{"{\"a\":\"\\u0000\"}", 400, "U+0000"},
	{"{\"\\u0000\":1}", 400, "U+0000"},
	{"{\"a\":\"\\ud83d\"}", 400, "not JSON"},
	{"{\"a\":\"\\ude00\\ud83d\"}", 400, "not JSON"},
	{"{\"a\":\"\\x41\"}", 400, "not JSON"},
	{"{\"a\":\"\n\"}", 400, "not JSON"},
	{"{\"a\":\"\xff\"}", 400, "UTF-8"},
	{"{\"a\":\"\xc0\xaf\"}", 400, "UTF-8"},
	{"{\"a\":\"\xed\xa0\x80\"}", 400, "UTF-8"},
	{"\xef\xbb\xbf{}", 400, ""},
	{"{\"a\":\"\\", 400, ""},
	{"{\"a\":\"b", 400, ""},
	{"}}}}{", 400, ""},
	{"// comment\n{}", 400, ""},
};

START_TEST(body_is_taken_or_refused)
{
	const struct row *row = &rows[_i];
	struct body_fault fault;
	size_t length = strlen(row->body);
	char *exact = malloc(length + 1); /* a reader that goes one byte too far is seen by the sanitizer */
	json_t *body;

	ck_assert_ptr_nonnull(exact);
	memcpy(exact, row->body, length);
	exact = realloc(exact, length ? length : 1);
	body = body_parse(exact, length, &fault);
	ck_assert_msg((body == NULL) == (row->status != 0), "%s", row->body);
	ck_assert_msg(fault.status == row->status, "%s: %d %s", row->body, fault.status, fault.detail);
	ck_assert_msg(strstr(fault.detail, row->words) != NULL, "%s: %s", row->body, fault.detail);
	json_decref(body);
	free(exact);
}
END_TEST

START_TEST(null_byte_is_refused)
{
	struct body_fault fault;

	ck_assert_ptr_null(body_parse("{\"a\":1}\0", 8, &fault));
	ck_assert_int_eq(fault.status, 400);
	ck_assert_ptr_null(body_parse("{\"a\":\"\0\"}", 9, &fault));
	ck_assert_int_eq(fault.status, 400);
}
END_TEST

static json_t *nested(int depth, struct body_fault *fault)
{
	char text[200] = "{\"a\":";
	size_t length = strlen(text);

	for (int i = 1; i < depth; i++)
		text[length++] = '[';
	if (depth == 1)
		text[length++] = '1';
	for (int i = 1; i < depth; i++)
		text[length++] = ']';
	text[length++] = '}';
	return body_parse(text, length, fault);
}

START_TEST(depth_has_a_ceiling)
{
	struct body_fault fault;
	json_t *body = nested(KEPT_JSON_DEPTH, &fault);

	ck_assert_ptr_nonnull(body);
	json_decref(body);
	ck_assert_ptr_null(nested(KEPT_JSON_DEPTH + 1, &fault));
	ck_assert_int_eq(fault.status, 413);
}
END_TEST

static json_t *listed(int items, struct body_fault *fault)
{
	static char text[3 * KEPT_JSON_MEMBERS];
	size_t length = (size_t)snprintf(text, sizeof(text), "{\"a\":[");
	json_t *body;

	for (int i = 0; i < items; i++) {
		text[length++] = '1';
		text[length++] = ',';
	}
	text[length - 1] = ']';
	text[length++] = '}';
	body = body_parse(text, length, fault);
	return body;
}

START_TEST(members_have_a_ceiling)
{
	struct body_fault fault;
	json_t *body = listed(KEPT_JSON_MEMBERS - 1, &fault);

	ck_assert_ptr_nonnull(body);
	json_decref(body);
	ck_assert_ptr_null(listed(KEPT_JSON_MEMBERS, &fault));
	ck_assert_int_eq(fault.status, 413);
}
END_TEST

START_TEST(fault_repeats_nothing_of_the_body)
{
	struct body_fault fault;
	const char *body = "{\"a\": secret}";

	ck_assert_ptr_null(body_parse(body, strlen(body), &fault));
	ck_assert_ptr_null(strstr(fault.detail, "secret"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("body");
	TCase *tests = tcase_create("body");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(tests, body_is_taken_or_refused, 0, (int)(sizeof(rows) / sizeof(rows[0])));
	tcase_add_test(tests, null_byte_is_refused);
	tcase_add_test(tests, depth_has_a_ceiling);
	tcase_add_test(tests, members_have_a_ceiling);
	tcase_add_test(tests, fault_repeats_nothing_of_the_body);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
