/* The schema engine: each keyword with documents that meet it and documents that do not, sentences, pointers. */
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "api/schema/schema_read.h"

struct row {
	const char *schema;
	const char *document;
	bool valid;
};

static const struct row rows[] = {
	{"true", "1", true},
	{"false", "1", false},
	{"{}", "null", true},
	{"{\"type\":\"null\"}", "null", true},
	{"{\"type\":\"null\"}", "0", false},
	{"{\"type\":\"boolean\"}", "true", true},
	{"{\"type\":\"boolean\"}", "\"true\"", false},
	{"{\"type\":\"integer\"}", "1", true},
	{"{\"type\":\"integer\"}", "1.0", true},
	{"{\"type\":\"integer\"}", "1e2", true},
	{"{\"type\":\"integer\"}", "1.5", false},
	{"{\"type\":\"integer\"}", "true", false},
	{"{\"type\":\"number\"}", "1", true},
	{"{\"type\":\"number\"}", "-1.5", true},
	{"{\"type\":\"number\"}", "\"1\"", false},
	{"{\"type\":\"string\"}", "\"\"", true},
	{"{\"type\":\"string\"}", "null", false},
	{"{\"type\":\"array\"}", "[]", true},
	{"{\"type\":\"array\"}", "{}", false},
	{"{\"type\":\"object\"}", "{}", true},
	{"{\"type\":\"object\"}", "[]", false},
	{"{\"type\":[\"string\",\"null\"]}", "null", true},
	{"{\"type\":[\"string\",\"null\"]}", "1", false},
	{"{\"enum\":[\"a\",1,null]}", "1.0", true},
	{"{\"enum\":[\"a\",1,null]}", "null", true},
	{"{\"enum\":[\"a\",1,null]}", "false", false},
	{"{\"enum\":[]}", "1", false},
	{"{\"enum\":[{\"a\":[1,{\"b\":2}]}]}", "{\"a\":[1.0,{\"b\":2}]}", true},
	{"{\"enum\":[{\"a\":[1,{\"b\":2}]}]}", "{\"a\":[1,{\"b\":3}]}", false},
	{"{\"enum\":[[false]]}", "[0]", false},
	{"{\"const\":2}", "2.0", true},
	{"{\"const\":null}", "null", true},
	{"{\"const\":null}", "0", false},
	{"{\"const\":9007199254740992}", "9007199254740993", false},
	{"{\"const\":{\"a\":1,\"b\":2}}", "{\"b\":2,\"a\":1}", true},
	{"{\"const\":[1,2]}", "[2,1]", false},
	{"{\"enum\":[1,2],\"const\":2}", "1", false},
	{"{\"required\":[\"a\"]}", "{\"a\":null}", true},
	{"{\"required\":[\"a\"]}", "{\"b\":1}", false},
	{"{\"required\":[\"a\"]}", "7", true},
	{"{\"properties\":{\"a\":{\"type\":\"string\"}}}", "{\"a\":\"x\",\"b\":1}", true},
	{"{\"properties\":{\"a\":{\"type\":\"string\"}}}", "{\"a\":1}", false},
	{"{\"properties\":{\"a\":false}}", "{\"a\":1}", false},
	{"{\"properties\":{\"a\":true},\"additionalProperties\":false}", "{\"a\":1}", true},
	{"{\"properties\":{\"a\":true},\"additionalProperties\":false}", "{\"b\":1}", false},
	{"{\"additionalProperties\":{\"type\":\"integer\"}}", "{\"b\":1}", true},
	{"{\"additionalProperties\":{\"type\":\"integer\"}}", "{\"b\":\"1\"}", false},
	{"{\"allOf\":[{\"properties\":{\"a\":true}}],\"additionalProperties\":false}", "{\"a\":1}", false},
	{"{\"minProperties\":1}", "{}", false},
	{"{\"minProperties\":1}", "{\"a\":1}", true},
	{"{\"maxProperties\":1}", "{\"a\":1,\"b\":2}", false},
	{"{\"maxProperties\":0}", "{}", true},
	{"{\"items\":{\"type\":\"integer\"}}", "[1,2]", true},
	{"{\"items\":{\"type\":\"integer\"}}", "[1,\"2\"]", false},
	{"{\"items\":false}", "[]", true},
	{"{\"items\":false}", "[1]", false},
	{"{\"minItems\":1}", "[]", false},
	{"{\"minItems\":1.0}", "[1]", true},
	{"{\"maxItems\":1}", "[1]", true},
	{"{\"maxItems\":1}", "[1,2]", false},
	{"{\"uniqueItems\":true}", "[1,2,\"1\",true,false,null,[1],{\"a\":1}]", true},
	{"{\"uniqueItems\":true}", "[1,1.0]", false},
	{"{\"uniqueItems\":true}", "[{\"a\":1,\"b\":2},{\"b\":2,\"a\":1}]", false},
	{"{\"uniqueItems\":true}", "[[1],[true]]", true},
	{"{\"uniqueItems\":false}", "[1,1]", true},
	{"{\"minLength\":2}", "\"\xc3\xa9\"", false},
	{"{\"minLength\":2}", "\"\xc3\xa9\xc3\xa9\"", true},
	{"{\"maxLength\":2}", "\"\xf0\x9f\x92\xa9\xf0\x9f\x92\xa9\"", true},
	{"{\"maxLength\":2}", "\"abc\"", false},
	{"{\"maxLength\":2}", "100", true},
	{"{\"minimum\":5}", "5", true},
	{"{\"minimum\":5}", "4.99", false},
	{"{\"minimum\":5}", "\"4\"", true},
	{"{\"maximum\":9007199254740992}", "9007199254740993", false},
	{"{\"maximum\":9007199254740992}", "9007199254740992", true},
	{"{\"maximum\":1.5}", "1.5", true},
	{"{\"maximum\":1.5}", "2", false},
	{"{\"multipleOf\":2}", "10", true},
	{"{\"multipleOf\":2}", "7", false},
	{"{\"multipleOf\":2}", "-8", true},
	{"{\"multipleOf\":0.01}", "4.35", true},
	{"{\"multipleOf\":0.0001}", "0.0075", true},
	{"{\"multipleOf\":0.0001}", "0.00751", false},
	{"{\"multipleOf\":1.5}", "4.5", true},
	{"{\"multipleOf\":1.5}", "35", false},
	{"{\"multipleOf\":1e-8}", "12391239123", true},
	{"{\"multipleOf\":0.123456789}", "1e308", false},
	{"{\"multipleOf\":0.5}", "1e308", true},
	{"{\"multipleOf\":3}", "0", true},
	{"{\"multipleOf\":300}", "30", false},
	{"{\"multipleOf\":300}", "-12e2", true},
	{"{\"multipleOf\":7}", "1e30", false},
	{"{\"multipleOf\":0.01}", "0.015", false},
	{"{\"exclusiveMinimum\":5}", "5.0", false},
	{"{\"exclusiveMinimum\":5}", "5.0000001", true},
	{"{\"exclusiveMaximum\":5}", "5", false},
	{"{\"exclusiveMaximum\":5}", "-5", true},
	{"{\"minimum\":-0.5}", "-0.50001", false},
	{"{\"minimum\":0}", "-0.0", true},
	{"{\"maximum\":9223372036854775807}", "9.3e18", false},
	{"{\"anyOf\":[{\"type\":\"integer\"},{\"minimum\":2}]}", "2.5", true},
	{"{\"anyOf\":[{\"type\":\"integer\"},{\"minimum\":2}]}", "1.5", false},
	{"{\"oneOf\":[{\"type\":\"integer\"},{\"minimum\":2}]}", "1", true},
	{"{\"oneOf\":[{\"type\":\"integer\"},{\"minimum\":2}]}", "3", false},
	{"{\"oneOf\":[{\"type\":\"integer\"},{\"minimum\":2}]}", "1.5", false},
	{"{\"allOf\":[{\"minimum\":1},{\"maximum\":3}]}", "2", true},
	{"{\"allOf\":[{\"minimum\":1},{\"maximum\":3}]}", "4", false},
	{"{\"not\":{\"type\":\"string\"}}", "1", true},
	{"{\"not\":{\"type\":\"string\"}}", "\"\"", false},
	{"{\"not\":true}", "1", false},
	{"{\"$ref\":\"#/$defs/a\",\"maxLength\":3,\"$defs\":{\"a\":{\"type\":\"string\"}}}", "\"abc\"", true},
	{"{\"$ref\":\"#/$defs/a\",\"maxLength\":3,\"$defs\":{\"a\":{\"type\":\"string\"}}}", "\"abcd\"", false},
	{"{\"$ref\":\"#/$defs/a~1b~0c%25d\",\"$defs\":{\"a/b~c%d\":{\"type\":\"null\"}}}", "1", false},
	{"{\"$id\":\"https://a.example/b\",\"items\":{\"$ref\":\"https://a.example/b#/$defs/n\"},\"$defs\":{\"n\":{"
	 "\"type\":\"null\"}}}",
	 "[1]", false},
	{"{\"properties\":{\"next\":{\"$ref\":\"#\"}},\"additionalProperties\":false}", "{\"next\":{\"next\":{}}}",
	 true},
	{"{\"properties\":{\"next\":{\"$ref\":\"#\"}},\"additionalProperties\":false}", "{\"next\":{\"last\":{}}}",
	 false},
	{"{\"properties\":{\"$ref\":{\"type\":\"string\"}}}", "{\"$ref\":1}", false},
};

