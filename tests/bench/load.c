/* load.c: see load.h. */
#include "tests/bench/load.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "tests/bench/measure.h"

#define CONNECTIONS 256
#define ANSWER_BYTES (8 * 1024 * 1024)
#define REQUEST_BYTES (2 * 1024 * 1024)
#define PATIENCE_MS 15000

struct user {
	int socket;
	double began;
	struct text request, answer;
};

struct run {
	const struct load *load;
	struct load_result *result;
	struct user users[CONNECTIONS];
	int poll;
	double *seconds;
	size_t count, room;
	unsigned long in_time; /* answers while it is measured */
	double measured_from, measured_to;
};

static int connect_to(int port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)port)};
	int made = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	if (made < 0 || connect(made, (struct sockaddr *)&address, sizeof(address)) != 0)
		bench_fail("no connection to the API: %s", strerror(errno));
	setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return made;
}

/* Size of the whole answer, 0 while its head is not there. */
static size_t answer_size(const struct text *answer)
{
	const char *end = answer->length ? strstr(answer->bytes, "\r\n\r\n") : NULL, *length;

	if (!end)
		return 0;
	length = strcasestr(answer->bytes, "\r\ncontent-length: ");
	return (size_t)(end - answer->bytes) + 4 + (length && length < end ? strtoul(length + 18, NULL, 10) : 0);
}

/* True: the answer is whole. */
static bool read_answer(struct user *user)
{
	char bytes[65536];
	ssize_t count = recv(user->socket, bytes, sizeof(bytes), 0);
	size_t whole;

	if (count <= 0)
		bench_fail("the API closed a connection");
	text_add(&user->answer, bytes, (size_t)count);
	if (!text_ok(&user->answer))
		bench_fail("an answer is too long");
	whole = answer_size(&user->answer);
	return whole > 0 && user->answer.length >= whole;
}

static int answer_status(const struct text *answer)
{
	return answer->length > 12 && text_starts(answer->bytes, "HTTP/1.1 ") ? (int)strtol(answer->bytes + 9, NULL, 10)
									      : 0;
}

static void ask(struct user *user)
{
	user->began = measure_now();
	text_clear(&user->answer);
	/* Requests are far smaller than the socket's buffer. */
	if (!text_ok(&user->request) || send(user->socket, user->request.bytes, user->request.length, MSG_NOSIGNAL) !=
						(ssize_t)user->request.length)
		bench_fail("a request could not be sent: %s", strerror(errno));
}

static void ask_next(struct run *run, struct user *user)
{
	text_clear(&user->request);
	run->load->write(run->load->context, &user->request, run->load->first + run->result->asked++);
	ask(user);
}

static void answered(struct run *run, struct user *user, double now)
{
	if (answer_status(&user->answer) != run->load->status)
		run->result->wrong++;
	if (now < run->measured_from)
		return;
	run->in_time += now < run->measured_to;
	if (run->count == run->room) {
		run->room = run->room ? run->room * 2 : 4096;
		run->seconds = bench_memory(run->seconds, run->room * sizeof(*run->seconds));
	}
	run->seconds[run->count++] = now - user->began;
}

static void users_start(struct run *run)
{
	for (int i = 0; i < run->load->connections; i++) {
		struct user *user = &run->users[i];
		struct epoll_event event = {.events = EPOLLIN, .data.ptr = user};

		text_init(&user->request, REQUEST_BYTES);
		text_init(&user->answer, ANSWER_BYTES);
		user->socket = connect_to(run->load->port);
		if (epoll_ctl(run->poll, EPOLL_CTL_ADD, user->socket, &event) != 0)
			bench_fail("epoll: %s", strerror(errno));
		ask_next(run, user);
	}
}

static void user_end(struct user *user)
{
	close(user->socket);
	text_release(&user->request);
	text_release(&user->answer);
}

/* What is under way at the end is awaited, and its time counts: a slow answer must not be left out for its slowness. */
static void turn(struct run *run)
{
	int under_way = run->load->connections;

	while (under_way > 0) {
		struct epoll_event events[CONNECTIONS];
		int count = epoll_wait(run->poll, events, CONNECTIONS, PATIENCE_MS);

		if (count == 0)
			bench_fail("the API does not answer");
		for (int i = 0; i < count; i++) {
			struct user *user = events[i].data.ptr;
			double now;

			if (!read_answer(user))
				continue;
			now = measure_now();
			answered(run, user, now);
			if (now < run->measured_to)
				ask_next(run, user);
			else
				under_way--;
		}
	}
}

void load_run(const struct load *load, struct load_result *result)
{
	struct run *run = bench_memory(NULL, sizeof(*run));
	double start = measure_now();

	memset(run, 0, sizeof(*run));
	memset(result, 0, sizeof(*result));
	run->load = load;
	run->result = result;
	run->poll = epoll_create1(EPOLL_CLOEXEC);
	run->measured_from = start + load->warm_seconds;
	run->measured_to = run->measured_from + load->seconds;
	if (run->poll < 0 || load->connections > CONNECTIONS)
		bench_fail("too many connections");
	users_start(run);
	turn(run);
	result->per_second = (double)run->in_time / load->seconds;
	result->p50_ms = measure_part(run->seconds, run->count, 0.50) * 1000;
	result->p99_ms = measure_part(run->seconds, run->count, 0.99) * 1000;
	for (int i = 0; i < load->connections; i++)
		user_end(&run->users[i]);
	close(run->poll);
	free(run->seconds);
	free(run);
}

double load_once(int port, const struct text *request, int status)
{
	struct user user = {.socket = connect_to(port)};
	double seconds;

	text_init(&user.request, REQUEST_BYTES);
	text_init(&user.answer, ANSWER_BYTES);
	text_add(&user.request, request->bytes, request->length);
	ask(&user);
	while (!read_answer(&user))
		;
	seconds = measure_now() - user.began;
	if (answer_status(&user.answer) != status)
		bench_fail("not %d but: %s", status, user.answer.bytes);
	user_end(&user);
	return seconds;
}
