/*
 * outfit.h: what SIGHUP may replace while the worker sends: settings, key ring, address policy, and the sender that
 * uses them.
 *
 * What is under way ends with the sender that began it, by the settings it began with; all else goes to the new one.
 */
#ifndef WORKER_OUTFIT_H
#define WORKER_OUTFIT_H

#include <stdbool.h>

#include <ev.h>

#include "kept/config.h"
#include "kept/seal.h"
#include "worker/address.h"
#include "worker/sender.h"
#include "worker/words.h"

struct outfit {
	const struct config *config;
	struct config own; /* what `config` is after a reload; at first it is the caller's */
	struct seal *seal;
	struct address_policy *policy;
	struct sender *sender;
};

struct outfit_settings {
	struct ev_loop *loop;
	struct words *words;         /* borrowed */
	void (*room)(void *context); /* as in sender.h */
	void *context;
};

/* Borrows `config`. NULL: *error [out] is one line, owned, NULL without memory. */
struct outfit *outfit_new(const struct outfit_settings *settings, const struct config *config, char **error)
	__attribute__((warn_unused_result));
/* Reads the settings again. NULL: they are wrong, or no memory; the log says so. */
struct outfit *outfit_again(const struct outfit_settings *settings) __attribute__((warn_unused_result));
/* Gives up what is under way without a word. Accepts NULL. */
void outfit_free(struct outfit *outfit);

#endif
