/* A write happens once, whatever is repeated, at once, or cut off; and no change is lost to another one. */
#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libpq-fe.h>

#include "tests/support/query.h"
#include "tests/support/walk.h"

#define PARALLEL 50
#define ROUNDS 20

static struct world world;

static void start_all(void)
{
	world_start(&world, "once");
}

static void stop_all(void)
{
	world_stop(&world);
}

static struct answer post(const char *headers, const char *body)
{
	return ask(&world.asking, world.lakeview.admin, "POST", "/v1/people", headers, body);
}

static long long people_named(const char *name)
{
	return query_number(world.superuser, text_of("select count(*) from kept.person where name = '%s'", name));
}

START_TEST(fifty_at_once_make_one_row)
{
	static const char body[] = "{\"name\":\"All at once\",\"groups\":[\"families\"]}", path[] = "/v1/people";
	int fds[PARALLEL], first = 0, replayed = 0;
	const char *made = NULL;
	for (int i = 0; i < PARALLEL; i++)
		fds[i] = api_connect(&world.api);
	for (int i = 0; i < PARALLEL; i++)
		ask_send(fds[i], world.lakeview.admin, "POST", path, "Idempotency-Key: \"at-once\"\r\n", body);
	for (int i = 0; i < PARALLEL; i++) {
		struct answer answer = ask_read(&world.asking, fds[i], "POST", path);
		bool again = strcmp(header(&answer, "Idempotent-Replayed"), "true") == 0;
		ck_assert_msg(answer.status == 201 || answer.status == 409, "%d %s", answer.status, answer.body);
		if (answer.status == 409)
			ck_assert_str_ne(header(&answer, "Retry-After"), "");
		first += answer.status == 201 && !again;
		replayed += answer.status == 201 && again;
		ck_assert(answer.status == 201 || !again);
		if (answer.status == 201 && made)
			ck_assert_str_eq(answer.body, made);
		else if (answer.status == 201)
			made = text_of("%s", answer.body);
		answer_release(&answer);
		close(fds[i]);
	}
	ck_assert_int_eq(first, 1);
	ck_assert_int_le(replayed, PARALLEL - 1);
	ck_assert_int_eq(people_named("All at once"), 1);
}
END_TEST

START_TEST(refusal_leaves_the_key_free)
{
	static const char key[] = "Idempotency-Key: refused\r\n";
	must_be(422, post(key, "{\"name\":\"Later right\"}"));
	must_be(422, post(key, "{\"name\":\"Later right\",\"groups\":[\"families\"],\"school_ids\":[\"" WORLD_ABSENT
			       "\"]}"));
	struct answer made = must(201, post(key, "{\"name\":\"Later right\",\"groups\":[\"families\"]}"));
	ck_assert_str_eq(header(&made, "Idempotent-Replayed"), "");
	answer_release(&made);
}
END_TEST

START_TEST(key_has_a_form)
{
	static char longest[300];
	memset(longest, 'k', 255);
	const struct {
		const char *value;
		int status;
	} cases[] = {
		{longest, 201},
		{text_of("%sk", longest), 400},
		{text_of("\"%s\"", longest), 409},
		{"\"\"", 400},
		{"\"open", 400},
		{"\"a\"b\"", 400},
		{"\"a\\\"b\"", 201},
		{"\"a\\b\"", 400},
		{"\xc3\xb1", 400},
		{"with blanks, commas; all", 201},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct answer answer = post(text_of("Idempotency-Key: %s\r\n", cases[i].value),
					    text_of("{\"name\":\"Form %zu\",\"groups\":[\"families\"]}", i));
		/* Quoted or bare, it is the same key; with another body it is refused. */
		int wanted = cases[i].status == 409 ? 422 : cases[i].status;
		ck_assert_msg(answer.status == wanted, "%s: %d", cases[i].value, answer.status);
		answer_release(&answer);
	}
	must_be(400,
		post("Idempotency-Key: a\r\nIdempotency-Key: a\r\n", "{\"name\":\"Twice\",\"groups\":[\"families\"]}"));
}
END_TEST

START_TEST(key_belongs_to_one_credential_and_one_path)
{
	static const char body[] = "{\"name\":\"Mine\",\"groups\":[\"families\"]}", key[] = "Idempotency-Key: mine\r\n";
	const char *other = world_key(&world, "admin", "");
	must_be(201, post(key, body));
	struct answer answer = must(201, ask(&world.asking, other, "POST", "/v1/people", key, body));
	ck_assert_str_eq(header(&answer, "Idempotent-Replayed"), "");
	answer_release(&answer);
	answer = must(201, ask(&world.asking, world.hillside.admin, "POST", "/v1/people", key, body));
	ck_assert_str_eq(header(&answer, "Idempotent-Replayed"), "");
	answer_release(&answer);
	must_be(201, ask(&world.asking, world.lakeview.admin, "POST", "/v1/schools", key, "{\"name\":\"Mine\"}"));
	ck_assert_int_eq(people_named("Mine"), 3);
}
END_TEST

