/* A bulk in trouble: repeated at once, killed half-way, cut off half-way, too many large ones. */
#include <check.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kept/limits.h"
#include "kept/text.h"
#include "tests/support/query.h"
#include "tests/support/world.h"

#define PEOPLE "/v1/people/bulk"
#define PATIENCE 20.0

static struct world world;

static void start_all(void)
{
	world_start(&world, "bulk_trouble");
}

static void stop_all(void)
{
	world_stop(&world);
}

static struct answer send(const char *target, const char *headers, const char *body)
{
	return ask(&world.asking, world.lakeview.admin, "POST", target, headers, body);
}

static long long people_named(const char *name)
{
	return query_number(world.superuser, text_of("select count(*) from kept.person where name like '%s%%'", name));
}

/* So many new people, with `more` items behind them. To be freed. */
static char *people(const char *name, int count, const char *more)
{
	struct text out;
	text_init(&out, 1 << 20);
	text_adds(&out, "{\"items\":[");
	for (int i = 0; i < count; i++)
		text_addf(&out, "%s{\"name\":\"%s %d\",\"groups\":[\"families\"]}", i > 0 ? "," : "", name, i);
	text_adds(&out, more);
	text_adds(&out, "]}");
	char *body = text_take(&out);
	ck_assert_ptr_nonnull(body);
	return body;
}

#define PARALLEL 50

START_TEST(parallel_repeats_are_carried_out_once)
{
	char *body = people("Parallel", 30, "");
	char *first = NULL;
	int fds[PARALLEL], done = 0;
	for (int i = 0; i < PARALLEL; i++) {
		fds[i] = api_connect(&world.api);
		ask_send(fds[i], world.lakeview.admin, "POST", PEOPLE, "Idempotency-Key: parallel\r\n", body);
	}
	for (int i = 0; i < PARALLEL; i++) {
		struct answer reply = ask_read(&world.asking, fds[i], "POST", PEOPLE);
		ck_assert_msg(reply.status == 200 || reply.status == 409, "%d %s", reply.status, reply.body);
		if (reply.status == 200 && done++ == 0)
			first = strdup(reply.body);
		else if (reply.status == 200)
			ck_assert_str_eq(reply.body, first);
		answer_release(&reply);
		close(fds[i]);
	}
	ck_assert_int_ge(done, 1);
	ck_assert_int_eq(people_named("Parallel"), 30);
	free(first);
	free(body);
}
END_TEST

/* Whoever changes the person stands still until the connection is ended. */
static PGconn *hold(const char *person)
{
	PGconn *holder = PQconnectdb(world.superuser);
	PGresult *result = PQexec(holder, text_of("begin; select from kept.person where id = '%s' for update", person));
	ck_assert_msg(PQresultStatus(result) == PGRES_TUPLES_OK, "%s", PQerrorMessage(holder));
	PQclear(result);
	return holder;
}

#define HELD                                                                                                           \
	"select pid from pg_stat_activity where application_name = 'kept-api slow' and datname = current_database()"   \
	" and wait_event_type = 'Lock'"

static char *half_way(const char *name)
{
	return people(name, 10,
		      text_of(",{\"id\":\"%s\",\"language\":\"es\"},{\"name\":\"%s last\",\"groups\":[\"families\"]}",
			      world.lakeview.person, name));
}

#define CROSSED 150

/* Changes of the same people, from the first to the last or the other way. To be freed. */
static char *changes(const json_t *made, const char *language, bool backwards)
{
	struct text out;
	size_t count = json_array_size(made);
	text_init(&out, 1 << 20);
	text_adds(&out, "{\"items\":[");
	for (size_t i = 0; i < count; i++)
		text_addf(&out, "%s{\"id\":\"%s\",\"language\":\"%s\"}", i > 0 ? "," : "",
			  json_string_value(json_object_get(json_array_get(made, backwards ? count - 1 - i : i), "id")),
			  language);
	text_adds(&out, "]}");
	char *body = text_take(&out);
	ck_assert_ptr_nonnull(body);
	return body;
}

START_TEST(bulks_that_name_the_same_in_opposite_orders_both_succeed)
{
	char *body = people("Crossed", CROSSED, "");
	struct answer made = must(200, send(PEOPLE, "Idempotency-Key: crossed\r\n", body));
	free(body);
	for (int round = 0; round < 3; round++) {
		int fds[2];
		for (int i = 0; i < 2; i++) {
			body = changes(json_object_get(made.json, "items"), (round + i) % 2 ? "es" : "en", i == 1);
			fds[i] = api_connect(&world.api);
			ask_send(fds[i], world.lakeview.admin, "POST", PEOPLE,
				 text_of("Idempotency-Key: crossed %d %d\r\n", round, i), body);
			free(body);
		}
		for (int i = 0; i < 2; i++) {
			must_be(200, ask_read(&world.asking, fds[i], "POST", PEOPLE));
			close(fds[i]);
		}
	}
	answer_release(&made);
}
END_TEST

