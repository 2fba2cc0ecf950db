/*
 * window.h: the messages of a batch that are out at once, and what came of them.
 */
#ifndef WORKER_WINDOW_H
#define WORKER_WINDOW_H

#include <stdbool.h>

#include <libpq-fe.h>

#include "kept/limits.h"
#include "worker/rate.h"
#include "worker/send.h"

struct slot {
	void *holder; /* the batch */
	struct send_job job;
	struct send_result result;
};

struct window {
	struct slot slots[KEPT_WINDOW_MESSAGES];
	int count;
	int started; /* of them, in order; fewer than `count` at the end when the lane pauses or the worker stops */
	int running; /* of those started */
	bool paused; /* a result asks the lane to wait: no more are started */
};

/* Fills an empty window with rows from `from` on, as far as they are of this batch, and sets the rate; returns the
 * first row that is not. */
int window_fill(struct window *window, void *holder, const char *batch_id, struct rate *rate, const PGresult *rows,
		int from);
/* Frees what the slots hold; the window is empty again. */
void window_clear(struct window *window);
/*
 * The results as kept.settle() takes them, when nothing runs any more; owned, NULL without memory. What was not started
 * has no result: it stays in the batch, and no attempt is counted.
 */
char *window_results(const struct window *window) __attribute__((warn_unused_result));

#endif
