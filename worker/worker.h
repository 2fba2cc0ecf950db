/*
 * worker.h: the worker as a whole: one loop, one connection, a sender, the batches it holds, and when to look.
 *
 * SIGTERM or SIGINT: nothing new begins, what has not started is given back, running sends may end within
 * KEPT_STOP_SECONDS, everything is settled. PostgreSQL away: the loop waits and goes on, and says so once per change.
 */
#ifndef WORKER_WORKER_H
#define WORKER_WORKER_H

#include <stdbool.h>

#include "kept/config.h"
#include "worker/counts.h"
#include "worker/words.h"

struct worker_settings {
	const struct config *config; /* of the start; borrowed, like all below */
	struct words *words;
	struct counts *counts;
	bool once; /* do all that is due, then end; a database that does not answer within 30 s ends it too */
};

/* Runs until it is stopped. The exit status: 0 done; 1 the database does not answer (once), no memory, or not all could
 * be settled; 2 configuration. A line on standard error says why it is not 0. */
int worker_run(const struct worker_settings *settings);

#endif
