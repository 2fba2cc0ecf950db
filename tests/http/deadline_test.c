/* Clients that take their time, all at once, in real time: each is gone when its time is over, and not before. */
#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kept/limits.h"
#include "kept/text.h"
#include "tests/support/api.h"
#include "tests/support/cluster.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define STEP_SECONDS 0.25
/* Well below what any two of the deadlines differ by, and above what a busy machine holds a program up for. */
#define LATE_SECONDS 4.5
#define GET "GET /livez HTTP/1.1\r\nHost: a\r\n"
#define BODY "POST /v1/people HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"

static struct cluster *cluster;
static struct api api;

static void start_all(void)
{
	cluster = cluster_start(NULL);
	char *url = cluster_database(cluster, "deadline", CLUSTER_MIGRATED);
	api_start(&api, url, "1");
	free(url);
}

static void stop_all(void)
{
	api_release(&api);
	cluster_stop(cluster);
}

/* What a client sends at first, after the first reply, and then with each step. */
static const struct slow {
	const char *name, *first, *second, *drip;
	double second_after; /* seconds; negative: when a reply has come */
	double gone;         /* seconds from its connect */
	bool sips;           /* reads a byte a step, from a small buffer */
} slow[] = {
	{.name = "says nothing", .gone = KEPT_REQUEST_SECONDS},
	{.name = "drips its request line", .first = "GET /", .drip = "a", .gone = KEPT_REQUEST_SECONDS},
	{.name = "drips its headers", .first = GET "X: ", .drip = "a", .gone = KEPT_REQUEST_SECONDS},
	{.name = "drips headers after a late request line",
	 .second = GET "X: ",
	 .drip = "a",
	 .second_after = 8,
	 .gone = KEPT_REQUEST_SECONDS},
	{.name = "drips its body",
	 .first = BODY "Content-Length: 1000\r\n\r\n{",
	 .drip = " ",
	 .gone = KEPT_REQUEST_SECONDS},
	{.name = "drips chunks",
	 .first = BODY "Transfer-Encoding: chunked\r\n\r\n",
	 .drip = "1\r\n \r\n",
	 .gone = KEPT_REQUEST_SECONDS},
	{.name = "sips its reply",
	 .first = "GET /openapi.json HTTP/1.1\r\nHost: a\r\n\r\n",
	 .sips = true,
	 .gone = KEPT_REQUEST_SECONDS},
	{.name = "sips a reply that ends the connection",
	 .first = "GET /openapi.json HTTP/1.1\r\nHost: a\r\n\r\n" GET "\r\n",
	 .sips = true,
	 .gone = KEPT_REQUEST_SECONDS},
	{.name = "rests after a reply", .first = GET "\r\n", .gone = KEPT_IDLE_SECONDS},
	{.name = "drips the next request line",
	 .first = GET "\r\n",
	 .second = "GET /",
	 .second_after = -1,
	 .drip = "a",
	 .gone = KEPT_IDLE_SECONDS},
	{.name = "drips the next headers",
	 .first = GET "\r\n",
	 .second = GET "X: ",
	 .second_after = 5,
	 .drip = "a",
	 .gone = 5 + KEPT_REQUEST_SECONDS},
	{.name = "only empty lines", .first = "\r\n", .drip = "\r\n", .gone = KEPT_REQUEST_SECONDS},
};

struct client {
	int fd;
	double begun, gone; /* gone 0: still there */
	bool second;
};

/* A connection that takes little until it is read; what the kernel has taken for the client is out of Kept's hands. */
static int connect_narrow(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)api.port)};
	int bytes = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void begin(struct client *client, const struct slow *kind)
{
	client->fd = kind->sips ? connect_narrow() : api_connect(&api);
	client->begun = clock_seconds();
	if (kind->first)
		api_write(client->fd, kind->first, strlen(kind->first));
}

static void step(struct client *client, const struct slow *kind)
{
	char bytes[4096];
	double age = clock_seconds() - client->begun;
	/* A reset shows at once, though there is still something to sip. */
	struct pollfd state = {.fd = client->fd};
	(void)!poll(&state, 1, 0);
	ssize_t count = recv(client->fd, bytes, kind->sips ? 1 : sizeof(bytes), MSG_DONTWAIT);
	if ((state.revents & (POLLERR | POLLHUP)) || count == 0 || (count < 0 && errno != EAGAIN)) {
		client->gone = clock_seconds();
		return;
	}
	bool due = kind->second_after < 0 ? count > 0 : age >= kind->second_after;
	if (kind->second && !client->second && due) {
		client->second = true;
		api_write(client->fd, kind->second, strlen(kind->second));
	} else if (kind->drip && (client->second || !kind->second)) {
		api_write(client->fd, kind->drip, strlen(kind->drip));
	}
}

static bool served(int fd)
{
	api_write(fd, GET "\r\n", strlen(GET "\r\n"));
	struct api_reply reply = api_read(fd, false, 10);
	bool good = reply.status == 200 && !reply.closed;
	api_reply_release(&reply);
	return good;
}

START_TEST(slow_clients_are_gone_in_time_and_steady_ones_stay)
{
	struct client clients[COUNT(slow)] = {{0}};
	int steady = api_connect(&api);
	double begun = clock_seconds(), asked = 0;
	size_t left = COUNT(slow);
	for (size_t i = 0; i < COUNT(slow); i++)
		begin(&clients[i], &slow[i]);
	while (left > 0 && clock_seconds() - begun < 5 + KEPT_REQUEST_SECONDS + LATE_SECONDS + 1) {
		usleep((useconds_t)(STEP_SECONDS * 1e6));
		for (size_t i = 0; i < COUNT(slow); i++) {
			if (clients[i].gone > 0)
				continue;
			step(&clients[i], &slow[i]);
			left -= clients[i].gone > 0;
		}
		if (clock_seconds() - asked < 2)
			continue;
		asked = clock_seconds();
		ck_assert_msg(served(steady), "the steady client was cut off after %.1f s", asked - begun);
	}
	for (size_t i = 0; i < COUNT(slow); i++) {
		double age = clients[i].gone - clients[i].begun;
		ck_assert_msg(clients[i].gone > 0, "%s: still there", slow[i].name);
		ck_assert_msg(age > slow[i].gone - 1 && age < slow[i].gone + LATE_SECONDS, "%s: gone after %.1f s",
			      slow[i].name, age);
		close(clients[i].fd);
	}
	close(steady);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("deadline");
	TCase *all = tcase_create("deadline");
	tcase_set_timeout(all, 90);
	tcase_add_unchecked_fixture(all, start_all, stop_all);
	tcase_add_test(all, slow_clients_are_gone_in_time_and_steady_ones_stay);
	suite_add_tcase(suite, all);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
