/* build/tests/validate: numbers exactly as written, what is refused, exit codes and lines. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <check.h>

#include "kept/text.h"

struct row {
	const char *schema;
	const char *document;
	int code;
	const char *told; /* part of what is printed; "": nothing is printed on standard output */
};

static const struct row rows[] = {
	{"{\"type\":\"integer\"}", "98249283749234923498293171823948729348710298301928331", 0, ""},
	{"{\"type\":\"integer\"}", "-12345678901234567890.0", 0, ""},
	{"{\"type\":\"integer\"}", "12345678901234567890.25", 1, "must be a whole number"},
	{"{\"type\":\"integer\"}", "1e400", 0, ""},
	{"{\"type\":\"integer\"}", "1e-400", 1, ""},
	{"{\"type\":\"string\"}", "98249283749234923498293171823948729348", 1, "must be text"},
	{"{\"const\":12345678901234567890}", "12345678901234567891", 1, "must be 12345678901234567890e0"},
	{"{\"const\":12345678901234567890}", "1234567890123456789e1", 0, ""},
	{"{\"enum\":[0.1000000000000000000001]}", "0.1", 1, ""},
	{"{\"const\":[1e400,\"a\"]}", "[10e399,\"a\"]", 0, ""},
	{"{\"uniqueItems\":true}", "[1e400,10e399]", 1, "/1\t"},
	{"{\"uniqueItems\":true}", "[0.3,0.30000000000000001]", 0, ""},
	{"{\"maximum\":18446744073709551615}", "18446744073709551615", 0, ""},
	{"{\"maximum\":18446744073709551615}", "18446744073709551616", 1, "must be at most"},
	{"{\"exclusiveMinimum\":-1e400}", "-1e400", 1, "must be above"},
	{"{\"minimum\":0.99999999999999999999}", "0.99999999999999999998", 1, "must be at least"},
	{"{\"multipleOf\":0.01}", "0.30000000000000001", 1, "must be a multiple of 0.01"},
	{"{\"multipleOf\":0.01}", "12345678901234567890.12", 0, ""},
	{"{\"multipleOf\":3}", "111111111111111111111111111111", 0, ""},
	{"{\"multipleOf\":3}", "111111111111111111111111111112", 1, ""},
	{"{\"multipleOf\":7}", "1e999999999", 1, ""},
	{"{\"multipleOf\":1e-999999999}", "1e999999999", 0, ""},
	{"{\"minLength\":3}", "\"a\\u0000b\"", 0, ""},
	{"{\"const\":\"a\\u0000b\"}", "\"a\\u0000c\"", 1, ""},
	{"{\"maxLength\":1}", "\"\\ud83d\\udca9\"", 0, ""},
	{"{\"format\":\"ipv4\"}", "\"none\"", 0, ""},
	{"{\"additionalProperties\":false}", "{\"a\\nb\":1,\"c\":2}", 1, "/a?b\tis not known here; remove it\n/c\t"},
	{"{\"items\":false}", " [ ] ", 0, ""},
	{"true", "null", 0, ""},
	{"false", "{}", 1, "is not allowed here"},
	{"{\"patternProperties\":{}}", "1", 2, ""},
	{"{\"pattern\":\"(?<=a)b\"}", "1", 2, ""},
	{"{\"$ref\":\"#\"}", "1", 2, ""},
	{"{\"multipleOf\":1234567890123456789}", "1", 2, ""},
	{"{\"minLength\":1e400}", "1", 2, ""},
	{"[]", "1", 2, ""},
	{"{", "1", 2, ""},
	{"{}", "", 2, ""},
	{"{}", "{\"a\":1,\"a\":1}", 2, ""},
	{"{}", "{\"a\\u0000b\":1}", 2, ""},
	{"{}", "\"\\ud800\"", 2, ""},
	{"{}", "\"\xff\"", 2, ""},
	{"{}", "\"a\nb\"", 2, ""},
	{"{}", "\xef\xbb\xbf{}", 2, ""},
	{"{}", "01", 2, ""},
	{"{}", "1.", 2, ""},
	{"{}", "-", 2, ""},
	{"{}", "+1", 2, ""},
	{"{}", "1e9999999999", 2, ""},
	{"{}", "[1,]", 2, ""},
	{"{}", "{\"a\":}", 2, ""},
	{"{}", "[1 2]", 2, ""},
	{"{}", "tru", 2, ""},
	{"{}", "1 1", 2, ""},
};

