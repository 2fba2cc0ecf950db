/* log.h: every line is one JSON object, whatever is passed in. */
#include <check.h>
#include <jansson.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kept/limits.h"
#include "kept/log.h"

static FILE *captured;
static int saved_stderr;

static void capture(void)
{
	captured = tmpfile();
	ck_assert_ptr_nonnull(captured);
	saved_stderr = dup(STDERR_FILENO);
	ck_assert_int_ge(dup2(fileno(captured), STDERR_FILENO), 0);
}

static void release(void)
{
	dup2(saved_stderr, STDERR_FILENO);
	close(saved_stderr);
	fclose(captured);
}

/* The next line as an object, owned; NULL at the end. */
static json_t *next_line(void)
{
	static char line[2 * KEPT_LOG_BYTES];
	json_error_t error;
	json_t *object;

	if (!fgets(line, sizeof(line), captured))
		return NULL;
	ck_assert_ptr_nonnull(strchr(line, '\n'));
	object = json_loads(line, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
	ck_assert_msg(object != NULL, "%s: %s", error.text, line);
	return object;
}

static const char *string_of(const json_t *object, const char *name)
{
	const char *string = json_string_value(json_object_get(object, name));

	return string ? string : "(none)";
}

START_TEST(line_names_time_level_program_and_event)
{
	json_t *line;
	int year;
	char end;

	log_start("kept-test");
	log_write(LOG_WARNING_LEVEL, "started", NULL);
	rewind(captured);
	line = next_line();
	ck_assert_str_eq(string_of(line, "level"), "warning");
	ck_assert_str_eq(string_of(line, "program"), "kept-test");
	ck_assert_str_eq(string_of(line, "event"), "started");
	ck_assert_uint_eq(strlen(string_of(line, "time")), strlen("2027-01-15T13:00:00.123Z"));
	ck_assert_int_eq(sscanf(string_of(line, "time"), "%4d-%*2d-%*2dT%*2d:%*2d:%*2d.%*3d%c", &year, &end), 2);
	ck_assert_int_ge(year, 2024);
	ck_assert_int_eq(end, 'Z');
	ck_assert_uint_eq(json_object_size(line), 4);
	json_decref(line);
	ck_assert_ptr_null(next_line());
}
END_TEST

START_TEST(every_type_is_written)
{
	json_t *line;

	log_write(LOG_INFO_LEVEL, "types", "stext", "a\"b\nc", "snone", NULL, "iint", -5LL, "nnumber", 0.25, "nnan",
		  NAN, "byes", 1, "bno", 0, "jlist", "[1,2]", "jnone2", NULL, NULL);
	rewind(captured);
	line = next_line();
	ck_assert_str_eq(string_of(line, "text"), "a\"b\nc");
	ck_assert(json_is_null(json_object_get(line, "none")));
	ck_assert_int_eq(json_integer_value(json_object_get(line, "int")), -5);
	ck_assert(json_real_value(json_object_get(line, "number")) == 0.25);
	ck_assert(json_is_null(json_object_get(line, "nan")));
	ck_assert(json_is_true(json_object_get(line, "yes")));
	ck_assert(json_is_false(json_object_get(line, "no")));
	ck_assert_uint_eq(json_array_size(json_object_get(line, "list")), 2);
	ck_assert(json_is_null(json_object_get(line, "none2")));
	json_decref(line);
}
END_TEST

START_TEST(level_below_the_least_is_not_written)
{
	json_t *line;

	log_write(LOG_DEBUG_LEVEL, "hidden", NULL);
	log_level_set(LOG_ERROR_LEVEL);
	log_write(LOG_WARNING_LEVEL, "hidden", NULL);
	log_write(LOG_ERROR_LEVEL, "seen", NULL);
	log_level_set(LOG_DEBUG_LEVEL);
	log_write(LOG_DEBUG_LEVEL, "seen", NULL);
	rewind(captured);
	for (int i = 0; i < 2; i++) {
		line = next_line();
		ck_assert_str_eq(string_of(line, "event"), "seen");
		json_decref(line);
	}
	ck_assert_ptr_null(next_line());
}
END_TEST

START_TEST(long_value_is_left_out_and_said)
{
	char *value = calloc(1, KEPT_LOG_BYTES + 1);
	json_t *line;

	memset(value, 'x', KEPT_LOG_BYTES);
	log_write(LOG_INFO_LEVEL, "long", "sbefore", "1", "slong", value, "safter", "2", NULL);
	/* Near the ceiling, where what closes the line would not fit. */
	for (int spare = 150; spare >= 0; spare--) {
		value[KEPT_LOG_BYTES - spare] = '\0';
		log_write(LOG_INFO_LEVEL, "near", "sv", value, NULL);
		value[KEPT_LOG_BYTES - spare] = 'x';
	}
	rewind(captured);
	line = next_line();
	ck_assert_str_eq(string_of(line, "before"), "1");
	ck_assert_ptr_null(json_object_get(line, "long"));
	ck_assert_ptr_null(json_object_get(line, "after"));
	ck_assert(json_is_true(json_object_get(line, "cut")));
	json_decref(line);
	for (int spare = 150; spare >= 0; spare--) {
		line = next_line();
		ck_assert_ptr_nonnull(line);
		ck_assert(json_object_get(line, "v") || json_is_true(json_object_get(line, "cut")));
		json_decref(line);
	}
	free(value);
}
END_TEST

START_TEST(broken_text_gives_a_valid_line)
{
	json_t *line;

	log_write(LOG_INFO_LEVEL, "broken", "stext", "a\xFF\xC3", "?unknown", 1, NULL);
	rewind(captured);
	line = next_line();
	ck_assert_str_eq(string_of(line, "text"), "a\xEF\xBF\xBD\xEF\xBF\xBD");
	ck_assert(json_is_true(json_object_get(line, "cut")));
	json_decref(line);
}
END_TEST

static void *write_many(void *unused)
{
	(void)unused;
	for (int i = 0; i < 500; i++)
		log_write(LOG_INFO_LEVEL, "thread", "inumber", (long long)i, "stext",
			  "some text to make the line longer", NULL);
	return NULL;
}

START_TEST(lines_of_threads_do_not_mix)
{
	pthread_t threads[4];
	int count = 0;

	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, write_many, NULL), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	rewind(captured);
	for (json_t *line; (line = next_line()) != NULL; count++)
		json_decref(line);
	ck_assert_int_eq(count, 2000);
}
END_TEST

START_TEST(failed_write_is_ignored)
{
	close(STDERR_FILENO);
	log_write(LOG_INFO_LEVEL, "nowhere", NULL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("log");
	TCase *tests = tcase_create("log");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_add_checked_fixture(tests, capture, release);
	tcase_add_test(tests, line_names_time_level_program_and_event);
	tcase_add_test(tests, every_type_is_written);
	tcase_add_test(tests, level_below_the_least_is_not_written);
	tcase_add_test(tests, long_value_is_left_out_and_said);
	tcase_add_test(tests, broken_text_gives_a_valid_line);
	tcase_add_test(tests, lines_of_threads_do_not_mix);
	tcase_add_test(tests, failed_write_is_ignored);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
