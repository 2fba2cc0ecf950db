/*
 * rate.h: so many a second, evenly. Pure: time is an argument, in seconds of any steady clock.
 */
#ifndef WORKER_RATE_H
#define WORKER_RATE_H

#define RATE_BURST_SECONDS 0.01 /* what fell due within that may start together */

struct rate {
	double per_second; /* 0 or less: no limit */
	double next;       /* when the next may start, if all before it had been on time */
};

/* Sets the limit and keeps what was counted. */
void rate_set(struct rate *rate, double per_second);
/* Seconds until one more may start; 0: now. */
double rate_wait(const struct rate *rate, double now);
/* Counts one that starts now. Time in which nothing started is not saved up. */
void rate_count(struct rate *rate, double now);

#endif
