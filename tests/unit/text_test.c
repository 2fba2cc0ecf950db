/* text.h: buffers with a ceiling, encodings (RFC 4648), UTF-8 (RFC 3629), identifiers, dates, addresses; embed.h's
 * search. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "kept/embed.h"
#include "kept/text.h"

#define COUNT(table) ((int)(sizeof(table) / sizeof(*(table))))

START_TEST(buffer_grows_and_stays_terminated)
{
	struct text text;

	text_init(&text, 1000000);
	for (int i = 0; i < 10000; i++)
		text_addf(&text, "%d,", i % 10);
	ck_assert(text_ok(&text));
	ck_assert_uint_eq(text.length, 20000);
	ck_assert_uint_eq(strlen(text.bytes), 20000);
	text_clear(&text);
	ck_assert_str_eq(text.bytes, "");
	text_release(&text);
	text_release(&text);
}
END_TEST

START_TEST(buffer_holds_its_limit_and_not_one_byte_more)
{
	struct text text;

	text_init(&text, 5);
	text_adds(&text, "abcd");
	text_adds(&text, "e");
	ck_assert(text_ok(&text));
	text_adds(&text, "f");
	ck_assert(!text_ok(&text));
	ck_assert_str_eq(text.bytes, "abcde");
	text_add(&text, "", 0);
	ck_assert_ptr_null(text_take(&text));
	text_addf(&text, "%s", "abcde");
	ck_assert(text_ok(&text));
	text_addf(&text, "%d", 1);
	ck_assert(!text_ok(&text));
	ck_assert_uint_eq(text.length, 5);
	text_release(&text);
}
END_TEST

START_TEST(failed_buffer_takes_nothing_more)
{
	struct text text;

	text_init(&text, 3);
	text_adds(&text, "abcd");
	text_adds(&text, "a");
	ck_assert_uint_eq(text.length, 0);
	text_clear(&text);
	text_adds(&text, "a");
	ck_assert(text_ok(&text));
	text_release(&text);
}
END_TEST

START_TEST(taking_an_empty_buffer_gives_an_empty_string)
{
	struct text text;
	char *taken;

	text_init(&text, 0);
	taken = text_take(&text);
	ck_assert_ptr_nonnull(taken);
	ck_assert_str_eq(taken, "");
	free(taken);
}
END_TEST

static const struct {
	const char *in;
	size_t length;
	const char *out;
} json_rows[] = {
	{"", 0, "\"\""},
	{"plain", 5, "\"plain\""},
	{"a\"b\\c/", 6, "\"a\\\"b\\\\c/\""},
	{"\b\f\n\r\t", 5, "\"\\b\\f\\n\\r\\t\""},
	{"\0\x01\x1f\x7f", 4, "\"\\u0000\\u0001\\u001f\x7f\""},
	{"Mar\xC3\xAD"
	 "a",
	 6,
	 "\"Mar\xC3\xAD"
	 "a\""},
	{"\xF0\x9F\x98\x80", 4, "\"\xF0\x9F\x98\x80\""},
	{"a\xFFz", 3, "\"a\xEF\xBF\xBDz\""},
	{"\xC3", 1, "\"\xEF\xBF\xBD\""},
	{"\xED\xA0\x80", 3, "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},
};

START_TEST(json_string_is_always_valid)
{
	struct text text;

	text_init(&text, 100);
	text_add_json(&text, json_rows[_i].in, json_rows[_i].length);
	ck_assert_str_eq(text.bytes, json_rows[_i].out);
	text_release(&text);
}
END_TEST

START_TEST(html_is_escaped)
{
	struct text text;

	text_init(&text, 100);
	text_add_html(&text, "<a href=\"x\">O'Neill & Sons</a>");
	ck_assert_str_eq(text.bytes, "&lt;a href=&quot;x&quot;&gt;O&#39;Neill &amp; Sons&lt;/a&gt;");
	text_clear(&text);
	text_add_html(&text, "");
	ck_assert_str_eq(text.bytes, "");
	text_release(&text);
}
END_TEST

/* RFC 4648, section 10; and the two characters in which the alphabets differ. */
static const struct {
	const char *plain, *base64, *base64url, *hex;
} code_rows[] = {
	{"", "", "", ""},
	{"f", "Zg==", "Zg", "66"},
	{"fo", "Zm8=", "Zm8", "666f"},
	{"foo", "Zm9v", "Zm9v", "666f6f"},
	{"foob", "Zm9vYg==", "Zm9vYg", "666f6f62"},
	{"fooba", "Zm9vYmE=", "Zm9vYmE", "666f6f6261"},
	{"foobar", "Zm9vYmFy", "Zm9vYmFy", "666f6f626172"},
	{"\xFB\xFF\xFE", "+//+", "-__-", "fbfffe"},
};

