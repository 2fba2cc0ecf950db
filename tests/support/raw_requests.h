/*
 * raw_requests.h: requests that a server must judge by their exact bytes, and what Kept and nginx before it answer.
 *
 * Sent as they are to Kept, and to nginx with deploy/nginx/kept.conf in front of Kept. Behind each doubtful one the
 * tests send RAW_BEHIND, which nobody may take for a request once the first is refused.
 */
#ifndef TESTS_SUPPORT_RAW_REQUESTS_H
#define TESTS_SUPPORT_RAW_REQUESTS_H

#include <stdbool.h>
#include <stddef.h>

#define RAW_BEHIND_ROUTE "/v1/groups"
#define RAW_BEHIND "GET " RAW_BEHIND_ROUTE " HTTP/1.1\r\nHost: a\r\n\r\n"

enum raw_by {
	BY_KEPT,    /* refused by Kept, with a problem; the connection is closed */
	BY_LIBRARY, /* refused by libmicrohttpd, in plain text or by closing alone; closed */
	SERVED      /* a request like another: the connection may stay */
};

enum raw_proxy {
	STOPPED, /* nginx refuses it and closes */
	REFUSED, /* nginx refuses it by a rule of kept.conf; the connection may stay */
	PASSED   /* nginx sends it on, rewritten if need be: Kept answers. Of the others Kept sees nothing */
};

struct raw_request {
	const char *name;
	const char *bytes;
	size_t length;
	int status; /* of Kept; 0: closed without a reply */
	enum raw_by by;
	int proxied; /* status of nginx before Kept; 0 as above */
	enum raw_proxy proxy;
};

extern const struct raw_request raw_requests[];
extern const size_t raw_request_count;

#endif
