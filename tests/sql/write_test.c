/* The pattern of every write, on commitments: replies kept under an Idempotency-Key, and the order of refusals. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "tests/support/query.h"
#include "tests/support/register.h"
#include "tests/support/route.h"

static struct cluster *cluster;
static char *url, *superuser;
static PGconn *api;

#define ONE REGISTER_ID("c1")

/* One database for all tests: each begins with one commitment and no trace of the test before. */
static void set_up(void)
{
	query_run(superuser, "delete from kept.commitment; delete from kept.event_pending; delete from kept.event; "
			     "delete from kept.idempotency;"
			     "insert into kept.commitment (district_id, id, group_code, title, due_on, first_due_on, "
			     "status, created_by)"
			     " values ('" LAKEVIEW "', '" ONE
			     "', 'families', 'Read', '2027-01-15', '2027-01-15', 'agreed', 'owner');"
			     "insert into kept.party (district_id, commitment_id, role, person_id)"
			     " values ('" LAKEVIEW "', '" ONE "', 'owner', '" PERSON_MARIA "')");
	api = route_connect(url);
}

static void tear_down(void)
{
	PQfinish(api);
}

#define NEW_BODY                                                                                                       \
	"{\"group\":\"families\",\"title\":\"Read together\",\"owner\":{\"person_id\":\"" PERSON_MARIA                 \
	"\"},\"due_on\":\"2027-02-01\"}"

static const struct write_case {
	const char *name, *statement, *operation, *id, *body;
	int if_match; /* 0: none */
	int status;
	const char *errors; /* must be in the field errors */
} cases[] = {
	{"created", "commitment_create", "POST /v1/commitments", NULL, NEW_BODY, 0, 201, ""},
	{"changed", "commitment_change", "PATCH /v1/commitments/{id}", ONE, "{\"title\":\"Read more\"}", 1, 200, ""},
	{"moved", "commitment_move", "POST /v1/commitments/{id}/status", ONE, "{\"status\":\"in_progress\"}", 0, 200,
	 ""},
	{"absent", "commitment_change", "PATCH /v1/commitments/{id}", REGISTER_ID("99"), "{\"title\":\"Read more\"}", 1,
	 404, ""},
	{"another version", "commitment_change", "PATCH /v1/commitments/{id}", ONE, "{\"title\":\"Read more\"}", 7, 412,
	 ""},
	{"no such move", "commitment_move", "POST /v1/commitments/{id}/status", ONE, "{\"status\":\"verified\"}", 0,
	 409, ""},
	{"wrong reference", "commitment_create", "POST /v1/commitments", NULL,
	 "{\"group\":\"families\",\"title\":\"Read\",\"owner\":{\"person_id\":\"" REGISTER_ID("99") "\"}}", 0, 422,
	 "/owner/person_id"},
};

static struct route_reply ask(PGconn *connection, const struct write_case *one, const char *key,
			      const char *fingerprint)
{
	char request[1000], version[40] = "", keyed[400] = "";
	if (one->if_match)
		snprintf(version, sizeof(version), ",\"if_match\":%d", one->if_match);
	if (key)
		snprintf(keyed, sizeof(keyed), ",\"key\":\"%s\",\"fingerprint\":\"%s\"", key, fingerprint);
	snprintf(request, sizeof(request), "{\"operation\":\"%s\",\"path\":\"/v1/of/%s\"%s%s}", one->operation,
		 one->id ? one->id : "", version, keyed);
	if (one->id)
		return route_ask(connection, KEY_ADMIN, one->statement, "request", request, "id", one->id, "body",
				 one->body, NULL);
	return route_ask(connection, KEY_ADMIN, one->statement, "request", request, "body", one->body, NULL);
}

static void expect_status(const struct write_case *one, const struct route_reply *reply)
{
	ck_assert_msg(reply->status == one->status, "%s: %s %d %s", one->name, reply->state, reply->status,
		      reply->body);
	ck_assert_msg(strstr(reply->errors, one->errors) != NULL, "%s: %s", one->name, reply->errors);
}

static void expect_same(const struct write_case *one, const struct route_reply *first, const struct route_reply *again)
{
	ck_assert_msg(first->status == again->status, "%s: %d then %d", one->name, first->status, again->status);
	ck_assert_str_eq(first->body, again->body);
	ck_assert_str_eq(first->etag, again->etag);
	ck_assert_str_eq(first->location, again->location);
}

