/*
 * metrics.h: one table of atomic counters for the process, told as Prometheus text (version 0.0.4).
 *
 * Labels are bounded: methods and route templates of the contract, statuses of one table, lanes, outcomes. Threads add
 * without locks; a reading is not one instant. api/docs/metrics.md explains each family; a test compares.
 */
#ifndef API_METRICS_H
#define API_METRICS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "api/contract.h"
#include "api/limits/limits.h"
#include "kept/text.h"
#include "sql/pipe.h"

#define METRICS_LANES 3
#define METRICS_OUTCOMES 4
#define METRICS_BUCKETS 13
#define METRICS_STATUSES 40 /* room for the table of statuses in metrics.c */

/* One route template and method; the last of the table counts what matched no route. */
struct metrics_route {
	atomic_ullong statuses[METRICS_STATUSES]; /* by place in the table of statuses */
	atomic_ullong buckets[METRICS_BUCKETS];   /* not cumulated; what is longer than the last is only in the sum of
						     statuses */
	atomic_ullong microseconds;
	atomic_ullong bytes_in;  /* of bodies */
	atomic_ullong bytes_out; /* of bodies */
};

struct metrics {
	struct metrics_route *routes; /* contract_operation_count + 1 */
	atomic_ullong units[METRICS_LANES][METRICS_OUTCOMES];
	atomic_ullong units_full;                       /* refused because the queue was full */
	atomic_ullong units_away;                       /* refused because the lane had no connection */
	atomic_ullong units_orphaned;                   /* ran on after their request had ended */
	atomic_ullong limited[LIMITS];                  /* refused: too often, or too much at once */
	atomic_ullong wait_microseconds[METRICS_LANES]; /* from lanes_submit() to a connection */
	atomic_int units_waiting[METRICS_LANES];        /* in the queues of all loops */
	atomic_int units_in_flight[METRICS_LANES];      /* sent and not answered */
	atomic_int units_most;                          /* that may wait, all loops */
	atomic_int connections;                         /* of clients, open */
	atomic_int connections_most;
	atomic_int pipes[METRICS_LANES];        /* connections to PostgreSQL, up */
	atomic_int pipes_wanted[METRICS_LANES]; /* that should be */
	double started;                         /* Unix time */
};

/* NULL: no memory. */
struct metrics *metrics_new(void) __attribute__((warn_unused_result));
void metrics_free(struct metrics *metrics);

struct metrics_request {
	const struct contract_operation *operation; /* NULL: no route */
	int status;                                 /* 0: no reply was sent */
	double seconds;
	size_t bytes_in, bytes_out; /* of bodies */
};

/* One request ended. */
void metrics_request(struct metrics *metrics, const struct metrics_request *request);
/* One unit got a connection after that long. */
void metrics_unit_sent(struct metrics *metrics, enum contract_lane lane, double seconds);
/* One request, or connection, was refused by a limit. */
void metrics_limited(struct metrics *metrics, enum limit limit);
/* One unit ended. */
void metrics_unit(struct metrics *metrics, enum contract_lane lane, enum unit_outcome outcome);

/* Appends the text. */
void metrics_write(struct metrics *metrics, struct text *out);

#endif
