/* The public document: nothing in it is without words, limits and examples, and its problems are those of the table. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "api/contract.h"
#include "api/reply/problem.h"
#include "kept/text.h"

static json_t *document;

static void open_document(void)
{
	document = json_loadb(contract_document, contract_document_length, JSON_REJECT_DUPLICATES, NULL);
	ck_assert_ptr_nonnull(document);
}

static void close_document(void)
{
	json_decref(document);
}

/* The component that is referred to, or the thing itself. */
static json_t *followed(json_t *json)
{
	const char *ref = json_string_value(json_object_get(json, "$ref"));
	char section[32] = "", name[128] = "";
	if (!ref)
		return json;
	ck_assert_int_eq(sscanf(ref, "#/components/%31[^/]/%127s", section, name), 2);
	return json_object_get(json_object_get(json_object_get(document, "components"), section), name);
}

static bool has_words(json_t *json, const char *member)
{
	const char *words = json_string_value(json_object_get(followed(json), member));
	return words && *words;
}

static void every_operation(void (*look)(json_t *operation, json_t *path))
{
	const char *path, *method;
	json_t *item, *operation;
	int seen = 0;
	json_object_foreach (json_object_get(document, "paths"), path, item) {
		json_object_foreach (item, method, operation) {
			if (strcmp(method, "parameters") == 0)
				continue;
			look(operation, item);
			seen++;
		}
	}
	ck_assert_int_eq(seen, (int)contract_operation_count);
}

static const char *id_of(json_t *operation)
{
	return json_string_value(json_object_get(operation, "operationId"));
}

static bool tag_is_told(const char *name)
{
	size_t index;
	json_t *tag;
	json_array_foreach (json_object_get(document, "tags"), index, tag)
		if (strcmp(json_string_value(json_object_get(tag, "name")), name) == 0)
			return has_words(tag, "description");
	return false;
}

static void look_for_words(json_t *operation, json_t *path)
{
	json_t *lists[] = {json_object_get(path, "parameters"), json_object_get(operation, "parameters")};
	json_t *parameter, *response;
	const char *status;
	size_t index;
	ck_assert_msg(has_words(operation, "summary"), "%s", id_of(operation));
	ck_assert_msg(has_words(operation, "description"), "%s", id_of(operation));
	ck_assert_uint_eq(json_array_size(json_object_get(operation, "tags")), 1);
	ck_assert(tag_is_told(json_string_value(json_array_get(json_object_get(operation, "tags"), 0))));
	for (size_t i = 0; i < 2; i++)
		json_array_foreach (lists[i], index, parameter)
			ck_assert_msg(has_words(parameter, "description"), "%s: parameter %zu", id_of(operation),
				      index);
	json_object_foreach (json_object_get(operation, "responses"), status, response)
		ck_assert_msg(has_words(response, "description"), "%s: %s", id_of(operation), status);
}

START_TEST(nothing_is_without_words)
{
	every_operation(look_for_words);
}
END_TEST

static void expect_example(json_t *body, const char *operation, const char *what)
{
	const char *type;
	json_t *media;
	json_object_foreach (json_object_get(followed(body), "content"), type, media)
		ck_assert_msg(json_object_get(media, "example") || json_object_get(media, "examples"),
			      "%s: no example of %s, %s", operation, what, type);
}

static void look_for_examples(json_t *operation, json_t *path)
{
	const char *status;
	json_t *response;
	(void)path;
	expect_example(json_object_get(operation, "requestBody"), id_of(operation), "the request");
	json_object_foreach (json_object_get(operation, "responses"), status, response)
		expect_example(response, id_of(operation), status);
}

START_TEST(each_body_has_an_example)
{
	every_operation(look_for_examples);
}
END_TEST

static void look_for_answers(json_t *operation, json_t *path)
{
	static const char *const always[] = {"400", "401", "429", "500"};
	static const char *const headers[] = {"X-Request-Id", "Cache-Control", "RateLimit", "RateLimit-Policy"};
	json_t *responses = json_object_get(operation, "responses"), *response;
	const char *status;
	(void)path;
	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
		ck_assert_msg(json_object_get(responses, always[i]) != NULL, "%s: %s", id_of(operation), always[i]);
	json_object_foreach (responses, status, response)
		for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
			ck_assert_msg(json_object_get(json_object_get(followed(response), "headers"), headers[i]),
				      "%s: %s without %s", id_of(operation), status, headers[i]);
}

START_TEST(each_operation_tells_refusals_and_headers)
{
	every_operation(look_for_answers);
}
END_TEST

static bool is_type(json_t *schema, const char *name)
{
	json_t *type = json_object_get(schema, "type"), *one;
	size_t index;
	if (json_is_string(type))
		return strcmp(json_string_value(type), name) == 0;
	json_array_foreach (type, index, one)
		if (json_is_string(one) && strcmp(json_string_value(one), name) == 0)
			return true;
	return false;
}

