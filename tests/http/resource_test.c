/*
 * Every operation of the contract: called with success, and refused in every way that it can be. An operation that
 * tests/support/walk.c does not know fails; so does a reply that the contract does not describe (tests/support/ask.h).
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/schema/schema.h"
#include "kept/text.h"
#include "tests/support/walk.h"

static struct world world;

static void start_all(void)
{
	static const char *const more[] = {"KEPT_TRUSTED_PROXY=127.0.0.1", NULL};
	world_start_with(&world, "resource", "2", more);
}

static void stop_all(void)
{
	world_stop(&world);
}

static bool writes(const struct contract_operation *operation)
{
	return strcmp(operation->method, "GET") != 0;
}

static struct answer call(const struct contract_operation *operation, const char *key, const char *id,
			  const char *headers, const char *body)
{
	const char *all = text_of(
		"%s%s",
		operation->if_match_required && !(headers && strstr(headers, "If-Match")) ? "If-Match: *\r\n" : "",
		headers ? headers : "");
	return ask(&world.asking, key, operation->method, walk_target(operation->path, id), all, body);
}

static const char *fresh(const struct contract_operation *operation)
{
	return walk_subject(&world, &world.lakeview, operation->path);
}

static const char *good(const struct contract_operation *operation)
{
	return walk_body(&world, &world.lakeview, operation, false);
}

START_TEST(operation_answers_with_success)
{
	const struct contract_operation *operation = &contract_operations[_i];
	const char *key = operation->roles ? world.lakeview.admin : NULL;
	struct answer reply = call(operation, key, fresh(operation), NULL, good(operation));
	ck_assert_msg(reply.status / 100 == 2, "%s: %d %s", operation->id, reply.status, reply.body);
	if (reply.status == 201) {
		/* What is made can be read where Location says. */
		struct answer read = must(200, ask(&world.asking, key, "GET", header(&reply, "Location"), NULL, NULL));
		ck_assert_str_eq(at(&read, "id"), at(&reply, "id"));
		answer_release(&read);
	}
	answer_release(&reply);
}
END_TEST

START_TEST(read_answers_304_to_who_has_it)
{
	const struct contract_operation *operation = &contract_operations[_i];
	if (writes(operation))
		return;
	const char *id = fresh(operation);
	struct answer reply = must(200, call(operation, world.lakeview.admin, id, NULL, NULL));
	const char *tag = header(&reply, "ETag");
	if (*tag)
		must_be(304, call(operation, world.lakeview.admin, id, text_of("If-None-Match: %s\r\n", tag), NULL));
	else
		ck_assert_msg(!operation->roles || *at(&reply, "items") != '\0', "%s has no ETag", operation->id);
	if (operation->columns)
		must_be(406, call(operation, world.lakeview.admin, id, "Accept: text/html\r\n", NULL));
	answer_release(&reply);
}
END_TEST

START_TEST(keys_are_asked_for_and_roles_are_kept)
{
	const struct contract_operation *operation = &contract_operations[_i];
	const struct {
		unsigned role;
		const char *key;
	} keys[] = {{ROLE_STEWARD, world.steward}, {ROLE_PARTNER, world.partner}, {ROLE_READER, world.reader}};
	const char *id = fresh(operation), *body = good(operation);
	must_be(401, call(operation, "kept_cut", id, NULL, body));
	if (operation->roles == 0)
		return;
	char *before = world_digest(&world);
	must_be(401, call(operation, NULL, id, NULL, body));
	must_be(401, call(operation, "kept_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", id, NULL, body));
	for (size_t i = 0; i < 3; i++)
		if (!(operation->roles & keys[i].role))
			must_be(403, call(operation, keys[i].key, id, NULL, body));
	char *after = world_digest(&world);
	ck_assert_str_eq(before, after);
	free(before);
	free(after);
}
END_TEST

/* The body without the id of the request. */
static const char *anonymous(const struct answer *answer)
{
	const char *instance = at(answer, "instance"), *found = strstr(answer->body, instance);
	ck_assert_msg(*instance && found, "%s: %s", answer->asked, answer->body);
	return text_of("%.*s%s", (int)(found - answer->body), answer->body, found + strlen(instance));
}

