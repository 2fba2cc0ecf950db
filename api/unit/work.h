/*
 * work.h: the unit of an operation: kept.enter() and the operation's one statement; and the reply made of its row.
 */
#ifndef API_WORK_H
#define API_WORK_H

#include <stdbool.h>

#include "api/request/exchange.h"

/* Submits the unit, or sets a problem as the reply. */
void work_begin(struct exchange *exchange);

/* True if the unit was carried out (or undone, in a dry run), and the credential let in; it is noted for the log. Else
 * a problem was set. */
bool work_entered(struct exchange *exchange, const struct unit_result *result) __attribute__((warn_unused_result));

/* Sets the problem that fits a unit without results (any outcome but UNIT_DONE), and logs what is our own fault. */
void work_failed(struct exchange *exchange, const struct unit_result *result);

#endif
