/* Queries, path values, headers, page tokens and secrets: api/request/request.h, api/reply/page_token.h,
 * api/reply/secrets.h. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "api/reply/page_token.h"
#include "api/reply/reply.h"
#include "api/reply/secrets.h"
#include "api/request/request.h"
#include "api/schema/schema.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SCHEMA_LIMITS .max_length = SCHEMA_NO_LIMIT, .max_items = SCHEMA_NO_LIMIT, .max_properties = SCHEMA_NO_LIMIT

static const struct schema word = {.types = SCHEMA_STRING, .min_length = 1, SCHEMA_LIMITS};
static const struct schema uuid = {.types = SCHEMA_STRING, .format = FORMAT_UUID, SCHEMA_LIMITS};
static const struct schema number = {
	.types = SCHEMA_INTEGER, .minimum = {.present = true, .is_integer = true, .integer = 1}, SCHEMA_LIMITS};
static const struct contract_parameter parameters[] = {
	{"id", IN_PATH, true, &uuid},
	{"group", IN_QUERY, false, &word},
	{"page_size", IN_QUERY, false, &number},
	{"page_token", IN_QUERY, false, &word},
	{"need", IN_QUERY, true, &word},
};
static const struct contract_operation operation = {
	.id = "thing_list", .method = "GET", .path = "/v1/things/{id}", .parameters = parameters, .parameter_count = 5};

static char *values[REQUEST_PARAMETERS];
static struct problem_errors errors;

static void set_up(void)
{
	memset(values, 0, sizeof(values));
	problem_errors_init(&errors);
}

static void tear_down(void)
{
	for (int i = 0; i < REQUEST_PARAMETERS; i++)
		free(values[i]);
	problem_errors_release(&errors);
}

static bool read_query(const char *query)
{
	char *copy = strdup(query);
	bool ok = request_query(&operation, copy, values, &errors);
	free(copy);
	return ok;
}

START_TEST(query_is_decoded_once)
{
	ck_assert(read_query("group=a%2526b+c%C3%A9&&need=1&page_size=5"));
	ck_assert_str_eq(values[1], "a%26b c\xc3\xa9");
	ck_assert_str_eq(values[2], "5");
	ck_assert_str_eq(values[4], "1");
	ck_assert_ptr_null(values[3]);
}
END_TEST

static const char *const bad_queries[] = {
	"need=1&nope=2",
	"need=1&need=1",
	"group=a",
	"need=",
	"need",
	"need=1&page_size=0",
	"need=1&page_size=x",
	"need=1&page_size=-1",
	"need=1&group=%C0%AF",
	"need=1&%67roup=a&group=b",
	"need=1&=x",
	"",
};

START_TEST(wrong_query_is_refused_and_named)
{
	ck_assert_msg(!read_query(bad_queries[_i]), "%s", bad_queries[_i]);
	ck_assert_int_ge(errors.count, 1);
	ck_assert_ptr_nonnull(strstr(errors.items.bytes, "\"parameter\":"));
}
END_TEST

START_TEST(all_wrong_parameters_are_told_at_once)
{
	ck_assert(!read_query("page_size=0&x=1&y=2&group="));
	ck_assert_int_eq(errors.count, 5); /* and `need` is missing */
}
END_TEST

START_TEST(too_many_parameters_are_refused)
{
	char query[512] = "";
	for (size_t i = 0; i < 40; i++)
		memcpy(query + 4 * i, "a=1&", 5);
	ck_assert(!read_query(query));
	ck_assert_int_le(errors.count, KEPT_PARAMETERS + 2);
}
END_TEST

START_TEST(path_value_that_cannot_be_is_not_found)
{
	struct contract_match match = {.operation = &operation, .value_count = 1};
	match.values[0].bytes = "01a20900-ea91-78a5-90ba-b2d2aab6ae08/x";
	match.values[0].length = 36;
	ck_assert(request_path(&match, values));
	ck_assert_str_eq(values[0], "01a20900-ea91-78a5-90ba-b2d2aab6ae08");
	free(values[0]);
	match.values[0].length = 35;
	ck_assert(!request_path(&match, values));
}
END_TEST

START_TEST(query_is_written_as_it_is_read)
{
	struct text out;
	text_init(&out, 1000);
	ck_assert(read_query("group=a%26b%20%C3%A9&need=x/y&page_token=t"));
	request_query_write(&operation, values, "page_token", &out);
	ck_assert_str_eq(out.bytes, "group=a%26b%20%C3%A9&need=x%2Fy");
	text_release(&out);
}
END_TEST

