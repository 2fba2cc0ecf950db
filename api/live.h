/*
 * live.h: what SIGHUP may replace while requests are served: settings and key ring. Never changed once it is made.
 *
 * Each loop has a pointer of its own, which only its thread changes, between two callbacks; so within one callback all
 * comes from the same settings, and nothing may keep a pointer into them for the next. The main thread frees the old
 * ones when all loops have changed.
 */
#ifndef API_LIVE_H
#define API_LIVE_H

#include "kept/config.h"
#include "kept/seal.h"

struct live {
	const struct config *config;
	struct config own; /* what `config` is after a reload; at first it is the caller's */
	struct seal *seal;
};

/* Borrows `config`. NULL: no memory. */
struct live *live_new(const struct config *config) __attribute__((warn_unused_result));
/* Reads the settings again. NULL: they are wrong, or no memory; the log says so. */
struct live *live_again(void) __attribute__((warn_unused_result));
/* Accepts NULL. */
void live_free(struct live *live);

#endif
