/* The compiler of statement files, run as the build runs it, and the choice of a text at run time. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <check.h>

#include "sql/statement.h"

static char folder[] = "/tmp/kept-statements-XXXXXX";

static void write_file(const char *name, const char *content)
{
	char path[128];
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(content, file), 0);
	ck_assert_int_eq(fclose(file), 0);
}

static char *read_back(const char *name)
{
	static char content[1 << 20];
	char path[128];
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *file = fopen(path, "r");
	ck_assert_ptr_nonnull(file);
	content[fread(content, 1, sizeof(content) - 1, file)] = '\0';
	fclose(file);
	return content;
}

/* Compiles the files (in the folder); returns the exit code; `out` and `err` are left in the folder. */
static int compile(const char *first, const char *second)
{
	const char *build = getenv("KEPT_BUILD");
	char program[512], paths[2][128];
	snprintf(program, sizeof(program), "%s/statements", build ? build : "build");
	snprintf(paths[0], sizeof(paths[0]), "%s/%s", folder, first);
	snprintf(paths[1], sizeof(paths[1]), "%s/%s", folder, second ? second : "");
	pid_t child = fork();
	if (child == 0) {
		char out[128], err[128];
		snprintf(out, sizeof(out), "%s/out", folder);
		snprintf(err, sizeof(err), "%s/err", folder);
		if (!freopen(out, "w", stdout) || !freopen(err, "w", stderr))
			_exit(126);
		execl(program, program, paths[0], second ? paths[1] : NULL, NULL);
		_exit(127);
	}
	int status;
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

struct good {
	const char *name, *sql, *expected;
};

static const struct good goods[] = {
	{"comments and needless white space go", "-- A.\nselect  1 ,\n\t-- why\n 2 /* a /* nested */ b */ + ( 3 )\n;\n",
	 "\"select 1,2 + (3)\",\n\t 0, {0}"},
	{"a parameter is numbered at its first use", "-- A.\nselect :b::int, :a, :b",
	 "\"select $1::int,$2,$1\",\n\t 2, {0, 1}"},
	{"a string is left alone", "-- A.\nselect ':no -- x' || 'it''s :no' || E'\\':no' || '\\' || :yes",
	 "\"select ':no -- x' || 'it''s :no' || E'\\\\':no' || '\\\\' || $1\",\n\t 1, {0}"},
	{"a dollar string is left alone", "-- A.\nselect $$:no ' -- $$, $tag$ $$ :no $tag$, a$b, :yes",
	 "\"select $$:no ' -- $$,$tag$ $$ :no $tag$,a$b,$1\""},
	{"a quoted name is left alone", "-- A.\nselect \"a:no\"\"b\" from :yes",
	 "\"select \\\"a:no\\\"\\\"b\\\" from $1\""},
	{"casts and slices are no parameters", "-- A.\nselect a::text, b[1:2], f(x := 1)",
	 "\"select a::text,b[1:2],f(x := 1)\""},
	{"strings over two lines stay one", "-- A.\nselect 'a'  \n  'b'", "\"select 'a'\\n'b'\""},
	{"question marks make no trigraph",
	 "-- A.\nselect a ?"
	 "?( b",
	 "\"select a \\?\\?(b\""},
	{"a minus after a minus is kept apart", "-- A.\nselect 1 - -1", "\"select 1 - -1\""},
	{"without the option the block is absent", "-- A.\nselect :a\n--? b\nand x = :b\n--.\nand :c",
	 "{\"good.0\",\n\t \"select $1 and $2\",\n\t 2, {0, 2}}"},
	{"with the option the block is there", "-- A.\nselect :a\n--? b\nand x = :b\n--.\nand :c",
	 "{\"good.1\",\n\t \"select $1 and x = $2 and $3\",\n\t 3, {0, 1, 2}}"},
	{"two blocks of one option go together",
	 "-- A.\nselect 1\n  --? b\n  , 2\n  --.\nfrom x\n--? b\nwhere :b\n--.\n",
	 "{\"good.1\",\n\t \"select 1,2 from x where $1\""},
	{"options are bits", "-- A.\nselect 1\n--? b\n+ :b\n--.\n--? c\n+ :c\n--.\n",
	 "{\"good.2\",\n\t \"select 1 + $1\",\n\t 1, {1}}"},
	{"the row counts them", "-- A.\nselect :a\n--? b\n+ :b\n--.\n--? c\n+ :c\n--.\n",
	 "{\"good\", parameters_of_good, 3, 2, {1, 2}, texts_of_good}"},
	{"no parameters, no options", "-- A.\nselect 1", "{\"good\", NULL, 0, 0, {0}, texts_of_good}"},
};

START_TEST(a_good_file_becomes_its_text)
{
	const struct good *good = &goods[_i];
	write_file("good.sql", good->sql);
	int code = compile("good.sql", NULL);
	ck_assert_msg(code == 0, "%s: %s", good->name, read_back("err"));
	ck_assert_msg(strstr(read_back("out"), good->expected) != NULL, "%s: %s", good->name, read_back("out"));
}
END_TEST

struct bad {
	const char *sql, *expected;
};

static const struct bad bads[] = {
	{"", "bad.sql:1: this file is empty"},
	{"select 1", "bad.sql:1: begin with a comment"},
	{"-- A.\n", "bad.sql:1: there is no statement in it"},
	{"-- A.\nselect 1;\nselect 2", "bad.sql:3: a file holds one statement"},
	{"-- A.\nselect\n'x", "bad.sql:3: this string does not end"},
	{"-- A.\nselect $x$ $y$", "bad.sql:2: this string does not end"},
	{"-- A.\nselect $1", "bad.sql:2: write :name, not $1"},
	{"-- A.\nselect \"x", "bad.sql:2: this quoted name does not end"},
	{"-- A.\nselect 1 /* /* */", "bad.sql:2: this comment does not end"},
	{"-- A.\nselect :'x'", "bad.sql:2: a parameter is written :name, without quotes"},
	{"-- A.\nselect 1\n--? a\n+ :a\n", "bad.sql:3: this block does not end"},
	{"-- A.\nselect 1\n--? a\n--? b\n--.\n", "bad.sql:4: a block inside a block"},
	{"-- A.\nselect 1\n--.\n", "bad.sql:3: `--.` without a block"},
	{"-- A.\nselect 1\n--?a\n--.\n", "bad.sql:3: write `--? parameter`"},
	{"-- A.\nselect 1\n--? a b\n--.\n", "bad.sql:3: nothing may follow the parameter's name"},
	{"-- A.\nselect 1 --? a\n--.\n", "bad.sql:2: a block begins and ends on a line of its own"},
	{"-- A.\nselect '\xff'", "bad.sql:1: this is not UTF-8"},
	{"-- A.\nselect :a,:b,:c,:d,:e,:f,:g,:h,:i,:j,:k,:l,:m,:n,:o,:p,:q,:r,:s,:t,:u,:v,:w,:x,\n:y",
	 "bad.sql:3: too many parameters"},
	{"-- A.\nselect 1\n--? a\n--.\n--? b\n--.\n--? c\n--.\n--? d\n--.\n--? e\n--.\n--? f\n--.\n--? g\n--.\n--? "
	 "h\n--.\n"
	 "--? i\n--.\n",
	 "bad.sql:19: too many options"},
};

START_TEST(a_bad_file_is_refused_with_its_line)
{
	write_file("bad.sql", bads[_i].sql);
	ck_assert_int_eq(compile("bad.sql", NULL), 1);
	char *err = read_back("err");
	ck_assert_msg(strstr(err, bads[_i].expected) != NULL, "%s, not %s", err, bads[_i].expected);
	ck_assert_ptr_eq(strchr(err, '\n'), strrchr(err, '\n'));
}
END_TEST

START_TEST(files_are_sorted_and_names_are_strict)
{
	write_file("b.sql", "-- A.\nselect 1");
	write_file("a.sql", "-- A.\nselect 2");
	write_file("A-b.sql", "-- A.\nselect 3");
	ck_assert_int_eq(compile("b.sql", "a.sql"), 0);
	const char *out = read_back("out"), *a = strstr(out, "{\"a\","), *b = strstr(out, "{\"b\",");
	ck_assert(a && b && a < b && strstr(b, "statement_count = 2"));
	ck_assert_int_eq(compile("a.sql", "a.sql"), 1);
	ck_assert_ptr_nonnull(strstr(read_back("err"), "two files have this name"));
	ck_assert_int_eq(compile("A-b.sql", NULL), 1);
	ck_assert_int_eq(compile("absent.sql", NULL), 1);
	ck_assert_ptr_nonnull(strstr(read_back("err"), "cannot be opened"));
}
END_TEST

START_TEST(the_text_follows_from_the_options_that_are_given)
{
	static const char *const names[] = {"a", "b", "c"};
	static const struct statement_text texts[] = {
		{"s.0", "", 1, {0}}, {"s.1", "", 2, {1, 0}}, {"s.2", "", 2, {0, 2}}, {"s.3", "", 3, {1, 2, 0}}};
	static const struct statement statement = {"s", names, 3, 2, {1, 2}, texts};
	const char *ordered[STATEMENT_PARAMETERS] = {0};
	const struct statement_text *text;
	text = statement_choose(&statement, (const char *const[]){"A", NULL, NULL}, ordered);
	ck_assert_str_eq(text->prepared, "s.0");
	text = statement_choose(&statement, (const char *const[]){NULL, "B", NULL}, ordered);
	ck_assert_str_eq(text->prepared, "s.1");
	ck_assert_str_eq(ordered[0], "B");
	ck_assert_ptr_null(ordered[1]);
	text = statement_choose(&statement, (const char *const[]){"A", "B", "C"}, ordered);
	ck_assert_str_eq(text->prepared, "s.3");
	ck_assert_str_eq(ordered[0], "B");
	ck_assert_str_eq(ordered[1], "C");
	ck_assert_str_eq(ordered[2], "A");
}
END_TEST

START_TEST(every_statement_is_found_by_its_name)
{
	ck_assert_uint_gt(statement_count, 0);
	for (size_t i = 0; i < statement_count; i++) {
		ck_assert_ptr_eq(statement_find(statement_table[i].name), &statement_table[i]);
		for (unsigned mask = 0; mask < 1U << statement_table[i].option_count; mask++)
			ck_assert_uint_lt(strlen(statement_table[i].texts[mask].prepared), 64);
	}
	ck_assert_ptr_null(statement_find("no such statement"));
	ck_assert_ptr_null(statement_find(""));
}
END_TEST

static void remove_folder(void)
{
	static const char *const names[] = {"out", "err", "good.sql", "bad.sql", "a.sql", "b.sql", "A-b.sql"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char path[128];
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		unlink(path);
	}
	rmdir(folder);
}

int main(void)
{
	if (!mkdtemp(folder))
		return 1;
	Suite *suite = suite_create("statement");
	TCase *test = tcase_create("statement");
	tcase_add_loop_test(test, a_good_file_becomes_its_text, 0, sizeof(goods) / sizeof(goods[0]));
	tcase_add_loop_test(test, a_bad_file_is_refused_with_its_line, 0, sizeof(bads) / sizeof(bads[0]));
	tcase_add_test(test, files_are_sorted_and_names_are_strict);
	tcase_add_test(test, the_text_follows_from_the_options_that_are_given);
	tcase_add_test(test, every_statement_is_found_by_its_name);
	suite_add_tcase(suite, test);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	remove_folder();
	return failed ? 1 : 0;
}
