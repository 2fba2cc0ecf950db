/*
 * http_peer.h: an HTTP receiver for tests, on a port of 127.0.0.1, that keeps what it gets and answers as it is told.
 *
 * libmicrohttpd with a thread a connection, in the test's process. All functions may be called from any thread.
 */
#ifndef TESTS_SUPPORT_HTTP_PEER_H
#define TESTS_SUPPORT_HTTP_PEER_H

#include <stdbool.h>
#include <stddef.h>

#include "tests/support/certificate.h"

struct http_peer;

/* NULL: no socket or no memory. */
struct http_peer *http_peer_start(void);
/* The same over TLS with this certificate, which is borrowed. */
struct http_peer *http_peer_start_tls(const struct certificate *certificate);
/* Ends all, hanging answers too. Accepts NULL. */
void http_peer_stop(struct http_peer *peer);
int http_peer_port(const struct http_peer *peer);

/* How requests are answered from now on. All zero: 204 at once. */
struct http_script {
	int status;         /* 0: 204 */
	const char *header; /* one header, "Name: value"; NULL none; copied */
	const char *body;   /* NULL: empty; copied */
	int delay_ms;       /* before the answer */
	bool hang;          /* never answers */
	bool drop;          /* closes instead of an answer */
	bool endless;       /* a body without end */
	bool trickle;       /* a body without end, a byte each 50 ms */
};
void http_peer_script(struct http_peer *peer, const struct http_script *script);
/* Answers the next `times` requests by the script, those after it with 204. */
void http_peer_script_times(struct http_peer *peer, const struct http_script *script, int times);

struct http_request {
	char *method;
	char *path;
	char *headers; /* lines "name: value\n", names in lower case */
	char *body;    /* with a NUL after it that is not counted */
	size_t length;
};

int http_peer_connections(struct http_peer *peer);
/* Requests whose body came whole. */
int http_peer_requests(struct http_peer *peer);
/* True when there are that many requests; false after `seconds`. */
bool http_peer_wait(struct http_peer *peer, int requests, double seconds);
/* Copies request `index`, oldest first; false: there is none. Free with http_request_release(). */
bool http_peer_request(struct http_peer *peer, int index, struct http_request *request);
void http_request_release(struct http_request *request);
/* Value of a header (name in lower case) into `out`; false: it is not there or too long. */
bool http_request_header(const struct http_request *request, const char *name, char *out, size_t size);

#endif
