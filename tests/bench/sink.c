/* sink.c: see sink.h. */
#include "tests/bench/sink.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "tests/bench/measure.h"

#define BUFFER_BYTES (512 * 1024) /* largest message */
#define ID_BYTES 40
#define EVENTS 64
#define BACKLOG 512

struct client {
	int socket;
	char *bytes; /* of the message that comes in, with a NUL after it */
	size_t length, room;
	bool in_data;
	double first_byte;
	struct client *next; /* all of the sink */
};

struct sink {
	enum sink_kind kind;
	int port, listener, poll, stop;
	pthread_t thread;
	struct client *clients;
	pthread_mutex_t lock; /* guards all below */
	pthread_cond_t changed;
	struct sink_counts counts;
	char (*ids)[ID_BYTES]; /* open addressing; empty: free */
	size_t id_room;
};

static size_t place_of(const char *id, size_t room)
{
	uint64_t hash = 14695981039346656037u;

	for (; *id; id++)
		hash = (hash ^ (uint8_t)*id) * 1099511628211u;
	return (size_t)hash & (room - 1);
}

/* False: it is there already. */
static bool put(char (*ids)[ID_BYTES], size_t room, const char *id)
{
	size_t place = place_of(id, room);

	for (; ids[place][0]; place = (place + 1) & (room - 1))
		if (strcmp(ids[place], id) == 0)
			return false;
	memcpy(ids[place], id, strlen(id) + 1);
	return true;
}

static void make_room(struct sink *sink)
{
	size_t room = sink->id_room ? sink->id_room * 2 : 1024;
	char(*ids)[ID_BYTES];

	if (sink->counts.distinct * 2 < sink->id_room)
		return;
	ids = bench_memory(NULL, room * sizeof(*ids));
	memset(ids, 0, room * sizeof(*ids));
	for (size_t i = 0; i < sink->id_room; i++)
		if (sink->ids[i][0])
			put(ids, room, sink->ids[i]);
	free(sink->ids);
	sink->ids = ids;
	sink->id_room = room;
}

/* Notes a whole message by the value of the header that names it, up to the first of the characters `end`. */
static void note(struct sink *sink, const struct client *client, const char *header, const char *end)
{
	const char *found = strcasestr(client->bytes, header);
	char id[ID_BYTES] = "none";

	if (found) {
		size_t length;

		found += strlen(header);
		length = strcspn(found, end);
		if (length < sizeof(id)) {
			memcpy(id, found, length);
			id[length] = '\0';
		}
	}
	pthread_mutex_lock(&sink->lock);
	make_room(sink);
	sink->counts.got++;
	sink->counts.distinct += put(sink->ids, sink->id_room, id);
	sink->counts.first_byte = client->first_byte;
	pthread_cond_broadcast(&sink->changed);
	pthread_mutex_unlock(&sink->lock);
}

static bool say(const struct client *client, const char *text)
{
	size_t length = strlen(text);

	return send(client->socket, text, length, MSG_NOSIGNAL) == (ssize_t)length;
}

/* Forgets the first `count` bytes. */
static void forget(struct client *client, size_t count)
{
	client->length -= count;
	memmove(client->bytes, client->bytes + count, client->length + 1);
}

/* Answers each whole request; false: the connection is over. */
static bool talk_http(struct sink *sink, struct client *client)
{
	for (const char *end; (end = strstr(client->bytes, "\r\n\r\n"));) {
		const char *length = strcasestr(client->bytes, "\r\ncontent-length: ");
		size_t whole = (size_t)(end - client->bytes) + 4;

		if (length && length < end)
			whole += strtoul(length + 18, NULL, 10);
		if (client->length < whole)
			return true;
		note(sink, client, "\r\nwebhook-id: ", "\r");
		if (!say(client, "HTTP/1.1 204 No Content\r\n\r\n"))
			return false;
		forget(client, whole);
	}
	return true;
}

/* Answers each whole command; false: the connection is over. */
static bool talk_smtp(struct sink *sink, struct client *client)
{
	for (const char *end;;) {
		const char *answer = "250 ok\r\n";
		bool quit = false;

		end = strstr(client->bytes, client->in_data ? "\r\n.\r\n" : "\r\n");
		if (!end)
			return true;
		if (client->in_data) {
			note(sink, client, "\r\nMessage-ID: <", "@\r");
			client->in_data = false;
			end += 3;
		} else if (strncasecmp(client->bytes, "DATA", 4) == 0) {
			client->in_data = true;
			answer = "354 go on\r\n";
		} else if (strncasecmp(client->bytes, "QUIT", 4) == 0) {
			quit = true;
			answer = "221 bye\r\n";
		}
		if (!say(client, answer) || quit)
			return false;
		forget(client, (size_t)(end - client->bytes) + 2);
		if (client->length == 0)
			return true;
	}
}

