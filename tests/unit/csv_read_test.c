/* Reading CSV: what is taken, what it becomes, and what is refused and where. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "api/csv/csv_read.h"

/* Cells are shown with | between them and / behind each row, each row with its line before it. */
static void show(const char *bytes, size_t length, struct text *out)
{
	struct csv_reader reader;
	struct csv_fault fault = {0, NULL};
	struct csv_row row;
	int got = -1;
	text_init(out, 1 << 20);
	if (csv_begin(&reader, bytes, length, &fault))
		while ((got = csv_next(&reader, &row, &fault)) > 0) {
			text_addf(out, "%zu:", row.line);
			for (size_t i = 0; i < row.count; i++)
				text_addf(out, "%s%s", i ? "|" : "", row.cells[i]);
			text_adds(out, "/");
		}
	if (got < 0)
		text_addf(out, "!%zu %s", fault.line, fault.detail);
	csv_end(&reader);
	ck_assert(text_ok(out));
	text_adds(out, "");
}

static const struct {
	const char *sheet, *shown;
} taken[] = {
	{"a,b\n1,2\n", "1:a|b/2:1|2/"},
	{"a,b\r\n1,2\r\n", "1:a|b/2:1|2/"},
	{"a,b\n1,2", "1:a|b/2:1|2/"},
	{"a\n1\n", "1:a/2:1/"},
	{"", ""},
	{"\n\r\n\n", ""},
	{"\xef\xbb\xbf", ""},
	{"\xef\xbb\xbf\"a\",b\n", "1:a|b/"},
	{"a;b\n1,5;2\n", "1:a|b/2:1,5|2/"},
	{"a\tb\n1;2\t3\n", "1:a|b/2:1;2|3/"},
	{"\"a,a\";b\n1;2\n", "1:a,a|b/2:1|2/"},
	{"\n\na;b\n1;2\n", "3:a|b/4:1|2/"},
	{"a,b\n,\n1,2\n\n,,,\n3,\n", "1:a|b/3:1|2/6:3|/"},
	{"a,b\n1\n1,2,3\n", "1:a|b/2:1/3:1|2|3/"},
	{"a,b\n\"x\ny\",2\n3,4\n", "1:a|b/2:x\ny|2/4:3|4/"},
	{"a,b\n\"x\r\ny\",2\r\n3,4\r\n", "1:a|b/2:x\r\ny|2/4:3|4/"},
	{"a,b\n\"say \"\"yes\"\"\",\"\"\"\"\n", "1:a|b/2:say \"yes\"|\"/"},
	{"a,b\n\"\",1\n\"1\",\"\"", "1:a|b/2:|1/3:1|/"},
	{"a,b\n 1 , 2\n", "1:a|b/2: 1 | 2/"},
	{"a,b\n'=1+1,\"'@x\"\n'-2,'+3\n'x,''=y\n", "1:a|b/2:=1+1|@x/3:-2|+3/4:'x|'=y/"},
	{"a\n\"'\tx\"\n\"'\rx\"\n'\n", "1:a/2:\tx/3:\rx/4:'/"},
	{"a\nفاطمة 'الزهراء'\n李\n", "1:a/2:فاطمة 'الزهراء'/3:李/"},
};

START_TEST(a_sheet_is_read_as_it_is_meant)
{
	struct text out;
	show(taken[_i].sheet, strlen(taken[_i].sheet), &out);
	ck_assert_str_eq(out.length ? out.bytes : "", taken[_i].shown);
	text_release(&out);
}
END_TEST

#define SHEET(bytes) bytes, sizeof(bytes) - 1

static const struct {
	const char *sheet;
	size_t length;
	size_t line;
	const char *word; /* of the detail */
} refused[] = {
	{SHEET("a,b\n\"1,2\n3,4\n"), 2, "never closed"},
	{SHEET("a,b\n1,\"x\n\ny"), 2, "never closed"},
	{SHEET("\""), 1, "never closed"},
	{SHEET("a,b\n\"1\"2,3\n"), 2, "behind the closing quote"},
	{SHEET("a,b\n\"1\n\" ,3\n"), 3, "behind the closing quote"},
	{SHEET("a,b\n1,2\" tall\n"), 2, "inside a cell"},
	{SHEET("a,b\n1, \"2\"\n"), 2, "inside a cell"},
	{SHEET("a,b\r1,2\r"), 1, "alone"},
	{SHEET("a,b\n1,2\r"), 2, "alone"},
	{SHEET("a,b\n1,\xff\n"), 2, "UTF-8"},
	{SHEET("\xff\xfe"
	       "a\0,\0"),
	 1, "UTF-8"},
	{SHEET("a,b\n\n1,\0\n"), 3, "U+0000"},
	{SHEET("a,b\n1,\xed\xa0\x80\n"), 2, "UTF-8"},
	{SHEET("a,b\n1,\xc0\xaf\n"), 2, "UTF-8"},
};

START_TEST(what_cannot_be_told_apart_is_refused_with_its_line)
{
	struct text out, place;
	show(refused[_i].sheet, refused[_i].length, &out);
	text_init(&place, 100);
	text_addf(&place, "!%zu ", refused[_i].line);
	char *found = strstr(out.bytes, place.bytes);
	ck_assert_msg(found && strstr(found, refused[_i].word), "%s", out.bytes);
	text_release(&place);
	text_release(&out);
}
END_TEST