/* Two send their change of the same version at the same time. */
START_TEST(no_change_is_lost_to_another)
{
	const char *path = text_of("/v1/people/%s", world.lakeview.person);
	int fds[2] = {api_connect(&world.api), api_connect(&world.api)};
	for (int round = 0; round < ROUNDS; round++) {
		struct answer seen = must(200, ask(&world.asking, world.lakeview.admin, "GET", path, NULL, NULL));
		const char *tag = if_match(&seen), *name = NULL;
		int done = 0, refused = 0;
		for (int i = 0; i < 2; i++)
			ask_send(fds[i], world.lakeview.admin, "PATCH", path, tag,
				 text_of("{\"name\":\"Writer %d, %d\"}", i, round));
		for (int i = 0; i < 2; i++) {
			struct answer answer = ask_read(&world.asking, fds[i], "PATCH", path);
			done += answer.status == 200;
			refused += answer.status == 412;
			name = answer.status == 200 ? at(&answer, "name") : name;
			answer_release(&answer);
		}
		ck_assert_int_eq(done, 1);
		ck_assert_int_eq(refused, 1);
		struct answer now = must(200, ask(&world.asking, world.lakeview.admin, "GET", path, NULL, NULL));
		ck_assert_str_eq(at(&now, "name"), name);
		answer_release(&now);
		answer_release(&seen);
	}
	close(fds[0]);
	close(fds[1]);
}
END_TEST

START_TEST(tags_are_lists_weak_and_any)
{
	const char *path = text_of("/v1/people/%s", world.lakeview.person), *key = world.lakeview.admin;
	struct answer read = must(200, ask(&world.asking, key, "GET", path, NULL, NULL));
	const char *tag = header(&read, "ETag");
	const struct {
		const char *name, *value;
		int status;
	} cases[] = {
		{"If-None-Match", tag, 304},
		{"If-None-Match", text_of("W/%s", tag), 304},
		{"If-None-Match", text_of("\"x,y\", W/\"0-a\",%s", tag), 304},
		{"If-None-Match", "*", 304},
		{"If-None-Match", "\"0-a\", W/\"x\"", 200},
		{"If-None-Match", text_of("%.*sx\"", (int)strlen(tag) - 1, tag), 200},
		/* A change goes by the strong comparison. */
		{"If-Match", text_of("W/%s", tag), 412},
		{"If-Match", "\"999-a\", \"x\"", 412},
		{"If-Match", text_of("%s *", tag), 400},
		{"If-Match", "1-a", 400},
		{"If-Match", text_of("\"999-a\", W/\"x\",%s", tag), 200},
		{"If-Match", "*", 200},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool change = strcmp(cases[i].name, "If-Match") == 0;
		struct answer answer = must(cases[i].status, ask(&world.asking, key, change ? "PATCH" : "GET", path,
								 text_of("%s: %s\r\n", cases[i].name, cases[i].value),
								 change ? text_of("{\"name\":\"Tag %zu\"}", i) : NULL));
		if (answer.status == 304) {
			ck_assert_str_eq(answer.body, "");
			ck_assert_str_eq(header(&answer, "ETag"), tag);
			ck_assert_str_eq(header(&answer, "Cache-Control"), "no-store");
			ck_assert_str_ne(header(&answer, "Vary"), "");
		}
		answer_release(&answer);
	}
	answer_release(&read);
}
END_TEST

START_TEST(null_takes_away_and_absent_leaves)
{
	const char *id = world_promise(&world, ",\"description\":\"Every day\",\"when_where_how\":\"After supper\"");
	const char *path = text_of("/v1/commitments/%s", id);
	struct answer changed = must(200, ask(&world.asking, world.lakeview.admin, "PATCH", path, "If-Match: *\r\n",
					      "{\"description\":null}"));
	ck_assert_str_eq(at(&changed, "description"), "null");
	ck_assert_str_eq(at(&changed, "when_where_how"), "After supper");
	ck_assert_str_eq(at(&changed, "title"), "Read together");
	answer_release(&changed);
	/* What must be there cannot be taken away. */
	must_be(422, ask(&world.asking, world.lakeview.admin, "PATCH", path, "If-Match: *\r\n", "{\"title\":null}"));
}
END_TEST