START_TEST(encodings_match_rfc_4648_both_ways)
{
	const char *plain = code_rows[_i].plain;
	size_t length = strlen(plain), used;
	struct text text;
	uint8_t out[16];

	text_init(&text, 100);
	text_add(&text, "", 0);
	text_add_base64(&text, (const uint8_t *)plain, length);
	ck_assert_str_eq(text.bytes, code_rows[_i].base64);
	used = sizeof(out);
	ck_assert(text_from_base64(out, &used, text.bytes, text.length));
	ck_assert_uint_eq(used, length);
	ck_assert_mem_eq(out, plain, length);
	text_clear(&text);
	text_add_base64url(&text, (const uint8_t *)plain, length);
	ck_assert_str_eq(text.bytes, code_rows[_i].base64url);
	used = length;
	ck_assert(text_from_base64url(out, &used, text.bytes, text.length));
	ck_assert_uint_eq(used, length);
	ck_assert_mem_eq(out, plain, length);
	text_clear(&text);
	text_add_hex(&text, (const uint8_t *)plain, length);
	ck_assert_str_eq(text.bytes, code_rows[_i].hex);
	used = length;
	ck_assert(text_from_hex(out, &used, text.bytes, text.length));
	ck_assert_uint_eq(used, length);
	ck_assert_mem_eq(out, plain, length);
	text_release(&text);
}
END_TEST

static const char *const bad_base64[] = {
	"Zg", "Zg=", "Zh==", "Zm9=", "====", "Z===", "Zg==Zg==", "Zm9v\n", "Zm 9v", "-__-", "Zm8=a", "Zm9vYmF", "=Zm8"};
static const char *const bad_base64url[] = {"Z", "Zh", "Zg==", "Zm9", "+//+", "Zm9v\n", "Zm9vY"};
static const char *const bad_hex[] = {"f", "0g", "0x00", " 00", "abc"};

START_TEST(loose_base64_is_refused)
{
	uint8_t out[16];
	size_t used = sizeof(out);

	ck_assert_msg(!text_from_base64(out, &used, bad_base64[_i], strlen(bad_base64[_i])), "%s", bad_base64[_i]);
}
END_TEST

START_TEST(loose_base64url_is_refused)
{
	uint8_t out[16];
	size_t used = sizeof(out);

	ck_assert_msg(!text_from_base64url(out, &used, bad_base64url[_i], strlen(bad_base64url[_i])), "%s",
		      bad_base64url[_i]);
}
END_TEST

START_TEST(loose_hex_is_refused)
{
	uint8_t out[16];
	size_t used = sizeof(out);

	ck_assert_msg(!text_from_hex(out, &used, bad_hex[_i], strlen(bad_hex[_i])), "%s", bad_hex[_i]);
}
END_TEST

START_TEST(decoding_keeps_to_its_room)
{
	uint8_t out[2];
	size_t used = sizeof(out);

	ck_assert(!text_from_base64(out, &used, "Zm9v", 4));
	ck_assert(!text_from_base64url(out, &used, "Zm9v", 4));
	ck_assert(!text_from_hex(out, &used, "666f6f", 6));
	ck_assert(text_from_hex(out, &used, "FFfe", 4));
	ck_assert_uint_eq(out[0], 0xFF);
}
END_TEST

static const struct {
	const char *bytes;
	size_t length;
	bool valid;
} utf8_rows[] = {
	{"", 0, true},
	{"abc", 3, true},
	{"\xC2\x80", 2, true},
	{"\xDF\xBF", 2, true},
	{"\xE0\xA0\x80", 3, true},
	{"\xED\x9F\xBF", 3, true},
	{"\xEE\x80\x80", 3, true},
	{"\xF0\x90\x80\x80", 4, true},
	{"\xF4\x8F\xBF\xBF", 4, true},
	{"a\0b", 3, false},             /* U+0000 */
	{"\x80", 1, false},             /* a tail alone */
	{"\xC0\xAF", 2, false},         /* overlong */
	{"\xC1\xBF", 2, false},         /* overlong */
	{"\xE0\x9F\xBF", 3, false},     /* overlong */
	{"\xF0\x8F\xBF\xBF", 4, false}, /* overlong */
	{"\xED\xA0\x80", 3, false},     /* surrogate */
	{"\xF4\x90\x80\x80", 4, false}, /* above U+10FFFF */
	{"\xF5\x80\x80\x80", 4, false},
	{"\xFF", 1, false},
	{"\xE2\x82", 2, false}, /* cut */
	{"\xE2\x82\x41", 3, false},
	{"\xC3\xA9", 1, false},
};

