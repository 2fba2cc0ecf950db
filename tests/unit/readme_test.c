/*
 * README says what is there: each variable, each place, each target.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "kept/config.h"
#include "kept/text.h"

static char *file_read(const char *path)
{
	FILE *file = fopen(path, "re");
	ck_assert_msg(file, "%s cannot be read; tests run from the top of the checkout", path);
	struct text text;
	text_init(&text, 1 << 20);
	char chunk[4096];
	size_t got;
	while ((got = fread(chunk, 1, sizeof chunk, file)) > 0)
		text_add(&text, chunk, got);
	fclose(file);
	char *bytes = text_take(&text);
	ck_assert_ptr_nonnull(bytes);
	return bytes;
}

/* The words in backquotes from `from` on, one at a time: NULL after the last of the same line. */
static const char *quoted(const char *from, char *out, size_t room)
{
	size_t line = strcspn(from, "\n");
	const char *open = memchr(from, '`', line);
	if (!open)
		return NULL;
	const char *close = memchr(open + 1, '`', line - (size_t)(open + 1 - from));
	if (!close)
		return NULL;
	size_t length = (size_t)(close - open - 1);
	ck_assert_uint_lt(length, room);
	memcpy(out, open + 1, length);
	out[length] = '\0';
	return close + 1;
}

START_TEST(each_variable_that_is_read_is_explained)
{
	char *readme = file_read("README.md");
	for (size_t i = 0; config_variable(i); i++) {
		struct text word;
		text_init(&word, 200);
		text_addf(&word, "`%s`", config_variable(i));
		ck_assert_msg(strstr(readme, word.bytes), "README's table lacks %s", config_variable(i));
		text_release(&word);
	}
	free(readme);
}
END_TEST

START_TEST(each_variable_that_is_explained_is_read)
{
	char *readme = file_read("README.md");
	const char *table = strstr(readme, "| variable | default | meaning |");
	ck_assert_ptr_nonnull(table);
	int rows = 0;
	for (const char *line = strchr(table, '\n'); line && line[1] == '|'; line = strchr(line + 1, '\n')) {
		char word[200];
		const char *cell = strchr(line + 2, '|');
		for (const char *at = line + 1; (at = quoted(at, word, sizeof word)) && at < cell;) {
			bool known = false;
			for (size_t i = 0; config_variable(i); i++)
				known = known || strcmp(config_variable(i), word) == 0;
			ck_assert_msg(known, "README explains %s, which nothing reads", word);
			rows++;
		}
	}
	ck_assert_int_gt(rows, 10);
	free(readme);
}
END_TEST

/* Each place and test in the table of what is asked exists; a row without both says that it is not built. */
START_TEST(each_place_in_the_table_of_what_is_asked_exists)
{
	char *readme = file_read("README.md");
	const char *table = strstr(readme, "| asked | where | test |");
	ck_assert_ptr_nonnull(table);
	int built = 0;
	const char *line = strchr(table, '\n');
	for (line = strchr(line + 1, '\n'); line && line[1] == '|'; line = strchr(line + 1, '\n')) {
		const char *end = strchr(line + 1, '\n');
		char word[300];
		int places = 0;
		const char *cell = strchr(line + 2, '|');
		for (const char *at = cell; (at = quoted(at, word, sizeof word));) {
			struct stat found;
			ck_assert_msg(stat(word, &found) == 0, "README's table names %s, which is not there", word);
			places++;
		}
		bool told = memmem(line, (size_t)(end - line), "not built yet", strlen("not built yet"));
		ck_assert_msg(told == (places == 0), "a row of README's table is neither built nor told: %.80s",
			      line + 1);
		ck_assert_msg(told || places >= 2, "a row of README's table has no place or no test: %.80s", line + 1);
		built += !told;
	}
	ck_assert_int_ge(built, 5);
	free(readme);
}
END_TEST

START_TEST(each_make_target_in_readme_exists)
{
	char *readme = file_read("README.md"), *makefile = file_read("Makefile");
	for (const char *at = readme; (at = strstr(at, "make ")); at++) {
		if (at > readme && at[-1] != '`' && at[-1] != ' ')
			continue;
		const char *name = at + strlen("make ");
		size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz-");
		/* Only code: in backquotes, or at the begin of an indented line. */
		const char *line = at;
		while (line > readme && line[-1] != '\n')
			line--;
		bool code = at[-1] == '`' || (at == line + 4 && strncmp(line, "    ", 4) == 0);
		if (!code || length == 0)
			continue;
		struct text target;
		text_init(&target, 100);
		text_addf(&target, "\n%.*s:", (int)length, name);
		ck_assert_msg(strstr(makefile, target.bytes), "README says make %.*s, which the Makefile does not know",
			      (int)length, name);
		text_release(&target);
	}
	free(readme);
	free(makefile);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("readme");
	TCase *all = tcase_create("readme");
	tcase_add_test(all, each_variable_that_is_read_is_explained);
	tcase_add_test(all, each_variable_that_is_explained_is_read);
	tcase_add_test(all, each_place_in_the_table_of_what_is_asked_exists);
	tcase_add_test(all, each_make_target_in_readme_exists);
	suite_add_tcase(suite, all);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
