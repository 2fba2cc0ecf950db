/* Stopping loses no request: connections at rest when the stop comes, and twenty restarts under load in which the next
 * process takes over the socket while the one before drains. */
#include <check.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kept/text.h"
#include "tests/support/api.h"
#include "tests/support/cluster.h"
#include "tests/support/visitors.h"

#define ROUNDS 10
#define RESTING 60
#define RESTARTS 20
#define REQUESTS_EACH 300 /* between two restarts, at least */
#define PATIENCE_SECONDS 20

static struct cluster *cluster;
static struct api api; /* the district and its key; its own process rests */

static void start_all(void)
{
	cluster = cluster_start(NULL);
	char *url = cluster_database(cluster, "rolling", CLUSTER_MIGRATED);
	api_start(&api, url, "1");
	free(url);
}

static void stop_all(void)
{
	api_release(&api);
	cluster_stop(cluster);
}

/* A listening socket of the test's own. */
static int open_socket(int *port)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert(fd >= 0 && bind(fd, (struct sockaddr *)&address, size) == 0 && listen(fd, 1024) == 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	*port = ntohs(address.sin_port);
	return fd;
}

/* Number `number` on that socket; it listens when this returns. */
static void start_on(struct program *program, int listen_fd, int number)
{
	static const char *const serve[] = {"serve", NULL};
	char database[1024], log[32], path[128];
	snprintf(database, sizeof(database), "KEPT_DATABASE_URL=%s", api.database_url);
	snprintf(log, sizeof(log), "log%d", number);
	snprintf(path, sizeof(path), "%s/%s", api.folder, log);
	unlink(path);
	const char *const environment[] = {
		database,
		"KEPT_LOOPS=1",
		"KEPT_WRITERS=2",
		"KEPT_LISTEN=unix:/nonexistent/not-used",
		"KEPT_SECRET=k1:01234567890123456789012345678901",
		"KEPT_LOG=debug",
		NULL,
	};
	const struct program_settings settings = {.name = "kept-api",
						  .arguments = serve,
						  .environment = environment,
						  .folder = api.folder,
						  .log = log,
						  .listen_fd = listen_fd};
	program_start(program, &settings);
	ck_assert(program_log_until(program, "\"event\":\"listening\"", PATIENCE_SECONDS));
}

static void must_have_ended_well(struct program *program)
{
	ck_assert(program_wait(program, PATIENCE_SECONDS));
	char *log = program_log(program);
	ck_assert_msg(program->status == 0, "exit %d: %s", program->status, log);
	free(log);
	unlink(program->log);
	program_release(program);
}

static const char get[] = "GET /livez HTTP/1.1\r\nHost: a\r\n\r\n";

static bool answered(int fd, int status, bool closed)
{
	struct api_reply reply = api_read(fd, false, 10);
	bool good = reply.status == status && reply.closed == closed;
	api_reply_release(&reply);
	return good;
}

struct round {
	struct program program;
	int listen_fd;
	struct api face; /* for api_connect() */
	int fds[RESTING];
};

static void begin_round(struct round *round, int number)
{
	round->listen_fd = open_socket(&round->face.port);
	start_on(&round->program, round->listen_fd, number);
	for (int i = 0; i < RESTING; i++) {
		round->fds[i] = api_connect(&round->face);
		api_write(round->fds[i], get, sizeof(get) - 1);
	}
	for (int i = 0; i < RESTING; i++)
		ck_assert(answered(round->fds[i], 200, false));
}

/* Their requests come a second after the stop, about when a drain that only looks at what is under way would end. */
START_TEST(request_on_a_connection_at_rest_is_answered_though_the_stop_has_come)
{
	static struct round rounds[ROUNDS];
	for (int r = 0; r < ROUNDS; r++)
		begin_round(&rounds[r], r);
	for (int r = 0; r < ROUNDS; r++)
		program_signal(&rounds[r].program, SIGTERM);
	double stopped = clock_seconds();
	for (int i = 0; i < RESTING; i++) {
		/* From 0.7 to 1.3 s after. */
		double wait = stopped + 0.7 + 0.01 * i - clock_seconds();
		if (wait > 0)
			usleep((useconds_t)(wait * 1e6));
		for (int r = 0; r < ROUNDS; r++)
			api_write(rounds[r].fds[i], get, sizeof(get) - 1);
	}
	for (int r = 0; r < ROUNDS; r++) {
		for (int i = 0; i < RESTING; i++) {
			ck_assert_msg(answered(rounds[r].fds[i], 200, true), "round %d: connection %d lost its request",
				      r, i);
			close(rounds[r].fds[i]);
		}
		must_have_ended_well(&rounds[r].program);
		close(rounds[r].listen_fd);
	}
}
END_TEST

