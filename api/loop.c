#include "api/loop.h"

#include <stdlib.h>
#include <unistd.h>

#include "api/client.h"
#include "api/unit/wake.h"
#include "kept/limits.h"
#include "kept/log.h"
#include "kept/steady.h"

#define DRAIN_LOOK_SECONDS 0.02
#define CUT_SECONDS 0.5 /* after the drain, for the last replies to go out */

static void run_daemon(struct loop *loop)
{
	MHD_UNSIGNED_LONG_LONG milliseconds;
	/* At its limit libmicrohttpd does not listen; only the MHD_run() after a connection has ended does so again. */
	do {
		loop->ended_one = false;
		MHD_run(loop->daemon);
	} while (loop->ended_one);
	ev_timer_stop(loop->ev, &loop->turn);
	if (MHD_get_timeout(loop->daemon, &milliseconds) != MHD_YES)
		return;
	ev_now_update(loop->ev);
	ev_timer_set(&loop->turn, (double)milliseconds / 1000.0, 0);
	ev_timer_start(loop->ev, &loop->turn);
}

static void sockets_ready(struct ev_loop *ev, ev_io *io, int events)
{
	(void)ev, (void)events;
	run_daemon(io->data);
}

static void turn_due(struct ev_loop *ev, ev_timer *timer, int events)
{
	(void)ev, (void)events;
	run_daemon(timer->data);
}

static void before_sleep(struct ev_loop *ev, ev_prepare *prepare, int events)
{
	(void)ev, (void)events;
	struct loop *loop = prepare->data;
	if (!loop->resume)
		return;
	while (loop->resume) {
		struct exchange *exchange = loop->resume;
		loop->resume = exchange->next_resume;
		exchange->next_resume = NULL;
		MHD_resume_connection(exchange->connection);
	}
	run_daemon(loop);
}

void loop_resume(struct loop *loop, struct exchange *exchange)
{
	exchange->next_resume = loop->resume;
	loop->resume = exchange;
}

static void give_up_all(struct loop *loop)
{
	for (struct exchange *exchange = loop->exchanges; exchange; exchange = exchange->next)
		if (exchange->phase == EXCHANGE_WAITING)
			exchange_give_up(exchange, "unavailable", "Kept is stopping. Try again in a moment.");
}

static bool all_done(const struct loop *loop)
{
	return !loop->exchanges && lanes_units(loop->lanes) == 0;
}

/* A connection at rest may bring one more request, which is told that the connection closes. Who closes first while a
 * request is on its way loses it, so there is time for that, unless somebody waits for the end. */
static void look_drained(struct ev_loop *ev, ev_timer *timer, int events)
{
	(void)events;
	struct loop *loop = timer->data;
	double passed = steady_seconds() - loop->stopping_since;
	double rest = atomic_load(&loop->service->hurried) ? KEPT_HURRIED_REST_SECONDS : KEPT_DRAIN_SECONDS;
	if (all_done(loop) && (loop->connections == 0 || passed > rest)) {
		/* What has come until this very moment is answered still. */
		run_daemon(loop);
		if (all_done(loop))
			ev_break(ev, EVBREAK_ALL);
		return;
	}
	if (passed <= KEPT_DRAIN_SECONDS)
		return;
	give_up_all(loop);
	/* Those who read their replies too slowly are cut off. Nobody is suspended any more. */
	if (passed > KEPT_DRAIN_SECONDS + CUT_SECONDS && !loop->resume)
		ev_break(ev, EVBREAK_ALL);
}

static void begin_to_stop(struct ev_loop *ev, ev_async *async, int events)
{
	(void)events;
	struct loop *loop = async->data;
	if (loop->stopping_since > 0)
		return;
	loop->stopping_since = steady_seconds();
	run_daemon(loop); /* takes what has connected already */
	MHD_socket listening = MHD_quiesce_daemon(loop->daemon);
	if (listening != MHD_INVALID_SOCKET)
		close(listening);
	ev_timer_start(ev, &loop->drain);
}

