/* Patterns and formats of schemas: what is found, what is refused at build. */
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "api/schema/schema_read.h"

struct row {
	const char *schema;
	const char *document;
	bool valid;
};

static const struct row patterns[] = {
	{"^a*$", "aaa", true},
	{"^a*$", "aab", false},
	{"a+", "xxaay", true},
	{"^a$", "a\n", false},
	{"^.$", "\xf0\x9f\x92\xa9", true},
	{"^.$", "\n", false},
	{"^\\d{2,3}$", "12", true},
	{"^\\d{2,3}$", "1", false},
	{"^\\d$", "\xd9\xa3", false}, /* an Arabic digit */
	{"^\\w+$", "\xc3\xa9", false},
	{"^\\s$", "\xc2\xa0", true},
	{"^\\S$", "\xc2\xa0", false},
	{"^[\\s]$", "\xe3\x80\x80", true},
	{"^\\p{L}+$", "\xc3\x89t\xc3\xa9", true},
	{"^\\p{Lu}", "\xc3\xa9", false},
	{"^\\P{L}$", "1", true},
	{"^\\u00e9\\u{1F4A9}$", "\xc3\xa9\xf0\x9f\x92\xa9", true},
	{"^[^\\u0000-\\u001f]*$", "a\tb", false},
	{"^[[:alph]+$", "[:alpha", true},
	{"^[[:alph]+$", "b", false},
	{"^(?:a|b)(?!c)", "bd", true},
	{"^(?:a|b)(?!c)", "bc", false},
	{"^(?=.*\\d).+$", "ab1", true},
	{"\\bcat\\b", "a cat!", true},
	{"^\xc3\xa9{2}$", "\xc3\xa9\xc3\xa9", true},
	{"^a+?b$", "aab", true},
	{"^\\v$", "\v", true},
	{"^\\v$", "\n", false},
	{"^a\\/b\\-c$", "a/b-c", true},
	{"", "anything", true},
	{"(a|aa)+$", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", false},
};

static const char *const bad_patterns[] = {
	"(",       ")",           "[",          "[]",      "[^]",    "a++",   "a**",   "*",
	"^*",      "(?<n>a)",     "(?<=a)b",    "(?<!a)b", "(a)\\1", "(?i)a", "\\x41", "\\cA",
	"\\A",     "\\Z",         "\\K",        "\\Q",     "{",      "}",     "a{,2}", "]",
	"\\ud83d", "\\u12",       "\\p{Latin}", "\\",      "a{2,1}", "\\h",   "\\R",   "\xff",
	"(*VERB)", "[[:alpha:]]", "(?#c)",      "(?>a)",   "\\0",    "\\e",   "[b-a]", "\\u{110000}",
};

static const struct row formats[] = {
	{"date", "2027-01-15", true},
	{"date", "2024-02-29", true},
	{"date", "2027-02-29", false},
	{"date", "2027-02-30", false},
	{"date", "1900-02-29", false},
	{"date", "2000-02-29", true},
	{"date", "2027-13-01", false},
	{"date", "2027-1-15", false},
	{"date", "0000-01-01", false},
	{"date", "infinity", false},
	{"date", "now", false},
	{"date", "", false},
	{"date", "2027-01-15 ", false},
	{"date", "\xd9\xa2\xd9\xa0-01-15", false},
	{"date-time", "2027-01-15T08:00:00Z", true},
	{"date-time", "2027-01-15t08:00:00.123z", true},
	{"date-time", "2027-01-15T08:00:00+05:30", true},
	{"date-time", "1998-12-31T23:59:60Z", true},
	{"date-time", "1998-12-31T15:59:60.123-08:00", true},
	{"date-time", "1998-12-31T23:58:60Z", false},
	{"date-time", "2027-01-15T08:00:00", false},
	{"date-time", "2027-01-15 08:00:00Z", false},
	{"date-time", "2027-01-15T24:00:00Z", false},
	{"date-time", "2027-01-15T08:60:00Z", false},
	{"date-time", "2027-01-15T08:00:00.Z", false},
	{"date-time", "2027-01-15T08:00:00+24:00", false},
	{"date-time", "2027-01-15T08:00:00+0530", false},
	{"date-time", "2027-01-15T08:00Z", false},
	{"date-time", "2027-02-30T08:00:00Z", false},
	{"email", "maria@lakeview.example", true},
	{"email", "maria", false},
	{"email", "\"maria o'neill\"@lakeview.example", true},
	{"email", "\"a@b..c\\\"\\\\\"@lakeview.example", true},
	{"email", "\"a\"b\"@lakeview.example", false},
	{"email", "\"a\\\"@lakeview.example", false},
	{"email", "\"a\nb\"@lakeview.example", false},
	{"email", "\"\"@lakeview.example", true},
	{"email", "maria@[192.0.2.1]", true},
	{"email", "maria@[192.0.2.256]", false},
	{"email", "maria@[IPv6:2001:db8::1]", true},
	{"email", "maria@[2001:db8::1]", false},
	{"email", "\"a b\"@[192.0.2.1]", true},
	{"email", "maria@[192.0.2.1", false},
	{"email", "mar..ia@[192.0.2.1]", false},
	{"email", "\"maria\"@lake_view.example", false},
	{"email", "a b@c.example", false},
	{"uuid", "0191b2a4-5c3e-7f00-8a1b-2c3d4e5f6071", true},
	{"uuid", "0191B2A4-5C3E-7F00-8A1B-2C3D4E5F6071", true},
	{"uuid", "0191b2a45c3e7f008a1b2c3d4e5f6071", false},
	{"uuid", "{0191b2a4-5c3e-7f00-8a1b-2c3d4e5f6071}", false},
	{"uri", "https://lakeview.example/hooks?a=b#c", true},
	{"uri", "HTTP://[2001:db8::1]:8080/", true},
	{"uri", "http://[v1.a:b]/", true},
	{"uri", "ftp://user:pass@host:21/%41", true},
	{"uri", "mailto:maria@lakeview.example", true},
	{"uri", "urn:uuid:1", true},
	{"uri", "file:///etc/x", true},
	{"uri", "a:", true},
	{"uri", "http://", true},
	{"uri", "/hooks", false},
	{"uri", "//lakeview.example/hooks", false},
	{"uri", "lakeview.example", false},
	{"uri", "1http://a", false},
	{"uri", "http:// a", false},
	{"uri", "http://a/ b", false},
	{"uri", "http://a/\xc3\xa9", false},
	{"uri", "http://a/%zz", false},
	{"uri", "http://a/%4", false},
	{"uri", "http://a:b/", false},
	{"uri", "http://[::1/", false},
	{"uri", "http://[zz]/", false},
	{"uri", "http://[::1]x/", false},
	{"uri", "http://a@b@c/", false},
	{"uri", "http://a/#b#c", false},
	{"uri", "http://a/\\b", false},
	{"uri", "http://a/<b>", false},
	{"uri", "http://a/\x01", false},
	{"time-zone", "America/New_York", true},
	{"time-zone", "Asia/Kolkata", true},
	{"time-zone", "America/Argentina/Buenos_Aires", true},
	{"time-zone", "UTC", true},
	{"time-zone", "EST", false},
	{"time-zone", "america/new_york", false},
	{"time-zone", "America/Lakeview", false},
	{"time-zone", "Etc/Unknown", false},
	{"time-zone", "GMT+5", false},
	{"time-zone", "../etc/passwd", false},
	{"time-zone", "", false},
	{"language-tag", "en", true},
	{"language-tag", "es-MX", true},
	{"language-tag", "zh-Hant-TW", true},
	{"language-tag", "es-419", true},
	{"language-tag", "zh-yue-Hans", true},
	{"language-tag", "sl-rozaj-biske-1994", true},
	{"language-tag", "de-DE-u-co-phonebk", true},
	{"language-tag", "en-x-kept", true},
	{"language-tag", "x-kept", true},
	{"language-tag", "", false},
	{"language-tag", "e", false},
	{"language-tag", "en_US", false},
	{"language-tag", "en-", false},
	{"language-tag", "-en", false},
	{"language-tag", "en--US", false},
	{"language-tag", "en-x", false},
	{"language-tag", "en-u", false},
	{"language-tag", "en-a-bbb-a-ccc", false},
	{"language-tag", "sl-rozaj-ROZAJ", false},
	{"language-tag", "abcdefghi", false},
	{"language-tag", "en-USA", true}, /* an extended language by its form */
	{"language-tag", "en US", false},
	{"language-tag", "\xc3\xa9s", false},
};

struct opened {
	json_t *json;
	struct schema_reader *reader;
	const struct schema *schema;
};

static struct opened open_schema(json_t *json)
{
	struct opened opened = {.json = json};

	ck_assert_ptr_nonnull(json);
	opened.reader = schema_reader_new(json);
	ck_assert_ptr_nonnull(opened.reader);
	opened.schema = schema_read(opened.reader, "");
	return opened;
}

static void close_schema(struct opened *opened)
{
	schema_reader_free(opened->reader);
	json_decref(opened->json);
}

/* Judges a document, with and without errors asked for, and checks that errors are told if and only if it is refused.
 */
static bool judged(const struct schema *schema, const json_t *document)
{
	struct schema_errors errors;
	bool valid;

	schema_errors_init(&errors);
	valid = schema_validate(schema, document, &errors);
	ck_assert_int_eq(valid, schema_validate(schema, document, NULL));
	ck_assert_int_eq(valid, errors.count == 0);
	ck_assert(!errors.no_memory);
	schema_errors_release(&errors);
	return valid;
}

START_TEST(pattern_searches_as_ecma_does)
{
	const struct row *row = &patterns[_i];
	struct opened opened = open_schema(json_pack("{s:s}", "pattern", row->schema));
	json_t *document = json_string(row->document);

	ck_assert_msg(opened.schema != NULL, "%s: %s", row->schema, schema_reader_fault(opened.reader));
	ck_assert_msg(judged(opened.schema, document) == row->valid, "%s %s", row->schema, row->document);
	json_decref(document);
	close_schema(&opened);
}
END_TEST

START_TEST(pattern_compiled_at_start_judges_alike)
{
	struct schema_pattern list[] = {{"^a+$", NULL}, {"^b+$", NULL}};
	struct schema schema = {.pattern = &list[1], .max_length = SCHEMA_NO_LIMIT};
	json_t *good = json_string("bb"), *bad = json_string("ba");

	for (int round = 0; round < 2; round++) {
		ck_assert(schema_patterns_start(list, 2));
		ck_assert_ptr_nonnull(list[1].code);
		ck_assert(judged(&schema, good));
		ck_assert(!judged(&schema, bad));
	}
	schema_patterns_end(list, 2);
	ck_assert_ptr_null(list[1].code);
	list[0].text = "(";
	ck_assert(!schema_patterns_start(list, 2));
	schema_patterns_end(list, 2);
	json_decref(good);
	json_decref(bad);
}
END_TEST

START_TEST(pattern_beyond_supported_part_is_refused)
{
	struct opened opened = open_schema(json_pack("{s:o}", "pattern", json_string_nocheck(bad_patterns[_i])));

	ck_assert_msg(opened.schema == NULL, "%s", bad_patterns[_i]);
	close_schema(&opened);
}
END_TEST

START_TEST(format_is_asserted)
{
	const struct row *row = &formats[_i];
	struct opened opened = open_schema(json_pack("{s:s}", "format", row->schema));
	json_t *document = json_string(row->document);

	ck_assert_ptr_nonnull(opened.schema);
	ck_assert_msg(judged(opened.schema, document) == row->valid, "%s %s", row->schema, row->document);
	json_decref(document);
	document = json_integer(5);
	ck_assert(judged(opened.schema, document));
	json_decref(document);
	close_schema(&opened);
}
END_TEST

#define COUNT(table) (int)(sizeof(table) / sizeof(table[0]))

int main(void)
{
	Suite *suite = suite_create("schema text");
	TCase *tests = tcase_create("schema text");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(tests, pattern_searches_as_ecma_does, 0, COUNT(patterns));
	tcase_add_test(tests, pattern_compiled_at_start_judges_alike);
	tcase_add_loop_test(tests, pattern_beyond_supported_part_is_refused, 0, COUNT(bad_patterns));
	tcase_add_loop_test(tests, format_is_asserted, 0, COUNT(formats));
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
