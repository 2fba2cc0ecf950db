/* The words of every message: all languages complete, patterns checked at start, dates of the calendar. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "worker/words.h"
#include "worker/words_pattern.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct words *load(void)
{
	char *error;
	struct words *words = words_new(&embedded_messages, &error);
	ck_assert_msg(words != NULL, "%s", error == NULL ? "no memory" : error);
	return words;
}

START_TEST(english_spanish_and_arabic_are_there)
{
	struct words *words = load();
	ck_assert_str_eq(words_language_tag(words_language(words, "en")), "en");
	ck_assert_str_eq(words_language_tag(words_language(words, "es")), "es");
	ck_assert_str_eq(words_language_tag(words_language(words, "es-MX")), "es");
	ck_assert_str_eq(words_language_tag(words_language(words, "ES_us")), "es");
	ck_assert_str_eq(words_language_tag(words_language(words, "vi")), "en");
	ck_assert_str_eq(words_language_tag(words_language(words, "est")), "en");
	ck_assert_str_eq(words_language_tag(words_language(words, "")), "en");
	ck_assert(!words_right_to_left(words_language(words, "es")));
	ck_assert_str_eq(words_language_tag(words_language(words, "ar-SY")), "ar");
	ck_assert(words_right_to_left(words_language(words, "ar")));
	words_free(words);
	words_free(NULL);
}
END_TEST

/* Loads en.json with one key set to `value`, or without it (NULL); returns the error, to be freed. */
static char *error_with(const char *key, const char *value)
{
	const struct embedded *english = embedded_find(&embedded_messages, "en.json");
	ck_assert_ptr_nonnull(english);
	json_t *object = json_loadb(english->bytes, english->length, 0, NULL);
	if (value == NULL)
		ck_assert_int_eq(json_object_del(object, key), 0);
	else
		ck_assert_int_eq(json_object_set_new(object, key, json_string(value)), 0);
	char *bytes = json_dumps(object, 0);
	json_decref(object);
	struct embedded file = {"en.json", bytes, strlen(bytes)};
	struct embedded_table table = {&file, 1};
	char *error;
	struct words *words = words_new(&table, &error);
	ck_assert_msg((words == NULL) == (error != NULL), "%s", value);
	words_free(words);
	free(bytes);
	return error;
}

static const struct {
	const char *pattern;
	bool good;
} patterns[] = {
	{"Hello {name},", true},
	{"Hello { name },", true},
	{"Hello.", true},
	{"{name} {name}", true},
	{"Don\xE2\x80\x99t worry, {name}", true},
	{"Don't worry", false},
	{"{title}", false},
	{"{nam}", false},
	{"{0}", false},
	{"{}", false},
	{"{name", false},
	{"name}", false},
	{"{name, plural, other {x}}", false},
	{"{name, number}", false},
	{"{name, date}", false},
	{"{name, select, a {x}}", false},
	{"{name, select, a {x} other {y {name}}}", true},
	{"{name, select, a {x} other {y {days}}}", false},
	{"{days}", false},
	{"", false},
};

START_TEST(patterns_are_checked_when_the_program_starts)
{
	for (size_t i = 0; i < COUNT(patterns); i++) {
		char *error = error_with("hello", patterns[i].pattern);
		ck_assert_msg((error == NULL) == patterns[i].good, "%s: %s", patterns[i].pattern, error);
		ck_assert_msg(error == NULL || strstr(error, "en.json: hello ") != NULL, "%s", error);
		free(error);
	}
}
END_TEST

START_TEST(number_patterns_are_checked)
{
	static const char *const bad[] = {
		"{days} {title}",
		"{days, plural, one {x}}",
		"{days, select, other {x}}",
		"{days, plural, other {{name}}}",
		"{days, plural, other {x}",
		"{title} {title, plural, other {x}}",
		"{days, plural, other {{days, plural, other {{days, plural, other {{days, plural, other {{days, "
		"plural, other {"
		"{days, plural, other {{days, plural, other {{days, plural, other {x}}}}}}}}}}}}}}}}",
	};
	for (size_t i = 0; i < COUNT(bad); i++) {
		char *error = error_with("subject_before", bad[i]);
		ck_assert_msg(error != NULL, "%s", bad[i]);
		free(error);
	}
	ck_assert_ptr_null(
		error_with("subject_before", "{days, number} {days, plural, one {one {title}} other {# {day}}}"));
}
END_TEST