START_TEST(page_token_opens_only_for_its_list_and_filters)
{
	struct seal *seal = seal_new("k1:01234567890123456789012345678901");
	ck_assert_ptr_nonnull(seal);
	ck_assert(read_query("group=a&need=1&page_size=5"));
	char *token = page_token_new(seal, &operation, values, "me", "[\"x\"]");
	ck_assert_ptr_nonnull(token);
	/* Another size is no other list. */
	free(values[2]);
	values[2] = strdup("7");
	char *keyset = page_token_open(seal, &operation, values, "me", token);
	ck_assert_str_eq(keyset, "[\"x\"]");
	free(keyset);
	struct contract_operation other = operation;
	other.id = "other_list";
	ck_assert_ptr_null(page_token_open(seal, &other, values, "me", token));
	values[1][0] = 'b';
	ck_assert_ptr_null(page_token_open(seal, &operation, values, "me", token));
	values[1][0] = 'a';
	token[strlen(token) - 1] ^= 1;
	ck_assert_ptr_null(page_token_open(seal, &operation, values, "me", token));
	ck_assert_ptr_null(page_token_open(seal, &operation, values, "me", "ks1.k1."));
	ck_assert_ptr_null(page_token_open(seal, &operation, values, "me", ""));
	free(token);
	seal_free(seal);
}
END_TEST

static const struct {
	const char *header, *languages;
} language_cases[] = {
	{NULL, ""},
	{"", ""},
	{"es", "es"},
	{"en;q=0.5, es", "es,en"},
	{"en, es", "en,es"},
	{"es-MX,es;q=0.9,en;q=0.8", "es-MX,es,en"},
	{"*, en;q=0", ""},
	{"en;q=2, es;q=x, fr;q=0.1", "fr"},
	{"en;q=0.12345", ""},
	{" es ; q=0.5 ,\ten", "en,es"},
	{"e'; drop table, en", "en"},
};

START_TEST(languages_come_best_first)
{
	char out[KEPT_LANGUAGES_BYTES];
	request_languages(language_cases[_i].header, out);
	ck_assert_str_eq(out, language_cases[_i].languages);
}
END_TEST

static const struct {
	const char *header, *key; /* NULL: malformed */
} key_cases[] = {
	{"abc", "abc"},
	{"\"abc\"", "abc"},
	{"\"a\\\"b\\\\c\"", "a\"b\\c"},
	{"a b", "a b"},
	{"", NULL},
	{"\"\"", NULL},
	{"\"", NULL},
	{"\"a", NULL},
	{"\"a\"b\"", NULL},
	{"\"a\\n\"", NULL},
	{"caf\xc3\xa9", NULL},
	{"a\tb", NULL},
};

START_TEST(idempotency_key_is_quoted_or_bare)
{
	char out[KEPT_IDEMPOTENCY_KEY_BYTES + 1];
	bool ok = request_idempotency_key(key_cases[_i].header, out);
	ck_assert_int_eq(ok, key_cases[_i].key != NULL);
	if (ok)
		ck_assert_str_eq(out, key_cases[_i].key);
}
END_TEST

START_TEST(idempotency_key_has_255_characters_at_most)
{
	char header[300], out[KEPT_IDEMPOTENCY_KEY_BYTES + 1];
	memset(header, 'a', sizeof(header));
	header[255] = '\0';
	ck_assert(request_idempotency_key(header, out));
	header[255] = 'a';
	header[256] = '\0';
	ck_assert(!request_idempotency_key(header, out));
}
END_TEST

static const struct {
	const char *header;
	enum request_match match;
	long version;
} match_cases[] = {
	{"*", MATCH_ANY, -1},
	{"\"12-0cad2ca0ee2d3493\"", MATCH_VERSION, 12},
	{"\"12\"", MATCH_VERSION, 12},
	{"\"abc\"", MATCH_NEVER, -1},
	{"\"\"", MATCH_NEVER, -1},
	{"\"12x\"", MATCH_NEVER, -1},
	{"\"9999999999999999999-a\"", MATCH_NEVER, -1},
	{"W/\"12-a\"", MATCH_NEVER, -1},
	{"12-a", MATCH_MALFORMED, -1},
	{"\"12-a", MATCH_MALFORMED, -1},
	{"\"1-a\", \"2-b\"", MATCH_VERSION, 2},
	{"\"x,y\",W/\"3-c\" , \"4-d\"", MATCH_VERSION, 4},
	{"\"x\", W/\"3-c\"", MATCH_NEVER, -1},
	{"\"1-a\" \"2-b\"", MATCH_MALFORMED, -1},
	{"\"1-a\", *", MATCH_MALFORMED, -1},
	{"\"1\",\"1\",\"1\",\"1\",\"1\",\"1\",\"1\",\"1\",\"1\",\"1\",\"1\",\"1\",\"1\",\"1\",\"1\",\"1\",\"1\"",
	 MATCH_MALFORMED, -1},
	{"W/", MATCH_MALFORMED, -1},
	{"", MATCH_MALFORMED, -1},
};

START_TEST(if_match_gives_the_version)
{
	struct request_tags tags;
	ck_assert_int_eq(request_if_match(match_cases[_i].header, &tags), match_cases[_i].match);
	ck_assert_int_eq(tags.count > 0 ? tags.versions[tags.count - 1] : -1, match_cases[_i].version);
}
END_TEST

