/* Keys that change their text, are seen in use, name who holds them, and end everywhere at once. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libpq-fe.h>

#include "tests/support/query.h"
#include "tests/support/world.h"

static struct world world;
static struct api second; /* another process on the same database */
static struct asking second_asking;

static void start_all(void)
{
	world_start(&world, "rotation");
	api_start(&second, world.api.database_url, "1");
	asking_open(&second_asking, &second);
}

static void stop_all(void)
{
	asking_release(&second_asking);
	api_release(&second);
	world_stop(&world);
}

static struct answer admin(const char *method, const char *target, const char *headers, const char *body)
{
	return ask(&world.asking, world.lakeview.admin, method, target, headers, body);
}

static int status_of(const struct asking *asking, const char *key)
{
	struct answer reply = ask(asking, key, "GET", "/v1/district", NULL, NULL);
	int status = reply.status;
	answer_release(&reply);
	return status;
}

static int status_with(const char *key)
{
	return status_of(&world.asking, key);
}

static struct answer rotated(const char *path, const char *body)
{
	return must(200, admin("POST", text_of("%s/rotate", path), NULL, body));
}

START_TEST(rotated_key_is_good_in_both_texts_until_the_overlap_ends)
{
	struct answer made = must(201, admin("POST", "/v1/keys", NULL, "{\"role\":\"reader\"}"));
	const char *old = at(&made, "key"), *path = header(&made, "Location");
	struct answer turned = rotated(path, "{\"overlap_hours\":2}");
	const char *key = at(&turned, "key");
	ck_assert_str_eq(at(&turned, "id"), at(&made, "id"));
	ck_assert_str_eq(at(&turned, "previous_expires_at"), "2027-01-10T17:00:00Z");
	ck_assert_str_eq(at(&turned, "version"), "2");
	ck_assert_str_ne(key, old);
	ck_assert_int_eq(strncmp(key, at(&turned, "prefix"), 7), 0);
	ck_assert_int_eq(status_with(old), 200);
	ck_assert_int_eq(status_with(key), 200);
	struct answer read = must(200, admin("GET", path, NULL, NULL));
	ck_assert_str_eq(at(&read, "key"), "");
	world_clock(&world, "2027-01-10 16:59:59+00");
	ck_assert_int_eq(status_with(old), 200);
	world_clock(&world, "2027-01-10 17:00:00+00");
	ck_assert_int_eq(status_with(old), 401);
	ck_assert_int_eq(status_with(key), 200);
	world_clock(&world, WORLD_NOW);
	answer_release(&made);
	answer_release(&turned);
	answer_release(&read);
}
END_TEST

START_TEST(rotation_without_overlap_ends_the_old_text_at_once)
{
	struct answer made = must(201, admin("POST", "/v1/keys", NULL, "{\"role\":\"reader\"}"));
	struct answer turned = rotated(header(&made, "Location"), "{\"overlap_hours\":0}");
	ck_assert_str_eq(at(&turned, "previous_expires_at"), "null");
	ck_assert_int_eq(status_with(at(&made, "key")), 401);
	ck_assert_int_eq(status_with(at(&turned, "key")), 200);
	answer_release(&made);
	answer_release(&turned);
}
END_TEST

START_TEST(rotating_again_ends_the_oldest_text)
{
	struct answer made = must(201, admin("POST", "/v1/keys", NULL, "{\"role\":\"reader\"}"));
	const char *path = header(&made, "Location");
	struct answer first = rotated(path, "{}"), next = rotated(path, "{}");
	ck_assert_str_eq(at(&next, "previous_expires_at"), "2027-01-11T15:00:00Z");
	ck_assert_int_eq(status_with(at(&made, "key")), 401);
	ck_assert_int_eq(status_with(at(&first, "key")), 200);
	ck_assert_int_eq(status_with(at(&next, "key")), 200);
	must_be(412, admin("POST", text_of("%s/rotate", path), if_match(&first), "{}"));
	must_be(422, admin("POST", text_of("%s/rotate", path), NULL, "{\"overlap_hours\":337}"));
	must_be(204, admin("DELETE", path, if_match(&next), NULL));
	ck_assert_int_eq(status_with(at(&first, "key")), 401);
	ck_assert_int_eq(status_with(at(&next, "key")), 401);
	must_be(409, admin("POST", text_of("%s/rotate", path), NULL, "{}"));
	answer_release(&made);
	answer_release(&first);
	answer_release(&next);
}
END_TEST

