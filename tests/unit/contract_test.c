/* The compiled contract: the route table against the files that it was made from, matching, and the public document. */
#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "api/contract.h"
#include "api/schema/schema.h"

#define ID "0191b2a4-5c3e-7f00-8a1b-2c3d4e5f6071"

static struct contract_match matched(const char *method, const char *path)
{
	struct contract_match match;

	contract_match(method, path, &match);
	return match;
}

/* The path of an operation with values in place of the names. */
static void fill(char out[512], const char *path)
{
	size_t length = 0;

	while (*path) {
		if (*path == '{') {
			length += (size_t)snprintf(out + length, 512 - length, ID);
			path = strchr(path, '}') + 1;
		} else {
			out[length++] = *path++;
		}
	}
	out[length] = '\0';
}

START_TEST(every_operation_is_found_by_its_path)
{
	for (size_t i = 0; i < contract_operation_count; i++) {
		const struct contract_operation *operation = &contract_operations[i];
		char path[512];
		struct contract_match match;
		int values = 0;

		fill(path, operation->path);
		contract_match(operation->method, path, &match);
		ck_assert_ptr_eq(match.operation, operation);
		ck_assert_int_eq(match.status, 0);
		ck_assert_ptr_nonnull(strstr(match.allow, operation->method));
		for (int j = 0; j < operation->parameter_count && operation->parameters[j].in == IN_PATH; j++)
			values++;
		ck_assert_int_eq(match.value_count, values);
		for (int j = 0; j < values; j++) {
			ck_assert_uint_eq(match.values[j].length, strlen(ID));
			ck_assert(strncmp(match.values[j].bytes, ID, strlen(ID)) == 0);
		}
	}
}
END_TEST

START_TEST(head_is_get)
{
	ck_assert_ptr_nonnull(matched("GET", "/livez").operation);
	ck_assert_ptr_eq(matched("HEAD", "/livez").operation, matched("GET", "/livez").operation);
	ck_assert_ptr_eq(matched("HEAD", "/").operation, matched("GET", "/").operation);
}
END_TEST

START_TEST(unfit_method_is_405_with_allow)
{
	static const char *const methods[] = {"POST", "DELETE", "OPTIONS", "get", ""};

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		struct contract_match match = matched(methods[i], "/livez");

		ck_assert_ptr_null(match.operation);
		ck_assert_int_eq(match.status, 405);
		ck_assert_str_eq(match.allow, "GET, HEAD");
	}
}
END_TEST

START_TEST(unknown_path_is_404)
{
	static const char *const paths[] = {"",         "livez",   "//",    "/livez/",     "//livez",
					    "/livez//", "/Livez",  "/live", "/livezz",     "/livez/a",
					    "/v1",      "/v1/",    "/{id}", "/v1//people", "/a/b/c/d/e/f/g/h/i/j/k/l",
					    "/%6civez", "/livez ", "/..",   "/./livez"};

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct contract_match match = matched("GET", paths[i]);

		ck_assert_msg(match.status == 404, "%s", paths[i]);
		ck_assert_ptr_null(match.operation);
		ck_assert_ptr_null(match.allow);
	}
}
END_TEST

static json_t *public_document(void)
{
	json_t *document = json_loadb(contract_document, contract_document_length, JSON_REJECT_DUPLICATES, NULL);

	ck_assert_ptr_nonnull(document);
	return document;
}

static json_t *operation_of(json_t *document, const struct contract_operation *operation)
{
	char method[16] = "";

	for (size_t i = 0; operation->method[i] && i < sizeof(method) - 1; i++)
		method[i] = (char)(operation->method[i] | 0x20);
	return json_object_get(json_object_get(json_object_get(document, "paths"), operation->path), method);
}

START_TEST(document_and_table_have_the_same_operations)
{
	json_t *document = public_document();
	size_t told = 0;
	const char *path, *method;
	json_t *item, *operation;

	json_object_foreach (json_object_get(document, "paths"), path, item)
		json_object_foreach (item, method, operation)
			told += strcmp(method, "parameters") != 0;
	ck_assert_uint_eq(told, contract_operation_count);
	for (size_t i = 0; i < contract_operation_count; i++) {
		operation = operation_of(document, &contract_operations[i]);
		ck_assert_str_eq(json_string_value(json_object_get(operation, "operationId")),
				 contract_operations[i].id);
	}
	json_decref(document);
}
END_TEST

START_TEST(document_tells_errors_and_hides_how_it_is_done)
{
	json_t *document = public_document();

	ck_assert_ptr_null(strstr(contract_document, "x-kept"));
	for (size_t i = 0; i < contract_operation_count; i++) {
		const struct contract_operation *operation = &contract_operations[i];
		json_t *json = operation_of(document, operation);
		json_t *responses = json_object_get(json, "responses");

		ck_assert_ptr_nonnull(json_object_get(responses, "400"));
		ck_assert_ptr_nonnull(json_object_get(responses, "401"));
		ck_assert_int_eq(operation->roles == 0, json_object_get(json, "security") != NULL);
		ck_assert_int_eq(operation->body != NULL, json_object_get(responses, "415") != NULL);
		ck_assert_int_eq(operation->if_match_required, json_object_get(responses, "428") != NULL);
	}
	json_decref(document);
}
END_TEST

