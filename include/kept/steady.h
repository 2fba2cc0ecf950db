/*
 * steady.h: a clock that never jumps, for waits and deadlines within this process.
 *
 * The time of day may be set forward or back while we run; ev_now() follows it, this does not (CLOCK_MONOTONIC).
 */
#ifndef KEPT_STEADY_H
#define KEPT_STEADY_H

#include <time.h>

/* Seconds since some moment in the past. */
static inline double steady_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

#endif