START_TEST(lost_answer_of_a_rotation_is_told_again)
{
	struct answer made = must(201, admin("POST", "/v1/keys", NULL, "{\"role\":\"reader\"}"));
	const char *target = text_of("%s/rotate", header(&made, "Location"));
	struct answer first = must(200, admin("POST", target, "Idempotency-Key: turn\r\n", "{\"overlap_hours\":0}"));
	struct answer again = must(200, admin("POST", target, "Idempotency-Key: turn\r\n", "{\"overlap_hours\":0}"));
	ck_assert_str_eq(again.body, first.body);
	ck_assert_int_eq(status_with(at(&again, "key")), 200);
	answer_release(&made);
	answer_release(&first);
	answer_release(&again);
}
END_TEST

START_TEST(expired_key_is_not_rotated)
{
	struct answer made = must(
		201, admin("POST", "/v1/keys", NULL, "{\"role\":\"reader\",\"expires_at\":\"2027-01-10T16:00:00Z\"}"));
	world_clock(&world, "2027-01-10 16:00:00+00");
	must_be(409, admin("POST", text_of("%s/rotate", header(&made, "Location")), NULL, "{}"));
	world_clock(&world, WORLD_NOW);
	answer_release(&made);
}
END_TEST

START_TEST(operator_rotates_a_key_by_its_id)
{
	struct answer made = must(201, admin("POST", "/v1/keys", NULL, "{\"role\":\"reader\"}"));
	const char *const arguments[] = {"key", "rotate", at(&made, "id"), "--overlap-hours", "0", NULL};
	const char *const absent[] = {"key", "rotate", WORLD_ABSENT, NULL};
	const char *const long_overlap[] = {"key", "rotate", at(&made, "id"), "--overlap-hours", "337", NULL};
	char *printed;
	ck_assert_int_eq(api_command(&world.api, absent, NULL), 2);
	ck_assert_int_eq(api_command(&world.api, long_overlap, NULL), 2);
	ck_assert_int_eq(status_with(at(&made, "key")), 200);
	ck_assert_int_eq(api_command(&world.api, arguments, &printed), 0);
	const char *key = text_of("%.*s", (int)strcspn(strstr(printed, "kept_"), "\n"), strstr(printed, "kept_"));
	ck_assert_int_eq(status_with(key), 200);
	ck_assert_int_eq(status_with(at(&made, "key")), 401);
	free(printed);
	answer_release(&made);
}
END_TEST

START_TEST(last_use_is_told_to_the_minute_and_not_audited)
{
	struct answer made = must(201, admin("POST", "/v1/keys", NULL, "{\"role\":\"reader\"}"));
	const char *path = header(&made, "Location"), *key = at(&made, "key");
	static const struct {
		const char *clock, *told;
	} table[] = {
		{"2027-01-10 15:00:10+00", "2027-01-10T15:00:10Z"},
		{"2027-01-10 15:01:10+00", "2027-01-10T15:00:10Z"},
		{"2027-01-10 15:01:11+00", "2027-01-10T15:01:11Z"},
		{"2027-01-10 15:00:00+00", "2027-01-10T15:00:00Z"}, /* set back */
	};
	struct answer read = must(200, admin("GET", path, NULL, NULL));
	ck_assert_str_eq(at(&read, "last_used_at"), "null");
	answer_release(&read);
	long long audited = query_number(world.superuser, "select count(*) from kept.audit");
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		world_clock(&world, table[i].clock);
		ck_assert_int_eq(status_with(key), 200);
		read = must(200, admin("GET", path, NULL, NULL));
		ck_assert_str_eq(at(&read, "last_used_at"), table[i].told);
		ck_assert_str_eq(at(&read, "version"), "1");
		answer_release(&read);
	}
	ck_assert_int_eq(query_number(world.superuser, "select count(*) from kept.audit"), audited);
	answer_release(&made);
}
END_TEST

