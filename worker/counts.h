/*
 * counts.h: what the worker tells of itself, as Prometheus text (exposition.h). Labels are bounded: channels, outcomes,
 * and reasons of one table; any other reason is "other". api/docs/metrics.md explains each family; a test compares.
 *
 * The counting functions are called from the worker's loop; counts_write() may be called by any thread.
 */
#ifndef WORKER_COUNTS_H
#define WORKER_COUNTS_H

#include <stdbool.h>
#include <stddef.h>

#include <libpq-fe.h>

#include "kept/text.h"
#include "worker/send.h"

#define COUNTS_STAGES 5
#define COUNTS_WHYS 4

struct counts;

/* What kept.watch() says. */
struct counts_watch {
	double age[COUNTS_STAGES]; /* seconds that the oldest that is due has been due; 0: nothing is */
	long long due[COUNTS_STAGES];
	long long waiting[COUNTS_WHYS];
	long long leases_over;
	double audit_age;  /* seconds that the oldest audit entry has been in no block; 0: all are */
	double clock_skew; /* this machine's clock minus the database's */
};

/* NULL: no memory. */
struct counts *counts_new(void) __attribute__((warn_unused_result));
/* Accepts NULL. */
void counts_free(struct counts *counts);

/* An attempt ended. */
void counts_attempt(struct counts *counts, enum channel channel, enum outcome outcome, enum send_error error);
/* What the database ended by itself: rows of the statement outcomes. */
void counts_outcomes(struct counts *counts, const PGresult *rows);
/* Looks completed, batches held now, when the longest held one was taken (steady seconds), database there or not. */
void counts_looked(struct counts *counts);
void counts_held(struct counts *counts, int batches, double oldest);
void counts_connected(struct counts *counts, bool connected);
/* So many blocks of the audit were made. */
void counts_chained(struct counts *counts, unsigned long blocks);
/* The row of the statement watch, which was answered now. */
void counts_watched(struct counts *counts, const PGresult *row);

/* Appends the figures. */
void counts_write(struct counts *counts, struct text *out);

#endif
