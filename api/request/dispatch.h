/*
 * dispatch.h: the way of a request through the API, in three calls: headers, body, whole.
 *
 * Order of refusals: guard (400, connection closed), address (429), method unknown (501), path (404), method (405),
 * credential (401), key and district (429), size (413), type (415), parameters and headers (400, 406, 428), body (400,
 * 422), wrong keys tried too often (429); then the database decides (401, 403, 404, 409, 412, 422). A refusal that is
 * known before the body is sent after it, if the body is not too long, so that the client can read it.
 */
#ifndef API_DISPATCH_H
#define API_DISPATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "api/request/exchange.h"

/* Judges what is known without the body. False: the connection is to be closed. */
bool dispatch_headers(struct exchange *exchange, const char *method, const char *version)
	__attribute__((warn_unused_result));
/* Takes a piece of the body. False: far too much comes, the connection is to be closed. */
bool dispatch_body(struct exchange *exchange, const char *bytes, size_t size) __attribute__((warn_unused_result));
/* The request is whole: answers it, or suspends it until a unit is done. False: the connection is to be closed. */
bool dispatch_run(struct exchange *exchange) __attribute__((warn_unused_result));

#endif