static long long count_changes(void)
{
	return query_number(superuser, "select count(*) from kept.audit where table_name in ('commitment', 'party')");
}

START_TEST(a_new_key_gets_the_answer)
{
	const struct write_case *one = &cases[_i];
	struct route_reply reply = ask(api, one, "k1", HASH64("1"));
	expect_status(one, &reply);
	ck_assert_int_eq(query_number(superuser, "select count(*) from kept.idempotency"), one->status < 300);
	route_release(&reply);
}
END_TEST

START_TEST(the_same_key_and_body_get_the_same_bytes_and_change_nothing_more)
{
	const struct write_case *one = &cases[_i];
	struct route_reply first = ask(api, one, "k1", HASH64("1"));
	long long changes = count_changes();
	struct route_reply again = ask(api, one, "k1", HASH64("1"));
	expect_status(one, &again);
	expect_same(one, &first, &again);
	ck_assert_int_eq(count_changes(), changes);
	route_release(&first);
	route_release(&again);
}
END_TEST

START_TEST(the_same_key_with_another_body_is_refused_once_there_is_an_answer)
{
	const struct write_case *one = &cases[_i];
	struct route_reply first = ask(api, one, "k1", HASH64("1"));
	long long changes = count_changes();
	struct route_reply other = ask(api, one, "k1", HASH64("2"));
	ck_assert_int_eq(other.status, one->status < 300 ? 422 : one->status);
	ck_assert_str_eq(one->status < 300 ? other.code : "key-reused", "key-reused");
	ck_assert_int_eq(count_changes(), changes);
	route_release(&first);
	route_release(&other);
}
END_TEST

START_TEST(a_key_in_flight_is_refused_and_answered_once_it_is_done)
{
	const struct write_case *one = &cases[_i];
	PGconn *rival = route_connect(url);
	PGresult *result = PQexec(rival, "begin");
	PQclear(result);
	char lock[1000];
	/* The rival holds the key as kept.once() does while it works. */
	snprintf(lock, sizeof(lock),
		 "select kept.enter('key', '" KEY_ADMIN
		 "', ''), kept.once(jsonb_build_object('operation', '%s', 'path', '/v1/of/%s', 'key', 'k1'))",
		 one->operation, one->id ? one->id : "");
	result = PQexec(rival, lock);
	ck_assert_msg(PQresultStatus(result) == PGRES_TUPLES_OK, "%s", PQerrorMessage(rival));
	PQclear(result);
	struct route_reply refused = ask(api, one, "k1", HASH64("1"));
	ck_assert_int_eq(refused.status, 409);
	ck_assert_str_eq(refused.code, "in-flight");
	result = PQexec(rival, "rollback");
	PQclear(result);
	PQfinish(rival);
	struct route_reply reply = ask(api, one, "k1", HASH64("1"));
	expect_status(one, &reply);
	route_release(&refused);
	route_release(&reply);
}
END_TEST

START_TEST(without_a_key_nothing_is_kept)
{
	const struct write_case *one = &cases[_i];
	struct route_reply reply = ask(api, one, NULL, NULL);
	expect_status(one, &reply);
	ck_assert_int_eq(query_number(superuser, "select count(*) from kept.idempotency"), 0);
	route_release(&reply);
}
END_TEST

START_TEST(a_key_is_good_for_one_path_and_one_credential)
{
	struct route_reply first = ask(api, &cases[0], "k1", HASH64("1"));
	struct route_reply moved = ask(api, &cases[2], "k1", HASH64("2"));
	ck_assert_int_eq(moved.status, 200);
	struct route_reply steward = route_ask(
		api, KEY_STEWARD, "commitment_create", "request",
		"{\"operation\":\"POST /v1/commitments\",\"path\":\"/v1/of/\",\"key\":\"k1\",\"fingerprint\":\"" HASH64(
			"3") "\"}",
		"body", NEW_BODY, NULL);
	ck_assert_int_eq(steward.status, 201);
	ck_assert_str_ne(first.location, steward.location);
	route_release(&first);
	route_release(&moved);
	route_release(&steward);
}
END_TEST

START_TEST(after_a_day_a_key_is_new_again)
{
	struct route_reply first = ask(api, &cases[0], "k1", HASH64("1"));
	PQclear(PQexec(api, "set kept.now = '2027-01-11 15:00:00+00'"));
	struct route_reply later = ask(api, &cases[0], "k1", HASH64("2"));
	ck_assert_int_eq(later.status, 201);
	ck_assert_str_ne(first.location, later.location);
	route_release(&first);
	route_release(&later);
}
END_TEST

