/*
 * wake.h: the hint to the workers that something was written: NOTIFY in a unit of its own, after the write has
 * committed, at most one in KEPT_WAKE_MS for the whole process. It may get lost; the workers look by themselves.
 */
#ifndef API_WAKE_H
#define API_WAKE_H

struct loop;

/* A write was carried out on this loop. */
void wake_workers(struct loop *loop);
/* Prepares and stops the loop's timer. */
void wake_init(struct loop *loop);
void wake_stop(struct loop *loop);

#endif
