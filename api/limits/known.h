/*
 * known.h: the keys that were right in this process lately, so that nobody's failures lock their owners out.
 *
 * Only what a unit has confirmed gets in, so a stranger cannot fill it. KEPT_KNOWN_KEYS places; when a set is full, the
 * key that was unused for the longest leaves: it is then asked for like a new one. It grants nothing: each request's
 * unit decides on the key again. Ids are of rate_hash(); all threads may call.
 */
#ifndef API_KNOWN_H
#define API_KNOWN_H

#include <stdbool.h>
#include <stdint.h>

struct known;

/* NULL: no memory. */
struct known *known_new(void) __attribute__((warn_unused_result));
/* Accepts NULL. */
void known_free(struct known *known);

/* True if the key was right within KEPT_KNOWN_SECONDS; *district [out] is the id of its district, 0 if that is not
 * known. */
bool known_find(struct known *known, uint64_t key, int64_t now, uint64_t *district);
/* The key was right; district 0: not known, which leaves what was. */
void known_learn(struct known *known, uint64_t key, uint64_t district, int64_t now);
/* The key was wrong. */
void known_forget(struct known *known, uint64_t key);

#endif
