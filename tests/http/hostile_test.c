/*
 * Hostile values in every place of every operation: each member of each body, each parameter, each header that is read.
 * All of it walks the contract, so that what is new is covered. ask() judges each reply by the document; here no reply
 * may be a 5xx, text that is taken must come back as it was, and no value may become part of a statement.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kept/text.h"
#include "tests/support/query.h"
#include "tests/support/walk.h"

#define CANARY "zqcanary"
/* More than that after some thousand requests is kept by mistake; a sanitizer keeps freed memory on purpose. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MEMORY_KIB (512 * 1024)
#else
#define MEMORY_KIB 2048
#endif

static struct world world;
static int line = -1; /* a connection that is kept open */

static void start_all(void)
{
	world_start(&world, "hostile");
}

static void stop_all(void)
{
	world_stop(&world);
}

static struct answer call(const char *method, const char *target, const char *headers, const char *body)
{
	if (line < 0)
		line = api_connect(&world.api);
	struct answer reply = ask_on(&world.asking, line, world.lakeview.admin, method, target, headers, body);
	if (strcasestr(reply.head, "\r\nConnection: close")) {
		close(line);
		line = -1;
	}
	ck_assert_msg(reply.status >= 200 && reply.status < 500, "%s %s: %d %s", reply.asked, body ? body : "",
		      reply.status, reply.body);
	return reply;
}

/* JSON texts of values that a member may be given. */
static const char *const values[] = {
	"null",
	"true",
	"0",
	"-1",
	"1.0",
	"1.5",
	"-0",
	"1e308",
	"9223372036854775807",
	"-9223372036854775808",
	"2147483648",
	"[]",
	"{}",
	"[[]]",
	"[{}]",
	"[null]",
	"\"\"",
	"\" \"",
	"\"\\t\"",
	"\"a\\nb\"",
	"\"a\\r\\nBcc: x@y.example\"",
	"\"\\u0001\"",
	"\"\\u007f\"",
	"\"\\u0085\"",
	"\"\\u200b\"",
	"\"\\u2028\"",
	"\"\\u202e\\u0041\\u202c\"",
	"\"\\u2066x\\u2069\"",
	"\"\\ufeffx\"",
	"\"\\uffff\"",
	"\"\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x9a\x80\"",
	"\"\xf0\xaf\xa0\x80\"",
	"\"e\\u0301\"",
	"\"\xd9\x81\xd8\xa7\xd8\xb7\xd9\x85\xd8\xa9 \xd8\xb9\xd8\xa8\xd8\xaf'\xd8\xa7\xd9\x84\xd9\x84\xd9\x87\"",
	"\"'; drop table kept.person; --" CANARY "\"",
	"\"' or 1=1 or '" CANARY "'='\"",
	"\"$$" CANARY "$$\"",
	"\"\\\\'" CANARY "\"",
	"\"{" CANARY "}\"",
	"\"%s%n%1$n" CANARY "\"",
	"\"<script>" CANARY "</script>\"",
	"\"=cmd|'/c " CANARY "'!A1\"",
	"\"../../../../etc/passwd\"",
	"\"2027-02-30\"",
	"\"infinity\"",
	"\"now\"",
	"\"NaN\"",
	"\"00000000-0000-0000-0000-000000000000\"",
	"\"ks1.k1.AAAA\"",
};

/* Values of a parameter, as they are sent. */
static const char *const words[] = {
	"%27%3B%20drop%20table%20kept.person%3B%20--" CANARY,
	"%27%20or%20%271%27%3D%271" CANARY,
	"%24%24" CANARY "%24%24",
	"%5C%27" CANARY,
	"%22" CANARY,
	"a%00b",
	"%C0%AF",
	"%ED%A0%80",
	"%F0%9F%91%A9",
	"%E2%80%AE",
	"%0D%0ASet-Cookie:%20a=b",
	"%zz",
	"%",
	"..",
	"%2e%2e",
	"%2F",
	"+",
	"-1",
	"0",
	"99999999999999999999",
	"1e9",
	"NaN",
	"null",
	"true",
	"[]",
	"infinity",
	"now",
	"2027-02-30",
	"2027-01-01%2B00",
	"{id}",
	"*",
	"",
};
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The member at the same place of the reply, where there is one. */
static void came_back(const struct answer *reply, const char *member, const json_t *sent)
{
	const json_t *got = json_object_get(reply->json, member);
	if (reply->status >= 300 || !json_is_string(sent) || !json_is_string(got))
		return;
	ck_assert_msg(json_equal(got, sent), "%s: %s became %s", reply->asked, json_string_value(sent),
		      json_string_value(got));
}