START_TEST(another_districts_thing_answers_as_an_absent_one)
{
	const struct contract_operation *operation = &contract_operations[_i];
	if (!strchr(operation->path, '{'))
		return;
	const char *body = good(operation);
	bool code = strstr(operation->path, "{code}") != NULL; /* the same for all districts */
	struct answer absent =
		must(404, call(operation, world.lakeview.admin, code ? "pirates" : WORLD_ABSENT, NULL, body));
	/* A page is for everybody who has its address. */
	if (!code && !operation->enters) {
		struct answer theirs =
			must(404, call(operation, world.lakeview.admin,
				       walk_subject(&world, &world.hillside, operation->path), NULL, body));
		ck_assert_str_eq(anonymous(&absent), anonymous(&theirs));
		answer_release(&theirs);
	}
	answer_release(&absent);
}
END_TEST

START_TEST(other_methods_are_405_and_allow_tells_which_are_not)
{
	static const char *const methods[] = {"GET", "POST", "PATCH", "DELETE", "PUT"};
	const struct contract_operation *operation = &contract_operations[_i];
	const char *target = walk_target(operation->path, WORLD_ABSENT);
	for (size_t m = 0; m < 5; m++) {
		struct contract_match match;
		contract_match(methods[m], target, &match);
		if (match.operation)
			continue;
		struct answer reply =
			must(405, ask(&world.asking, world.lakeview.admin, methods[m], target, NULL, NULL));
		const char *allow = header(&reply, "Allow");
		ck_assert_msg(strstr(allow, operation->method) && !strstr(allow, methods[m]), "%s: %s", reply.asked,
			      allow);
		answer_release(&reply);
	}
}
END_TEST

static char long_body[70000], huge_body[1100000];

/* A body with one more member. */
static const char *with_member(const char *body, const char *member)
{
	return text_of("{%s%s%s", member, strcmp(body, "{}") == 0 ? "" : ",", body + 1);
}

START_TEST(bodies_that_are_not_as_told_are_refused_and_nothing_is_stored)
{
	static const char *const read_only[] = {"id",   "version", "created_at", "updated_at",
						"hash", "secret",  "district_id"};
	const struct contract_operation *operation = &contract_operations[_i];
	if (!operation->body)
		return;
	const char *key = world.lakeview.admin, *id = fresh(operation), *body = good(operation);
	char *before = world_digest(&world);
	must_be(415, call(operation, key, id, "Content-Type: text/plain\r\n", body));
	must_be(415, call(operation, key, id, "Content-Type: application/json-patch+json\r\n", body));
	must_be(415, call(operation, key, id, "Content-Encoding: gzip\r\n", body));
	must_be(400, call(operation, key, id, NULL, ""));
	must_be(400, call(operation, key, id, NULL, "{"));
	must_be(422, call(operation, key, id, NULL, "[]"));
	must_be(422, call(operation, key, id, NULL, "null"));
	must_be(413, call(operation, key, id, NULL, operation->items ? huge_body : long_body));
	struct answer reply = must(422, call(operation, key, id, NULL, with_member(body, "\"surprise\":1")));
	ck_assert_msg(names(&reply, "/surprise"), "%s", reply.body);
	answer_release(&reply);
	for (size_t i = 0; i < sizeof(read_only) / sizeof(read_only[0]); i++) {
		reply = must(422,
			     call(operation, key, id, NULL, with_member(body, text_of("\"%s\":\"x\"", read_only[i]))));
		ck_assert_msg(names(&reply, text_of("/%s", read_only[i])), "%s", reply.body);
		answer_release(&reply);
	}
	char *after = world_digest(&world);
	ck_assert_str_eq(before, after);
	free(before);
	free(after);
}
END_TEST