START_TEST(only_well_formed_utf8_is_utf8)
{
	ck_assert_int_eq(text_is_utf8(utf8_rows[_i].bytes, utf8_rows[_i].length), utf8_rows[_i].valid);
}
END_TEST

START_TEST(code_points_are_counted)
{
	ck_assert_uint_eq(text_code_points("", 0), 0);
	ck_assert_uint_eq(text_code_points("Mar\xC3\xAD"
					   "a",
					   6),
			  5);
	ck_assert_uint_eq(text_code_points("\xF0\x9F\x98\x80!", 5), 2);
}
END_TEST

struct row {
	const char *text;
	bool valid;
};

static const struct row line_rows[] = {
	{"", true},
	{"two words", true},
	{"Mar\xC3\xAD"
	 "a",
	 true},
	{"a\nb", false},
	{"a\tb", false},
	{"a\rb", false},
	{"\x7F", false},
	{"\xC2\x85", false},
	{"\xE2\x80\xA8", false},
	{"\xFF", false},
};

START_TEST(line_has_no_control_characters)
{
	ck_assert_msg(text_is_line(line_rows[_i].text) == line_rows[_i].valid, "row %d", _i);
}
END_TEST

static const struct row uuid_rows[] = {
	{"019a7b2c-0000-7000-8000-0123456789ab", true},  {"019A7B2C-0000-7000-8000-0123456789AB", true},
	{"00000000-0000-0000-0000-000000000000", true},  {"", false},
	{"019a7b2c-0000-7000-8000-0123456789a", false},  {"019a7b2c-0000-7000-8000-0123456789abc", false},
	{"019a7b2c00007000800000123456789ab", false},    {"{19a7b2c-0000-7000-8000-0123456789ab", false},
	{"019a7b2g-0000-7000-8000-0123456789ab", false}, {"019a7b2c-0000-7000-8000-0123456789ab\n", false},
	{"019a7b2c 0000-7000-8000-0123456789ab", false},
};

START_TEST(uuid_is_canonical)
{
	ck_assert_msg(text_is_uuid(uuid_rows[_i].text) == uuid_rows[_i].valid, "%s", uuid_rows[_i].text);
}
END_TEST

static const struct row date_rows[] = {
	{"2027-01-15", true},
	{"2028-02-29", true},
	{"2000-02-29", true},
	{"1900-01-01", true},
	{"9999-12-31", true},
	{"2027-02-30", false},
	{"2027-02-29", false},
	{"2100-02-29", false},
	{"2027-04-31", false},
	{"2027-13-01", false},
	{"2027-00-10", false},
	{"2027-01-00", false},
	{"1899-12-31", false},
	{"infinity", false},
	{"now", false},
	{"epoch", false},
	{"", false},
	{"2027-1-15", false},
	{"20270115", false},
	{"2027-01-15 ", false},
	{"2027-01-15T00", false},
	{"+027-01-15", false},
	{"2027/01/15", false},
};

START_TEST(date_is_a_real_day)
{
	ck_assert_msg(text_is_date(date_rows[_i].text) == date_rows[_i].valid, "%s", date_rows[_i].text);
}
END_TEST

