/* Rows of CSV, and that csv_read gives them back. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "api/csv/csv_read.h"
#include "api/csv/csv_write.h"

static const char *const columns[] = {"a", "b.c", "b.d.e"};

static const struct {
	const char *item, *row;
} rows[] = {
	{"{\"a\":\"x\",\"b\":{\"c\":1,\"d\":{\"e\":true}}}", "x,1,true\r\n"},
	{"{}", ",,\r\n"},
	{"{\"a\":null,\"b\":null}", ",,\r\n"},
	{"{\"a\":\"\",\"b\":{\"c\":[],\"d\":1}}", "\"\",,\r\n"},
	{"{\"a\":[\"x\",\"y\"],\"b\":{\"c\":[-7],\"d\":{\"e\":[-7,-2]}}}", "x;y,-7,'-7;-2\r\n"},
	{"{\"a\":[{\"x\":\"a,b\"}],\"b\":{\"c\":{\"y\":2},\"d\":{\"e\":-1.5}}}",
	 "\"[{\"\"x\"\":\"\"a,b\"\"}]\",\"{\"\"y\"\":2}\",-1.5\r\n"},
	{"{\"a\":\"a\\\"b\",\"b\":{\"c\":\"a\\r\\nb\",\"d\":{\"e\":\"a,b\"}}}", "\"a\"\"b\",\"a\r\nb\",\"a,b\"\r\n"},
	/* No cell is a formula. */
	{"{\"a\":\"=1+1\",\"b\":{\"c\":\"+1\",\"d\":{\"e\":\"-1\"}}}", "'=1+1,'+1,'-1\r\n"},
	{"{\"a\":\"@x\",\"b\":{\"c\":\"\\tx\",\"d\":{\"e\":\"\\rx\"}}}", "'@x,'\tx,\"'\rx\"\r\n"},
	{"{\"a\":\"'=1\",\"b\":{\"c\":\"'x\",\"d\":{\"e\":\"''\"}}}", "''=1,'x,''\r\n"},
	{"{\"a\":\"ñ ✓ 🙂\",\"b\":{\"c\":\"; \",\"d\":{\"e\":\"a=b\"}}}", "ñ ✓ 🙂,; ,a=b\r\n"},
};

START_TEST(row_is_written)
{
	struct text out;
	json_t *item = json_loads(rows[_i].item, 0, NULL);
	ck_assert_ptr_nonnull(item);
	text_init(&out, 4096);
	csv_write_row(&out, columns, 3, item);
	ck_assert(text_ok(&out));
	ck_assert_str_eq(out.bytes, rows[_i].row);
	json_decref(item);
	text_release(&out);
}
END_TEST

/* Each text that begins with one of these, alone, doubled, and with another behind it, comes back as it was. */
START_TEST(written_text_is_read_back)
{
	static const char *const begins[] = {"",   "'",  "''", "=", "+", "-", "@", "\t",
					     "\r", "\n", "\"", ",", ";", " ", "x", "ñ"};
	static const char *const names[] = {"one", "two"};
	const size_t count = sizeof(begins) / sizeof(begins[0]);
	for (size_t i = 0; i < count * count * count; i++) {
		char text[64];
		struct text out;
		struct csv_reader reader;
		struct csv_row row;
		struct csv_fault fault = {0};
		snprintf(text, sizeof(text), "%s%s%s", begins[i % count], begins[i / count % count],
			 begins[i / count / count]);
		json_t *item = json_pack("{s:s, s:s}", "one", text, "two", "end");
		text_init(&out, 4096);
		csv_write_header(&out, names, 2);
		csv_write_row(&out, names, 2, item);
		ck_assert(csv_begin(&reader, out.bytes, out.length, &fault));
		ck_assert_int_eq(csv_next(&reader, &row, &fault), 1);
		ck_assert_msg(csv_next(&reader, &row, &fault) == 1, "%s: %s", out.bytes, fault.detail);
		ck_assert_uint_eq(row.count, 2);
		ck_assert_str_eq(row.cells[0], text);
		ck_assert_str_eq(row.cells[1], "end");
		csv_end(&reader);
		text_release(&out);
		json_decref(item);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("csv_write");
	TCase *all = tcase_create("csv_write");
	tcase_add_loop_test(all, row_is_written, 0, (int)(sizeof(rows) / sizeof(rows[0])));
	tcase_add_test(all, written_text_is_read_back);
	suite_add_tcase(suite, all);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
