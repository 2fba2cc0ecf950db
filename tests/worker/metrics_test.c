/* What the worker tells of itself: clean, true, and to be had whatever else goes on. */
#include <arpa/inet.h>
#include <check.h>
#include <math.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kept/limits.h"
#include "tests/support/api.h"
#include "tests/support/exposition_check.h"
#include "tests/support/fixture.h"
#include "tests/support/stage.h"

#define REGISTERED "2027-01-10 15:00:00+00"
#define TWO_DAYS_BEFORE "2027-01-13 13:00:00+00"
#define PATIENCE 30.0

static struct cluster *cluster;
static struct stage stage;

static void start_cluster(void)
{
	cluster = stage_cluster();
}

static void stop_cluster(void)
{
	cluster_stop(cluster);
}

static int free_port(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert(fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0 &&
		  getsockname(fd, (struct sockaddr *)&at, &size) == 0);
	close(fd);
	return ntohs(at.sin_port);
}

static void start(void)
{
	stage_open(&stage, cluster, "metrics", REGISTERED);
	stage.page = free_port();
}

static void stop(void)
{
	stage_close(&stage);
}

static struct api_reply get(const char *method, const char *path)
{
	const struct api worker = {.port = stage.page};
	char request[200];
	int fd = api_connect(&worker);
	struct api_reply reply;

	snprintf(request, sizeof(request), "%s %s HTTP/1.1\r\nHost: x\r\n\r\n", method, path);
	api_write(fd, request, strlen(request));
	reply = api_read(fd, strcmp(method, "HEAD") == 0, PATIENCE);
	close(fd);
	return reply;
}

static char *figures(void)
{
	struct api_reply reply = get("GET", "/metrics");
	char *body;

	ck_assert_int_eq(reply.status, 200);
	body = strdup(reply.body);
	ck_assert_ptr_nonnull(body);
	api_reply_release(&reply);
	return body;
}

static void worker_start(struct program *worker)
{
	stage_worker(&stage, worker, false);
	ck_assert(program_log_until(worker, "\"database_connected\"", PATIENCE));
}

/* Waits until the series has the value; figures of the database are asked for each KEPT_WATCH_SECONDS. */
static void must_become(const char *series, double least, double most)
{
	double begun = clock_seconds(), value = NAN;

	do {
		char *text = figures();

		value = exposition_value(text, series);
		exposition_must_be_clean(text);
		free(text);
		if (value >= least && value <= most)
			return;
		usleep(50000);
	} while (clock_seconds() - begun < PATIENCE);
	ck_abort_msg("%s is %g, not %g to %g", series, value, least, most);
}

#define OUTCOME(channel, outcome, reason)                                                                              \
	"kept_worker_outcomes_total{channel=\"" channel "\",outcome=\"" outcome "\",reason=\"" reason "\"}"

START_TEST(what_became_of_messages_is_counted)
{
	char maria[STAGE_ID_SIZE], ben[STAGE_ID_SIZE], tom[STAGE_ID_SIZE], promise[STAGE_ID_SIZE], url[80];
	struct program worker;

	http_peer_script(stage.hooks, &(struct http_script){.status = 500});
	snprintf(url, sizeof(url), "http://127.0.0.1:%d/", http_peer_port(stage.hooks));
	stage_person(&stage, maria, "María", "es", "maria@lakeview.example");
	stage_person(&stage, ben, "Ben", "en", NULL);
	stage_person(&stage, tom, "Tom", "en", NULL);
	stage_webhook(&stage, tom, url);
	stage_promise(&stage, promise, maria, "Read", "2027-01-15", "");
	stage_promise(&stage, promise, ben, "Read", "2027-01-15", "");
	stage_promise(&stage, promise, tom, "Read", "2027-01-15", "");
	worker_start(&worker);
	must_become(OUTCOME("email", "sent", "none"), 0, 0);
	stage_clock(&stage, TWO_DAYS_BEFORE);
	must_become(OUTCOME("email", "sent", "none"), 1, 1);
	must_become(OUTCOME("webhook", "retry", "status"), 1, 1);
	/* Ben cannot be reached at all. */
	must_become(OUTCOME("event", "dropped", "no_contact"), 1, 1);
	must_become("kept_worker_waiting{why=\"retry\"}", 1, 1);
	/* Before the next try the promise is kept. */
	stage_route(&stage, 200, "commitment_move", promise, "{\"status\":\"completed\"}");
	stage_clock(&stage, "2027-01-13 14:00:00+00");
	must_become(OUTCOME("webhook", "dropped", "completed"), 1, 1);
	must_become("kept_worker_waiting{why=\"retry\"}", 0, 0);
	/* Each attempt says in the log to which trace it belongs. */
	ck_assert(program_log_until(&worker, "\"trace\":\"", PATIENCE));
	stage_stop(&worker);
	program_release(&worker);
}
END_TEST

