/* What a client may wish for (Prefer, RFC 7240): no body, or a dry run, on every write of the contract. */
#include <check.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "tests/support/walk.h"

static struct world world;

static void start_all(void)
{
	world_start(&world, "prefer");
}

static void stop_all(void)
{
	world_stop(&world);
}

static struct answer call(const struct contract_operation *operation, const char *key, const char *id,
			  const char *headers, const char *body)
{
	bool tag = operation->if_match_required && !strstr(headers, "If-Match");
	return ask(&world.asking, key, operation->method, walk_target(operation->path, id),
		   text_of("%s%s", tag ? "If-Match: *\r\n" : "", headers), body);
}

static bool writes(const struct contract_operation *operation)
{
	return operation->statement && strcmp(operation->method, "GET") != 0;
}

/* With the bodies of walk.c: the new person has a mail address only. */
static bool shows_secret(const struct contract_operation *operation)
{
	return operation->after != NULL && strcmp(operation->id, "person_create") != 0;
}

/* New things, whose ids differ each time, are in the answer of an operation that answers no 201. */
static bool lists_new_things(const struct contract_operation *operation)
{
	return strcmp(operation->id, "handover_create") == 0 || strcmp(operation->id, "invitation_create") == 0;
}

START_TEST(dry_run_answers_as_the_write_and_keeps_nothing)
{
	const struct contract_operation *operation = &contract_operations[_i];
	if (!writes(operation))
		return;
	const char *id = walk_subject(&world, &world.lakeview, operation->path);
	const char *body = walk_body(&world, &world.lakeview, operation, false);
	const char *key = text_of("Idempotency-Key: dry-%d\r\n", _i);
	char *before = world_digest(&world);
	struct answer dry = call(operation, world.lakeview.admin, id, text_of("%sPrefer: tx=rollback\r\n", key), body);
	char *after = world_digest(&world);
	ck_assert_msg(dry.status / 100 == 2, "%s: %d %s", operation->id, dry.status, dry.body);
	ck_assert_str_eq(header(&dry, "Preference-Applied"), "tx=rollback");
	ck_assert_msg(strcmp(before, after) == 0, "%s wrote in a dry run", operation->id);
	/* The same for good, under the same Idempotency-Key: nothing was stored under it. */
	struct answer done = call(operation, world.lakeview.admin, id, key, body);
	char *changed = world_digest(&world);
	ck_assert_int_eq(done.status, dry.status);
	ck_assert_str_eq(header(&done, "Idempotent-Replayed"), "");
	ck_assert_str_eq(header(&done, "Preference-Applied"), "");
	ck_assert_msg(strcmp(after, changed) != 0, "%s writes nothing", operation->id);
	if (dry.status == 200 && shows_secret(operation))
		ck_assert_str_eq(at(&dry, "version"), at(&done, "version"));
	/* New things have new ids; those of a bulk are in its answer. */
	else if (lists_new_things(operation))
		ck_assert_uint_eq(strlen(dry.body), strlen(done.body));
	else if (dry.status != 201 && !operation->items)
		ck_assert_str_eq(dry.body, done.body);
	else if (dry.status == 201)
		ck_assert_uint_eq(strlen(header(&dry, "Location")), strlen(header(&done, "Location")));
	free(before);
	free(after);
	free(changed);
	answer_release(&dry);
	answer_release(&done);
}
END_TEST

START_TEST(dry_run_is_refused_as_the_write_would_be)
{
	static const char dry[] = "Prefer: tx=rollback\r\n";
	const struct contract_operation *operation = &contract_operations[_i];
	if (!writes(operation))
		return;
	const char *id = walk_subject(&world, &world.lakeview, operation->path);
	const char *body = walk_body(&world, &world.lakeview, operation, false);
	const char *admin = world.lakeview.admin;
	char *before = world_digest(&world);
	must_be(401, call(operation, NULL, id, dry, body));
	if (!(operation->roles & ROLE_READER))
		must_be(403, call(operation, world.reader, id, dry, body));
	if (strstr(operation->path, "{id}")) {
		must_be(404, call(operation, admin, WORLD_ABSENT, dry, body));
		must_be(404, call(operation, world.hillside.admin, id, dry, body));
	}
	if (operation->if_match_required)
		must_be(412, call(operation, admin, id, text_of("%sIf-Match: \"999-x\"\r\n", dry), body));
	if (operation->body)
		must_be(422, call(operation, admin, id, dry, "{\"district_id\":\"x\"}"));
	char *after = world_digest(&world);
	ck_assert_str_eq(before, after);
	free(before);
	free(after);
}
END_TEST