/* Every $ref of the document leads somewhere. */
static void check_references(json_t *document, json_t *json)
{
	const char *ref = json_string_value(json_object_get(json, "$ref"));
	const char *name;
	size_t index;
	json_t *value;

	if (ref) {
		char section[32] = "", component[128] = "";

		ck_assert_msg(sscanf(ref, "#/components/%31[^/]/%127s", section, component) == 2, "%s", ref);
		value = json_object_get(json_object_get(document, "components"), section);
		ck_assert_msg(json_object_get(value, component) != NULL, "%s", ref);
	}
	json_object_foreach (json, name, value)
		check_references(document, value);
	json_array_foreach (json, index, value)
		check_references(document, value);
}

START_TEST(every_reference_of_the_document_leads_somewhere)
{
	json_t *document = public_document();

	check_references(document, document);
	json_decref(document);
}
END_TEST

START_TEST(examples_meet_the_compiled_schemas)
{
	json_t *document = public_document();
	const char *name;
	json_t *schema, *example;
	size_t index;

	ck_assert(contract_start());
	json_object_foreach (json_object_get(json_object_get(document, "components"), "schemas"), name, schema) {
		ck_assert_ptr_nonnull(contract_schema_find(name));
		json_array_foreach (json_object_get(schema, "examples"), index, example)
			ck_assert_msg(schema_validate(contract_schema_find(name), example, NULL), "%s", name);
	}
	ck_assert_ptr_null(contract_schema_find("Nothing"));
	json_decref(document);
}
END_TEST

START_TEST(shared_schemas_judge_as_told)
{
	static const struct {
		const char *schema, *text;
		bool valid;
	} rows[] = {
		{"Line", "Read together", true},
		{"Line", "  a ", true},
		{"Line", "   ", false},
		{"Line", "", false},
		{"Line", "a\nb", false},
		{"Line", "a\x7f", false},
		{"Line", "\xc2\xa0", false},
		{"Line", "\xd8\xa3", true},
		{"Prose", "a\r\n\tb", true},
		{"Prose", "a\x01", false},
		{"WebUrl", "https://lakeview.example/hooks?a=b", true},
		{"WebUrl", "HTTP://lakeview.example", true},
		{"WebUrl", "https://user:secret@lakeview.example/", false},
		{"WebUrl", "https://lakeview.example/#part", false},
		{"WebUrl", "ftp://lakeview.example/", false},
		{"WebUrl", "file:///etc/passwd", false},
		{"WebUrl", "https:///path", false},
		{"Id", ID, true},
		{"Id", "1", false},
		{"Date", "2027-02-30", false},
		{"TimeZone", "EST", false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ck_assert_msg(schema_validate_text(contract_schema_find(rows[i].schema), rows[i].text, NULL) ==
				      rows[i].valid,
			      "%s %s", rows[i].schema, rows[i].text);
}
END_TEST

/* Statements are joined to operations by index; this is what notices a difference of order. */
START_TEST(operation_runs_the_statement_that_its_file_names)
{
	glob_t files;
	size_t found = 0;

	ck_assert_int_eq(glob("api/openapi/*.json", 0, NULL, &files), 0);
	for (size_t i = 0; i < files.gl_pathc; i++) {
		json_t *file = json_load_file(files.gl_pathv[i], 0, NULL);

		for (size_t j = 0; j < contract_operation_count; j++) {
			json_t *source = operation_of(file, &contract_operations[j]);
			const char *statement = json_string_value(json_object_get(source, "x-kept-statement"));

			if (statement) {
				ck_assert_ptr_nonnull(contract_operations[j].statement);
				ck_assert_str_eq(contract_operations[j].statement->name, statement);
			} else if (source) {
				ck_assert_ptr_null(contract_operations[j].statement);
				ck_assert_ptr_nonnull(contract_operations[j].produces);
			}
			found += source != NULL;
		}
		json_decref(file);
	}
	globfree(&files);
	ck_assert_uint_eq(found, contract_operation_count);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("contract");
	TCase *tests = tcase_create("contract");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tests, every_operation_is_found_by_its_path);
	tcase_add_test(tests, head_is_get);
	tcase_add_test(tests, unfit_method_is_405_with_allow);
	tcase_add_test(tests, unknown_path_is_404);
	tcase_add_test(tests, document_and_table_have_the_same_operations);
	tcase_add_test(tests, document_tells_errors_and_hides_how_it_is_done);
	tcase_add_test(tests, every_reference_of_the_document_leads_somewhere);
	tcase_add_test(tests, examples_meet_the_compiled_schemas);
	tcase_add_test(tests, shared_schemas_judge_as_told);
	tcase_add_test(tests, operation_runs_the_statement_that_its_file_names);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
