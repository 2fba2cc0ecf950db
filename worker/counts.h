/*
 * counts.h: what the worker counts, and its page for Prometheus (text format 0.0.4) at KEPT_WORKER_LISTEN, GET
 * /metrics.
 *
 *   kept_worker_attempts_total{channel,outcome}  kept_worker_batches_held  kept_worker_looks_total
 *   kept_worker_last_look_age_seconds  kept_worker_database_connected  kept_worker_info{version}
 *
 * Counters are atomic: the loop counts, the page's own thread reads.
 */
#ifndef WORKER_COUNTS_H
#define WORKER_COUNTS_H

#include <stdbool.h>

#include "kept/text.h"
#include "worker/send.h"

struct counts;

/* Begins at zero, without a page. NULL: no memory. */
struct counts *counts_new(void) __attribute__((warn_unused_result));
/* Ends the page. Accepts NULL. */
void counts_free(struct counts *counts);
/* Starts the page; `listen` is host:port. False: the address is not usable. */
bool counts_listen(struct counts *counts, const char *listen) __attribute__((warn_unused_result));

void counts_attempt(struct counts *counts, enum channel channel, enum outcome outcome);
void counts_looked(struct counts *counts);
void counts_held(struct counts *counts, int batches);
void counts_connected(struct counts *counts, bool connected);

/* Appends the page. */
void counts_write(struct counts *counts, struct text *out);

#endif
