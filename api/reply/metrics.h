/*
 * metrics.h: one table of atomic counters for the process, told as Prometheus text (version 0.0.4).
 *
 * Labels are bounded: route templates of the contract, classes of status, lanes, outcomes. Threads add without locks; a
 * reading is not one instant.
 */
#ifndef API_METRICS_H
#define API_METRICS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "api/contract.h"
#include "kept/text.h"
#include "sql/pipe.h"

#define METRICS_LANES 3
#define METRICS_OUTCOMES 4
#define METRICS_BUCKETS 10

/* One route template and method; the last of the table counts what matched no route. */
struct metrics_route {
	atomic_ullong classes[6];               /* by first digit of the status; 0: no reply was sent */
	atomic_ullong buckets[METRICS_BUCKETS]; /* not cumulated; what is longer than the last is only in the sum of
						   classes */
	atomic_ullong microseconds;
};

struct metrics {
	struct metrics_route *routes; /* contract_operation_count + 1 */
	atomic_ullong units[METRICS_LANES][METRICS_OUTCOMES];
	atomic_ullong units_full;        /* refused because the queue was full */
	atomic_ullong units_away;        /* refused because the lane had no connection */
	atomic_ullong units_orphaned;    /* ran on after their request had ended */
	atomic_int units_waiting;        /* in the queues of all loops */
	atomic_int units_in_flight;      /* sent and not answered */
	atomic_int connections;          /* of clients, open */
	atomic_int pipes[METRICS_LANES]; /* connections to PostgreSQL, up */
	double started;                  /* Unix time */
};

/* NULL: no memory. */
struct metrics *metrics_new(void) __attribute__((warn_unused_result));
void metrics_free(struct metrics *metrics);

/* One request ended. `operation` NULL: no route; status 0: no reply was sent. */
void metrics_request(struct metrics *metrics, const struct contract_operation *operation, int status, double seconds);
/* One unit ended. */
void metrics_unit(struct metrics *metrics, enum contract_lane lane, enum unit_outcome outcome);

/* Appends the text. */
void metrics_write(struct metrics *metrics, struct text *out);

#endif