START_TEST(killed_half_way_it_is_all_done_once_by_a_repeat)
{
	static const char key[] = "Idempotency-Key: killed\r\n";
	char *body = half_way("Killed");
	struct api second;
	api_start(&second, world.api.database_url, "1");
	PGconn *holder = hold(world.lakeview.person);
	int fd = api_connect(&second);
	ask_send(fd, world.lakeview.admin, "POST", PEOPLE, key, body);
	ck_assert(query_until(world.superuser, "select exists (" HELD ")", PATIENCE));
	program_kill(&second.program);
	close(fd);
	ck_assert_int_eq(people_named("Killed"), 0);
	/* What was sent is still at work: a repeat is told so, and changes nothing. */
	must_be(409, send(PEOPLE, key, body));
	PQfinish(holder);
	ck_assert(query_until(world.superuser,
			      "select not exists (select from pg_stat_activity where application_name = 'kept-api slow'"
			      " and datname = current_database() and state <> 'idle')",
			      PATIENCE));
	long long after = people_named("Killed");
	ck_assert_msg(after == 0 || after == 11, "%lld of 11", after);
	struct answer reply = must(200, send(PEOPLE, key, body));
	ck_assert_str_eq(at(&reply, "created"), "11");
	ck_assert_str_eq(header(&reply, "Idempotent-Replayed"), after == 11 ? "true" : "");
	ck_assert_int_eq(people_named("Killed"), 11);
	answer_release(&reply);
	api_release(&second);
	free(body);
}
END_TEST

START_TEST(connection_lost_half_way_it_is_all_done_once)
{
	char *body = half_way("Lost");
	PGconn *holder = hold(world.lakeview.person);
	int fd = api_connect(&world.api);
	ask_send(fd, world.lakeview.admin, "POST", PEOPLE, "Idempotency-Key: lost\r\n", body);
	ck_assert(query_until(world.superuser, "select exists (" HELD ")", PATIENCE));
	query_run(world.superuser, "select pg_terminate_backend(pid, 5000) from (" HELD ") held");
	ck_assert_int_eq(people_named("Lost"), 0);
	PQfinish(holder);
	/* The API sends it once more by itself. */
	struct answer reply = must(200, ask_read(&world.asking, fd, "POST", PEOPLE));
	ck_assert_str_eq(at(&reply, "created"), "11");
	ck_assert_int_eq(people_named("Lost"), 11);
	answer_release(&reply);
	close(fd);
	free(body);
}
END_TEST

/* A lock that is not given, a timeout, a deadlock: nothing is wrong with an item, so none is told as wrong. */
START_TEST(what_is_no_refusal_ends_the_whole)
{
	static const char *const troubles[][2] = {{"set lock_timeout = '200ms'", "55P03"},
						  {"set statement_timeout = '500ms'", "57014"}};
	PGconn *holder = hold(world.lakeview.person);
	for (int i = 0; i < 2; i++) {
		char *state = query_state(
			world.superuser,
			text_of("%s; select set_config('kept.district', '%s', false), set_config('kept.role', 'admin', "
				"false), set_config('kept.actor', 'test', false); select kept.bulk('{}', 'person', "
				"'[{\"body\":{\"name\":\"Ended\",\"groups\":[\"families\"]}},"
				"{\"id\":\"%s\",\"body\":{\"name\":\"Ended\"}}]', false)",
				troubles[i][0], world.lakeview.id, world.lakeview.person));
		ck_assert_str_eq(state, troubles[i][1]);
		free(state);
	}
	PQfinish(holder);
	ck_assert_int_eq(people_named("Ended"), 0);
}
END_TEST

static char large_body[KEPT_BODY_BYTES + 1000];

START_TEST(few_large_bodies_are_held_at_once)
{
	int fds[KEPT_LARGE_BODIES];
	/* Large, of an unknown owner's key: the place is taken before anybody knows. */
	for (int i = 0; i < KEPT_LARGE_BODIES; i++) {
		fds[i] = api_connect(&world.api);
		const char *head = text_of("POST " PEOPLE " HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\n"
					   "Idempotency-Key: large\r\nContent-Type: application/json\r\n"
					   "Content-Length: %zu\r\n\r\n{",
					   world.lakeview.admin, sizeof(large_body) - 1);
		api_write(fds[i], head, strlen(head));
	}
	/* The others are taken in turns of their loops. */
	int refused = 0;
	for (int i = 0; i < 200 && refused == 0; i++) {
		struct answer reply = send(PEOPLE, NULL, large_body);
		ck_assert_msg(reply.status == 503 || reply.status == 200, "%d %s", reply.status, reply.body);
		refused += reply.status == 503;
		if (reply.status == 503)
			ck_assert_str_ne(header(&reply, "Retry-After"), "");
		answer_release(&reply);
	}
	ck_assert_int_eq(refused, 1);
	/* Small ones go on meanwhile. */
	must_be(200, send(PEOPLE, NULL, "{\"items\":[{\"name\":\"Small\",\"groups\":[\"families\"]}]}"));
	for (int i = 0; i < KEPT_LARGE_BODIES; i++)
		close(fds[i]);
	int status = 503;
	for (int i = 0; i < 200 && status == 503; i++) {
		struct answer reply = send(PEOPLE, NULL, large_body);
		status = reply.status;
		answer_release(&reply);
	}
	ck_assert_int_eq(status, 200);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("bulk_trouble");
	TCase *all = tcase_create("bulk_trouble");
	char good[] = "{\"items\":[{\"name\":\"Large\",\"groups\":[\"families\"]}]}";
	memset(large_body, ' ', sizeof(large_body) - 1);
	memcpy(large_body, good, sizeof(good) - 1);
	tcase_set_timeout(all, 90);
	tcase_add_unchecked_fixture(all, start_all, stop_all);
	tcase_add_test(all, parallel_repeats_are_carried_out_once);
	tcase_add_test(all, bulks_that_name_the_same_in_opposite_orders_both_succeed);
	tcase_add_test(all, killed_half_way_it_is_all_done_once_by_a_repeat);
	tcase_add_test(all, connection_lost_half_way_it_is_all_done_once);
	tcase_add_test(all, what_is_no_refusal_ends_the_whole);
	tcase_add_test(all, few_large_bodies_are_held_at_once);
	suite_add_tcase(suite, all);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