START_TEST(looks_connections_and_clocks_are_told)
{
	struct program worker;

	worker_start(&worker);
	must_become("kept_worker_looks_total", 3, INFINITY);
	must_become("kept_worker_last_look_age_seconds", 0, 5);
	must_become("kept_worker_database_connected", 1, 1);
	must_become("kept_worker_database_connects_total", 1, 1);
	must_become("kept_worker_watch_age_seconds", 0, KEPT_WATCH_SECONDS + 5);
	/* The test clock of the database is not what is told. */
	must_become("kept_worker_clock_skew_seconds", -1, 5);
	must_become("kept_worker_oldest_due_age_seconds{stage=\"plan\"}", 0, 0);
	must_become("kept_worker_leases_over", 0, 0);
	must_become("kept_worker_batches_held", 0, 0);
	must_become("kept_worker_lease_age_seconds", 0, 0);
	stage_change(&stage, "select pg_terminate_backend(pid) from pg_stat_activity where " STAGE_WORKER_SESSIONS);
	must_become("kept_worker_database_connects_total", 2, 2);
	stage_stop(&worker);
	program_release(&worker);
}
END_TEST

START_TEST(a_batch_that_hangs_shows_its_age)
{
	char person[STAGE_ID_SIZE], promise[STAGE_ID_SIZE], url[80];
	struct program worker;

	http_peer_script(stage.hooks, &(struct http_script){.hang = true});
	snprintf(url, sizeof(url), "http://127.0.0.1:%d/", http_peer_port(stage.hooks));
	stage_person(&stage, person, "María", "es", NULL);
	stage_webhook(&stage, person, url);
	stage_promise(&stage, promise, person, "Read", "2027-01-15", "");
	stage_clock(&stage, TWO_DAYS_BEFORE);
	worker_start(&worker);
	ck_assert(stage_until(&stage, "select exists (select from kept.batch where lease_id is not null)"));
	must_become("kept_worker_batches_held", 1, 1);
	must_become("kept_worker_lease_age_seconds", 0.5, 25);
	must_become("kept_worker_due{stage=\"sending\"}", 1, 1);
	program_kill(&worker);
	program_release(&worker);
}
END_TEST

START_TEST(only_reads_are_answered)
{
	static const struct {
		const char *method, *path;
		int status;
	} table[] = {
		{"GET", "/metrics", 200},  {"HEAD", "/metrics", 200},   {"GET", "/", 404}, {"GET", "/metrics/", 404},
		{"POST", "/metrics", 405}, {"DELETE", "/metrics", 405}, {"PUT", "/", 405},
	};
	struct program worker;

	worker_start(&worker);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct api_reply reply = get(table[i].method, table[i].path);
		char *type = api_header(&reply, "Content-Type"), *allow = api_header(&reply, "Allow");

		ck_assert_msg(reply.status == table[i].status, "%s %s answers %d", table[i].method, table[i].path,
			      reply.status);
		if (reply.status == 200)
			ck_assert_str_eq(type, "text/plain; version=0.0.4; charset=utf-8");
		ck_assert_msg((reply.status == 405) == (allow != NULL), "%s", reply.head);
		ck_assert(reply.closed);
		free(type);
		free(allow);
		api_reply_release(&reply);
	}
	stage_stop(&worker);
	program_release(&worker);
}
END_TEST

