#include "api/client.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "api/loop.h"
#include "api/request/dispatch.h"
#include "kept/limits.h"
#include "kept/log.h"
#include "kept/steady.h"

/* One connection of a client. */
struct client {
	struct loop *loop;
	int fd;
	ev_timer deadline;
};

static void deadline_passed(struct ev_loop *ev, ev_timer *timer, int events)
{
	(void)ev, (void)events;
	const struct client *client = timer->data;
	/* libmicrohttpd sees the end of the connection and cleans up. */
	shutdown(client->fd, SHUT_RDWR);
}

static void restart_deadline(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct client *client = info ? info->socket_context : NULL;
	if (!client)
		return;
	ev_timer_stop(client->loop->ev, &client->deadline);
	ev_now_update(client->loop->ev);
	ev_timer_set(&client->deadline, KEPT_REQUEST_SECONDS, 0);
	ev_timer_start(client->loop->ev, &client->deadline);
}

static void connection_changed(void *context, struct MHD_Connection *connection, void **socket_context,
			       enum MHD_ConnectionNotificationCode what)
{
	struct loop *loop = context;
	struct client *client = *socket_context;
	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		loop->connections++;
		atomic_fetch_add(&loop->service->metrics->connections, 1);
		const union MHD_ConnectionInfo *info =
			MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
		client = info ? calloc(1, sizeof(*client)) : NULL;
		if (!client)
			return; /* libmicrohttpd's limit for inactivity holds still */
		client->loop = loop;
		client->fd = info->connect_fd;
		ev_timer_init(&client->deadline, deadline_passed, KEPT_REQUEST_SECONDS, 0);
		client->deadline.data = client;
		*socket_context = client;
		restart_deadline(connection);
		return;
	}
	loop->connections--;
	atomic_fetch_sub(&loop->service->metrics->connections, 1);
	if (client)
		ev_timer_stop(loop->ev, &client->deadline);
	free(client);
	*socket_context = NULL;
}

static void *request_line(void *context, const char *target, struct MHD_Connection *connection)
{
	struct loop *loop = context;
	restart_deadline(connection);
	return exchange_new(loop, connection, target ? target : "");
}

static enum MHD_Result request_part(void *context, struct MHD_Connection *connection, const char *url,
				    const char *method, const char *version, const char *bytes, size_t *size,
				    void **con_cls)
{
	(void)context, (void)connection, (void)url;
	struct exchange *exchange = *con_cls;
	bool go_on;
	if (!exchange || exchange->phase == EXCHANGE_ANSWERED)
		return MHD_NO; /* no memory, also not for a reply */
	if (!exchange->first_call_done) {
		exchange->first_call_done = true;
		go_on = dispatch_headers(exchange, method, version);
	} else if (*size > 0) {
		go_on = dispatch_body(exchange, bytes, *size);
		*size = 0;
	} else {
		go_on = dispatch_run(exchange);
	}
	return go_on ? MHD_YES : MHD_NO;
}

static void request_ended(void *context, struct MHD_Connection *connection, void **con_cls,
			  enum MHD_RequestTerminationCode why)
{
	struct loop *loop = context;
	struct exchange *exchange = *con_cls;
	*con_cls = NULL;
	if (!exchange)
		return;
	bool sent = why == MHD_REQUEST_TERMINATED_COMPLETED_OK;
	double seconds = steady_seconds() - exchange->began;
	metrics_request(loop->service->metrics, exchange->operation, sent ? exchange->status : 0, seconds);
	/* A probe each second must not fill the log. */
	bool quiet = exchange->operation && exchange->operation->roles == 0 && exchange->status < 400;
	log_write(quiet ? LOG_DEBUG_LEVEL : LOG_INFO_LEVEL, "request", "srequest", exchange->id, "smethod",
		  guard_method_known(exchange->method) ? exchange->method : NULL, "sroute",
		  exchange->operation ? exchange->operation->path : NULL, "istatus", (long long)exchange->status,
		  "bsent", (int)sent, "nms", seconds * 1000.0, "sdistrict",
		  exchange->district[0] ? exchange->district : NULL, "skey",
		  exchange->credential[0] ? exchange->credential : NULL, NULL);
	exchange_free(exchange);
	if (sent)
		restart_deadline(connection);
}

/* Escapes are decoded by us, once: libmicrohttpd leaves them as they are. */
static size_t leave_escaped(void *context, struct MHD_Connection *connection, char *text)
{
	(void)context, (void)connection;
	return strlen(text);
}

/* What libmicrohttpd has to say is about single clients: no matter for the log. */
static void ignore(void *context, const char *format, va_list arguments)
{
	(void)context, (void)format, (void)arguments;
}

struct MHD_Daemon *client_daemon(struct loop *loop, int listen_fd, int connections)
{
	/* Not MHD_OPTION_STRICT_FOR_CLIENT: what it refuses, api/request/guard.c refuses with a problem. */
	return MHD_start_daemon(
		MHD_USE_ERROR_LOG | MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, request_part, loop,
		MHD_OPTION_EXTERNAL_LOGGER, ignore, NULL, MHD_OPTION_LISTEN_SOCKET, listen_fd,
		MHD_OPTION_URI_LOG_CALLBACK, request_line, loop, MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, NULL,
		MHD_OPTION_NOTIFY_COMPLETED, request_ended, loop, MHD_OPTION_NOTIFY_CONNECTION, connection_changed,
		loop, MHD_OPTION_CONNECTION_LIMIT, (unsigned)connections, MHD_OPTION_CONNECTION_TIMEOUT,
		(unsigned)KEPT_REQUEST_SECONDS, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)KEPT_CONNECTION_POOL_BYTES,
		MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_END);
}