#define PARALLEL 50

START_TEST(fifty_creates_at_once_with_one_key_make_one_row)
{
	PGconn *connections[PARALLEL];
	static const char sql[] = "select kept.enter('key', '" KEY_ADMIN "', ''), pg_sleep(0);"
				  "select status from kept.commitment_create('{\"operation\":\"POST "
				  "/v1/commitments\",\"path\":\"/v1/commitments\","
				  "\"key\":\"k1\",\"fingerprint\":\"" HASH64("1") "\"}', '" NEW_BODY "')";
	for (int i = 0; i < PARALLEL; i++)
		connections[i] = route_connect(url);
	for (int i = 0; i < PARALLEL; i++)
		ck_assert_int_eq(PQsendQuery(connections[i], sql), 1);
	int made = 0, in_flight = 0;
	for (int i = 0; i < PARALLEL; i++) {
		for (PGresult *result; (result = PQgetResult(connections[i]));) {
			const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
			if (PQresultStatus(result) == PGRES_TUPLES_OK && PQnfields(result) == 1)
				made += strcmp(PQgetvalue(result, 0, 0), "201") == 0;
			else if (state)
				in_flight += strcmp(state, "KT409") == 0;
			PQclear(result);
		}
		PQfinish(connections[i]);
	}
	ck_assert_int_ge(made, 1);
	ck_assert_int_eq(made + in_flight, PARALLEL);
	ck_assert_int_eq(query_number(superuser, "select count(*) from kept.commitment where title = 'Read together'"),
			 1);
	ck_assert_int_eq(query_number(superuser, "select count(*) from kept.event where type = 'commitment.created'"),
			 1);
}
END_TEST

START_TEST(of_two_changes_of_one_version_one_wins)
{
	struct route_reply first = ask(api, &cases[1], NULL, NULL), second = ask(api, &cases[1], NULL, NULL);
	ck_assert_int_eq(first.status, 200);
	ck_assert_int_eq(second.status, 412);
	ck_assert_msg(strncmp(first.etag, "2-", 2) == 0, "%s", first.etag);
	route_release(&first);
	route_release(&second);
}
END_TEST

START_TEST(a_refusal_leaves_nothing)
{
	const struct write_case *one = &cases[_i];
	if (one->status < 300)
		return;
	long long changes = count_changes();
	struct route_reply reply = ask(api, one, "k1", HASH64("1"));
	ck_assert_int_eq(count_changes(), changes);
	ck_assert_int_eq(query_number(superuser, "select count(*) from kept.event"), 0);
	route_release(&reply);
}
END_TEST

int main(void)
{
	cluster = cluster_start(NULL);
	url = cluster_database(cluster, "write", CLUSTER_TEST_CLOCK);
	superuser = cluster_superuser(cluster, "write");
	register_fill(superuser);
	int count = sizeof(cases) / sizeof(cases[0]);
	Suite *suite = suite_create("write");
	TCase *test = tcase_create("write");
	tcase_add_checked_fixture(test, set_up, tear_down);
	tcase_set_timeout(test, 60);
	tcase_add_loop_test(test, a_new_key_gets_the_answer, 0, count);
	tcase_add_loop_test(test, the_same_key_and_body_get_the_same_bytes_and_change_nothing_more, 0, count);
	tcase_add_loop_test(test, the_same_key_with_another_body_is_refused_once_there_is_an_answer, 0, count);
	tcase_add_loop_test(test, a_key_in_flight_is_refused_and_answered_once_it_is_done, 0, count);
	tcase_add_loop_test(test, without_a_key_nothing_is_kept, 0, count);
	tcase_add_loop_test(test, a_refusal_leaves_nothing, 0, count);
	tcase_add_test(test, a_key_is_good_for_one_path_and_one_credential);
	tcase_add_test(test, after_a_day_a_key_is_new_again);
	tcase_add_test(test, fifty_creates_at_once_with_one_key_make_one_row);
	tcase_add_test(test, of_two_changes_of_one_version_one_wins);
	suite_add_tcase(suite, test);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	free(url);
	free(superuser);
	cluster_stop(cluster);
	return failed ? 1 : 0;
}
