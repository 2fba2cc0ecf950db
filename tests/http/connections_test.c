/* How many connections there may be, in all and of one address. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>

#include "kept/limits.h"
#include "tests/support/api.h"
#include "tests/support/cluster.h"

static struct cluster *cluster;
static struct api api;

static void start_all(void)
{
	cluster = cluster_start(NULL);
	char *url = cluster_database(cluster, "connections", CLUSTER_MIGRATED);
	api_start(&api, url, "2");
	free(url);
}

static void stop_all(void)
{
	api_release(&api);
	cluster_stop(cluster);
}

/* Waits until the process tells that figure. */
static void wait_metric(int fd, const char *name, long wanted)
{
	static const char request[] = "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n";
	double end = clock_seconds() + 10;
	char line[100];
	long there = -1;
	snprintf(line, sizeof(line), "\n%s ", name);
	while (there != wanted && clock_seconds() < end) {
		api_write(fd, request, strlen(request));
		struct api_reply reply = api_read(fd, false, 10);
		const char *at = strstr(reply.body, line);
		there = at ? strtol(at + strlen(line), NULL, 10) : -1;
		api_reply_release(&reply);
	}
	ck_assert_int_eq(there, wanted);
}

static int status_of(struct api_reply reply)
{
	int status = reply.status;
	api_reply_release(&reply);
	return status;
}

/* A request that needs the database, on that connection. */
static int ask_on(int fd)
{
	char *request = api_request(&api, "GET", "/v1/district", NULL, NULL);
	api_write(fd, request, strlen(request));
	free(request);
	return status_of(api_read(fd, false, 20));
}

static int connect_from(const char *from)
{
	struct sockaddr_in own = {.sin_family = AF_INET},
			   there = {.sin_family = AF_INET, .sin_port = htons((uint16_t)api.port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(inet_pton(AF_INET, from, &own.sin_addr), 1);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&own, sizeof(own)), 0);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&there, sizeof(there)), 0);
	return fd;
}

START_TEST(one_address_does_not_take_all_connections)
{
	static int fds[KEPT_ADDRESS_CONNECTIONS + 20];
	int closed = 0;
	for (int i = 0; i < KEPT_ADDRESS_CONNECTIONS + 20; i++)
		fds[i] = connect_from("127.0.0.3");
	int other = connect_from("127.0.0.4");
	ck_assert_int_eq(ask_on(other), 200);
	for (int i = 0; i < KEPT_ADDRESS_CONNECTIONS + 20; i++)
		closed += api_closes(fds[i], 0.001);
	ck_assert_int_eq(closed, 20);
	wait_metric(other, "kept_limited_total{limit=\"connections\"}", 20);
	for (int i = 0; i < KEPT_ADDRESS_CONNECTIONS + 20; i++)
		close(fds[i]);
	/* They are given up with the connection. */
	double end = clock_seconds() + 10;
	int status = 0;
	while (status != 200 && clock_seconds() < end) {
		int fd = connect_from("127.0.0.3");
		status = ask_on(fd);
		close(fd);
	}
	ck_assert_int_eq(status, 200);
	close(other);
}
END_TEST

START_TEST(connection_beyond_the_most_waits_its_turn)
{
	static int fds[KEPT_CONNECTIONS];
	struct rlimit files;
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &files), 0);
	files.rlim_cur = files.rlim_max;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &files), 0);
	for (int i = 0; i < KEPT_CONNECTIONS; i++)
		fds[i] = api_connect(&api);
	wait_metric(fds[0], "kept_client_connections", KEPT_CONNECTIONS);
	int late = api_connect(&api);
	char *request = api_request(&api, "GET", "/v1/district", NULL, NULL);
	api_write(late, request, strlen(request));
	struct api_reply reply = api_read(late, false, 0.2);
	ck_assert_int_eq(reply.status, 0);
	api_reply_release(&reply);
	for (int i = 0; i < KEPT_CONNECTIONS; i++)
		close(fds[i]);
	ck_assert_int_eq(status_of(api_read(late, false, 10)), 200);
	close(late);
	free(request);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("connections");
	TCase *all = tcase_create("connections");
	tcase_set_timeout(all, 60);
	tcase_add_unchecked_fixture(all, start_all, stop_all);
	tcase_add_test(all, one_address_does_not_take_all_connections);
	tcase_add_test(all, connection_beyond_the_most_waits_its_turn);
	suite_add_tcase(suite, all);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