/* More connections than are served, each giving a byte now and then: libmicrohttpd alone would wait for ever. */
START_TEST(who_trickles_is_cut_off)
{
	const struct api target = {.port = stage.page};
	int fds[2 * KEPT_PAGE_CONNECTIONS];
	double begun, waited;
	struct program worker;
	struct api_reply reply;

	worker_start(&worker);
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		fds[i] = api_connect(&target);
	begun = clock_seconds();
	for (int turn = 0; turn < 4 * KEPT_PAGE_SECONDS; turn++) {
		for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
			(void)!send(fds[i], "G", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
		usleep(250000);
	}
	/* Those who came first are gone, and then those who waited behind them. */
	reply = get("GET", "/metrics");
	waited = clock_seconds() - begun;
	ck_assert_int_eq(reply.status, 200);
	ck_assert_msg(waited < 2 * KEPT_PAGE_SECONDS + 3, "answered only after %.1f s", waited);
	ck_assert(api_closes(fds[0], 1));
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		close(fds[i]);
	api_reply_release(&reply);
	stage_stop(&worker);
	program_release(&worker);
}
END_TEST

/* Each place where something due can be, by SQL: no worker runs. */
START_TEST(the_oldest_that_is_due_is_found_where_it_is)
{
	char *url = fixture_open(cluster, "watch");
#define WATCH(column) fixture_count(url, "2027-01-08T13:01:40Z", "select round(" column ") from kept.watch()")
	ck_assert_int_eq(fixture_tick(url, "2027-01-08T12:00:00Z"), 0);
	ck_assert_int_eq(fixture_count(url, "2027-01-08T12:00:00Z", "select plan_due from kept.watch()"), 0);
	ck_assert_int_eq(WATCH("plan_due"), 1);
	ck_assert_int_eq(WATCH("plan_age"), 100);
	/* Planned and leased, then given back. */
	ck_assert_int_eq(fixture_tick(url, "2027-01-08T13:00:00Z"), 1);
	ck_assert_int_eq(WATCH("plan_due"), 0);
	ck_assert_int_eq(WATCH("sending_due"), 1);
	ck_assert_int_eq(WATCH("sending_age"), 100);
	ck_assert_int_eq(WATCH("leases_over"), 1);
	fixture_change(url, "2027-01-08T13:00:00Z",
		       "update kept.batch set slot = null, lease_id = null, lease_until = null, worker_id = null");
	ck_assert_int_eq(WATCH("sending_due"), 0);
	ck_assert_int_eq(WATCH("queue_due"), 1);
	ck_assert_int_eq(WATCH("queue_age"), 100);
	fixture_change(url, "2027-01-08T13:00:00Z",
		       "update kept.lane set paused_until = '2027-01-09', pause_reason = 'peer'");
	ck_assert_int_eq(WATCH("queue_due"), 0);
	ck_assert_int_eq(WATCH("queue_age"), 0);
	ck_assert_int_eq(WATCH("paused_due"), 1);
	ck_assert_int_eq(WATCH("paused_age"), 100);
	fixture_change(url, "2027-01-08T13:00:40Z",
		       "select kept.emit_in(" FIXTURE_DISTRICT ", 'commitment.changed', " FIXTURE_COMMITMENT ", null)");
	ck_assert_int_eq(fixture_count(url, "2027-01-08T13:01:40Z", "select round(events_age) from kept.watch()"), 60);
	fixture_change(url, "2027-01-08T13:00:00Z",
		       "insert into kept.waiting (district_id, message_id, lane_id, ready_at, why) select district_id, "
		       "gen_random_uuid(), id, '2027-01-08T13:01:00Z', 'asked' from kept.lane");
	ck_assert_int_eq(WATCH("waiting_asked"), 1);
	ck_assert_int_eq(WATCH("queue_age"), 40);
	free(url);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("worker metrics");
	TCase *all = tcase_create("metrics"), *sql = tcase_create("watch");
	SRunner *runner;
	int failed;

	tcase_set_timeout(all, 120);
	tcase_set_timeout(sql, 120);
	tcase_add_unchecked_fixture(all, start_cluster, stop_cluster);
	tcase_add_unchecked_fixture(sql, start_cluster, stop_cluster);
	tcase_add_checked_fixture(all, start, stop);
	tcase_add_test(all, what_became_of_messages_is_counted);
	tcase_add_test(all, looks_connections_and_clocks_are_told);
	tcase_add_test(all, a_batch_that_hangs_shows_its_age);
	tcase_add_test(all, only_reads_are_answered);
	tcase_add_test(all, who_trickles_is_cut_off);
	tcase_add_test(sql, the_oldest_that_is_due_is_found_where_it_is);
	suite_add_tcase(suite, all);
	suite_add_tcase(suite, sql);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
