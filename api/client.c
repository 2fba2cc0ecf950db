#include "api/client.h"

#include <linux/sockios.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
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
	bool asked;       /* its first request line has come */
	double since;     /* when the time that runs began: accept, the end of the reply before, a later request line */
	uint64_t address; /* counted by the limits; 0: not */
	ev_timer deadline;
};

static void deadline_passed(struct ev_loop *ev, ev_timer *timer, int events)
{
	(void)ev, (void)events;
	const struct client *client = timer->data;
	int unread = 0;
	/* What the client has not taken by now is thrown away; else the kernel would hand it out for as long as it
	 * likes. */
	if (ioctl(client->fd, SIOCOUTQ, &unread) == 0 && unread > 0) {
		const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
		setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	}
	/* libmicrohttpd sees the end of the connection and cleans up. */
	shutdown(client->fd, SHUT_RDWR);
}

static struct client *client_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	return info ? info->socket_context : NULL;
}

/* No memory for a client: libmicrohttpd's limit for inactivity holds still. */
static void set_deadline(struct client *client, double seconds)
{
	if (!client)
		return;
	client->since = steady_seconds();
	ev_timer_stop(client->loop->ev, &client->deadline);
	ev_now_update(client->loop->ev);
	ev_timer_set(&client->deadline, seconds, 0);
	ev_timer_start(client->loop->ev, &client->deadline);
}

/* An address may have so many connections over all loops, which libmicrohttpd's own limit could not see. */
static void count_address(struct client *client, struct MHD_Connection *connection)
{
	const struct service *service = client->loop->service;
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const struct client_address peer = client_address_of_peer(info ? info->client_addr : NULL);
	if (limits_connect(service->limits, &peer, &client->address))
		return;
	metrics_limited(service->metrics, LIMIT_CONNECTIONS);
	shutdown(client->fd, SHUT_RDWR);
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
			return;
		client->loop = loop;
		client->fd = info->connect_fd;
		ev_timer_init(&client->deadline, deadline_passed, KEPT_REQUEST_SECONDS, 0);
		client->deadline.data = client;
		*socket_context = client;
		set_deadline(client, KEPT_REQUEST_SECONDS);
		count_address(client, connection);
		return;
	}
	loop->connections--;
	loop->ended_one = true;
	atomic_fetch_sub(&loop->service->metrics->connections, 1);
	if (client) {
		ev_timer_stop(loop->ev, &client->deadline);
		limits_disconnect(loop->service->limits, client->address);
	}
	free(client);
	*socket_context = NULL;
}

static void *request_line(void *context, const char *target, struct MHD_Connection *connection)
{
	struct loop *loop = context;
	struct client *client = client_of(connection);
	struct exchange *exchange = exchange_new(loop, connection, target ? target : "");
	/* The first request has its time from accept; each later one from its request line. */
	if (client && client->asked)
		set_deadline(client, KEPT_REQUEST_SECONDS);
	if (client)
		client->asked = true;
	if (client && exchange)
		exchange->answer_by = client->since + KEPT_ANSWER_SECONDS;
	return exchange;
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
		exchange->body_bytes += *size;
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
	bool no_body = strcmp(exchange->method, "HEAD") == 0 || exchange->status == 304;
	const struct metrics_request counted = {
		.operation = exchange->operation,
		.status = sent ? exchange->status : 0,
		.seconds = seconds,
		.bytes_in = exchange->body_bytes,
		.bytes_out = sent && !no_body ? exchange->reply.length : 0,
	};
	metrics_request(loop->service->metrics, &counted);
	/* A probe each second must not fill the log. */
	bool quiet = exchange->operation && exchange->operation->roles == 0 && exchange->status < 400;
	log_write(quiet ? LOG_DEBUG_LEVEL : LOG_INFO_LEVEL, "request", "srequest", exchange->id, "smethod",
		  guard_method_known(exchange->method) ? exchange->method : NULL, "sroute",
		  exchange->operation ? exchange->operation->path : NULL, "istatus", (long long)exchange->status,
		  "bsent", (int)sent, "nms", seconds * 1000.0, "sdistrict",
		  exchange->district[0] ? exchange->district : NULL, "skey",
		  exchange->credential[0] ? exchange->credential : NULL, "strace", exchange->trace.id, "sspan",
		  exchange->trace.span, "sparent", exchange->trace.parent[0] ? exchange->trace.parent : NULL, "slimit",
		  exchange->limits.refused ? limit_metric(exchange->limits.by) : NULL, NULL);
	exchange_free(exchange);
	if (sent)
		set_deadline(client_of(connection), KEPT_IDLE_SECONDS);
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