/* Puts each value in place of the member and sends the body. */
static void vary(const struct contract_operation *operation, const char *target, const json_t *body, json_t *place,
		 const char *member, size_t index)
{
	/* NULL: the body is good without the member. */
	json_t *good = json_incref(member ? json_object_get(place, member) : json_array_get(place, index));
	const char *headers = operation->if_match_required ? "If-Match: *\r\n" : NULL;
	for (size_t i = 0; i < COUNT(values); i++) {
		json_t *value = json_loads(values[i], JSON_DECODE_ANY, NULL);
		ck_assert_msg(value != NULL, "%s", values[i]);
		if (member)
			json_object_set(place, member, value);
		else
			json_array_set(place, index, value);
		char *text = json_dumps(body, JSON_COMPACT);
		struct answer reply = call(operation->method, target, headers, text);
		if (member && place == body)
			came_back(&reply, member, value);
		answer_release(&reply);
		free(text);
		json_decref(value);
	}
	if (member && good)
		json_object_set(place, member, good);
	else if (member)
		json_object_del(place, member);
	else
		json_array_set(place, index, good);
	json_decref(good);
}

static void vary_all(const struct contract_operation *operation, const char *target, const json_t *body, json_t *place)
{
	if (json_is_array(place)) {
		for (size_t i = 0; i < json_array_size(place); i++) {
			vary_all(operation, target, body, json_array_get(place, i));
			vary(operation, target, body, place, NULL, i);
		}
		return;
	}
	const char *member;
	void *next;
	json_t *value;
	json_object_foreach_safe (place, next, member, value) {
		if (json_is_object(value) || json_is_array(value))
			vary_all(operation, target, body, value);
		char *name = strdup(member);
		vary(operation, target, body, place, name, 0);
		free(name);
	}
}

/* The members that the body may have, in the order of its schema; NULL where it is no plain object. */
static const json_t *members_of(const struct contract_operation *operation)
{
	char method[16] = "";
	for (size_t i = 0; operation->method[i] && i < sizeof(method) - 1; i++)
		method[i] = (char)(operation->method[i] | 0x20);
	const json_t *paths = json_object_get(world.asking.document, "paths");
	const json_t *told = json_object_get(json_object_get(paths, operation->path), method);
	json_t *content = json_object_get(json_object_get(told, "requestBody"), "content");
	const json_t *schema = json_object_get(json_object_iter_value(json_object_iter(content)), "schema");
	const char *ref = json_string_value(json_object_get(schema, "$ref"));
	const json_t *schemas = json_object_get(json_object_get(world.asking.document, "components"), "schemas");
	return json_object_get(ref ? json_object_get(schemas, strrchr(ref, '/') + 1) : schema, "properties");
}

START_TEST(no_member_of_a_body_brings_it_down)
{
	const struct contract_operation *operation = &contract_operations[_i];
	if (!operation->body || operation->roles == 0)
		return;
	/* Copies: thousands of texts are made meanwhile. */
	char *target = strdup(walk_target(operation->path, walk_subject(&world, &world.lakeview, operation->path)));
	json_t *body = json_loads(walk_body(&world, &world.lakeview, operation, false), 0, NULL);
	ck_assert(json_is_object(body));
	vary_all(operation, target, body, body);
	const char *name;
	json_t *member;
	json_object_foreach ((json_t *)members_of(operation), name, member)
		if (!json_object_get(body, name))
			vary(operation, target, body, body, name, 0);
	vary(operation, target, body, body, "__proto__", 0);
	json_decref(body);
	free(target);
}
END_TEST

