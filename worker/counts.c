/* counts.c: see counts.h. */
#include "worker/counts.h"

#include <netdb.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <microhttpd.h>

#include "kept/steady.h"
#include "worker/attempt.h"

#define PAGE_BYTES (16 * 1024)
#define OUTCOMES (OUTCOME_SUPERSEDED + 1)
#define PAGE_CONNECTIONS 8
#define PAGE_SECONDS 10

struct counts {
	struct MHD_Daemon *daemon;
	atomic_ulong attempts[2][OUTCOMES];
	atomic_ulong looks;
	_Atomic double looked_at; /* steady seconds; 0 never */
	atomic_int held;
	atomic_bool connected;
};

struct counts *counts_new(void)
{
	return calloc(1, sizeof(struct counts));
}

void counts_free(struct counts *counts)
{
	if (!counts)
		return;
	if (counts->daemon)
		MHD_stop_daemon(counts->daemon);
	free(counts);
}

void counts_attempt(struct counts *counts, enum channel channel, enum outcome outcome)
{
	atomic_fetch_add(&counts->attempts[channel == CHANNEL_WEBHOOK][outcome], 1);
}

void counts_looked(struct counts *counts)
{
	atomic_fetch_add(&counts->looks, 1);
	atomic_store(&counts->looked_at, steady_seconds());
}

void counts_held(struct counts *counts, int batches)
{
	atomic_store(&counts->held, batches);
}

void counts_connected(struct counts *counts, bool connected)
{
	atomic_store(&counts->connected, connected);
}

static void write_head(struct text *out, const char *name, const char *type, const char *help)
{
	text_addf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void counts_write(struct counts *counts, struct text *out)
{
	static const enum outcome shown[] = {OUTCOME_SENT, OUTCOME_RETRY, OUTCOME_FAILED, OUTCOME_EXPIRED,
					     OUTCOME_UNKNOWN};
	double looked_at = atomic_load(&counts->looked_at);

	write_head(out, "kept_worker_attempts_total", "counter", "Attempts to send, by channel and outcome.");
	for (int channel = 0; channel < 2; channel++)
		for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
			text_addf(out, "kept_worker_attempts_total{channel=\"%s\",outcome=\"%s\"} %lu\n",
				  channel ? "webhook" : "email", outcome_word(shown[i]),
				  atomic_load(&counts->attempts[channel][shown[i]]));
	write_head(out, "kept_worker_batches_held", "gauge", "Batches that this worker sends now.");
	text_addf(out, "kept_worker_batches_held %d\n", atomic_load(&counts->held));
	write_head(out, "kept_worker_looks_total", "counter", "Completed looks at what is due.");
	text_addf(out, "kept_worker_looks_total %lu\n", atomic_load(&counts->looks));
	if (looked_at > 0) {
		write_head(out, "kept_worker_last_look_age_seconds", "gauge", "Time since the last completed look.");
		text_addf(out, "kept_worker_last_look_age_seconds %.3f\n", steady_seconds() - looked_at);
	}
	write_head(out, "kept_worker_database_connected", "gauge", "1 while PostgreSQL is there.");
	text_addf(out, "kept_worker_database_connected %d\n", atomic_load(&counts->connected) ? 1 : 0);
	write_head(out, "kept_worker_info", "gauge", "The program.");
	text_adds(out, "kept_worker_info{version=\"" KEPT_VERSION "\"} 1\n");
}

static enum MHD_Result answer(void *context, struct MHD_Connection *connection, const char *path, const char *method,
			      const char *version, const char *upload, size_t *upload_size, void **request)
{
	bool get = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0, found = strcmp(path, "/metrics") == 0;
	struct MHD_Response *response;
	enum MHD_Result queued;
	struct text page;
	char empty[1] = "";

	(void)version;
	(void)upload;
	(void)upload_size;
	(void)request;
	text_init(&page, PAGE_BYTES);
	if (get && found)
		counts_write(context, &page);
	response = MHD_create_response_from_buffer(page.length, page.bytes ? page.bytes : empty, MHD_RESPMEM_MUST_COPY);
	text_release(&page);
	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, "Content-Type", "text/plain; version=0.0.4; charset=utf-8");
	if (!get)
		MHD_add_response_header(response, "Allow", "GET, HEAD");
	queued = MHD_queue_response(connection, !get ? 405 : found ? 200 : 404, response);
	MHD_destroy_response(response);
	return queued;
}

static int open_listener(const char *listen_at)
{
	const struct addrinfo hints = {.ai_flags = AI_PASSIVE, .ai_socktype = SOCK_STREAM};
	const char *colon = strrchr(listen_at, ':');
	struct addrinfo *found = NULL;
	char host[256] = "";
	size_t length = colon ? (size_t)(colon - listen_at) : 0;
	int listener = -1, one = 1;

	if (!colon || length >= sizeof(host))
		return -1;
	if (listen_at[0] == '[' && length > 2)
		memcpy(host, listen_at + 1, length - 2);
	else
		memcpy(host, listen_at, length);
	if (getaddrinfo(host[0] ? host : NULL, colon + 1, &hints, &found) != 0)
		return -1;
	listener = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listener >= 0 && (setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) != 0 ||
			      bind(listener, found->ai_addr, found->ai_addrlen) != 0 || listen(listener, 16) != 0)) {
		close(listener);
		listener = -1;
	}
	freeaddrinfo(found);
	return listener;
}

bool counts_listen(struct counts *counts, const char *listen_at)
{
	int listener = open_listener(listen_at);

	if (listener < 0)
		return false;
	counts->daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_EPOLL, 0, NULL, NULL, answer,
					  counts, MHD_OPTION_LISTEN_SOCKET, listener, MHD_OPTION_CONNECTION_LIMIT,
					  (unsigned int)PAGE_CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT,
					  (unsigned int)PAGE_SECONDS, MHD_OPTION_END);
	if (!counts->daemon)
		close(listener);
	return counts->daemon != NULL;
}
