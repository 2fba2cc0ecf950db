/*
 * stream.h: lines over a socket, in clear or, from some point on, over TLS: the server's side, for peers in tests.
 */
#ifndef TESTS_SUPPORT_STREAM_H
#define TESTS_SUPPORT_STREAM_H

#include <stdbool.h>
#include <stddef.h>

#include <openssl/ssl.h>

#include "tests/support/certificate.h"

struct stream {
	int socket; /* borrowed */
	SSL *tls;   /* NULL: in clear */
	char bytes[4096];
	size_t from, to; /* what was read and not taken yet */
};

void stream_init(struct stream *stream, int socket);
/* Leaves the socket open. */
void stream_release(struct stream *stream);
/* Accepts TLS; what came before it is forgotten (RFC 3207, 5). False: the other side would not. */
bool stream_secure(struct stream *stream, SSL_CTX *context);
/* One line with its end, cut at `size` - 1 bytes, and a NUL. False: the end. */
bool stream_line(struct stream *stream, char *out, size_t size);
bool stream_write(struct stream *stream, const char *text);

/* A server's context with that certificate; fails the test when it cannot. Free with SSL_CTX_free(). */
SSL_CTX *stream_context(const struct certificate *certificate);

#endif