static void take_settings(struct ev_loop *ev, ev_async *async, int events)
{
	(void)ev, (void)events;
	struct loop *loop = async->data;
	loop->live = atomic_load(&loop->next);
	sem_post(loop->taken);
}

static bool start_daemon(struct loop *loop, int listen_fd, int connections)
{
	loop->daemon = client_daemon(loop, listen_fd, connections);
	if (!loop->daemon) {
		close(listen_fd);
		return false;
	}
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(loop->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	if (!info || info->epoll_fd < 0)
		return false;
	ev_io_init(&loop->sockets, sockets_ready, info->epoll_fd, EV_READ);
	ev_io_start(loop->ev, &loop->sockets);
	run_daemon(loop);
	return true;
}

struct loop *loop_new(const struct loop_settings *settings)
{
	struct loop *loop = calloc(1, sizeof(*loop));
	if (loop)
		loop->ev = ev_loop_new(EVFLAG_AUTO);
	if (!loop || !loop->ev) {
		close(settings->listen_fd);
		free(loop);
		log_write(LOG_ERROR_LEVEL, "loop_failed", "swhat", "no memory", NULL);
		return NULL;
	}
	loop->service = settings->service;
	loop->live = settings->live;
	atomic_fetch_add(&loop->service->metrics->connections_most, settings->connections);
	ev_timer_init(&loop->turn, turn_due, 0, 0);
	ev_prepare_init(&loop->resumes, before_sleep);
	ev_async_init(&loop->told, begin_to_stop);
	ev_async_init(&loop->renewed, take_settings);
	ev_timer_init(&loop->drain, look_drained, 0, DRAIN_LOOK_SECONDS);
	loop->turn.data = loop->resumes.data = loop->told.data = loop->renewed.data = loop->drain.data =
		loop->sockets.data = loop;
	wake_init(loop);
	ev_prepare_start(loop->ev, &loop->resumes);
	ev_async_start(loop->ev, &loop->told);
	ev_async_start(loop->ev, &loop->renewed);
	const struct lanes_settings lanes = {
		.loop = loop->ev,
		.database_url = settings->service->config->database_url,
		.writers = settings->writers,
		.slow = settings->slow,
		.metrics = settings->service->metrics,
	};
	loop->lanes = lanes_new(&lanes);
	if (!loop->lanes) {
		log_write(LOG_ERROR_LEVEL, "loop_failed", "swhat", "KEPT_DATABASE_URL is malformed, or no memory",
			  NULL);
		close(settings->listen_fd);
		loop_free(loop);
		return NULL;
	}
	if (!start_daemon(loop, settings->listen_fd, settings->connections)) {
		log_write(LOG_ERROR_LEVEL, "loop_failed", "swhat", "libmicrohttpd did not start", NULL);
		loop_free(loop);
		return NULL;
	}
	return loop;
}

static bool any_suspended(const struct loop *loop)
{
	for (const struct exchange *exchange = loop->exchanges; exchange; exchange = exchange->next)
		if (exchange->phase == EXCHANGE_WAITING)
			return true;
	return loop->resume != NULL;
}

void loop_run(struct loop *loop)
{
	/* What was ready in the same turn as the end may have brought one more request; the drain goes on until then.
	 */
	do
		ev_run(loop->ev, 0);
	while (any_suspended(loop));
}

void loop_stop(struct loop *loop)
{
	ev_async_send(loop->ev, &loop->told);
}

void loop_renew(struct loop *loop, const struct live *live, sem_t *taken)
{
	loop->taken = taken;
	atomic_store(&loop->next, live);
	ev_async_send(loop->ev, &loop->renewed);
}

void loop_free(struct loop *loop)
{
	if (!loop)
		return;
	ev_io_stop(loop->ev, &loop->sockets);
	if (loop->daemon)
		MHD_stop_daemon(loop->daemon);
	wake_stop(loop);
	lanes_free(loop->lanes);
	ev_timer_stop(loop->ev, &loop->turn);
	ev_timer_stop(loop->ev, &loop->drain);
	ev_loop_destroy(loop->ev);
	free(loop);
}