static const char *const bad_schemas[] = {
	"1",
	"{\"typ\":\"string\"}",
	"{\"type\":\"text\"}",
	"{\"type\":[]}",
	"{\"type\":[\"string\",\"string\"]}",
	"{\"enum\":1}",
	"{\"required\":\"a\"}",
	"{\"required\":[1]}",
	"{\"required\":[\"a\",\"a\"]}",
	"{\"properties\":[]}",
	"{\"properties\":{\"a\":1}}",
	"{\"items\":[true]}",
	"{\"minLength\":-1}",
	"{\"minLength\":1.5}",
	"{\"minLength\":\"1\"}",
	"{\"maxItems\":null}",
	"{\"minimum\":\"1\"}",
	"{\"multipleOf\":0}",
	"{\"multipleOf\":-1}",
	"{\"uniqueItems\":1}",
	"{\"anyOf\":[]}",
	"{\"allOf\":{}}",
	"{\"format\":\"ipv4\"}",
	"{\"pattern\":\"(?<=a)\"}",
	"{\"$ref\":\"#/$defs/none\"}",
	"{\"$ref\":\"https://a.example/b\"}",
	"{\"$ref\":\"#name\"}",
	"{\"$ref\":\"#\"}",
	"{\"allOf\":[{\"$ref\":\"#\"}]}",
	"{\"not\":{\"$ref\":\"#\"}}",
	"{\"$defs\":{\"a\":{\"$ref\":\"#/$defs/b\"},\"b\":{\"$ref\":\"#/$defs/a\"}},\"$ref\":\"#/$defs/a\"}",
	"{\"$schema\":\"http://json-schema.org/draft-07/schema#\"}",
	"{\"properties\":{\"a\":{\"$id\":\"b\"}}}",
	"{\"patternProperties\":{}}",
	"{\"exclusiveMinimum\":\"1\"}",
	"{\"multipleOf\":1234567890123456789}",
	"{\"$id\":\"a#b\"}",
	"{\"$ref\":\"\"}",
	"{\"$ref\":\"#/$defs/a/$defs/b\",\"$defs\":{\"a\":{\"$id\":\"a\",\"$defs\":{\"b\":true}}}}",
	"{\"nullable\":true}",
	"{\"example\":1}",
};

