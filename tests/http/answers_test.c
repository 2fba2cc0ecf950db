/*
 * Every answer that the document tells of an operation is seen, here those that need trouble: the same request under
 * way (409), too many (429), our fault (500), the database away (503), too long a wait (504). resource_test.c sees to
 * the rest. ask() holds each against the document.
 */
#include <check.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kept/limits.h"
#include "kept/text.h"
#include "tests/support/query.h"
#include "tests/support/walk.h"

/* Requests that wait in front on a lane, so that the others wait for too long: a unit waits for at most half a second
 * on the fast one, often for less, and for longer on the rest. What does not fit into a thread's queue beside them is
 * asked in another round. */
#define FILLERS 56
#define FILLERS_FEW 14

static struct world world;

static void start_all(void)
{
	/* Few connections, so that what waits for a lock makes others wait. */
	static const char *const more[] = {"KEPT_WRITERS=1", "KEPT_TRUSTED_PROXY=127.0.0.1",
					   "KEPT_RATE_ADDRESS=2000/86400", NULL};
	world_start_with(&world, "answers", "1", more);
}

static void stop_all(void)
{
	world_stop(&world);
}

/* One request of an operation, ready to be sent. */
struct ready {
	const struct contract_operation *operation;
	const char *target, *body;
	int fd;
};

static void get_ready(struct ready *ready, const struct contract_operation *operation)
{
	ready->operation = operation;
	ready->target = walk_target(operation->path, walk_subject(&world, &world.lakeview, operation->path));
	ready->body = walk_body(&world, &world.lakeview, operation, false);
	ready->fd = -1;
}

static const char *headers_of(const struct contract_operation *operation, const char *more)
{
	return text_of("%s%s", operation->if_match_required ? "If-Match: *\r\n" : "", more);
}

static struct answer call(const struct ready *ready, const char *more)
{
	return ask(&world.asking, world.lakeview.admin, ready->operation->method, ready->target,
		   headers_of(ready->operation, more), ready->body);
}

/* All operations that ask the database. */
static struct ready *all_ready(size_t *count)
{
	struct ready *all = calloc(contract_operation_count, sizeof(*all));
	ck_assert_ptr_nonnull(all);
	*count = 0;
	for (size_t i = 0; i < contract_operation_count; i++)
		if (contract_operations[i].statement)
			get_ready(&all[(*count)++], &contract_operations[i]);
	return all;
}

static bool tells(const struct contract_operation *operation, const char *status)
{
	return json_object_get(json_object_get(ask_document(&world.asking, operation), "responses"), status) != NULL;
}

START_TEST(same_request_under_way_is_409)
{
	size_t count;
	struct ready *all = all_ready(&count);
	PGconn *holder = PQconnectdb(world.superuser);
	for (size_t i = 0; i < count; i++) {
		const struct contract_operation *operation = all[i].operation;
		if (!tells(operation, "409"))
			continue;
		char *path = strndup(all[i].target, strcspn(all[i].target, "?"));
		PGresult *locked = PQexec(
			holder,
			text_of("select pg_advisory_lock(hashtextextended(concat_ws(' ', k.district_id, k.id, '%s %s', "
				"'under way'), 0)) from kept.key k where k.district_id = '%s' and k.role = 'admin'",
				operation->method, path, world.lakeview.id));
		ck_assert_msg(PQresultStatus(locked) == PGRES_TUPLES_OK, "%s", PQerrorMessage(holder));
		PQclear(locked);
		struct answer reply = must(409, call(&all[i], "Idempotency-Key: under way\r\n"));
		ck_assert_msg(strstr(at(&reply, "type"), "/in-flight") != NULL, "%s", reply.body);
		ck_assert_str_ne(header(&reply, "Retry-After"), "");
		answer_release(&reply);
		PQclear(PQexec(holder, "select pg_advisory_unlock_all()"));
		free(path);
	}
	PQfinish(holder);
	free(all);
}
END_TEST

START_TEST(our_fault_is_500_and_tells_nothing)
{
	size_t count;
	struct ready *all = all_ready(&count);
	query_run(world.superuser, "alter function kept.enter(text, text, text) rename to away");
	for (size_t i = 0; i < count; i++) {
		struct answer reply = must(500, call(&all[i], ""));
		ck_assert_msg(!strstr(reply.body, "enter") && !strstr(reply.body, "function"), "%s", reply.body);
		answer_release(&reply);
	}
	query_run(world.superuser, "alter function kept.away(text, text, text) rename to enter");
	free(all);
}
END_TEST

static void send_ready(struct ready *ready)
{
	ready->fd = api_connect(&world.api);
	ask_send(ready->fd, world.lakeview.admin, ready->operation->method, ready->target,
		 headers_of(ready->operation, ""), ready->body);
}

/* Those that wait in front on each lane; how many. */
static size_t fillers_of(const struct ready *all, size_t count, struct ready *fillers)
{
	static const enum contract_lane lanes[] = {LANE_FAST, LANE_WRITE, LANE_SLOW};
	size_t filled = 0;
	for (size_t lane = 0; lane < 3; lane++)
		for (size_t i = 0, n = 0, most = lane == 0 ? FILLERS : FILLERS_FEW; i < count && n < most; i++)
			if (all[i].operation->lane == lanes[lane] && !all[i].operation->enters)
				for (; n < most; n++)
					fillers[filled++] = all[i];
	/* Those without a key have every second turn. */
	for (size_t i = 0, n = 0; i < count; i++)
		for (; all[i].operation->enters && n < FILLERS_FEW; n++)
			fillers[filled++] = all[i];
	return filled;
}

