/* PostgreSQL away, connections lost, clients gone, the process told to stop. */
#include <check.h>
#include <libpq-fe.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kept/limits.h"
#include "tests/support/api.h"
#include "tests/support/cluster.h"
#include "tests/support/query.h"

static struct cluster *cluster;
static struct api api;
static char *superuser;

static void start_cluster(void)
{
	cluster = cluster_start(NULL);
	/* The migrated template is made here, not in each test's own process. */
	free(cluster_database(cluster, "outage", CLUSTER_MIGRATED));
}

static void stop_cluster(void)
{
	cluster_stop(cluster);
}

static void start(void)
{
	char *url = cluster_database(cluster, "outage", CLUSTER_MIGRATED);
	superuser = cluster_superuser(cluster, "outage");
	api_start(&api, url, "1");
	free(url);
}

static void stop(void)
{
	api_release(&api);
	free(superuser);
}

static const char body[] = "{\"name\":\"Ana\",\"groups\":[\"families\"]}";

static long long people(void)
{
	return query_number(superuser, "select count(*) from kept.person");
}

static int status_of(const char *target)
{
	struct api_reply reply = api_ask(&api, "GET", target, NULL, NULL);
	int status = reply.status;
	api_reply_release(&reply);
	return status;
}

/* A transaction that holds up all who touch people, until it is ended with PQfinish(). */
static PGconn *hold_people(void)
{
	PGconn *holder = PQconnectdb(superuser);
	PGresult *result = PQexec(holder, "begin; lock table kept.person in access exclusive mode");
	ck_assert_msg(PQresultStatus(result) == PGRES_COMMAND_OK, "%s", PQerrorMessage(holder));
	PQclear(result);
	return holder;
}

/* So many connections of the lane wait for a lock. */
static void wait_held(const char *lane, int count)
{
	char sql[256];
	snprintf(sql, sizeof(sql),
		 "select count(*) = %d from pg_stat_activity where application_name = 'kept-api %s' and "
		 "wait_event_type = 'Lock'",
		 count, lane);
	ck_assert(query_until(superuser, sql, 10));
}

static int send_request(const char *method, const char *headers, const char *content)
{
	char *request = api_request(&api, method, "/v1/people", headers, content);
	int fd = api_connect(&api);
	api_write(fd, request, strlen(request));
	free(request);
	return fd;
}

START_TEST(away_database_is_503_and_comes_back)
{
	cluster_cut(cluster);
	struct api_reply reply = api_ask(&api, "GET", "/v1/groups", NULL, NULL);
	ck_assert_int_eq(reply.status, 503);
	char *after = api_header(&reply, "Retry-After");
	ck_assert_ptr_nonnull(after);
	free(after);
	api_reply_release(&reply);
	double begin = clock_seconds();
	ck_assert_int_eq(status_of("/v1/groups"), 503);
	ck_assert_int_eq(status_of("/readyz"), 503);
	ck_assert_double_le(clock_seconds() - begin, 2.5);
	ck_assert_int_eq(status_of("/livez"), 200);
	ck_assert_int_eq(status_of("/"), 200);
	cluster_resume(cluster);
	begin = clock_seconds();
	while (status_of("/v1/groups") != 200) {
		ck_assert_double_le(clock_seconds() - begin, 5.5);
		usleep(20000);
	}
}
END_TEST

START_TEST(start_without_database_waits_for_it)
{
	struct api_reply reply;
	cluster_cut(cluster);
	ck_assert_int_eq(status_of("/readyz"), 503);
	cluster_resume(cluster);
	double end = clock_seconds() + 6;
	do {
		reply = api_ask(&api, "POST", "/v1/people", NULL, body);
		int status = reply.status;
		api_reply_release(&reply);
		if (status == 201)
			return;
		ck_assert_int_eq(status, 503);
		usleep(20000);
	} while (clock_seconds() < end);
	ck_abort_msg("no write within six seconds");
}
END_TEST

START_TEST(read_on_a_lost_connection_is_sent_once_more)
{
	PGconn *holder = hold_people();
	int fd = send_request("GET", NULL, NULL);
	wait_held("fast", 1);
	query_run(superuser,
		  "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'kept-api fast'");
	PQfinish(holder);
	struct api_reply reply = api_read(fd, false, 10);
	ck_assert_int_eq(reply.status, 200);
	api_reply_release(&reply);
	close(fd);
}
END_TEST

START_TEST(write_on_a_lost_connection_is_repeated_only_with_a_key)
{
	PGconn *holder = hold_people();
	int plain = send_request("POST", NULL, body), keyed = send_request("POST", "Idempotency-Key: k\r\n", body);
	wait_held("write", 2);
	query_run(superuser, "select pg_terminate_backend(pid) from pg_stat_activity"
			     " where application_name = 'kept-api write' and wait_event_type = 'Lock'");
	PQfinish(holder);
	struct api_reply first = api_read(plain, false, 10), second = api_read(keyed, false, 10);
	ck_assert_int_eq(first.status, 503);
	ck_assert_int_eq(second.status, 201);
	ck_assert_int_eq(people(), 1);
	api_reply_release(&first);
	api_reply_release(&second);
	close(plain);
	close(keyed);
}
END_TEST