START_TEST(files_that_do_not_agree_are_refused)
{
	char *error = error_with("thanks", NULL);
	ck_assert_str_eq(error, "worker/messages/en.json: thanks is missing");
	free(error);
	error = error_with("greeting", "Hello");
	ck_assert_str_eq(error, "worker/messages/en.json: greeting is no key of the messages");
	free(error);

	static const struct embedded files[] = {{"en.json", "[]", 2},
						{"en.json", "{", 1},
						{"README", "{}", 2},
						{"en.json", "{\"hello\":1}", 11},
						{".json", "{}", 2}};
	for (size_t i = 0; i < COUNT(files); i++) {
		struct embedded_table table = {&files[i], 1};
		ck_assert_ptr_null(words_new(&table, &error));
		ck_assert_ptr_nonnull(error);
		free(error);
	}
	struct embedded_table without_english = {embedded_find(&embedded_messages, "es.json"), 1};
	ck_assert_ptr_null(words_new(&without_english, &error));
	ck_assert_str_eq(error, "worker/messages/en.json: is missing");
	free(error);
}
END_TEST

static void assert_said(const struct words_language *language, enum word word, const struct words_arguments *arguments,
			const char *expected)
{
	struct text out;
	text_init(&out, 4096);
	ck_assert(words_say(language, word, arguments, &out));
	ck_assert_str_eq(out.bytes, expected);
	text_release(&out);
}

START_TEST(plurals_follow_the_language)
{
	struct words *words = load();
	const struct words_language *en = words_language(words, "en"), *es = words_language(words, "es");
	struct words_arguments arguments = {.title = "T", .days = 1};
	assert_said(en, WORD_SUBJECT_BEFORE, &arguments, "Tomorrow: T");
	assert_said(es, WORD_SUBJECT_BEFORE, &arguments,
		    "Ma\xC3\xB1"
		    "ana: T");
	arguments.days = 2;
	assert_said(en, WORD_SUBJECT_BEFORE, &arguments, "In 2 days: T");
	assert_said(es, WORD_SUBJECT_BEFORE, &arguments,
		    "Dentro de 2 d\xC3\xAD"
		    "as: T");
	words_free(words);
}
END_TEST

START_TEST(values_are_never_read_as_patterns)
{
	struct words *words = load();
	struct words_arguments arguments = {.title = "{name} ' # {days, plural, other {x}}"};
	assert_said(words_language(words, "en"), WORD_SUBJECT_NOW, &arguments,
		    "A reminder: {name} ' # {days, plural, other {x}}");
	words_free(words);
}
END_TEST

START_TEST(long_and_absent_values_are_said)
{
	struct words *words = load();
	char title[2001], expected[2100] = "A reminder: ";
	memset(title, 'x', sizeof(title) - 1);
	title[sizeof(title) - 1] = '\0';
	memcpy(expected + strlen(expected), title, sizeof(title));
	struct words_arguments arguments = {.title = title};
	assert_said(words_language(words, "en"), WORD_SUBJECT_NOW, &arguments, expected);
	arguments.title = NULL;
	assert_said(words_language(words, "en"), WORD_SUBJECT_NOW, &arguments, "A reminder: ");
	struct text small;
	text_init(&small, 4);
	ck_assert(!words_say(words_language(words, "en"), WORD_SUBJECT_NOW, &arguments, &small));
	text_release(&small);
	words_free(words);
}
END_TEST

START_TEST(every_message_differs_by_language)
{
	struct words *words = load();
	struct words_arguments arguments = {.name = "N",
					    .title = "T",
					    .owner = "O",
					    .group = "G",
					    .place = "P",
					    .sender = "S",
					    .due = "D",
					    .day = "Y",
					    .reply = "R",
					    .answer = "person",
					    .role = "helper",
					    .days = 3};
	for (int word = 0; word < WORD_COUNT; word++) {
		struct text en, es, ar;
		text_init(&en, 4096);
		text_init(&es, 4096);
		text_init(&ar, 4096);
		ck_assert(words_say(words_language(words, "en"), (enum word)word, &arguments, &en));
		ck_assert(words_say(words_language(words, "es"), (enum word)word, &arguments, &es));
		ck_assert(words_say(words_language(words, "ar"), (enum word)word, &arguments, &ar));
		ck_assert_msg(strcmp(en.bytes, es.bytes) != 0, "word %d: %s", word, en.bytes);
		ck_assert_msg(strcmp(en.bytes, ar.bytes) != 0, "word %d: %s", word, en.bytes);
		text_release(&en);
		text_release(&es);
		text_release(&ar);
	}
	words_free(words);
}
END_TEST