START_TEST(parameters_that_are_not_as_told_are_400)
{
	const struct contract_operation *operation = &contract_operations[_i];
	const char *key = world.lakeview.admin, *id = fresh(operation), *body = good(operation);
	const char *match = operation->if_match_required ? "If-Match: *\r\n" : NULL;
	const char *target = walk_target(operation->path, id);
	struct answer reply =
		must(400, ask(&world.asking, key, operation->method, text_of("%s?surprise=1", target), match, body));
	ck_assert_msg(names(&reply, "surprise"), "%s", reply.body);
	answer_release(&reply);
	for (size_t i = 0; i < operation->parameter_count; i++) {
		const struct contract_parameter *parameter = &operation->parameters[i];
		if (parameter->in != IN_QUERY)
			continue;
		reply = must(400, ask(&world.asking, key, operation->method,
				      text_of("%s?%s=~", target, parameter->name), match, body));
		ck_assert_msg(names(&reply, parameter->name), "%s", reply.body);
		answer_release(&reply);
		must_be(400, ask(&world.asking, key, operation->method,
				 text_of("%s?%s=1&%s=1", target, parameter->name, parameter->name), match, body));
		must_be(400, ask(&world.asking, key, operation->method, text_of("%s?%s=%%00", target, parameter->name),
				 match, body));
	}
}
END_TEST

START_TEST(change_names_the_version_that_it_saw)
{
	const struct contract_operation *operation = &contract_operations[_i];
	const char *key = world.lakeview.admin;
	if (!operation->if_match_required)
		return;
	const char *id = fresh(operation), *body = good(operation);
	struct answer read = must(200, ask(&world.asking, key, "GET", walk_target(operation->path, id), NULL, NULL));
	char *before = world_digest(&world);
	must_be(428, ask(&world.asking, key, operation->method, walk_target(operation->path, id), NULL, body));
	must_be(400, call(operation, key, id, "If-Match: 1\r\n", body));
	must_be(412, call(operation, key, id, "If-Match: \"999999-0123456789abcdef\"\r\n", body));
	must_be(412, call(operation, key, id, "If-Match: \"strange\"\r\n", body));
	char *after = world_digest(&world);
	ck_assert_str_eq(before, after);
	free(before);
	free(after);
	struct answer changed = call(operation, key, id, if_match(&read), body);
	ck_assert_msg(changed.status == 200 || changed.status == 204, "%d %s", changed.status, changed.body);
	/* What was seen is no more. */
	if (changed.status == 200)
		must_be(412,
			call(operation, key, id, if_match(&read), walk_body(&world, &world.lakeview, operation, true)));
	answer_release(&changed);
	answer_release(&read);
}
END_TEST

START_TEST(repeat_with_the_same_key_gets_the_same_answer)
{
	const struct contract_operation *operation = &contract_operations[_i];
	const char *key = world.lakeview.admin;
	if (!writes(operation))
		return;
	const char *id = fresh(operation), *body = good(operation),
		   *other = walk_body(&world, &world.lakeview, operation, true);
	const char *once = text_of("Idempotency-Key: walk %d\r\n", _i);
	struct answer first = call(operation, key, id, once, body);
	ck_assert_msg(first.status / 100 == 2, "%d %s", first.status, first.body);
	char *before = world_digest(&world);
	struct answer again = must(first.status, call(operation, key, id, once, body));
	ck_assert_str_eq(again.body, first.body);
	ck_assert_str_eq(header(&again, "ETag"), header(&first, "ETag"));
	ck_assert_str_eq(header(&again, "Location"), header(&first, "Location"));
	answer_release(&again);
	if (other) {
		again = must(422, call(operation, key, id, once, other));
		ck_assert_msg(strstr(at(&again, "type"), "/key-reused") != NULL, "%s", again.body);
		answer_release(&again);
	}
	must_be(400, call(operation, key, id, "Idempotency-Key: \r\n", body));
	char *after = world_digest(&world);
	ck_assert_str_eq(before, after);
	free(before);
	free(after);
	answer_release(&first);
}
END_TEST

START_TEST(change_with_return_minimal_answers_without_a_body)
{
	const struct contract_operation *operation = &contract_operations[_i];
	const json_t *told = json_object_get(ask_document(&world.asking, operation), "responses");
	if (!json_object_get(told, "200") || !json_object_get(told, "204"))
		return;
	must_be(204,
		call(operation, world.lakeview.admin, fresh(operation), "Prefer: return=minimal\r\n", good(operation)));
}
END_TEST