struct opened {
	json_t *json;
	struct schema_reader *reader;
	const struct schema *schema;
};

static struct opened open_schema(json_t *json)
{
	struct opened opened = {.json = json};

	ck_assert_ptr_nonnull(json);
	opened.reader = schema_reader_new(json);
	ck_assert_ptr_nonnull(opened.reader);
	opened.schema = schema_read(opened.reader, "");
	return opened;
}

static struct opened open_text(const char *text)
{
	return open_schema(json_loads(text, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL));
}

static void close_schema(struct opened *opened)
{
	schema_reader_free(opened->reader);
	json_decref(opened->json);
}

/* Judges a document, with and without errors asked for, and checks that errors are told if and only if it is refused.
 */
static bool judged(const struct schema *schema, const json_t *document)
{
	struct schema_errors errors;
	bool valid;

	schema_errors_init(&errors);
	valid = schema_validate(schema, document, &errors);
	ck_assert_int_eq(valid, schema_validate(schema, document, NULL));
	ck_assert_int_eq(valid, errors.count == 0);
	ck_assert(!errors.no_memory);
	schema_errors_release(&errors);
	return valid;
}

START_TEST(keyword_means_what_specification_says)
{
	const struct row *row = &rows[_i];
	struct opened opened = open_text(row->schema);
	json_t *document = json_loads(row->document, JSON_DECODE_ANY, NULL);

	ck_assert_msg(opened.schema != NULL, "%s: %s", row->schema, schema_reader_fault(opened.reader));
	ck_assert_ptr_nonnull(document);
	ck_assert_msg(judged(opened.schema, document) == row->valid, "%s %s", row->schema, row->document);
	json_decref(document);
	close_schema(&opened);
}
END_TEST