START_TEST(if_none_match_is_a_list)
{
	ck_assert(reply_etag_listed("\"1-a\"", "\"1-a\""));
	ck_assert(reply_etag_listed("*", "\"1-a\""));
	ck_assert(reply_etag_listed("\"0-x\" , W/\"1-a\"", "\"1-a\""));
	ck_assert(!reply_etag_listed("\"1-ab\"", "\"1-a\""));
	ck_assert(!reply_etag_listed("", "\"1-a\""));
	ck_assert(!reply_etag_listed(",,W/", "\"1-a\""));
	ck_assert(!reply_etag_listed("\"x,\"1-a\"", "\"1-a\""));
	ck_assert(reply_etag_listed("\"x,y\",\"1-a\"", "\"1-a\""));
}
END_TEST

START_TEST(media_type_is_compared_without_case)
{
	ck_assert(request_type_is("application/json", "application/json"));
	ck_assert(request_type_is("Application/JSON; charset=UTF-8", "application/json"));
	ck_assert(!request_type_is("application/json; charset=latin1", "application/json"));
	ck_assert(!request_type_is("application/jsonx", "application/json"));
	ck_assert(!request_type_is("text/plain", "application/json"));
	ck_assert(!request_type_is(NULL, "application/json"));
}
END_TEST

START_TEST(bearer_takes_only_keys_of_the_right_form)
{
	static const char good[] = "bearer kept_pDMd8fia73a-NyeP5SepugHgb_oedR2NdfZLFun1Do8";
	ck_assert_str_eq(request_bearer(good), good + 7);
	ck_assert_ptr_null(request_bearer(NULL));
	ck_assert_ptr_null(request_bearer("Bearer"));
	ck_assert_ptr_null(request_bearer("Basic kept_pDMd8fia73a-NyeP5SepugHgb_oedR2NdfZLFun1Do8"));
	ck_assert_ptr_null(request_bearer("Bearer kept_short"));
	ck_assert_ptr_null(request_bearer("Bearer kept_pDMd8fia73a-NyeP5SepugHgb_oedR2NdfZLFun1Do8 "));
	ck_assert_ptr_null(request_bearer("Bearer kept_pDMd8fia73a-NyeP5SepugHgb_oedR2NdfZLFun1D;8"));
}
END_TEST

START_TEST(secrets_open_wherever_they_stand)
{
	struct seal *seal = seal_new("k1:01234567890123456789012345678901");
	struct text out;
	text_init(&out, 4096);
	text_adds(&out, "{\"contacts\":[");
	ck_assert(secrets_add_webhook(seal, &out));
	text_adds(&out, "],\"other\":\"ks1.k1.x\",\"secret\":null}");
	ck_assert_ptr_null(strstr(out.bytes, "whsec_"));
	json_t *json = json_loadb(out.bytes, out.length, 0, NULL);
	ck_assert_ptr_nonnull(json);
	int opened;
	ck_assert(secrets_open(seal, json, &opened));
	const json_t *contact = json_array_get(json_object_get(json, "contacts"), 0);
	ck_assert_msg(text_starts(json_string_value(json_object_get(contact, "secret")), "whsec_"), "not opened");
	ck_assert_str_eq(json_string_value(json_object_get(json, "other")), "ks1.k1.x");
	json_decref(json);
	json = json_pack("{s:s}", "key", "ks1.k1.broken");
	ck_assert(!secrets_open(seal, json, &opened));
	json_decref(json);
	text_release(&out);
	seal_free(seal);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("request");
	TCase *all = tcase_create("request");
	tcase_add_checked_fixture(all, set_up, tear_down);
	tcase_add_test(all, query_is_decoded_once);
	tcase_add_loop_test(all, wrong_query_is_refused_and_named, 0, COUNT(bad_queries));
	tcase_add_test(all, all_wrong_parameters_are_told_at_once);
	tcase_add_test(all, too_many_parameters_are_refused);
	tcase_add_test(all, path_value_that_cannot_be_is_not_found);
	tcase_add_test(all, query_is_written_as_it_is_read);
	tcase_add_test(all, page_token_opens_only_for_its_list_and_filters);
	tcase_add_loop_test(all, languages_come_best_first, 0, COUNT(language_cases));
	tcase_add_loop_test(all, idempotency_key_is_quoted_or_bare, 0, COUNT(key_cases));
	tcase_add_test(all, idempotency_key_has_255_characters_at_most);
	tcase_add_loop_test(all, if_match_gives_the_version, 0, COUNT(match_cases));
	tcase_add_test(all, if_none_match_is_a_list);
	tcase_add_test(all, media_type_is_compared_without_case);
	tcase_add_test(all, bearer_takes_only_keys_of_the_right_form);
	tcase_add_test(all, secrets_open_wherever_they_stand);
	suite_add_tcase(suite, all);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
