/*
 * intake.h: the body of a request: what its headers promise, its pieces as they come, and what it says.
 *
 * A body may have KEPT_BODY_BYTES, one with items (bulk.h) KEPT_BULK_BYTES. Of bodies over KEPT_BODY_BYTES a process
 * holds KEPT_LARGE_BODIES at once; one more is 503 before its first byte is read, or, where nobody told its length, as
 * soon as it has become large. The place is given back when the exchange is freed.
 */
#ifndef API_INTAKE_H
#define API_INTAKE_H

#include <stdbool.h>
#include <stddef.h>

#include "api/request/exchange.h"

bool intake_has_body(const struct exchange *exchange);
/* Size, encoding and media type. False: refused. */
bool intake_headers(struct exchange *exchange) __attribute__((warn_unused_result));
/* Takes a place for a body that is going to be large. False: refused. */
bool intake_reserve(struct exchange *exchange) __attribute__((warn_unused_result));
/* Takes a piece; of a refused request it is thrown away. False: far too much comes, the connection is to be closed. */
bool intake_piece(struct exchange *exchange, const char *bytes, size_t size) __attribute__((warn_unused_result));
/* Reads and judges the whole body into exchange->body_text. False: refused. */
bool intake_read(struct exchange *exchange) __attribute__((warn_unused_result));

#endif