START_TEST(malformed_schema_is_refused_with_its_place)
{
	struct opened opened = open_text(bad_schemas[_i]);

	ck_assert_msg(opened.schema == NULL, "%s", bad_schemas[_i]);
	ck_assert_str_ne(schema_reader_fault(opened.reader), "");
	close_schema(&opened);
}
END_TEST

/* What is told, as one text: "pointer detail|…". */
static char *told(const char *schema, const char *document)
{
	static char text[8192];
	struct opened opened = open_text(schema);
	json_t *json = json_loads(document, JSON_DECODE_ANY, NULL);
	struct schema_errors errors;
	size_t length = 0;

	schema_errors_init(&errors);
	text[0] = '\0';
	ck_assert_ptr_nonnull(opened.schema);
	ck_assert(!schema_validate(opened.schema, json, &errors));
	for (size_t i = 0; i < errors.count; i++)
		length += (size_t)snprintf(text + length, sizeof(text) - length, "%s%s %s", i ? "|" : "",
					   errors.items[i].pointer, errors.items[i].detail);
	schema_errors_release(&errors);
	json_decref(json);
	close_schema(&opened);
	return text;
}

START_TEST(all_errors_are_told_at_once_with_pointers)
{
	ck_assert_str_eq(
		told("{\"type\":\"object\",\"required\":[\"name\",\"due_on\"],\"additionalProperties\":false,"
		     "\"properties\":{"
		     "\"name\":{\"type\":\"string\"},\"due_on\":{\"type\":\"string\",\"format\":\"date\"},"
		     "\"list\":{\"items\":{\"enum\":[\"agreed\",\"proposed\"]}}}}",
		     "{\"due_on\":\"soon\",\"list\":[\"agreed\",\"kept\"],\"a/b~c\":1}"),
		"/name is missing|/due_on must be a date like 2027-01-15|/list/1 is not one of: agreed, proposed|"
		"/a~1b~0c is not known here; remove it");
}
END_TEST

START_TEST(sentence_is_plain)
{
	ck_assert_str_eq(told("{\"type\":[\"string\",\"null\"]}", "1"), " must be text or null");
	ck_assert_str_eq(told("{\"type\":\"integer\"}", "1.5"), " must be a whole number");
	ck_assert_str_eq(told("{\"minLength\":1}", "\"\""), " must not be empty");
	ck_assert_str_eq(told("{\"maxLength\":2}", "\"abc\""), " must have at most 2 characters, and has 3");
	ck_assert_str_eq(told("{\"minItems\":2}", "[1]"), " must have at least 2 items, and has 1");
	ck_assert_str_eq(told("{\"minimum\":1}", "0"), " must be at least 1");
	ck_assert_str_eq(told("{\"maximum\":1.5}", "2"), " must be at most 1.5");
	ck_assert_str_eq(told("{\"const\":true}", "false"), " must be true");
	ck_assert_str_eq(told("{\"uniqueItems\":true}", "[1,2,1]"), "/2 is there twice (as item 0 too); remove one");
	ck_assert_str_eq(told("{\"format\":\"time-zone\"}", "\"EST\""), " must be a time zone like America/New_York");
}
END_TEST

START_TEST(nearest_form_is_told)
{
	const char *schema =
		"{\"oneOf\":[{\"type\":\"object\",\"required\":[\"person_id\"],\"additionalProperties\":false,"
		"\"properties\":{"
		"\"person_id\":{\"type\":\"string\"}}},{\"type\":\"object\",\"required\":[\"organisation_id\"],"
		"\"additionalProperties\":false,\"properties\":{\"organisation_id\":{\"type\":\"string\"}}}]}";

	ck_assert_str_eq(told(schema, "{\"person_id\":5}"), "/person_id must be text");
	ck_assert_str_eq(told(schema, "{}"), " fits none of the forms that the contract allows here");
	schema = "{\"oneOf\":[{\"required\":[\"person_id\"]},{\"required\":[\"count\"]}]}";
	ck_assert_str_eq(told(schema, "{}"), " must have exactly one of: person_id, count");
	ck_assert_str_eq(told(schema, "{\"person_id\":1,\"count\":2}"), " must have exactly one of: person_id, count");
	ck_assert_str_eq(told("{\"oneOf\":[{\"type\":\"integer\"},{\"type\":\"number\"}]}", "1"),
			 " fits more than one of the forms of which it must fit exactly one");
}
END_TEST