START_TEST(no_parameter_brings_it_down)
{
	const struct contract_operation *operation = &contract_operations[_i];
	const char *headers = operation->if_match_required ? "If-Match: *\r\n" : NULL;
	if (operation->roles == 0)
		return;
	/* Copies, as above. */
	char *subject = strdup(walk_subject(&world, &world.lakeview, operation->path));
	const char *made = walk_body(&world, &world.lakeview, operation, false);
	char *body = made ? strdup(made) : NULL;
	for (size_t w = 0; w < COUNT(words); w++) {
		if (strchr(operation->path, '{') && words[w][0]) {
			struct answer reply =
				call(operation->method, walk_target(operation->path, words[w]), headers, body);
			ck_assert_msg(reply.status == 400 || reply.status == 404, "%s: %d", reply.asked, reply.status);
			answer_release(&reply);
		}
		for (int p = 0; p < operation->parameter_count; p++) {
			const struct contract_parameter *parameter = &operation->parameters[p];
			if (parameter->in != IN_QUERY)
				continue;
			const char *target = walk_target(operation->path, subject);
			struct answer reply =
				call(operation->method, text_of("%s?%s=%s", target, parameter->name, words[w]), headers,
				     body);
			answer_release(&reply);
			reply = call(
				operation->method,
				text_of("%s?%s=%s&%s=%s", target, parameter->name, words[w], parameter->name, words[w]),
				headers, body);
			ck_assert_msg(reply.status == 400, "%s: repeated: %d", reply.asked, reply.status);
			answer_release(&reply);
		}
		struct answer reply =
			call(operation->method,
			     text_of("%s?unknown=%s", walk_target(operation->path, subject), words[w]), headers, body);
		ck_assert_msg(reply.status == 400, "%s: unknown: %d", reply.asked, reply.status);
		answer_release(&reply);
	}
	free(body);
	free(subject);
}
END_TEST

START_TEST(no_header_brings_it_down)
{
	static const char *const names[] = {"If-Match",        "If-None-Match", "Idempotency-Key", "Accept-Language",
					    "Accept",          "Prefer",        "traceparent",     "tracestate",
					    "X-Forwarded-For", "Forwarded",     "Range",           "Cookie"};
	static const char *const texts[] = {"",          "\"",
					    "\"\"",      "W/\"1\"",
					    "*",         "\"99999999999999999999-x\"",
					    "\"-1-x\"",  ",",
					    ",,,;;;===", "a;q=2",
					    "*;q=0",     "'; drop table kept.person; --" CANARY,
					    "\xc3\xb1",  "\xff",
					    "00-0-0-0",  "tx=rollback;x=\"" CANARY "\", return=minimal",
					    "-1",        "bytes=0-"};
	static const struct {
		const char *method, *target, *body;
	} requests[] = {
		{"GET", "/v1/people", NULL},
		{"GET", "/v1/summary", NULL},
		{"POST", "/v1/schools", "{\"name\":\"A school\"}"},
	};
	struct text header, longest;
	text_init(&longest, 8192);
	for (int i = 0; i < 6000; i++)
		text_adds(&longest, "a");
	for (size_t n = 0; n < COUNT(names); n++)
		for (size_t t = 0; t <= COUNT(texts); t++)
			for (size_t r = 0; r < COUNT(requests); r++) {
				text_init(&header, 16384);
				text_addf(&header, "%s: %s\r\n", names[n], t < COUNT(texts) ? texts[t] : longest.bytes);
				struct answer reply =
					call(requests[r].method, requests[r].target, header.bytes, requests[r].body);
				answer_release(&reply);
				text_release(&header);
			}
	text_release(&longest);
}
END_TEST

/* Resident memory of the API in KiB. */
static long memory(void)
{
	char path[64], text[256];
	long size = -1;
	snprintf(path, sizeof(path), "/proc/%d/status", (int)world.api.program.pid);
	FILE *status = fopen(path, "re");
	ck_assert_ptr_nonnull(status);
	while (fgets(text, sizeof(text), status))
		if (sscanf(text, "VmRSS: %ld kB", &size) == 1)
			break;
	fclose(status);
	ck_assert_int_gt(size, 0);
	return size;
}

