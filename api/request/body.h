/*
 * body.h: reads the JSON text of a request body (RFC 8259) within limits, before any schema looks at it.
 *
 * Refused: bad UTF-8, U+0000 (also written as an escape), lone surrogates, a member twice in one object, numbers out of
 * range, nesting over KEPT_JSON_DEPTH, more than KEPT_JSON_MEMBERS members and items together, anything but one object
 * at the top, text after it. Depth and members are counted before memory is spent on a tree. Keeps no state.
 */
#ifndef API_BODY_H
#define API_BODY_H

#include <stddef.h>

#include <jansson.h>

#define BODY_DETAIL_BYTES 200

struct body_fault {
	int status; /* 400 not JSON as asked for; 413 too deep or too many members; 422 no object; 503 no memory */
	char detail[BODY_DETAIL_BYTES]; /* a sentence for people, with line and column where that helps; nothing of the
					   body */
};

/* The object, owned by the caller (json_decref), with that many members and items at most. NULL: `fault` [out] says
 * why. */
json_t *body_parse_within(const char *bytes, size_t length, size_t members, struct body_fault *fault)
	__attribute__((warn_unused_result));
/* The same within KEPT_JSON_MEMBERS. */
json_t *body_parse(const char *bytes, size_t length, struct body_fault *fault) __attribute__((warn_unused_result));

#endif