START_TEST(a_cell_has_a_ceiling_and_so_have_the_columns)
{
	struct text sheet, out;
	text_init(&sheet, 1 << 20);
	text_adds(&sheet, "a\n\"");
	for (int i = 0; i < KEPT_CSV_CELL_BYTES; i++)
		text_add(&sheet, "x", 1);
	text_adds(&sheet, "\"\n");
	show(sheet.bytes, sheet.length, &out);
	ck_assert_uint_gt(out.length, KEPT_CSV_CELL_BYTES);
	text_release(&out);
	sheet.length -= 2;
	text_adds(&sheet, "y\"\n");
	show(sheet.bytes, sheet.length, &out);
	ck_assert_ptr_nonnull(strstr(out.bytes, "!2 A cell is too long"));
	text_release(&out);

	struct csv_reader reader;
	struct csv_fault fault;
	struct csv_row row;
	text_clear(&sheet);
	for (int i = 0; i < 3 * KEPT_CSV_COLUMNS; i++)
		text_adds(&sheet, "x,");
	ck_assert(csv_begin(&reader, sheet.bytes, sheet.length, &fault));
	ck_assert_int_eq(csv_next(&reader, &row, &fault), 1);
	ck_assert_uint_eq(row.count, 3 * KEPT_CSV_COLUMNS + 1);
	ck_assert_str_eq(row.cells[KEPT_CSV_COLUMNS - 1], "x");
	csv_end(&reader);
	text_release(&sheet);
}
END_TEST

static uint32_t step(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

/* Whatever comes: an end or a fault, each cell a string of UTF-8, lines that never go back. */
static void read_all(const char *bytes, size_t length)
{
	struct csv_reader reader;
	struct csv_fault fault = {0, NULL};
	struct csv_row row;
	size_t line = 0, cells = 0;
	int got = 0;
	if (!csv_begin(&reader, bytes, length, &fault)) {
		ck_assert_uint_ge(fault.line, 1);
		csv_end(&reader);
		return;
	}
	while ((got = csv_next(&reader, &row, &fault)) > 0) {
		ck_assert_uint_gt(row.line, line);
		line = row.line;
		for (size_t i = 0; i < row.count && i < KEPT_CSV_COLUMNS; i++)
			ck_assert(text_is_utf8(row.cells[i], strlen(row.cells[i])));
		cells += row.count;
	}
	ck_assert_uint_le(cells, length + 1);
	ck_assert(got == 0 || (fault.line >= line && fault.detail));
	csv_end(&reader);
}

START_TEST(no_bytes_make_it_crash)
{
	static const char alphabet[] = "a,;\t\"\"\"\r\n\n''=\xc3\xa9\xef\xbb\xbf\xff\0x";
	uint32_t state = 7;
	for (int round = 0; round < 100000; round++) {
		size_t length = step(&state) % 48;
		/* On the heap and exactly as long, so that a sanitizer sees each byte too many. */
		char *bytes = malloc(length ? length : 1);
		ck_assert_ptr_nonnull(bytes);
		for (size_t i = 0; i < length; i++)
			bytes[i] = round % 4 ? alphabet[step(&state) % (sizeof(alphabet) - 1)]
					     : (char)(step(&state) & 0xff);
		read_all(bytes, length);
		free(bytes);
	}
}
END_TEST

/* A good sheet with a few bytes changed, taken out or put in. */
START_TEST(no_changed_sheet_makes_it_crash)
{
	uint32_t state = 11;
	size_t count = sizeof(taken) / sizeof(taken[0]);
	for (int round = 0; round < 100000; round++) {
		const char *sheet = taken[step(&state) % count].sheet;
		size_t length = strlen(sheet);
		char *bytes = malloc(length + 1);
		ck_assert_ptr_nonnull(bytes);
		memcpy(bytes, sheet, length + 1);
		for (uint32_t changes = step(&state) % 4; changes > 0 && length > 0; changes--) {
			size_t at = step(&state) % length;
			if (step(&state) % 3 == 0)
				memmove(bytes + at, bytes + at + 1, --length - at);
			else
				bytes[at] =
					step(&state) % 2 ? "\",;\n\r'"[step(&state) % 6] : (char)(step(&state) & 0xff);
		}
		char *exact = realloc(bytes, length ? length : 1);
		ck_assert_ptr_nonnull(exact);
		read_all(exact, length);
		free(exact);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("csv_read");
	TCase *all = tcase_create("csv_read");
	tcase_set_timeout(all, 60);
	tcase_add_loop_test(all, a_sheet_is_read_as_it_is_meant, 0, sizeof(taken) / sizeof(taken[0]));
	tcase_add_loop_test(all, what_cannot_be_told_apart_is_refused_with_its_line, 0,
			    sizeof(refused) / sizeof(refused[0]));
	tcase_add_test(all, a_cell_has_a_ceiling_and_so_have_the_columns);
	tcase_add_test(all, no_bytes_make_it_crash);
	tcase_add_test(all, no_changed_sheet_makes_it_crash);
	suite_add_tcase(suite, all);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