static const struct {
	const char *tag;
	const char *date;
	enum words_date_style style;
	const char *expected; /* NULL: refused */
} dates[] = {
	{"en", "2027-01-15", WORDS_DATE_FULL, "Friday, January 15, 2027"},
	{"en", "2027-01-15", WORDS_DATE_DAY, "Friday, January 15"},
	{"en-GB", "2027-01-15", WORDS_DATE_FULL, "Friday, 15 January 2027"},
	{"es", "2027-01-15", WORDS_DATE_FULL, "viernes, 15 de enero de 2027"},
	{"es", "2027-01-15", WORDS_DATE_DAY, "viernes, 15 de enero"},
	{"es-MX", "2027-01-15", WORDS_DATE_FULL, "viernes, 15 de enero de 2027"},
	{"en", "2028-02-29", WORDS_DATE_FULL, "Tuesday, February 29, 2028"},
	{"en", "1999-12-31", WORDS_DATE_FULL, "Friday, December 31, 1999"},
	{"en", "9999-12-31", WORDS_DATE_FULL, "Friday, December 31, 9999"},
	{"en-u-ca-buddhist", "2027-01-15", WORDS_DATE_FULL, "Friday, January 15, 2027"},
	{"ar", "2027-01-15", WORDS_DATE_FULL, "الجمعة، ١٥ يناير ٢٠٢٧"},
	{"ar", "2027-01-15", WORDS_DATE_DAY, "الجمعة، ١٥ يناير"},
	{"ar-MA", "2027-01-15", WORDS_DATE_DAY, "الجمعة، 15 يناير"},
	{"vi", "2027-01-15", WORDS_DATE_FULL, "Friday, January 15, 2027"},
	{"es", "2027-02-30", WORDS_DATE_FULL, NULL},
	{"en", "infinity", WORDS_DATE_FULL, NULL},
	{"en", "", WORDS_DATE_DAY, NULL},
	{"en-aaaaaaaa-bbbbbbbb-cccccccc-dddddddd-eeeeeeee", "2027-01-15", WORDS_DATE_FULL, NULL},
};

START_TEST(dates_are_written_as_the_reader_writes_them)
{
	static const char *const zones[] = {"Pacific/Kiritimati", "Pacific/Pago_Pago", "America/New_York"};
	for (size_t zone = 0; zone < COUNT(zones); zone++) {
		ck_assert_int_eq(setenv("TZ", zones[zone], 1), 0);
		struct words *words = load();
		for (size_t i = 0; i < COUNT(dates); i++) {
			struct text out;
			text_init(&out, 256);
			bool said = words_date(words, words_language(words, dates[i].tag), dates[i].tag, dates[i].date,
					       dates[i].style, &out);
			ck_assert_msg(said == (dates[i].expected != NULL), "%s %s", dates[i].tag, dates[i].date);
			if (said)
				ck_assert_str_eq(out.bytes, dates[i].expected);
			text_release(&out);
		}
		words_free(words);
	}
}
END_TEST

START_TEST(many_languages_of_readers_are_served)
{
	struct words *words = load();
	for (int round = 0; round < 2; round++)
		for (char c = 'A'; c <= 'Z'; c++)
			for (char d = 'A'; d <= 'C'; d++) {
				char tag[6] = {'e', 'n', '-', c, d, '\0'};
				struct text out;
				text_init(&out, 256);
				ck_assert(words_date(words, words_language(words, tag), tag, "2027-01-15",
						     WORDS_DATE_FULL, &out));
				ck_assert_ptr_nonnull(strstr(out.bytes, "2027"));
				text_release(&out);
			}
	words_free(words);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("words");
	TCase *tests = tcase_create("words");
	tcase_set_timeout(tests, 30);
	tcase_add_test(tests, english_spanish_and_arabic_are_there);
	tcase_add_test(tests, patterns_are_checked_when_the_program_starts);
	tcase_add_test(tests, number_patterns_are_checked);
	tcase_add_test(tests, files_that_do_not_agree_are_refused);
	tcase_add_test(tests, plurals_follow_the_language);
	tcase_add_test(tests, values_are_never_read_as_patterns);
	tcase_add_test(tests, long_and_absent_values_are_said);
	tcase_add_test(tests, every_message_differs_by_language);
	tcase_add_test(tests, dates_are_written_as_the_reader_writes_them);
	tcase_add_test(tests, many_languages_of_readers_are_served);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