/* Members that only Kept sets. */
START_TEST(what_is_kepts_own_cannot_be_written)
{
	static const char *const own[] = {"id", "district_id", "version", "created_at", "updated_at", "x_unknown"};
	const struct contract_operation *operation = &contract_operations[_i];
	const char *body = walk_body(&world, &world.lakeview, operation, false);
	if (!body || body[0] != '{' || strstr(operation->path, "/bulk"))
		return;
	const char *target = walk_target(operation->path, walk_subject(&world, &world.lakeview, operation->path));
	const char *tag = operation->if_match_required ? "If-Match: *\r\n" : NULL;
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		struct answer answer = must(
			422,
			ask(&world.asking, world.lakeview.admin, operation->method, target, tag,
			    text_of("{\"%s\":\"%s\"%s%s", own[i], WORLD_ABSENT, body[1] == '}' ? "" : ",", body + 1)));
		ck_assert_msg(names(&answer, text_of("/%s", own[i])), "%s: %s", operation->id, answer.body);
		answer_release(&answer);
	}
	/* A merge patch is no JSON, and the other way round. */
	bool patch = strcmp(operation->method, "PATCH") == 0;
	struct answer answer = must(415, ask(&world.asking, world.lakeview.admin, operation->method, target,
					     text_of("%sContent-Type: %s\r\n", tag ? tag : "",
						     patch ? "application/json" : "application/merge-patch+json"),
					     body));
	ck_assert_str_eq(header(&answer, patch ? "Accept-Patch" : "Accept-Post"), operation->body_type);
	answer_release(&answer);
}
END_TEST

/* It was kept, and nobody was told: the process was killed in between. */
START_TEST(answer_that_was_lost_is_given_by_the_next_process)
{
	static const char body[] = "{\"name\":\"Cut off\",\"groups\":[\"families\"],"
				   "\"contacts\":[{\"channel\":\"webhook\",\"address\":\"https://a.example/\"}]}";
	static const char key[] = "Idempotency-Key: cut-off\r\n";
	PGconn *holder = PQconnectdb(world.superuser);
	PQclear(PQexec(holder, "begin; lock table kept.person in share mode"));
	int fd = api_connect(&world.api);
	ask_send(fd, world.lakeview.admin, "POST", "/v1/people", key, body);
	ck_assert(query_until(world.superuser,
			      "select exists (select from pg_stat_activity where application_name = 'kept-api write' "
			      "and wait_event_type = 'Lock')",
			      10));
	ck_assert_int_eq(kill(world.api.program.pid, SIGSTOP), 0);
	PQclear(PQexec(holder, "commit"));
	PQfinish(holder);
	ck_assert(query_until(world.superuser, "select count(*) = 1 from kept.person where name = 'Cut off'", 10));
	ck_assert_int_eq(kill(world.api.program.pid, SIGKILL), 0);
	struct api_reply none = api_read(fd, false, 10);
	ck_assert_int_eq(none.status, 0);
	api_reply_release(&none);
	close(fd);

	struct api next;
	api_start(&next, world.api.database_url, "2");
	struct asking asking;
	asking_open(&asking, &next);
	struct answer first = must(201, ask(&asking, world.lakeview.admin, "POST", "/v1/people", key, body)),
		      second = must(201, ask(&asking, world.lakeview.admin, "POST", "/v1/people", key, body));
	ck_assert_str_eq(header(&first, "Idempotent-Replayed"), "true");
	/* The secret that nobody has seen yet is in it. */
	ck_assert_ptr_nonnull(strstr(first.body, "\"whsec_"));
	ck_assert_str_eq(first.body, second.body);
	ck_assert_int_eq(people_named("Cut off"), 1);
	must_be(422, ask(&asking, world.lakeview.admin, "POST", "/v1/people", key,
			 "{\"name\":\"Cut off\",\"groups\":[\"teachers\"]}"));
	answer_release(&first);
	answer_release(&second);
	asking_release(&asking);
	api_release(&next);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("once");
	TCase *all = tcase_create("once");
	tcase_set_timeout(all, 60);
	tcase_add_unchecked_fixture(all, start_all, stop_all);
	tcase_add_test(all, fifty_at_once_make_one_row);
	tcase_add_test(all, refusal_leaves_the_key_free);
	tcase_add_test(all, key_has_a_form);
	tcase_add_test(all, key_belongs_to_one_credential_and_one_path);
	tcase_add_test(all, no_change_is_lost_to_another);
	tcase_add_test(all, tags_are_lists_weak_and_any);
	tcase_add_test(all, null_takes_away_and_absent_leaves);
	tcase_add_loop_test(all, what_is_kepts_own_cannot_be_written, 0, (int)contract_operation_count);
	/* Last: it ends the process that the others ask. */
	tcase_add_test(all, answer_that_was_lost_is_given_by_the_next_process);
	suite_add_tcase(suite, all);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
