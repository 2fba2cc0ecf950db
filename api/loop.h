/*
 * loop.h: one thread of the API: an event loop, a libmicrohttpd daemon on its external epoll descriptor, its lanes to
 * PostgreSQL and its exchanges. Nothing of it is touched by another thread but by loop_stop() and loop_renew().
 *
 * libmicrohttpd 0.9.75: nothing but MHD_run() moves a resumed connection on, so the resumes of a turn are collected and
 * MHD_run() follows them. MHD_stop_daemon() with a suspended connection aborts, so a loop ends only when all exchanges
 * are answered.
 */
#ifndef API_LOOP_H
#define API_LOOP_H

#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>

#include <ev.h>
#include <microhttpd.h>

#include "api/live.h"
#include "api/request/exchange.h"
#include "api/service.h"
#include "api/unit/lanes.h"

struct loop {
	struct service *service;
	struct ev_loop *ev;
	struct MHD_Daemon *daemon;
	struct lanes *lanes;
	ev_io sockets;      /* the daemon's epoll descriptor */
	ev_timer turn;      /* when the daemon wants its next MHD_run() */
	ev_prepare resumes; /* before the loop sleeps */
	ev_async told;      /* to stop */
	ev_async renewed;   /* to take `next` */
	ev_timer drain;     /* looks whether all is done */
	ev_timer wake;      /* a hint to the workers is due */
	ev_tstamp stopping_since;
	int connections;            /* of clients, open */
	bool ended_one;             /* a connection ended in this MHD_run() */
	struct exchange *exchanges; /* all */
	struct exchange *resume;    /* to be resumed at the end of this turn */

	const struct live *live;         /* settings that may be replaced; for one callback at a time */
	const struct live *_Atomic next; /* what it is to be */
	sem_t *taken;                    /* posted when it is */
};

struct loop_settings {
	struct service *service;
	const struct live *live;
	int listen_fd;   /* taken, also on failure */
	int connections; /* most of clients */
	int writers;     /* connections of the write lane */
	int slow;        /* of the slow lane */
};

/* NULL: what failed is in the log. */
struct loop *loop_new(const struct loop_settings *settings) __attribute__((warn_unused_result));
/* Runs until loop_stop() was called and all is done. */
void loop_run(struct loop *loop);
/* From any thread: accept no more, end what is under way within KEPT_DRAIN_SECONDS, and answer within that time what
 * connections at rest still bring (service->hurried: within KEPT_HURRIED_REST_SECONDS), then leave loop_run(). */
void loop_stop(struct loop *loop);
/* From the thread that made the loops, while they run: it is to use these settings. `taken` is posted once it does; the
 * ones before may be freed then. */
void loop_renew(struct loop *loop, const struct live *live, sem_t *taken);
/* After loop_run(). Accepts NULL. */
void loop_free(struct loop *loop);

/* The exchange is answered: its connection is resumed at the end of this turn. */
void loop_resume(struct loop *loop, struct exchange *exchange);

#endif