START_TEST(minimal_answer_has_no_body_and_all_headers)
{
	const struct contract_operation *operation = &contract_operations[_i];
	if (!writes(operation))
		return;
	const char *id = walk_subject(&world, &world.lakeview, operation->path);
	const char *body = walk_body(&world, &world.lakeview, operation, false);
	struct answer full = call(operation, world.lakeview.admin, id, "Prefer: tx=rollback\r\n", body);
	struct answer reply = call(operation, world.lakeview.admin, id, "Prefer: return=minimal\r\n", body);
	const char *applied = header(&reply, "Preference-Applied");
	if (shows_secret(operation) || operation->items) {
		/* Nobody could read the secret, or what became of each item, later. */
		ck_assert_msg(operation->items || strstr(reply.body, "\"whsec_") || strstr(reply.body, "\"kept_"), "%s",
			      reply.body);
		ck_assert_str_eq(applied, "");
		ck_assert_int_eq(reply.status, full.status);
	} else {
		ck_assert_str_eq(applied, "return=minimal");
		ck_assert_str_eq(reply.body, "");
		ck_assert_int_eq(reply.status, full.status == 200 ? 204 : full.status);
		ck_assert_str_eq(header(&reply, "Content-Type"), "");
	}
	ck_assert_int_eq(*header(&reply, "ETag") != '\0', *header(&full, "ETag") != '\0');
	ck_assert_int_eq(*header(&reply, "Location") != '\0', *header(&full, "Location") != '\0');
	ck_assert_msg(strcasestr(reply.head, "\r\nVary: Prefer\r\n") != NULL, "%s", reply.head);
	answer_release(&full);
	answer_release(&reply);
}
END_TEST

static struct answer add_person(const char *headers)
{
	return ask(&world.asking, world.lakeview.admin, "POST", "/v1/people", headers,
		   "{\"name\":\"Ann\",\"groups\":[\"teachers\"]}");
}

START_TEST(wishes_are_joined_and_unknown_ones_passed_over)
{
	static const struct {
		const char *headers, *applied;
		int status;
	} cases[] = {
		{"Prefer: return=representation\r\n", "return=representation", 201},
		{"prefer: RETURN=Minimal\r\nPREFER: tx=\"rollback\"\r\n", "return=minimal, tx=rollback", 201},
		{"Prefer: respond-async, wait=5;x=\"a,b\", return=representation\r\n", "return=representation", 201},
		{"Prefer: tx=commit\r\n", "", 201},
		{"Prefer: \r\n", "", 201},
		{"Prefer: tx=rolback\r\n", "", 201},
		{"Prefer: tx=rolback, handling=strict\r\n", "", 400},
		{"Prefer: handling=strict, tx=rollback\r\n", "tx=rollback", 201},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct answer reply = must(cases[i].status, add_person(cases[i].headers));
		ck_assert_str_eq(header(&reply, "Preference-Applied"), cases[i].applied);
		answer_release(&reply);
	}
}
END_TEST

START_TEST(reading_is_the_same_whatever_is_wished_for)
{
	struct answer reply = must(200, ask(&world.asking, world.lakeview.admin, "GET", "/v1/people",
					    "Prefer: tx=rollback, return=minimal\r\n", NULL));
	ck_assert_str_eq(header(&reply, "Preference-Applied"), "");
	ck_assert_str_ne(at(&reply, "items"), "");
	answer_release(&reply);
}
END_TEST

