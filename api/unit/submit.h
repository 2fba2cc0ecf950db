/*
 * submit.h: the unit of an operation: kept.enter(), the operation's one statement with its values, and in a dry run a
 * last statement that undoes both.
 */
#ifndef API_SUBMIT_H
#define API_SUBMIT_H

#include <stdbool.h>

#include "api/request/exchange.h"

/* True for GET and HEAD. */
bool submit_is_read(const struct exchange *exchange);
/* True if the unit begins with kept.enter(): with a key, or as a page that everybody may read. */
bool submit_enters(const struct exchange *exchange);
/* True if the unit is to be undone: Prefer: tx=rollback on a write. */
bool submit_is_dry_run(const struct exchange *exchange);
/* Sends it on that lane; `done` makes the reply. False: a problem was set as the reply. May be called again from
 * `done`, for the next page. */
bool submit_unit(struct exchange *exchange, enum contract_lane lane, exchange_unit_done *done)
	__attribute__((warn_unused_result));

#endif