static char folder[] = "/tmp/kept-validate-XXXXXX";

static char *path_of(const char *name)
{
	static char paths[2][64];
	char *path = paths[*name == 's'];

	snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
	return path;
}

static void file_write(const char *path, const char *bytes)
{
	FILE *file = fopen(path, "wb");

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(bytes, 1, strlen(bytes), file), strlen(bytes));
	fclose(file);
}

static size_t all_read(int from, char *out, size_t room)
{
	size_t length = 0;
	ssize_t got;

	while ((got = read(from, out + length, room - 1 - length)) > 0)
		length += (size_t)got;
	out[length] = '\0';
	close(from);
	return length;
}

/* Exit code, standard output in `out`, standard error in `said`. */
static int run(const char *schema, const char *document, char out[4096], char said[4096])
{
	const char *build = getenv("KEPT_BUILD");
	char program[512];
	int output[2], error[2], status;
	pid_t child;

	snprintf(program, sizeof(program), "%s/tests/validate", build ? build : "build");
	ck_assert(pipe(output) == 0 && pipe(error) == 0);
	child = fork();
	if (child == 0) {
		dup2(output[1], 1);
		dup2(error[1], 2);
		close(output[0]);
		close(error[0]);
		execl(program, program, schema, document, (char *)NULL);
		_exit(99);
	}
	close(output[1]);
	close(error[1]);
	all_read(output[0], out, 4096);
	all_read(error[0], said, 4096);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

START_TEST(document_is_judged)
{
	const struct row *row = &rows[_i];
	char out[4096], said[4096];
	int code;

	file_write(path_of("schema"), row->schema);
	file_write(path_of("document"), row->document);
	code = run(path_of("schema"), path_of("document"), out, said);
	ck_assert_msg(code == row->code, "%s %s: %d %s%s", row->schema, row->document, code, out, said);
	ck_assert_msg(strstr(out, row->told) != NULL, "%s", out);
	ck_assert_int_eq(code == 1, *out != '\0');
	ck_assert_int_eq(code == 2, *said != '\0');
	ck_assert(!*said || strchr(said, '\n') == said + strlen(said) - 1);
}
END_TEST

START_TEST(deep_document_is_judged_or_refused)
{
	static char deep[6001];
	char out[4096], said[4096];

	file_write(path_of("schema"), "{\"items\":{\"$ref\":\"#\"}}");
	memset(deep, '[', 3000);
	memset(deep + 3000, ']', 3000);
	file_write(path_of("document"), deep);
	ck_assert_int_eq(run(path_of("schema"), path_of("document"), out, said), 2);
	ck_assert_ptr_nonnull(strstr(said, "nested too deep"));
	file_write(path_of("document"), deep + 1000);
	ck_assert_int_eq(run(path_of("schema"), path_of("document"), out, said), 2);
	deep[5000] = '\0';
	file_write(path_of("document"), deep + 1000);
	ck_assert_int_eq(run(path_of("schema"), path_of("document"), out, said), 0);
}
END_TEST

START_TEST(file_that_is_not_there_is_unreadable)
{
	char out[4096], said[4096];

	file_write(path_of("schema"), "{}");
	ck_assert_int_eq(run(path_of("schema"), "/nowhere/document", out, said), 2);
	ck_assert_int_eq(run("/nowhere/schema", path_of("schema"), out, said), 2);
	ck_assert_ptr_nonnull(strstr(said, "cannot be read"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("validate");
	TCase *tests = tcase_create("validate");
	SRunner *runner = srunner_create(suite);
	int failed;

	if (!mkdtemp(folder))
		return 1;
	tcase_add_loop_test(tests, document_is_judged, 0, (int)(sizeof(rows) / sizeof(rows[0])));
	tcase_add_test(tests, deep_document_is_judged_or_refused);
	tcase_add_test(tests, file_that_is_not_there_is_unreadable);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	unlink(path_of("schema"));
	unlink(path_of("document"));
	rmdir(folder);
	return failed ? 1 : 0;
}