static bool has_one(json_t *schema, const char *const *members)
{
	for (; *members; members++)
		if (json_object_get(schema, *members))
			return true;
	return false;
}

static void check_bounds(json_t *schema, const char *place)
{
	static const char *const text[] = {"maxLength", "enum", "const", NULL};
	static const char *const form[] = {"format", "pattern", "enum", "const", NULL};
	if (is_type(schema, "string")) {
		ck_assert_msg(has_one(schema, text), "%s: text without maxLength", place);
		ck_assert_msg(has_one(schema, form), "%s: text without format or pattern", place);
	}
	if (is_type(schema, "array"))
		ck_assert_msg(json_object_get(schema, "maxItems") != NULL, "%s: a list without maxItems", place);
	if (is_type(schema, "integer"))
		ck_assert_msg(json_object_get(schema, "minimum") && json_object_get(schema, "maximum") &&
				      json_object_get(schema, "format"),
			      "%s: a whole number without limits", place);
}

static void check_all_bounds(json_t *json, const char *place)
{
	const char *name;
	json_t *value;
	size_t index;
	check_bounds(json, place);
	json_object_foreach (json, name, value) {
		char inner[300];
		if (text_starts(name, "example"))
			continue;
		snprintf(inner, sizeof(inner), "%.200s/%.90s", place, name);
		check_all_bounds(value, inner);
	}
	json_array_foreach (json, index, value)
		check_all_bounds(value, place);
}

START_TEST(every_text_list_and_number_is_bounded)
{
	check_all_bounds(document, "");
}
END_TEST

/* Objects that say additionalProperties nowhere take what nobody described. */
START_TEST(every_shape_of_ours_is_closed)
{
	const char *name;
	json_t *schema;
	json_object_foreach (json_object_get(json_object_get(document, "components"), "schemas"), name, schema)
		if (is_type(schema, "object"))
			ck_assert_msg(json_is_false(json_object_get(schema, "additionalProperties")), "%s is open",
				      name);
}
END_TEST

static void check_problem(const char *code, json_t *example)
{
	const struct problem *problem = problem_find(code);
	json_t *value = json_object_get(example, "value");
	const char *type = json_string_value(json_object_get(value, "type"));
	ck_assert_msg(problem != NULL, "no problem is called %s", code);
	ck_assert_str_eq(json_string_value(json_object_get(value, "title")), problem->title);
	ck_assert_int_eq(json_integer_value(json_object_get(value, "status")), problem->status);
	ck_assert_ptr_nonnull(type);
}

/* What no operation answers: it is refused before one is found, or is a fault of HTTP itself; told in the description.
 */
static bool is_of_http(int status)
{
	static const int statuses[] = {405, 414, 417, 431, 501, 505};
	char number[8];
	snprintf(number, sizeof(number), "%d", status);
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		if (statuses[i] == status)
			return strstr(json_string_value(
					      json_object_get(json_object_get(document, "info"), "description")),
				      number) != NULL;
	return false;
}

static bool has_example(const char *code)
{
	json_t *responses = json_object_get(json_object_get(document, "components"), "responses"), *response;
	const char *name;
	json_object_foreach (responses, name, response) {
		json_t *media = json_object_get(json_object_get(response, "content"), "application/problem+json");
		if (json_object_get(json_object_get(media, "examples"), code))
			return true;
	}
	return false;
}

/* Each kind of problem that an operation may answer stands as an example in the answer of its status. */
START_TEST(examples_of_problems_are_the_table)
{
	json_t *responses = json_object_get(json_object_get(document, "components"), "responses"), *response, *example;
	const char *name, *code;
	json_object_foreach (responses, name, response) {
		json_t *media = json_object_get(json_object_get(response, "content"), "application/problem+json");
		json_object_foreach (json_object_get(media, "examples"), code, example)
			check_problem(code, example);
	}
	for (size_t i = 0; i < problem_count; i++)
		ck_assert_msg(has_example(problem_table[i].code) || is_of_http(problem_table[i].status),
			      "the document tells nothing of %s", problem_table[i].code);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("document");
	TCase *tests = tcase_create("document");

	tcase_add_checked_fixture(tests, open_document, close_document);
	tcase_add_test(tests, nothing_is_without_words);
	tcase_add_test(tests, each_body_has_an_example);
	tcase_add_test(tests, each_operation_tells_refusals_and_headers);
	tcase_add_test(tests, every_text_list_and_number_is_bounded);
	tcase_add_test(tests, every_shape_of_ours_is_closed);
	tcase_add_test(tests, examples_of_problems_are_the_table);
	suite_add_tcase(suite, tests);
	return suite;
}

int main(void)
{
	SRunner *runner = srunner_create(suite());
	int failed;

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0;
}
