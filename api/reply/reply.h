/*
 * reply.h: what goes back to the client: status, headers, body.
 *
 * The body is one of: bytes that the reply owns, constant bytes, a file, or text inside a PGresult, which is passed on
 * without a copy and cleared after the last byte was sent.
 */
#ifndef API_REPLY_H
#define API_REPLY_H

#include <stdbool.h>
#include <stddef.h>

#include <libpq-fe.h>
#include <microhttpd.h>

#define REPLY_HEADERS 16

enum reply_cache {
	REPLY_PRIVATE, /* data of a district: no-store, varies by key and language */
	REPLY_PUBLIC,  /* the same for everybody: no-cache */
	REPLY_SHARED   /* the same for everybody who reads that language, and kept for KEPT_HTML_SECONDS */
};

struct reply {
	int status;
	const char *type; /* media type, constant */
	enum reply_cache cache;
	char *owned;          /* body: this … */
	const char *constant; /* … or this … */
	PGresult *result;     /* … or `constant` inside this */
	bool in_file;         /* … or `file` from its begin */
	int file;
	size_t length;
	const char *vary; /* a header more that it varies by, constant; NULL: none */
	struct {
		const char *name; /* constant */
		char *value;      /* owned */
	} headers[REPLY_HEADERS];
	int header_count;
	bool failed; /* no memory for a header */
};

/* Frees what was not handed to libmicrohttpd, and begins anew. */
void reply_clear(struct reply *reply);
/* Sets a body of owned bytes; NULL marks the reply as failed. */
void reply_take(struct reply *reply, int status, const char *type, char *bytes, size_t length);
/* Sets a body that is constant for ever. */
void reply_constant(struct reply *reply, int status, const char *type, const char *bytes, size_t length);
/* Sets the body to text inside the result, and takes the result. */
void reply_result(struct reply *reply, int status, const char *type, PGresult *result, const char *bytes,
		  size_t length);
/* Sets the body to the first `length` bytes of the file, and takes the file. */
void reply_file(struct reply *reply, int status, const char *type, int file, size_t length);
/* Takes the body away; headers stay. */
void reply_no_body(struct reply *reply, int status);
/* Puts owned bytes in place of the body; status and headers stay. */
void reply_body(struct reply *reply, char *bytes, size_t length);
/* Adds a header; the value is copied. Control characters make the reply fail. */
void reply_header(struct reply *reply, const char *name, const char *value);
/* The value of a header that was added, or NULL. */
const char *reply_header_value(const struct reply *reply, const char *name);

/* Makes libmicrohttpd's response with the headers that all replies have, and hands the body over. NULL: no memory. */
struct MHD_Response *reply_response(struct reply *reply, const char *request_id, bool close)
	__attribute__((warn_unused_result));

/* True if the header If-None-Match (RFC 9110, 13.1.2) names this ETag, given with its quotes. */
bool reply_etag_listed(const char *if_none_match, const char *etag);

#endif
