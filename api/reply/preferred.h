/*
 * preferred.h: gives the reply of a write the form that the client prefers (RFC 7240), and says so.
 *
 * return=minimal: no body; 200 becomes 204, 201 and 202 stay, ETag and Location stay. It is not applied to a reply that
 * shows a secret, which nobody could read later, nor to the results of a bulk. return=representation is how Kept
 * answers anyway, where there is something to show. tx=rollback: the unit was undone.
 */
#ifndef API_PREFERRED_H
#define API_PREFERRED_H

#include "api/request/exchange.h"

/* On the finished reply of a write that was not refused. */
void preferred_apply(struct exchange *exchange);

#endif
