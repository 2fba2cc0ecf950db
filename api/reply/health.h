/*
 * health.h: what the service tells of itself without a key: the home page, /readyz. Both ask the database with the
 * statement `health`; /livez touches nothing.
 */
#ifndef API_HEALTH_H
#define API_HEALTH_H

#include "api/request/exchange.h"

/* The page for people. It comes also while the database is away, and says so. */
void health_home(struct exchange *exchange);
/* 200 while the database answers and has all migrations of this program; else 503 that names the check. The age of the
 * worker's last look is shown, and decides nothing here. */
void health_ready(struct exchange *exchange);
/* 200. */
void health_live(struct exchange *exchange);

#endif