/* What a request took is given back. */
START_TEST(memory_stays_as_it_is)
{
	struct text nested;
	long before = 0;
	text_init(&nested, 70000);
	text_adds(&nested, "{\"name\":");
	while (nested.length < 60000)
		text_adds(&nested, "[{\"a\":");
	for (int round = 0; round < 200; round++) {
		/* The first rounds fill what the allocator keeps for itself. */
		if (round == 100)
			before = memory();
		struct answer reply = call("POST", "/v1/people", NULL, nested.bytes);
		answer_release(&reply);
		for (size_t i = 0; i < COUNT(values); i++) {
			reply = call("POST", "/v1/schools", NULL,
				     text_of("{\"name\":%s,\"%d\":[%s]}", values[i], round, values[i]));
			answer_release(&reply);
		}
	}
	ck_assert_msg(memory() - before < MEMORY_KIB, "%ld KiB, then %ld", before, memory());
	text_release(&nested);
}
END_TEST

/* What was sent stands in the server's log only as a parameter: all statements are constant. */
START_TEST(no_value_becomes_part_of_a_statement)
{
	long long people = query_number(world.superuser, "select count(*) from kept.person");
	char path[512], text[8192];
	int seen = 0, executed = 0;
	query_run(world.superuser, "alter database hostile set log_statement = 'all'");
	long long connections =
		query_number(world.superuser, "select count(*) from pg_stat_activity where usename = 'kept'");
	query_run(world.superuser, "create table public.cut as select clock_timestamp() as at; "
				   "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'kept'");
	ck_assert(query_until(world.superuser,
			      text_of("select count(*) = %lld from pg_stat_activity where usename = 'kept' "
				      "and backend_start > (select at from public.cut)",
				      connections),
			      20));
	for (size_t i = 0; i < contract_operation_count; i++) {
		const struct contract_operation *operation = &contract_operations[i];
		const char *subject;
		if (operation->roles == 0)
			continue;
		subject = walk_subject(&world, &world.lakeview, operation->path);
		for (int p = 0; p < operation->parameter_count; p++)
			if (operation->parameters[p].in == IN_QUERY) {
				struct answer reply = call(operation->method,
							   text_of("%s?%s=%s", walk_target(operation->path, subject),
								   operation->parameters[p].name, words[0]),
							   NULL, walk_body(&world, &world.lakeview, operation, false));
				answer_release(&reply);
			}
	}
	must_be(201, call("POST", "/v1/people", "Idempotency-Key: '" CANARY "\r\n",
			  "{\"name\":\"'; drop table kept.person; --" CANARY "\",\"groups\":[\"families\"]}"));
	query_run(world.superuser, "alter database hostile reset log_statement");
	snprintf(path, sizeof(path), "%s/log", cluster_folder(world.cluster));
	FILE *log = fopen(path, "re");
	ck_assert_ptr_nonnull(log);
	while (fgets(text, sizeof(text), log)) {
		executed += strstr(text, "execute ") != NULL;
		if (!strstr(text, CANARY))
			continue;
		seen++;
		ck_assert_msg(strstr(text, "DETAIL:  parameters:") != NULL, "%s", text);
	}
	fclose(log);
	ck_assert_int_gt(executed, 20);
	ck_assert_int_gt(seen, 0);
	ck_assert_int_gt(query_number(world.superuser, "select count(*) from kept.person"), people);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("hostile");
	TCase *all = tcase_create("hostile");
	tcase_set_timeout(all, 120);
	tcase_add_unchecked_fixture(all, start_all, stop_all);
	tcase_add_loop_test(all, no_member_of_a_body_brings_it_down, 0, (int)contract_operation_count);
	tcase_add_loop_test(all, no_parameter_brings_it_down, 0, (int)contract_operation_count);
	tcase_add_test(all, no_header_brings_it_down);
	tcase_add_test(all, memory_stays_as_it_is);
	tcase_add_test(all, no_value_becomes_part_of_a_statement);
	suite_add_tcase(suite, all);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
