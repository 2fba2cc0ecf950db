/*
 * bench.h: what the parts of the benchmark share, and the parts.
 *
 * One throw-away cluster with fsync on; each part has databases of its own in it, and says in its lines what it
 * measures. No figure passes or fails; but when something was not delivered and recorded exactly once, the program ends
 * with 1.
 */
#ifndef TESTS_BENCH_BENCH_H
#define TESTS_BENCH_BENCH_H

#include <stdbool.h>

#include "tests/bench/report.h"
#include "tests/support/cluster.h"

#define BENCH_KEY "kept_bench00000000000000000000000000000000000000" /* of an admin of the bench's district */

struct bench {
	struct cluster *cluster;
	struct report report;
	char folder[32]; /* where programs run */
	bool full;       /* FULL=1: the long rows */
	int programs;    /* started so far */
};

/* Who is reminded. */
struct crowd {
	const char *name;    /* of the database */
	int commitments;     /* each with an owner of its own, or of `owners` */
	int owners;          /* 0: one each */
	const char *channel; /* email, webhook */
	int destinations;    /* mail domains or webhook contacts' paths; a webhook owner has a contact of its own */
	int port;            /* of the webhook receiver */
	int due_in_days;     /* 2: a reminder is due now; else nothing is due for a while */
};

/* A database with a district, a key, and such a crowd; lanes let everything through at once. Analysed. Its clocks are
 * reckoned; answers the seconds that took. */
double crowd_make(struct bench *bench, const struct crowd *crowd);
/* A copy of it; answers the connection string, to be freed. */
char *crowd_copy(struct bench *bench, const char *from, const char *name);
void crowd_drop(struct bench *bench, const char *name);

void bench_requests(struct bench *bench);  /* the API's answers, and ratios in pairs */
void bench_bulk(struct bench *bench);      /* a thousand by one request, and by a thousand */
void bench_reminders(struct bench *bench); /* what is due in one instant */
void bench_idle(struct bench *bench);      /* a tick with nothing to do */
void bench_wake(struct bench *bench);      /* from a request to the first byte of its reminder */

#endif
