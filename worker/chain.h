/*
 * chain.h: the audit's chain goes on: what was written meanwhile becomes blocks (kept.audit_chain()).
 *
 * A unit of its own, after a look, at most once in KEPT_CHAIN_SECONDS and never two at once; while there is more than
 * it takes, the next follows at once. Several workers do not disturb each other. What fails is tried again after the
 * next look: entries wait in the database until they are in a block.
 */
#ifndef WORKER_CHAIN_H
#define WORKER_CHAIN_H

#include <stdbool.h>

#include <ev.h>

#include "sql/pipe.h"
#include "worker/counts.h"

struct chain;

/* All borrowed. NULL: no memory. */
struct chain *chain_new(struct ev_loop *loop, struct pipe *pipe, struct counts *counts)
	__attribute__((warn_unused_result));
/* After pipe_free(). Accepts NULL. */
void chain_free(struct chain *chain);

/* There may be new entries. */
void chain_soon(struct chain *chain);
/* Chains all that waits, then calls `done` once; also when PostgreSQL refuses or is away. */
void chain_finish(struct chain *chain, void (*done)(void *context), void *context);
/* Begins nothing any more. */
void chain_stop(struct chain *chain);

#endif
