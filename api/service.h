/*
 * service.h: what all loops of the process share: constants, and a few atomic flags.
 */
#ifndef API_SERVICE_H
#define API_SERVICE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "api/limits/limits.h"
#include "api/reply/metrics.h"
#include "kept/config.h"
#include "sql/statement.h"

struct service {
	const struct config *config; /* of the start; live.h has what may be replaced */
	struct metrics *metrics;
	struct limits *limits;
	const struct statement *enter;  /* first of each unit with a credential */
	const struct statement *health; /* answers the pages that have none */
	const struct statement *plans;  /* those of the first page */
	const struct statement *undo;   /* last of a unit of which nothing is kept */
	const struct statement *wake;   /* tells the workers that there is something to do */
	int migration;                  /* number of the newest migration that this program knows */
	atomic_int large_bodies;        /* bodies over KEPT_BODY_BYTES that are here, see exchange.h */
	atomic_int sheets;              /* lists that are written as CSV just now */
	atomic_bool stopping;           /* not ready any more */
	atomic_bool hurried;            /* somebody waits for the end */
	atomic_bool waking;             /* a hint to the workers is on its way */
	_Atomic double woken_at;        /* when the last one was sent; seconds of the wall clock */
};

/* Fills `service` from the tables of the program. False: a statement is missing from the build. */
bool service_init(struct service *service, const struct config *config, struct metrics *metrics, struct limits *limits)
	__attribute__((warn_unused_result));

#endif