#define A16 "aaaaaaaaaaaaaaaa"
#define A64 A16 A16 A16 A16
#define LABEL60 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static const struct row email_rows[] = {
	{"maria@lakeview.example", true},
	{"kept@localhost", true},
	{"m.o'neill+kept@sub-domain.lakeview.example", true},
	{"jos\xC3\xA9@lakeview.example", true},
	{"!#$%&'*+-/=?^_`{|}~@a.b", true},
	{A64 "@a.example", true},
	{"a@" LABEL60 "." LABEL60 "." LABEL60 ".example", true},
	{"", false},
	{"maria", false},
	{"@lakeview.example", false},
	{"maria@", false},
	{"maria@@lakeview.example", false},
	{"a@b@lakeview.example", false},
	{"maria@.example", false},
	{"maria@lakeview.", false},
	{"maria@lake..view", false},
	{"maria@-lake.example", false},
	{"maria@lake-.example", false},
	{"maria@lake-", false},
	{"maria@lake_view.example", false},
	{"maria@[127.0.0.1]", false},
	{"maria@lak\xC3\xA9.example", false},
	{".maria@lakeview.example", false},
	{"maria.@lakeview.example", false},
	{"ma..ria@lakeview.example", false},
	{"ma ria@lakeview.example", false},
	{"\"maria\"@lakeview.example", false},
	{"<maria@lakeview.example>", false},
	{"maria@lakeview.example>", false},
	{"maria(x)@lakeview.example", false},
	{"maria,b@lakeview.example", false},
	{"maria@lakeview.example\r\nRCPT TO:<b@c>", false},
	{"maria\r\n@lakeview.example", false},
	{"maria\x7F@lakeview.example", false},
	{"maria\xC2\x85@lakeview.example", false},
	{"maria\xC2\xA0@lakeview.example", false},
	{"maria\xE2\x80\xAE@lakeview.example", false},
	{"maria\xFF@lakeview.example", false},
	{A64 "a@a.example", false},
	{"a@" LABEL60 "bbbb.example", false},
	{A64 "@" LABEL60 "." LABEL60 "." LABEL60 ".example", false},
};

START_TEST(email_address_is_safe_to_write_to)
{
	ck_assert_msg(text_is_email(email_rows[_i].text) == email_rows[_i].valid, "%s", email_rows[_i].text);
}
END_TEST

START_TEST(prefix_is_seen)
{
	ck_assert(text_starts("kept_abc", "kept_"));
	ck_assert(text_starts("x", ""));
	ck_assert(!text_starts("kep", "kept_"));
}
END_TEST

START_TEST(embedded_file_is_found_by_name)
{
	static const struct embedded files[] = {{"a.sql", "a", 1}, {"b.sql", "b", 1}, {"c.sql", "c", 1}};
	const struct embedded_table table = {files, 3}, empty = {NULL, 0};

	for (size_t i = 0; i < 3; i++)
		ck_assert_ptr_eq(embedded_find(&table, files[i].name), &files[i]);
	ck_assert_ptr_null(embedded_find(&table, "b"));
	ck_assert_ptr_null(embedded_find(&table, "d.sql"));
	ck_assert_ptr_null(embedded_find(&empty, "a.sql"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("text");
	TCase *tests = tcase_create("text");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_add_test(tests, buffer_grows_and_stays_terminated);
	tcase_add_test(tests, buffer_holds_its_limit_and_not_one_byte_more);
	tcase_add_test(tests, failed_buffer_takes_nothing_more);
	tcase_add_test(tests, taking_an_empty_buffer_gives_an_empty_string);
	tcase_add_loop_test(tests, json_string_is_always_valid, 0, COUNT(json_rows));
	tcase_add_test(tests, html_is_escaped);
	tcase_add_loop_test(tests, encodings_match_rfc_4648_both_ways, 0, COUNT(code_rows));
	tcase_add_loop_test(tests, loose_base64_is_refused, 0, COUNT(bad_base64));
	tcase_add_loop_test(tests, loose_base64url_is_refused, 0, COUNT(bad_base64url));
	tcase_add_loop_test(tests, loose_hex_is_refused, 0, COUNT(bad_hex));
	tcase_add_test(tests, decoding_keeps_to_its_room);
	tcase_add_loop_test(tests, only_well_formed_utf8_is_utf8, 0, COUNT(utf8_rows));
	tcase_add_test(tests, code_points_are_counted);
	tcase_add_loop_test(tests, line_has_no_control_characters, 0, COUNT(line_rows));
	tcase_add_loop_test(tests, uuid_is_canonical, 0, COUNT(uuid_rows));
	tcase_add_loop_test(tests, date_is_a_real_day, 0, COUNT(date_rows));
	tcase_add_loop_test(tests, email_address_is_safe_to_write_to, 0, COUNT(email_rows));
	tcase_add_test(tests, prefix_is_seen);
	tcase_add_test(tests, embedded_file_is_found_by_name);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