START_TEST(dry_run_shows_no_secret)
{
	static const struct {
		const char *path, *body;
	} cases[] = {
		{"/v1/keys", "{\"role\":\"reader\"}"},
		{"/v1/webhook-endpoints", "{\"url\":\"https://a.example/\",\"events\":[\"commitment.*\"]}"},
		{"/v1/people", "{\"name\":\"Bo\",\"groups\":[\"teachers\"],"
			       "\"contacts\":[{\"channel\":\"webhook\",\"address\":\"https://a.example/\"}]}"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *key = text_of("Idempotency-Key: secret-%zu\r\n", i);
		const char *dry = text_of("%sPrefer: tx=rollback\r\n", key);
		struct answer first =
			must(201, ask(&world.asking, world.lakeview.admin, "POST", cases[i].path, dry, cases[i].body));
		struct answer made =
			must(201, ask(&world.asking, world.lakeview.admin, "POST", cases[i].path, key, cases[i].body));
		/* What is stored is answered once more, and still shows nothing. */
		struct answer again =
			must(201, ask(&world.asking, world.lakeview.admin, "POST", cases[i].path, dry, cases[i].body));
		ck_assert(strstr(made.body, "\"whsec_") || strstr(made.body, "\"key\":\"kept_"));
		ck_assert(!strstr(first.body, "whsec_") && !strstr(first.body, "ks1.") && !*at(&first, "key"));
		ck_assert(!strstr(again.body, "whsec_") && !strstr(again.body, "ks1.") && !*at(&again, "key"));
		ck_assert_str_eq(header(&again, "Idempotent-Replayed"), "true");
		ck_assert_str_eq(at(&again, "id"), at(&made, "id"));
		must_be(422, ask(&world.asking, world.lakeview.admin, "POST", cases[i].path, dry,
				 text_of("%.*s }", (int)strlen(cases[i].body) - 1, cases[i].body)));
		answer_release(&first);
		answer_release(&made);
		answer_release(&again);
	}
}
END_TEST

static bool told(PGconn *connection, int patience_ms)
{
	struct pollfd readable = {.fd = PQsocket(connection), .events = POLLIN};
	PGnotify *notify = NULL;
	while (!notify && poll(&readable, 1, patience_ms) > 0) {
		ck_assert_int_eq(PQconsumeInput(connection), 1);
		notify = PQnotifies(connection);
	}
	PQfreemem(notify);
	return notify != NULL;
}

START_TEST(dry_run_wakes_no_worker)
{
	PGconn *connection = PQconnectdb(world.superuser);
	PQclear(PQexec(connection, "listen kept_wake"));
	/* Until what others wrote is told. */
	while (told(connection, 300))
		;
	struct answer reply = must(201, add_person("Prefer: tx=rollback\r\n"));
	answer_release(&reply);
	/* The hint comes within KEPT_WAKE_MS. */
	ck_assert(!told(connection, 500));
	reply = must(201, add_person(NULL));
	answer_release(&reply);
	ck_assert(told(connection, 10000));
	PQfinish(connection);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("prefer");
	TCase *all = tcase_create("prefer");
	tcase_set_timeout(all, 60);
	tcase_add_unchecked_fixture(all, start_all, stop_all);
	tcase_add_loop_test(all, dry_run_answers_as_the_write_and_keeps_nothing, 0, (int)contract_operation_count);
	tcase_add_loop_test(all, dry_run_is_refused_as_the_write_would_be, 0, (int)contract_operation_count);
	tcase_add_loop_test(all, minimal_answer_has_no_body_and_all_headers, 0, (int)contract_operation_count);
	tcase_add_test(all, wishes_are_joined_and_unknown_ones_passed_over);
	tcase_add_test(all, reading_is_the_same_whatever_is_wished_for);
	tcase_add_test(all, dry_run_shows_no_secret);
	tcase_add_test(all, dry_run_wakes_no_worker);
	suite_add_tcase(suite, all);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
