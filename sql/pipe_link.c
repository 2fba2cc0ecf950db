#include <search.h>
#include <string.h>
#include <sys/random.h>

#include "kept/limits.h"
#include "kept/log.h"
#include "sql/pipe_internal.h"

#define FIRST_PAUSE_SECONDS 0.1
#define DOUBLINGS 6

static void poll_connection(struct pipe *pipe);

static void keep_text(void *text)
{
	(void)text;
}

/* libpq's words have line breaks; in the log they are one line. */
static void log_failure(struct pipe *pipe, const char *event, const char *why)
{
	char line[512];
	if (pipe->told_failure)
		return;
	pipe->told_failure = true;
	size_t length = 0;
	for (; *why && length + 1 < sizeof(line); why++) {
		bool blank = *why == '\n' || *why == '\t' || *why == ' ';
		if (!blank)
			line[length++] = *why;
		else if (length && line[length - 1] != ' ')
			line[length++] = ' ';
	}
	line[length && line[length - 1] == ' ' ? length - 1 : length] = '\0';
	log_write(LOG_WARNING_LEVEL, event, "sconnection", pipe->settings.application_name, "serror", line, NULL);
}

static double pause_before_next(const struct pipe *pipe)
{
	if (!pipe->failures)
		return 0;
	int doublings = pipe->failures - 1 < DOUBLINGS ? pipe->failures - 1 : DOUBLINGS;
	double pause = FIRST_PAUSE_SECONDS * (1 << doublings);
	if (pause > KEPT_RECONNECT_SECONDS)
		pause = KEPT_RECONNECT_SECONDS;
	unsigned chance = 0;
	if (getrandom(&chance, sizeof(chance), GRND_NONBLOCK) != sizeof(chance))
		chance = 0;
	/* All clients of a server that comes back must not come at the same instant. */
	return pause * (0.5 + 0.5 * (double)(chance % 1024) / 1024);
}

static void connect_now(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)loop;
	(void)events;
	link_start(timer->data);
}

static void connect_later(struct pipe *pipe)
{
	double pause = pause_before_next(pipe);
	pipe->failures++;
	ev_timer_stop(pipe->settings.loop, &pipe->again);
	ev_timer_init(&pipe->again, connect_now, pause, 0);
	pipe->again.data = pipe;
	ev_timer_start(pipe->settings.loop, &pipe->again);
}

void link_close(struct pipe *pipe)
{
	flow_stop(pipe);
	ev_timer_stop(pipe->settings.loop, &pipe->again);
	PQfinish(pipe->connection);
	pipe->connection = NULL;
	pipe->state = LINK_DOWN;
	pipe->stale = pipe->broken = false;
	tdestroy(pipe->prepared, keep_text);
	pipe->prepared = NULL;
	pipe->preparing_count = 0;
}

void link_lose(struct pipe *pipe, const char *why)
{
	bool was_up = pipe->state == LINK_UP;
	if (why)
		log_failure(pipe, was_up ? "database_lost" : "database_unreachable", why);
	link_close(pipe);
	if (!pipe->closing)
		connect_later(pipe);
	struct unit_list lost = pipe->flying;
	pipe->flying = (struct unit_list){0};
	if (was_up && !pipe->closing && pipe->settings.state_changed)
		pipe->settings.state_changed(pipe->settings.context, false);
	for (struct unit *unit; (unit = unit_list_take(&lost));)
		unit_finish(unit, UNIT_LOST);
}

static void connect_timed_out(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)loop;
	(void)events;
	link_lose(timer->data, "connect timed out");
}

static void socket_ready(struct ev_loop *loop, ev_io *watcher, int events)
{
	(void)events;
	ev_io_stop(loop, watcher);
	poll_connection(watcher->data);
}

static void ignore_notice(void *context, const PGresult *result)
{
	(void)context;
	(void)result;
}

static void connected(struct pipe *pipe)
{
	ev_timer_stop(pipe->settings.loop, &pipe->again);
	PQsetNoticeReceiver(pipe->connection, ignore_notice, NULL);
	if (PQsetnonblocking(pipe->connection, 1) || !PQenterPipelineMode(pipe->connection)) {
		link_lose(pipe, PQerrorMessage(pipe->connection));
		return;
	}
	pipe->state = LINK_UP;
	if (!flow_begin(pipe)) {
		link_lose(pipe, PQerrorMessage(pipe->connection));
		return;
	}
	if (pipe->told_failure)
		log_write(LOG_INFO_LEVEL, "database_back", "sconnection", pipe->settings.application_name, NULL);
	pipe->told_failure = false;
	if (pipe->settings.state_changed)
		pipe->settings.state_changed(pipe->settings.context, true);
	flow_send(pipe);
}

static void poll_connection(struct pipe *pipe)
{
	PostgresPollingStatusType status = PQconnectPoll(pipe->connection);
	if (status == PGRES_POLLING_OK) {
		connected(pipe);
		return;
	}
	if (status == PGRES_POLLING_FAILED) {
		link_lose(pipe, PQerrorMessage(pipe->connection));
		return;
	}
	/* Anew each time: with several hosts the socket changes, and its number may be the same. */
	ev_io_init(&pipe->reader, socket_ready, PQsocket(pipe->connection),
		   status == PGRES_POLLING_READING ? EV_READ : EV_WRITE);
	pipe->reader.data = pipe;
	ev_io_start(pipe->settings.loop, &pipe->reader);
}

void link_start(struct pipe *pipe)
{
	ev_timer_stop(pipe->settings.loop, &pipe->again);
	pipe->connection =
		PQconnectStartParams((const char *const *)pipe->url.keywords, (const char *const *)pipe->url.values, 0);
	pipe->state = LINK_CONNECTING;
	if (PQstatus(pipe->connection) == CONNECTION_BAD) {
		log_failure(pipe, "database_unreachable", PQerrorMessage(pipe->connection));
		link_close(pipe);
		connect_later(pipe);
		return;
	}
	ev_timer_init(&pipe->again, connect_timed_out, pipe->url.connect_seconds, 0);
	pipe->again.data = pipe;
	ev_timer_start(pipe->settings.loop, &pipe->again);
	/* As the manual says, the first wait is for writing, whatever the state. */
	ev_io_init(&pipe->reader, socket_ready, PQsocket(pipe->connection), EV_WRITE);
	pipe->reader.data = pipe;
	ev_io_start(pipe->settings.loop, &pipe->reader);
}