/* Sends the first `many` behind the fillers. Those that waited for too long leave the list; how many stay in it. */
static size_t wait_too_long(struct ready *all, size_t count, size_t many, struct ready *fillers, size_t filled)
{
	size_t left = 0;
	for (size_t i = 0; i < filled; i++)
		send_ready(&fillers[i]);
	/* Within a turn of the loop the order is not ours: some turns later they wait in front. */
	for (int turn = 0; turn < 5; turn++)
		must_be(200, ask(&world.asking, NULL, "GET", "/livez", NULL, NULL));
	for (size_t i = 0; i < many; i++)
		send_ready(&all[i]);
	for (size_t i = 0; i < count; i++) {
		bool again = i >= many;
		if (!again) {
			struct answer reply =
				ask_read(&world.asking, all[i].fd, all[i].operation->method, all[i].target);
			close(all[i].fd);
			/* On a busy machine what waited in front may be over too early: its turn came, and the lock's.
			 */
			again = reply.status == 503;
			if (!again)
				reply = must(504, reply);
			answer_release(&reply);
		}
		if (again)
			all[left++] = all[i];
	}
	for (size_t i = 0; i < filled; i++)
		close(fillers[i].fd);
	return left;
}

/* A lock that all need makes the first ones of each lane wait for as long as they may, one after the other. */
START_TEST(too_long_a_wait_is_504)
{
	struct ready fillers[FILLERS + 3 * FILLERS_FEW];
	size_t left;
	struct ready *all = all_ready(&left);
	size_t filled = fillers_of(all, left, fillers), room = KEPT_QUEUE_UNITS - filled;
	PGconn *holder = PQconnectdb(world.superuser);
	PQclear(PQexec(holder, "begin; lock table kept.key, kept.plan in access exclusive mode"));
	for (size_t round = 0, rounds = left / room + 4; left > 0; round++) {
		ck_assert_msg(round < rounds, "%s never answered 504", all[0].operation->id);
		left = wait_too_long(all, left, left < room ? left : room, fillers, filled);
	}
	PQfinish(holder);
	free(all);
}
END_TEST

START_TEST(database_away_is_503)
{
	size_t count;
	struct ready *all = all_ready(&count);
	cluster_shut(world.cluster);
	for (size_t i = 0; i < count; i++) {
		struct answer reply = must(503, call(&all[i], ""));
		ck_assert_str_ne(header(&reply, "Retry-After"), "");
		answer_release(&reply);
	}
	must_be(503, ask(&world.asking, NULL, "GET", "/readyz", NULL, NULL));
	must_be(200, ask(&world.asking, NULL, "GET", "/livez", NULL, NULL));
	cluster_resume(world.cluster);
	free(all);
}
END_TEST

/* Until a client that only this test has may ask no more. */
static void exhaust(const char *target, const char *client)
{
	int fd = api_connect(&world.api), status = 0;
	for (int i = 0; i < 3000 && status != 429; i++) {
		struct answer reply = ask_on(&world.asking, fd, NULL, "GET", target, client, NULL);
		status = reply.status;
		answer_release(&reply);
	}
	ck_assert_int_eq(status, 429);
	close(fd);
}

START_TEST(too_many_requests_are_429)
{
	static const char client[] = "X-Forwarded-For: 198.51.100.1\r\n";
	exhaust("/nothing", client);
	exhaust("/livez", client);
	for (size_t i = 0; i < contract_operation_count; i++) {
		struct ready ready;
		get_ready(&ready, &contract_operations[i]);
		struct answer reply = must(429, call(&ready, client));
		ck_assert_str_eq(header(&reply, "RateLimit-Policy"), "\"address\";q=2000;w=86400");
		ck_assert_int_ge(strtol(header(&reply, "Retry-After"), NULL, 10), 1);
		ck_assert_str_eq(at(&reply, "violated-policies/0"), "address");
		answer_release(&reply);
	}
}
END_TEST

START_TEST(every_trouble_that_is_told_was_seen)
{
	static const int troubles[] = {409, 429, 500, 503, 504};
	for (size_t i = 0; i < contract_operation_count; i++) {
		const struct contract_operation *operation = &contract_operations[i];
		for (size_t t = 0; t < sizeof(troubles) / sizeof(troubles[0]); t++) {
			/* Without a statement nothing but a lack of memory is our fault. */
			if (troubles[t] == 500 && !operation->statement)
				continue;
			if (tells(operation, text_of("%d", troubles[t])))
				ck_assert_msg(world.asking.seen[i][troubles[t]], "%s never answered %d", operation->id,
					      troubles[t]);
		}
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("answers");
	TCase *all = tcase_create("answers");
	tcase_set_timeout(all, 120);
	tcase_add_unchecked_fixture(all, start_all, stop_all);
	tcase_add_test(all, same_request_under_way_is_409);
	tcase_add_test(all, our_fault_is_500_and_tells_nothing);
	tcase_add_test(all, too_many_requests_are_429);
	tcase_add_test(all, too_long_a_wait_is_504);
	tcase_add_test(all, database_away_is_503);
	tcase_add_test(all, every_trouble_that_is_told_was_seen);
	suite_add_tcase(suite, all);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