START_TEST(it_is_not_ready_while_it_stops_and_does_not_wait_for_ever)
{
	static const char ready[] = "GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n";
	struct program program;
	struct api face = {0};
	int listen_fd = open_socket(&face.port);
	start_on(&program, listen_fd, 0);
	int asks = api_connect(&face), rests = api_connect(&face), fresh = api_connect(&face);
	api_write(rests, get, sizeof(get) - 1);
	ck_assert(answered(rests, 200, false));
	api_write(asks, get, sizeof(get) - 1);
	ck_assert(answered(asks, 200, false));
	program_signal(&program, SIGTERM);
	double stopped = clock_seconds();
	ck_assert(program_log_until(&program, "\"event\":\"stopping\"", 5));
	api_write(asks, ready, sizeof(ready) - 1);
	ck_assert(answered(asks, 503, true));
	ck_assert(api_closes(rests, 8) && api_closes(fresh, 1));
	must_have_ended_well(&program);
	ck_assert_double_le(clock_seconds() - stopped, 8);
	close(asks), close(rests), close(fresh), close(listen_fd);
}
END_TEST

START_TEST(interrupt_waits_for_nobody_at_rest)
{
	struct program program;
	struct api face = {0};
	int listen_fd = open_socket(&face.port);
	start_on(&program, listen_fd, 0);
	int rests = api_connect(&face);
	api_write(rests, get, sizeof(get) - 1);
	ck_assert(answered(rests, 200, false));
	program_signal(&program, SIGINT);
	double stopped = clock_seconds();
	ck_assert(api_closes(rests, 8));
	must_have_ended_well(&program);
	ck_assert_double_le(clock_seconds() - stopped, 3);
	close(rests), close(listen_fd);
}
END_TEST

START_TEST(twenty_restarts_under_load_lose_no_request)
{
	struct program programs[RESTARTS + 1];
	struct visitors visitors;
	struct api face = api;
	int listen_fd = open_socket(&face.port);
	start_on(&programs[0], listen_fd, 0);
	visitors_come(&visitors, &face);
	for (int i = 0; i < RESTARTS; i++) {
		int before = atomic_load(&visitors.whole);
		start_on(&programs[i + 1], listen_fd, i + 1);
		program_signal(&programs[i], SIGTERM);
		if (i >= 3)
			must_have_ended_well(&programs[i - 3]);
		double end = clock_seconds() + PATIENCE_SECONDS;
		while (atomic_load(&visitors.whole) < before + REQUESTS_EACH && clock_seconds() < end)
			usleep(5000);
	}
	visitors_leave(&visitors);
	program_signal(&programs[RESTARTS], SIGTERM);
	for (int i = RESTARTS - 3; i <= RESTARTS; i++)
		must_have_ended_well(&programs[i]);
	printf("%d restarts: ", RESTARTS);
	visitors_must_have_lost_nothing(&visitors, RESTARTS * REQUESTS_EACH);
	close(listen_fd);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rolling");
	TCase *all = tcase_create("rolling");
	tcase_set_timeout(all, 120);
	tcase_add_unchecked_fixture(all, start_all, stop_all);
	tcase_add_test(all, request_on_a_connection_at_rest_is_answered_though_the_stop_has_come);
	tcase_add_test(all, it_is_not_ready_while_it_stops_and_does_not_wait_for_ever);
	tcase_add_test(all, interrupt_waits_for_nobody_at_rest);
	tcase_add_test(all, twenty_restarts_under_load_lose_no_request);
	suite_add_tcase(suite, all);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
