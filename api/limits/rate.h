/*
 * rate.h: how often something may happen: token buckets for many ids, in bounded memory, shared by all threads.
 *
 * A bucket holds `count` tokens and is refilled evenly within `seconds`; it is kept as the instant when it will be full
 * again (the generic cell rate algorithm, ITU-T I.371), so a full bucket needs no memory. Time is nanoseconds of a
 * clock that never jumps.
 *
 * The table has KEPT_RATE_BUCKETS places in sets of RATE_WAYS. An id has one set, chosen by a keyed hash (SipHash-2-4)
 * that nobody outside can foresee. In a set whose places are all in use, a newcomer takes the place of the one that is
 * nearest to being full, and begins with what that one owes. So nothing owed is ever forgotten: who floods the table
 * with new ids cannot reset a bucket of his own, and a table that is too small is stricter, never laxer.
 */
#ifndef API_RATE_H
#define API_RATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kept/config.h"

#define RATE_WAYS 8

/* SipHash-2-4 (Aumasson and Bernstein, 2012). */
uint64_t rate_hash(const uint64_t seed[2], const void *bytes, size_t length);

/* What a bucket has left. */
struct rate_state {
	long left;    /* tokens, whole */
	long seconds; /* none left: until there is one, at least 1; else until the bucket is full; rounded up */
};

struct rate_table;

/* NULL: no memory. `limit` must not be off. */
struct rate_table *rate_table_new(const struct config_rate *limit) __attribute__((warn_unused_result));
/* Accepts NULL. */
void rate_table_free(struct rate_table *table);

/* Takes a token. False: there is none, and nothing was taken. `state` [out] is what is left afterwards. `id` is of
 * rate_hash(). */
bool rate_take(struct rate_table *table, uint64_t id, int64_t now, struct rate_state *state)
	__attribute__((warn_unused_result));
/* Takes a token even if there is none; up to one whole bucket may be owed. */
void rate_charge(struct rate_table *table, uint64_t id, int64_t now, struct rate_state *state);
/* Puts a token back that was taken. */
void rate_give_back(struct rate_table *table, uint64_t id, int64_t now, struct rate_state *state);
/* True if there is a token. Takes nothing. `state` as above. */
bool rate_has(struct rate_table *table, uint64_t id, int64_t now, struct rate_state *state);
/* True if the bucket is not full. Takes nothing. */
bool rate_owes(struct rate_table *table, uint64_t id, int64_t now);

#endif
