/*
 * guard.h: what makes a request unfit to be looked at, as pure checks on its method, target, version and headers.
 *
 * libmicrohttpd 0.9.75 accepts requests that a server must refuse (RFC 9112, sections 3.2 and 6.3): two Host headers,
 * Content-Length beside Transfer-Encoding, control characters. All that a handler can see of that is refused here, and
 * the connection is closed after the reply, because its framing cannot be trusted.
 */
#ifndef API_GUARD_H
#define API_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a check found: NULL code is nothing. Both are constant. */
struct guard_fault {
	const char *code;   /* of problem_table */
	const char *detail; /* sentence for people */
};

/* True for the methods that HTTP or Kept knows, in upper case: others are 501. */
bool guard_method_known(const char *method);

/*
 * The target as sent: origin form, or absolute form (RFC 9112, 3.2.2), whose scheme and authority are left out: *start
 * [out] is where the path begins. Only the characters of RFC 3986, no fragment, whole escapes that do not mean control
 * characters, no dot segment and no empty segment, also when escaped, and no escaped slash or backslash in the path.
 * *start is `target` where it is refused.
 */
struct guard_fault guard_target(const char *target, const char **start);

struct guard_headers {
	unsigned host;
	unsigned content_length;
	unsigned transfer_encoding;
	unsigned once[6];         /* headers that Kept reads and that may come only once */
	bool chunked;             /* the last Transfer-Encoding is exactly `chunked` */
	uint64_t length;          /* Content-Length */
	bool expects;             /* Expect: 100-continue */
	bool unmet;               /* Expect: anything else */
	struct guard_fault fault; /* the first one seen */
};

/* Takes one header. `sizes` are those that were received, so that a NUL inside is seen. Begin with an empty struct. */
void guard_header(struct guard_headers *headers, const char *name, size_t name_size, const char *value,
		  size_t value_size);
/* The verdict after all headers; `version` as in "HTTP/1.1". */
struct guard_fault guard_headers_end(const struct guard_headers *headers, const char *version);

/* Decodes %XX in place. False: the result is not UTF-8 or holds a control character. *length [out] is its length. */
bool guard_unescape(char *text, size_t *length) __attribute__((warn_unused_result));

#endif
