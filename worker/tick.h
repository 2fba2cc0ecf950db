/*
 * tick.h: when to look at what is due.
 *
 * One tick is one unit: tick, tick_next, and outcomes for the figures; never two are under way. The next one comes when
 * the database said that something is due, at the latest after KEPT_CHECK_EVERY; sooner when tick_soon() asks or the
 * tick left work undone, but not within 20 ms of the last. Looking is the truth; what calls tick_soon() only wakes.
 * While PostgreSQL is away or refuses, ticks are tried again with growing pauses.
 *
 * After a tick, at most once in KEPT_WATCH_SECONDS, a unit of its own asks for the figures of what is due and left.
 */
#ifndef WORKER_TICK_H
#define WORKER_TICK_H

#include <stdbool.h>

#include <ev.h>

#include "kept/config.h"
#include "sql/pipe.h"
#include "worker/batch.h"
#include "worker/counts.h"

struct tick_settings {
	struct ev_loop *loop;
	const struct config *config; /* borrowed, like all below */
	struct pipe *pipe;
	struct batches *batches;
	struct counts *counts;
	bool once; /* finish when nothing is due any more */
	/* PostgreSQL answered a tick, be it with an error. */
	void (*answered)(void *context);
	/* The worker is to end with that exit status: 0 nothing is due any more; 1 the database refuses; 2 the database
	 * has the test clock and mail would leave this machine. A line on standard error has said why. */
	void (*finished)(void *context, int status);
	void *context; /* of the two above */
};

struct tick;

/* Begins when tick_soon() is called. NULL: no memory. */
struct tick *tick_new(const struct tick_settings *settings) __attribute__((warn_unused_result));
/* No unit of it may be under way that could still be answered: after pipe_free(). Accepts NULL. */
void tick_free(struct tick *tick);

/* False: the database has the test clock and mail would leave this machine by these settings. */
bool tick_may_use(const struct tick *tick, const struct config *config) __attribute__((warn_unused_result));
/* Goes on with these settings, borrowed; tick_may_use() has been asked. */
void tick_use(struct tick *tick, const struct config *config);

/* Looks as soon as may be. */
void tick_soon(struct tick *tick);
/* Looks no more. What a tick under way has leased still goes to the batches. */
void tick_stop(struct tick *tick);
bool tick_in_flight(const struct tick *tick);

#endif