START_TEST(key_in_use_elsewhere_is_read_with_and_revoked_without_waiting)
{
	struct answer made = must(201, admin("POST", "/v1/keys", NULL, "{\"role\":\"reader\"}"));
	PGconn *other = PQconnectdb(world.superuser);
	PQclear(PQexec(other, "begin"));
	PGresult *held = PQexec(
		other, text_of("update kept.key_use set used_at = used_at where key_id = '%s'", at(&made, "id")));
	ck_assert_str_eq(PQcmdTuples(held), "1");
	PQclear(held);
	ck_assert_int_eq(status_with(at(&made, "key")), 200);
	must_be(204, admin("DELETE", header(&made, "Location"), if_match(&made), NULL));
	ck_assert_int_eq(status_with(at(&made, "key")), 401);
	PQfinish(other);
	answer_release(&made);
}
END_TEST

START_TEST(revoked_key_is_refused_by_every_process_at_once)
{
	for (int i = 0; i < 10; i++) {
		struct answer made = must(201, admin("POST", "/v1/keys", NULL, "{\"role\":\"reader\"}"));
		const char *key = at(&made, "key");
		int fd = api_connect(&second);
		must_be(200, ask_on(&second_asking, fd, key, "GET", "/v1/district", NULL, NULL));
		ck_assert_int_eq(status_with(key), 200);
		must_be(204, admin("DELETE", header(&made, "Location"), if_match(&made), NULL));
		must_be(401, ask_on(&second_asking, fd, key, "GET", "/v1/district", NULL, NULL));
		ck_assert_int_eq(status_with(key), 401);
		close(fd);
		answer_release(&made);
	}
}
END_TEST

/* A steward's key of that person (NULL: of nobody). */
static const char *key_of(const char *person)
{
	return world_key(&world, "steward", person ? text_of(",\"person_id\":\"%s\"", person) : "");
}

START_TEST(nobody_verifies_a_commitment_of_their_own)
{
	const char *own = key_of(world.lakeview.person);
	const char *other = key_of(
		world_make(&world, world.lakeview.admin, "/v1/people", "{\"name\":\"Ben\",\"groups\":[\"leaders\"]}"));
	const char *const verifiers[] = {other, key_of(NULL), world.lakeview.admin};
	for (size_t i = 0; i < 3; i++) {
		const char *status = text_of("/v1/commitments/%s/status", world_promise(&world, ""));
		must_be(200, ask(&world.asking, own, "POST", status, NULL, "{\"status\":\"completed\"}"));
		must_be(403, ask(&world.asking, own, "POST", status, NULL, "{\"status\":\"verified\"}"));
		must_be(200, ask(&world.asking, verifiers[i], "POST", status, NULL, "{\"status\":\"verified\"}"));
	}
}
END_TEST

