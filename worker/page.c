/* page.c: see page.h. */
#include "worker/page.h"

#include <netdb.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <ev.h>
#include <microhttpd.h>

#include "kept/exposition.h"
#include "kept/limits.h"

#define PAGE_BYTES (256 * 1024)
#define POOL_BYTES (8 * 1024)

struct page {
	struct counts *counts;
	struct MHD_Daemon *daemon;
	struct ev_loop *loop;
	ev_io sockets;  /* the daemon's epoll descriptor */
	ev_timer turn;  /* when the daemon wants its next MHD_run() */
	ev_async ended; /* page_free() */
	bool ended_one; /* a connection, in this run */
	pthread_t thread;
	bool running;
};

/* One connection. libmicrohttpd's own limit is for inactivity, and somebody who trickles is never inactive. */
struct visit {
	struct page *page;
	int fd;
	ev_timer deadline;
};

static void run_daemon(struct page *page)
{
	MHD_UNSIGNED_LONG_LONG milliseconds;

	/* At its limit libmicrohttpd does not listen; only the MHD_run() after a connection has ended does so again. */
	do {
		page->ended_one = false;
		MHD_run(page->daemon);
	} while (page->ended_one);
	ev_timer_stop(page->loop, &page->turn);
	if (MHD_get_timeout(page->daemon, &milliseconds) != MHD_YES)
		return;
	ev_now_update(page->loop);
	ev_timer_set(&page->turn, (double)milliseconds / 1000.0, 0.0);
	ev_timer_start(page->loop, &page->turn);
}

static void sockets_ready(struct ev_loop *loop, ev_io *io, int revents)
{
	(void)loop;
	(void)revents;
	run_daemon(io->data);
}

static void turn_due(struct ev_loop *loop, ev_timer *timer, int revents)
{
	(void)loop;
	(void)revents;
	run_daemon(timer->data);
}

static void end(struct ev_loop *loop, ev_async *async, int revents)
{
	(void)async;
	(void)revents;
	ev_break(loop, EVBREAK_ALL);
}

static void deadline_passed(struct ev_loop *loop, ev_timer *timer, int revents)
{
	const struct visit *visit = timer->data;

	(void)loop;
	(void)revents;
	/* libmicrohttpd sees the end of the connection and cleans up. */
	shutdown(visit->fd, SHUT_RDWR);
}

static void connection_changed(void *context, struct MHD_Connection *connection, void **socket_context,
			       enum MHD_ConnectionNotificationCode what)
{
	struct page *page = context;
	struct visit *visit = *socket_context;
	const union MHD_ConnectionInfo *info;

	if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
		page->ended_one = true;
		if (visit)
			ev_timer_stop(page->loop, &visit->deadline);
		free(visit);
		*socket_context = NULL;
		return;
	}
	info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	visit = info ? calloc(1, sizeof(*visit)) : NULL;
	if (!visit)
		return; /* the limit for inactivity holds still */
	visit->page = page;
	visit->fd = info->connect_fd;
	ev_now_update(page->loop);
	ev_timer_init(&visit->deadline, deadline_passed, KEPT_PAGE_SECONDS, 0.0);
	visit->deadline.data = visit;
	ev_timer_start(page->loop, &visit->deadline);
	*socket_context = visit;
}

static enum MHD_Result answer(void *context, struct MHD_Connection *connection, const char *path, const char *method,
			      const char *version, const char *upload, size_t *upload_size, void **request)
{
	bool get = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0, found = strcmp(path, "/metrics") == 0;
	struct page *page = context;
	struct MHD_Response *response;
	enum MHD_Result queued;
	struct text text;
	char empty[1] = "";

	(void)version;
	(void)upload;
	(void)upload_size;
	(void)request;
	text_init(&text, PAGE_BYTES);
	if (get && found)
		counts_write(page->counts, &text);
	response = MHD_create_response_from_buffer(text.length, text.bytes ? text.bytes : empty, MHD_RESPMEM_MUST_COPY);
	text_release(&text);
	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, "Content-Type", EXPOSITION_TYPE);
	MHD_add_response_header(response, "Cache-Control", "no-store");
	MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	MHD_add_response_header(response, "Connection", "close");
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

static void ignore(void *context, const char *format, va_list arguments)
{
	(void)context;
	(void)format;
	(void)arguments;
}

static bool start_daemon(struct page *page, const char *listen_at)
{
	const union MHD_DaemonInfo *info;
	int listener = open_listener(listen_at);

	if (listener < 0)
		return false;
	page->daemon = MHD_start_daemon(
		MHD_USE_ERROR_LOG | MHD_USE_EPOLL, 0, NULL, NULL, answer, page, MHD_OPTION_EXTERNAL_LOGGER, ignore,
		NULL, MHD_OPTION_LISTEN_SOCKET, listener, MHD_OPTION_NOTIFY_CONNECTION, connection_changed, page,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned int)KEPT_PAGE_CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT,
		(unsigned int)KEPT_PAGE_SECONDS, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)POOL_BYTES,
		MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_END);
	if (!page->daemon) {
		close(listener);
		return false;
	}
	info = MHD_get_daemon_info(page->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	if (!info || info->epoll_fd < 0)
		return false;
	ev_io_init(&page->sockets, sockets_ready, info->epoll_fd, EV_READ);
	ev_timer_init(&page->turn, turn_due, 0.0, 0.0);
	ev_async_init(&page->ended, end);
	page->sockets.data = page->turn.data = page;
	ev_io_start(page->loop, &page->sockets);
	ev_async_start(page->loop, &page->ended);
	run_daemon(page);
	return true;
}

static void *run(void *context)
{
	struct page *page = context;

	ev_run(page->loop, 0);
	return NULL;
}

struct page *page_new(struct counts *counts, const char *listen_at)
{
	struct page *page = calloc(1, sizeof(*page));

	if (!page)
		return NULL;
	page->counts = counts;
	page->loop = ev_loop_new(EVFLAG_AUTO);
	if (page->loop && start_daemon(page, listen_at))
		page->running = pthread_create(&page->thread, NULL, run, page) == 0;
	if (page->running)
		return page;
	page_free(page);
	return NULL;
}

void page_free(struct page *page)
{
	if (!page)
		return;
	if (page->running) {
		ev_async_send(page->loop, &page->ended);
		pthread_join(page->thread, NULL);
	}
	if (page->daemon)
		MHD_stop_daemon(page->daemon);
	if (page->loop)
		ev_loop_destroy(page->loop);
	free(page);
}
