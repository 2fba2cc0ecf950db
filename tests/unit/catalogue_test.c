/* The catalogue that comes with Kept: every language says everything that English says, and fills in the same names. */
#include <check.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "kept/embed.h"

static json_t *load(const struct embedded *file)
{
	json_error_t error;
	json_t *language = json_loadb(file->bytes, file->length, JSON_REJECT_DUPLICATES, &error);
	ck_assert_msg(language != NULL, "%s:%d: %s", file->name, error.line, error.text);
	return language;
}

/* The nth {name} of a text, with its braces; NULL: there are fewer. */
static const char *place(const char *text, int nth, size_t *length)
{
	for (const char *at = strchr(text, '{'); at != NULL; at = strchr(at + 1, '{')) {
		size_t inner = strspn(at + 1, "abcdefghijklmnopqrstuvwxyz_");
		ck_assert_msg(inner > 0 && at[1 + inner] == '}', "not a place to be filled: %s", at);
		if (nth-- == 0) {
			*length = inner + 2;
			return at;
		}
	}
	return NULL;
}

static bool says(const char *text, const char *name, size_t length)
{
	size_t other;
	const char *at;
	for (int n = 0; (at = place(text, n, &other)) != NULL; n++)
		if (other == length && memcmp(at, name, length) == 0)
			return true;
	return false;
}

static void same_places(const char *file, const char *english, const char *other)
{
	const char *both[] = {english, other};
	for (int i = 0; i < 2; i++) {
		size_t length;
		const char *name;
		for (int n = 0; (name = place(both[i], n, &length)) != NULL; n++)
			ck_assert_msg(says(both[1 - i], name, length), "%s: %.*s is only in one of: %s | %s", file,
				      (int)length, name, english, other);
	}
}

static bool is_name(const char *member)
{
	static const char *const names[] = {"code", "group", "citation", "necessity"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(member, names[i]) == 0)
			return true;
	return false;
}

/* Both have the same members and as many items; what is a name is the same, what is said is not empty. */
static void same_shape(const char *file, const char *member, const json_t *english, const json_t *other)
{
	ck_assert_msg(other != NULL, "%s lacks %s", file, member);
	ck_assert_msg(json_typeof(english) == json_typeof(other), "%s: %s is of another type than in English", file,
		      member);
	if (json_is_object(english)) {
		const char *key;
		json_t *value;
		json_object_foreach ((json_t *)english, key, value)
			same_shape(file, key, value, json_object_get(other, key));
		json_object_foreach ((json_t *)other, key, value)
			ck_assert_msg(json_object_get(english, key) != NULL, "%s has %s, English has not", file, key);
	} else if (json_is_array(english)) {
		ck_assert_msg(json_array_size(english) == json_array_size(other), "%s: %s has not as many items", file,
			      member);
		for (size_t i = 0; i < json_array_size(english); i++)
			same_shape(file, member, json_array_get(english, i), json_array_get(other, i));
	} else if (is_name(member) || !json_is_string(english)) {
		ck_assert_msg(json_equal(english, other), "%s: %s is not as in English", file, member);
	} else {
		ck_assert_msg(strspn(json_string_value(other), " \n") < json_string_length(other), "%s: %s is empty",
			      file, member);
		same_places(file, json_string_value(english), json_string_value(other));
	}
}

START_TEST(every_language_says_all_that_english_says)
{
	const struct embedded *first = embedded_find(&embedded_catalogue, "en.json");
	ck_assert_ptr_nonnull(first);
	json_t *english = load(first);
	ck_assert_ptr_nonnull(embedded_find(&embedded_catalogue, "es.json"));
	for (size_t i = 0; i < embedded_catalogue.count; i++) {
		const struct embedded *file = &embedded_catalogue.files[i];
		json_t *other = load(file);
		same_shape(file->name, "the file", english, other);
		const char *tag = json_string_value(json_object_get(other, "language"));
		ck_assert_msg(strncmp(tag, file->name, strlen(tag)) == 0 &&
				      strcmp(file->name + strlen(tag), ".json") == 0,
			      "%s says that it is %s", file->name, tag);
		json_decref(other);
	}
	json_decref(english);
}
END_TEST

START_TEST(keys_and_words_fit_their_columns)
{
	for (size_t i = 0; i < embedded_catalogue.count; i++) {
		json_t *language = load(&embedded_catalogue.files[i]);
		json_t *texts = json_object_get(language, "texts"), *words;
		const char *key;
		ck_assert_uint_gt(json_object_size(texts), 0);
		json_object_foreach (texts, key, words) {
			ck_assert_msg(strlen(key) <= 60 &&
					      strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789_.") == strlen(key),
				      "%s", key);
			ck_assert_msg(json_string_length(words) <= 4000, "%s", key);
		}
		json_decref(language);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("catalogue");
	TCase *test = tcase_create("catalogue");
	tcase_add_test(test, every_language_says_all_that_english_says);
	tcase_add_test(test, keys_and_words_fit_their_columns);
	suite_add_tcase(suite, test);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