START_TEST(holder_of_a_key_is_a_person_of_the_district_and_the_role_is_theirs)
{
	const char *const wrong[] = {
		text_of("{\"role\":\"reader\",\"person_id\":\"%s\"}", world.lakeview.person),
		text_of("{\"role\":\"steward\",\"person_id\":\"%s\"}", world.hillside.person),
		"{\"role\":\"steward\",\"person_id\":\"" WORLD_ABSENT "\"}",
	};
	char *told[3];
	for (size_t i = 0; i < 3; i++) {
		struct answer refused = must(422, admin("POST", "/v1/keys", NULL, wrong[i]));
		ck_assert(names(&refused, "/person_id"));
		told[i] = json_dumps(json_object_get(refused.json, "errors"), JSON_COMPACT);
		answer_release(&refused);
	}
	ck_assert_str_eq(told[1], told[2]);
	for (size_t i = 0; i < 3; i++)
		free(told[i]);
	struct answer reader = must(201, admin("POST", "/v1/keys", NULL, "{\"role\":\"reader\"}"));
	must_be(422, admin("PATCH", header(&reader, "Location"), if_match(&reader),
			   text_of("{\"person_id\":\"%s\"}", world.lakeview.person)));
	struct answer steward = must(201, admin("POST", "/v1/keys", NULL, "{\"role\":\"steward\"}"));
	struct answer held = must(200, admin("PATCH", header(&steward, "Location"), if_match(&steward),
					     text_of("{\"person_id\":\"%s\"}", world.lakeview.person)));
	ck_assert_str_eq(at(&held, "person_id"), world.lakeview.person);
	answer_release(&reader);
	answer_release(&steward);
	answer_release(&held);
}
END_TEST

START_TEST(keys_of_an_erased_person_end_and_lose_their_name)
{
	struct answer person =
		must(201, admin("POST", "/v1/people", NULL, "{\"name\":\"Zoë Quill\",\"groups\":[\"leaders\"]}"));
	struct answer made =
		must(201, admin("POST", "/v1/keys", "Idempotency-Key: zoe\r\n",
				text_of("{\"role\":\"steward\",\"name\":\"Zoë Quill\",\"person_id\":\"%s\"}",
					at(&person, "id"))));
	ck_assert_int_eq(status_with(at(&made, "key")), 200);
	must_be(204, admin("DELETE", header(&person, "Location"), if_match(&person), NULL));
	ck_assert_int_eq(status_with(at(&made, "key")), 401);
	struct answer read = must(200, admin("GET", header(&made, "Location"), NULL, NULL));
	ck_assert_str_eq(at(&read, "revoked_at"), "2027-01-10T15:00:00Z");
	ck_assert_str_eq(at(&read, "name"), "");
	ck_assert_int_eq(query_number(world.superuser, text_of("select count(*) from kept.audit where members::text "
							       "like '%%Quill%%'")),
			 0);
	ck_assert_int_eq(query_number(world.superuser, text_of("select count(*) from kept.idempotency where subject_id "
							       "= '%s'",
							       at(&made, "id"))),
			 0);
	answer_release(&person);
	answer_release(&made);
	answer_release(&read);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("key rotation");
	TCase *all = tcase_create("key rotation");
	tcase_set_timeout(all, 120);
	tcase_add_unchecked_fixture(all, start_all, stop_all);
	tcase_add_test(all, rotated_key_is_good_in_both_texts_until_the_overlap_ends);
	tcase_add_test(all, rotation_without_overlap_ends_the_old_text_at_once);
	tcase_add_test(all, rotating_again_ends_the_oldest_text);
	tcase_add_test(all, lost_answer_of_a_rotation_is_told_again);
	tcase_add_test(all, expired_key_is_not_rotated);
	tcase_add_test(all, operator_rotates_a_key_by_its_id);
	tcase_add_test(all, last_use_is_told_to_the_minute_and_not_audited);
	tcase_add_test(all, key_in_use_elsewhere_is_read_with_and_revoked_without_waiting);
	tcase_add_test(all, revoked_key_is_refused_by_every_process_at_once);
	tcase_add_test(all, nobody_verifies_a_commitment_of_their_own);
	tcase_add_test(all, holder_of_a_key_is_a_person_of_the_district_and_the_role_is_theirs);
	tcase_add_test(all, keys_of_an_erased_person_end_and_lose_their_name);
	suite_add_tcase(suite, all);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