START_TEST(client_gone_while_suspended_harms_nobody)
{
	PGconn *holder = hold_people();
	for (int i = 0; i < 5; i++)
		close(send_request("POST", NULL, body));
	wait_held("write", 5);
	ck_assert_int_eq(status_of("/v1/groups"), 200);
	PQfinish(holder);
	/* What was asked is carried out, though nobody listens. */
	ck_assert(query_until(superuser, "select count(*) = 5 from kept.person", 10));
	ck_assert_int_eq(status_of("/v1/people"), 200);
}
END_TEST

START_TEST(full_queue_is_503_and_others_go_on)
{
	enum { CLIENTS = 300 };
	static int fds[CLIENTS];
	int refused = 0;
	PGconn *holder = hold_people();
	for (int i = 0; i < CLIENTS; i++)
		fds[i] = send_request("POST", NULL, body);
	/* 16 at work, 256 waiting, the rest is refused at once. */
	for (int i = CLIENTS - 1; i >= 0 && refused < CLIENTS - 272; i--) {
		struct api_reply reply = api_read(fds[i], false, 1);
		refused += reply.status == 503;
		api_reply_release(&reply);
	}
	ck_assert_int_eq(refused, CLIENTS - 272);
	ck_assert_int_eq(status_of("/livez"), 200);
	PQfinish(holder);
	for (int i = 0; i < CLIENTS; i++)
		close(fds[i]);
	ck_assert(query_until(superuser, "select count(*) >= 16 from kept.person", 10));
}
END_TEST

START_TEST(stop_answers_what_is_under_way)
{
	PGconn *holder = hold_people();
	int at_work = send_request("POST", NULL, body), at_rest = api_connect(&api);
	wait_held("write", 1);
	program_signal(&api.program, SIGTERM);
	ck_assert(program_log_until(&api.program, "\"event\":\"stopping\"", 5));
	PQfinish(holder);
	struct api_reply reply = api_read(at_work, false, 10);
	ck_assert_int_eq(reply.status, 201);
	ck_assert(reply.closed);
	ck_assert(api_closes(at_rest, KEPT_DRAIN_SECONDS + 3));
	ck_assert(program_wait(&api.program, 10));
	ck_assert_int_eq(api.program.status, 0);
	ck_assert_int_eq(people(), 1);
	api_reply_release(&reply);
	close(at_work);
	close(at_rest);
}
END_TEST

START_TEST(stop_does_not_wait_for_ever)
{
	PGconn *holder = hold_people();
	int fds[3];
	for (int i = 0; i < 3; i++)
		fds[i] = send_request("POST", NULL, body);
	wait_held("write", 3);
	double begin = clock_seconds();
	program_signal(&api.program, SIGINT);
	for (int i = 0; i < 3; i++) {
		struct api_reply reply = api_read(fds[i], false, 10);
		ck_assert_int_eq(reply.status, 503);
		api_reply_release(&reply);
		close(fds[i]);
	}
	ck_assert(program_wait(&api.program, 10));
	ck_assert_int_eq(api.program.status, 0);
	ck_assert_double_le(clock_seconds() - begin, 9);
	PQfinish(holder);
}
END_TEST

START_TEST(wrong_use_is_exit_code_2)
{
	static const char *const cases[][6] = {
		{"bogus", NULL},
		{"serve", "--x", NULL},
		{"migrate", "x", NULL},
		{"district", "add", NULL},
		{"district", "add", "A", "--time-zone", "Mars/Base", NULL},
		{"key", "add", "--district", "x", NULL},
	};
	char *printed;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ck_assert_int_eq(api_command(&api, cases[i], &printed), 2);
		ck_assert_msg(*printed && strchr(printed, '\n') == printed + strlen(printed) - 1, "%s", printed);
		free(printed);
	}
	static const char *const zone[] = {"district", "add", "A", "--time-zone=Mars/Base", "--locale=en", NULL};
	ck_assert_int_eq(api_command(&api, zone, NULL), 2);
	static const char *const check[] = {"check-config", NULL};
	ck_assert_int_eq(api_command(&api, check, &printed), 0);
	ck_assert_msg(strstr(printed, "limits: key 60000 in 60 s, ") && strstr(printed, "proxies: none is trusted"),
		      "%s", printed);
	free(printed);
	static const char *const help[] = {"key", "add", "--help", NULL};
	ck_assert_int_eq(api_command(&api, help, &printed), 0);
	ck_assert_ptr_nonnull(strstr(printed, "usage: kept-api"));
	free(printed);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("outage");
	TCase *all = tcase_create("outage");
	tcase_set_timeout(all, 60);
	tcase_add_unchecked_fixture(all, start_cluster, stop_cluster);
	tcase_add_checked_fixture(all, start, stop);
	tcase_add_test(all, away_database_is_503_and_comes_back);
	tcase_add_test(all, start_without_database_waits_for_it);
	tcase_add_test(all, read_on_a_lost_connection_is_sent_once_more);
	tcase_add_test(all, write_on_a_lost_connection_is_repeated_only_with_a_key);
	tcase_add_test(all, client_gone_while_suspended_harms_nobody);
	tcase_add_test(all, full_queue_is_503_and_others_go_on);
	tcase_add_test(all, stop_answers_what_is_under_way);
	tcase_add_test(all, stop_does_not_wait_for_ever);
	tcase_add_test(all, wrong_use_is_exit_code_2);
	suite_add_tcase(suite, all);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
