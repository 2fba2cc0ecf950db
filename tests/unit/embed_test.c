/* build/embed: the C that it prints compiles without a warning and holds every byte of the files. */
#include <check.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* Runs a shell script with arguments and returns its exit code. */
static int shell(const char *script, const char *first, const char *second)
{
	char *arguments[] = {
		(char[]){"sh"}, (char[]){"-ec"}, (char *)script, (char[]){"sh"}, (char *)first, (char *)second, NULL};
	int status;
	pid_t child;

	ck_assert_int_eq(posix_spawn(&child, "/bin/sh", NULL, NULL, arguments, environ), 0);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static char folder[] = "/tmp/kept-embed-XXXXXX";
static const char *build;

static void begin(void)
{
	build = getenv("KEPT_BUILD") ? getenv("KEPT_BUILD") : "build";
	ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void end(void)
{
	shell("rm -r \"$1\"", folder, NULL);
}

static void write_file(const char *name, const void *bytes, size_t length)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "wb");
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(bytes, 1, length, file), length);
	ck_assert_int_eq(fclose(file), 0);
}

START_TEST(every_byte_comes_back)
{
	static const char program[] = "#include <stdio.h>\n"
				      "#include \"kept/embed.h\"\n"
				      "int main(int count, char **names)\n"
				      "{\n"
				      "	for (size_t i = 0; i < embedded_pages.count; i++) {\n"
				      "		const struct embedded *file = &embedded_pages.files[i];\n"
				      "		FILE *out = fopen(file->name, \"wb\");\n"
				      "		puts(file->name);\n"
				      "		if (!out || file->bytes[file->length] || fwrite(file->bytes, 1, "
				      "file->length, out) != file->length)\n"
				      "			return 1;\n"
				      "		if (fclose(out))\n"
				      "			return 1;\n"
				      "	}\n"
				      "	return count != 1 || !names;\n"
				      "}\n";
	static const char sql[] = "-- a?\?/ \"quoted\" \\n line\n\n\tselect 1;\n12\x01"
				  "3";
	unsigned char bytes[256 * 100];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)(i + i / 256 * 7);
	write_file("b.bin", bytes, sizeof(bytes));
	write_file("empty", "", 0);
	write_file("a.sql", sql, sizeof(sql) - 1);
	write_file("Z\xC3\xA9", "no newline", 10);
	write_file("main.c", program, sizeof(program) - 1);
	ck_assert_int_eq(
		shell("\"$2/embed\" embedded_pages \"$1/b.bin\" \"$1/empty\" \"$1/a.sql\" \"$1\"/Z* > \"$1/table.c\"\n"
		      "${CC:-cc} -std=c11 -pedantic -Wall -Wextra -Werror -Iinclude -o \"$1/program\" \"$1/main.c\" "
		      "\"$1/table.c\"\n"
		      "mkdir \"$1/out\" && cd \"$1/out\" && ../program > ../names\n"
		      "printf 'Z\\303\\251\\na.sql\\nb.bin\\nempty\\n' | cmp - ../names\n"
		      "for file in *; do cmp \"$file\" \"../$file\"; done",
		      folder, build),
		0);
}
END_TEST

START_TEST(no_files_give_an_empty_table)
{
	ck_assert_int_eq(shell("\"$2/embed\" embedded_pages > \"$1/table.c\"\n"
			       "${CC:-cc} -std=c11 -pedantic -Wall -Wextra -Werror -Iinclude -c -o \"$1/table.o\" "
			       "\"$1/table.c\"",
			       folder, build),
			 0);
}
END_TEST

START_TEST(bad_use_is_told)
{
	ck_assert_int_eq(shell("! \"$2/embed\" 2> \"$1/said\" && grep -q '^usage: embed' \"$1/said\"", folder, build),
			 0);
	ck_assert_int_eq(
		shell("! \"$2/embed\" 1x 2> \"$1/said\" && grep -q '^usage: embed' \"$1/said\"", folder, build), 0);
	ck_assert_int_eq(
		shell("! \"$2/embed\" x \"$1/absent\" > \"$1/out\" 2> \"$1/said\" && grep -q absent \"$1/said\"",
		      folder, build),
		0);
	ck_assert_int_eq(shell("! \"$2/embed\" x \"$1\" > \"$1/out\" 2> \"$1/said\" && grep -q \"$1\" \"$1/said\"",
			       folder, build),
			 0);
	ck_assert_int_eq(shell("! \"$2/embed\" x a/said \"$1/said\" > \"$1/out\" 2> \"$1/err\"", folder, build), 0);
	ck_assert_int_eq(
		shell("! \"$2/embed\" x > /dev/full 2> \"$1/said\" && grep -q write \"$1/said\"", folder, build), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("embed");
	TCase *tests = tcase_create("embed");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, begin, end);
	tcase_add_test(tests, every_byte_comes_back);
	tcase_add_test(tests, no_files_give_an_empty_table);
	tcase_add_test(tests, bad_use_is_told);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
