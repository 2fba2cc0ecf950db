/*
 * apply.h: the limits of limits.h, put to an exchange at its stations.
 *
 * What is refused is a problem set as the reply: 429 too-many-requests, with `violated-policies`, Retry-After and the
 * headers of the draft.
 */
#ifndef API_APPLY_H
#define API_APPLY_H

#include <stdbool.h>
#include <stdint.h>

#include "api/unit/lanes.h"

struct exchange;

/* After the path is known: finds the client's address and counts the request for it. */
bool apply_arrival(struct exchange *exchange) __attribute__((warn_unused_result));
/* The request carries a key of the right form. */
bool apply_key(struct exchange *exchange, const char *key, const uint8_t hash[32]) __attribute__((warn_unused_result));
/* Before its unit is submitted. */
bool apply_unit(struct exchange *exchange) __attribute__((warn_unused_result));
/* The unit was answered, or (NULL) not taken. */
void apply_result(struct exchange *exchange, const struct unit_result *result);
/* Before the reply is sent: adds RateLimit-Policy and RateLimit. */
void apply_headers(struct exchange *exchange);
/* When the exchange ends. */
void apply_end(struct exchange *exchange);

#endif