static bool read_some(struct client *client)
{
	ssize_t count;

	if (client->room - client->length < 4096 + 1) {
		if (client->room >= BUFFER_BYTES)
			return false;
		client->room = client->room ? client->room * 2 : 16384;
		client->bytes = bench_memory(client->bytes, client->room);
	}
	count = recv(client->socket, client->bytes + client->length, client->room - client->length - 1, 0);
	if (count <= 0)
		return false;
	if (client->length == 0 && !client->in_data)
		client->first_byte = measure_now();
	client->length += (size_t)count;
	client->bytes[client->length] = '\0';
	return true;
}

static void watch(struct sink *sink, int socket, void *whom)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = whom};

	if (epoll_ctl(sink->poll, EPOLL_CTL_ADD, socket, &event) != 0)
		bench_fail("epoll: %s", strerror(errno));
}

static void welcome(struct sink *sink)
{
	int socket = accept4(sink->listener, NULL, NULL, SOCK_CLOEXEC), one = 1;
	struct client *client;

	if (socket < 0)
		return;
	setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	client = bench_memory(NULL, sizeof(*client));
	*client = (struct client){.socket = socket, .next = sink->clients};
	sink->clients = client;
	watch(sink, socket, client);
	if (sink->kind == SINK_SMTP)
		(void)!say(client, "220 sink\r\n");
}

static void *serve(void *context)
{
	struct sink *sink = context;
	struct epoll_event events[EVENTS];

	for (;;) {
		int count = epoll_wait(sink->poll, events, EVENTS, -1);

		for (int i = 0; i < count; i++) {
			struct client *client = events[i].data.ptr;

			if ((void *)client == &sink->stop)
				return NULL;
			if ((void *)client == &sink->listener) {
				welcome(sink);
			} else if (!read_some(client) ||
				   !(sink->kind == SINK_HTTP ? talk_http : talk_smtp)(sink, client)) {
				/* Its memory stays until the end: a later event of this turn may name it. */
				close(client->socket);
				client->socket = -1;
			}
		}
	}
}

struct sink *sink_start(enum sink_kind kind)
{
	struct sink *sink = bench_memory(NULL, sizeof(*sink));
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(address);
	pthread_condattr_t attributes;

	memset(sink, 0, sizeof(*sink));
	sink->kind = kind;
	sink->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	sink->poll = epoll_create1(EPOLL_CLOEXEC);
	sink->stop = eventfd(0, EFD_CLOEXEC);
	if (sink->listener < 0 || sink->poll < 0 || sink->stop < 0 ||
	    bind(sink->listener, (struct sockaddr *)&address, length) != 0 || listen(sink->listener, BACKLOG) != 0 ||
	    getsockname(sink->listener, (struct sockaddr *)&address, &length) != 0)
		bench_fail("no socket: %s", strerror(errno));
	sink->port = ntohs(address.sin_port);
	pthread_mutex_init(&sink->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&sink->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	watch(sink, sink->listener, &sink->listener);
	watch(sink, sink->stop, &sink->stop);
	if (pthread_create(&sink->thread, NULL, serve, sink) != 0)
		bench_fail("no thread");
	return sink;
}

void sink_stop(struct sink *sink)
{
	if (!sink)
		return;
	eventfd_write(sink->stop, 1);
	pthread_join(sink->thread, NULL);
	for (struct client *next; sink->clients; sink->clients = next) {
		next = sink->clients->next;
		if (sink->clients->socket >= 0)
			close(sink->clients->socket);
		free(sink->clients->bytes);
		free(sink->clients);
	}
	close(sink->listener);
	close(sink->poll);
	close(sink->stop);
	pthread_cond_destroy(&sink->changed);
	pthread_mutex_destroy(&sink->lock);
	free(sink->ids);
	free(sink);
}

int sink_port(const struct sink *sink)
{
	return sink->port;
}

struct sink_counts sink_counts(struct sink *sink)
{
	struct sink_counts counts;

	pthread_mutex_lock(&sink->lock);
	counts = sink->counts;
	pthread_mutex_unlock(&sink->lock);
	return counts;
}

bool sink_wait(struct sink *sink, size_t messages, double seconds)
{
	double end = measure_now() + seconds;
	struct timespec until = {.tv_sec = (time_t)end, .tv_nsec = (long)((end - (double)(time_t)end) * 1e9)};
	int code = 0;
	bool reached;

	pthread_mutex_lock(&sink->lock);
	while (sink->counts.got < messages && code == 0)
		code = pthread_cond_timedwait(&sink->changed, &sink->lock, &until);
	reached = sink->counts.got >= messages;
	pthread_mutex_unlock(&sink->lock);
	return reached;
}
