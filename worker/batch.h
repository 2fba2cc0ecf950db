/*
 * batch.h: the batches that this worker holds, from lease to last settle.
 *
 * A batch has one window of at most KEPT_WINDOW_MESSAGES open. When all sends of a window have ended, one settle
 * records them and opens the next window; a settle without rows ends the batch. A result that pauses the lane ends the
 * window early: what has not started goes back untried, and kept.settle() gives the batch back. While a batch is held
 * its lease is renewed each KEPT_RENEW_SECONDS; no send starts under a lease that may have run out. A settle is never
 * forgotten: when the connection is lost or PostgreSQL refuses for a time, it is sent again with the same lease. If the
 * lease is lost (SQLSTATE KT409, or a renewal says so), the batch is dropped: another worker has it.
 */
#ifndef WORKER_BATCH_H
#define WORKER_BATCH_H

#include <stdbool.h>

#include <ev.h>

#include "sql/pipe.h"
#include "worker/counts.h"
#include "worker/sender.h"

struct batches_settings {
	struct ev_loop *loop;
	struct pipe *pipe; /* borrowed, like all below */
	struct sender *sender;
	const char *public_url;
	struct counts *counts;        /* gets what came of attempts and settles */
	void (*ended)(void *context); /* a batch is held no longer */
	void *context;
};

struct batches;

/* NULL: no memory. */
struct batches *batches_new(const struct batches_settings *settings) __attribute__((warn_unused_result));
/* Frees all; no send of them may be under way any more. Accepts NULL. */
void batches_free(struct batches *batches);

/* Takes over what a tick leased. `since` is steady_seconds() from before the tick was sent. */
void batches_take(struct batches *batches, const PGresult *rows, double since);
int batches_held(const struct batches *batches);
/* When the one that is held for longest was taken, in steady_seconds(); 0: none is. */
double batches_oldest(const struct batches *batches);
/* From now on what starts is sent by that sender; what is under way ends by the one before. */
void batches_use(struct batches *batches, struct sender *sender, const char *public_url);
/* The sender has room again. */
void batches_go_on(struct batches *batches);
/* No more sends: what has not started is given back untried, what runs is settled when it ends, then the batches end.
 */
void batches_stop(struct batches *batches);

#endif