START_TEST(same_error_by_two_ways_is_told_once)
{
	ck_assert_str_eq(told("{\"type\":\"string\",\"allOf\":[{\"type\":\"string\"},{\"type\":\"string\"}]}", "1"),
			 " must be text");
}
END_TEST

START_TEST(errors_have_a_ceiling)
{
	struct opened opened = open_text("{\"items\":{\"type\":\"string\"}}");
	json_t *list = json_array();
	struct schema_errors errors;

	for (int i = 0; i < KEPT_ERRORS + 5; i++)
		json_array_append_new(list, json_integer(i));
	schema_errors_init(&errors);
	ck_assert(!schema_validate(opened.schema, list, &errors));
	ck_assert_uint_eq(errors.count, KEPT_ERRORS);
	ck_assert(errors.more);
	schema_errors_release(&errors);
	json_decref(list);
	close_schema(&opened);
}
END_TEST

START_TEST(long_member_name_does_not_make_long_pointer)
{
	struct opened opened = open_text("{\"properties\":{\"a\":{\"additionalProperties\":false}}}");
	char name[5000];
	json_t *document;
	struct schema_errors errors;

	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	document = json_pack("{s:{s:i}}", "a", name, 1);
	schema_errors_init(&errors);
	ck_assert(!schema_validate(opened.schema, document, &errors));
	ck_assert_str_eq(errors.items[0].pointer, "/a");
	schema_errors_release(&errors);
	json_decref(document);
	close_schema(&opened);
}
END_TEST

static const struct row parameters[] = {
	{"{\"type\":\"integer\",\"minimum\":1}", "5", true},
	{"{\"type\":\"integer\",\"minimum\":1}", "0", false},
	{"{\"type\":\"integer\"}", "-7", true},
	{"{\"type\":\"integer\"}", "", false},
	{"{\"type\":\"integer\"}", " 5", false},
	{"{\"type\":\"integer\"}", "5 ", false},
	{"{\"type\":\"integer\"}", "+5", false},
	{"{\"type\":\"integer\"}", "05", false},
	{"{\"type\":\"integer\"}", "5.0", false},
	{"{\"type\":\"integer\"}", "1e2", false},
	{"{\"type\":\"integer\"}", "99999999999999999999", false},
	{"{\"type\":\"integer\"}", "five", false},
	{"{\"type\":\"number\"}", "-1.5e3", true},
	{"{\"type\":\"number\"}", "nan", false},
	{"{\"type\":\"boolean\"}", "true", true},
	{"{\"type\":\"boolean\"}", "yes", false},
	{"{\"type\":\"string\"}", "5", true},
	{"{\"enum\":[\"5\"]}", "5", true},
	{"{\"format\":\"date\"}", "2027-01-15", true},
	{"{\"type\":\"string\",\"maxLength\":1}", "\xc3\xa9", true},
	{"{\"type\":\"string\"}", "\xc3", false},
	{"{\"$ref\":\"#/$defs/n\",\"$defs\":{\"n\":{\"type\":\"integer\"}}}", "5", true},
	{"{\"$ref\":\"#/$defs/n\",\"$defs\":{\"n\":{\"type\":\"integer\"}}}", "x", false},
};

START_TEST(parameter_text_is_read_by_its_type)
{
	const struct row *row = &parameters[_i];
	struct opened opened = open_text(row->schema);
	struct schema_errors errors;

	schema_errors_init(&errors);
	ck_assert_msg(schema_validate_text(opened.schema, row->document, &errors) == row->valid, "%s %s", row->schema,
		      row->document);
	ck_assert_int_eq(row->valid, errors.count == 0);
	schema_errors_release(&errors);
	close_schema(&opened);
}
END_TEST

#define COUNT(table) (int)(sizeof(table) / sizeof(table[0]))

int main(void)
{
	Suite *suite = suite_create("schema");
	TCase *tests = tcase_create("schema");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(tests, keyword_means_what_specification_says, 0, COUNT(rows));
	tcase_add_loop_test(tests, malformed_schema_is_refused_with_its_place, 0, COUNT(bad_schemas));
	tcase_add_test(tests, all_errors_are_told_at_once_with_pointers);
	tcase_add_test(tests, sentence_is_plain);
	tcase_add_test(tests, nearest_form_is_told);
	tcase_add_test(tests, same_error_by_two_ways_is_told_once);
	tcase_add_test(tests, errors_have_a_ceiling);
	tcase_add_test(tests, long_member_name_does_not_make_long_pointer);
	tcase_add_loop_test(tests, parameter_text_is_read_by_its_type, 0, COUNT(parameters));
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