START_TEST(change_that_may_name_a_version_is_refused_for_another)
{
	const struct contract_operation *operation = &contract_operations[_i];
	const json_t *told = json_object_get(ask_document(&world.asking, operation), "responses");
	if (!operation->if_match_required && json_object_get(told, "412"))
		must_be(412, call(operation, world.lakeview.admin, fresh(operation),
				  "If-Match: \"999999-0123456789abcdef\"\r\n", good(operation)));
}
END_TEST

START_TEST(many_things_of_which_one_is_wrong_are_207)
{
	const struct contract_operation *operation = &contract_operations[_i];
	if (!operation->items)
		return;
	struct answer reply =
		must(207, call(operation, world.lakeview.admin, "", NULL, "{\"items\":[{\"name\":\"\"}]}"));
	ck_assert_str_eq(at(&reply, "items/0/status"), "422");
	answer_release(&reply);
}
END_TEST

START_TEST(figures_are_not_for_clients_from_outside)
{
	must_be(403, ask(&world.asking, NULL, "GET", "/metrics", "X-Forwarded-For: 203.0.113.9\r\n", NULL));
	must_be(403, ask(&world.asking, NULL, "GET", "/metrics", "Forwarded: for=\"[2001:db8::1]\"\r\n", NULL));
	must_be(200, ask(&world.asking, NULL, "GET", "/metrics", "X-Forwarded-For: 10.1.2.3\r\n", NULL));
}
END_TEST

START_TEST(summary_of_an_unknown_school_is_404)
{
	must_be(404,
		ask(&world.asking, world.lakeview.admin, "GET", "/v1/summary?school_id=" WORLD_ABSENT, NULL, NULL));
}
END_TEST

/* Those that need trouble are answers_test.c's. */
START_TEST(every_answer_that_is_told_was_seen)
{
	static const char *const troubles = "409 429 500 503 504";
	const char *status;
	json_t *told;
	for (size_t i = 0; i < contract_operation_count; i++)
		json_object_foreach (json_object_get(ask_document(&world.asking, &contract_operations[i]), "responses"),
				     status, told)
			if (!strstr(troubles, status))
				ck_assert_msg(world.asking.seen[i][strtol(status, NULL, 10)], "%s never answered %s",
					      contract_operations[i].id, status);
}
END_TEST

int main(void)
{
	int count = (int)contract_operation_count;
	Suite *suite = suite_create("resource");
	TCase *all = tcase_create("resource");
	memset(huge_body, ' ', sizeof(huge_body) - 1);
	memset(long_body, ' ', sizeof(long_body) - 1);
	long_body[0] = '{';
	long_body[sizeof(long_body) - 2] = '}';
	tcase_set_timeout(all, 120);
	tcase_add_unchecked_fixture(all, start_all, stop_all);
	tcase_add_loop_test(all, operation_answers_with_success, 0, count);
	tcase_add_loop_test(all, read_answers_304_to_who_has_it, 0, count);
	tcase_add_loop_test(all, keys_are_asked_for_and_roles_are_kept, 0, count);
	tcase_add_loop_test(all, another_districts_thing_answers_as_an_absent_one, 0, count);
	tcase_add_loop_test(all, other_methods_are_405_and_allow_tells_which_are_not, 0, count);
	tcase_add_loop_test(all, bodies_that_are_not_as_told_are_refused_and_nothing_is_stored, 0, count);
	tcase_add_loop_test(all, parameters_that_are_not_as_told_are_400, 0, count);
	tcase_add_loop_test(all, change_names_the_version_that_it_saw, 0, count);
	tcase_add_loop_test(all, repeat_with_the_same_key_gets_the_same_answer, 0, count);
	tcase_add_loop_test(all, change_with_return_minimal_answers_without_a_body, 0, count);
	tcase_add_loop_test(all, change_that_may_name_a_version_is_refused_for_another, 0, count);
	tcase_add_loop_test(all, many_things_of_which_one_is_wrong_are_207, 0, count);
	tcase_add_test(all, figures_are_not_for_clients_from_outside);
	tcase_add_test(all, summary_of_an_unknown_school_is_404);
	tcase_add_test(all, every_answer_that_is_told_was_seen);
	suite_add_tcase(suite, all);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
