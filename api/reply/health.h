/*
 * health.h: how the service fares, told without a key: /readyz asks the database with the statement `health`; /livez
 * touches nothing.
 */
#ifndef API_HEALTH_H
#define API_HEALTH_H

#include "api/request/exchange.h"

/* What the statement `health` told; all is unknown without it. */
struct health {
	bool database;
	long migration;
	double worker_age; /* seconds; negative: no worker has ever looked */
};

/* Of a unit whose first statement is `health`. */
struct health health_read(const struct unit_result *result);
/* True if the database has all migrations of this program. */
bool health_is_migrated(const struct exchange *exchange, const struct health *health);
/* Submits the statement alone; false: a problem is set. */
bool health_ask(struct exchange *exchange, exchange_unit_done *done) __attribute__((warn_unused_result));

/* 200 while the database answers and has all migrations of this program; else 503 that names the check. The age of the
 * worker's last look is shown, and decides nothing here. */
void health_ready(struct exchange *exchange);
/* 200. */
void health_live(struct exchange *exchange);

#endif
