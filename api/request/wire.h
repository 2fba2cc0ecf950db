/*
 * wire.h: whether the head of a request stood on the wire as libmicrohttpd hands it over.
 *
 * libmicrohttpd 0.9.75 cuts the head into strings inside its buffer, and forgives without a word: a NUL hides the rest
 * of its line, a line that begins with a NUL ends the head, a folded line is added to the name of the header before it
 * ("Transfer: chunked", then " -Encoding", is Transfer-Encoding), a bare LF ends a line, several spaces are one. Two
 * servers that forgive differently see different requests (RFC 9112, 11.2). What was passed over shows in the places of
 * the strings: in a plain head each follows the one before with nothing but its separator between.
 *
 * Pure checks on pointers into one buffer; nothing outside of the head is read.
 */
#ifndef API_WIRE_H
#define API_WIRE_H

#include <stdbool.h>
#include <stddef.h>

struct wire {
	const char *end;   /* of the line before */
	const char *limit; /* of the head, with the empty line */
	bool plain;
};

/* The request line; the head has `size` bytes from the method on. `target_length` is that of the target as a string. */
void wire_begin(struct wire *wire, size_t size, const char *method, const char *target, size_t target_length,
		const char *version);
/* The next header, in the order in which they came. */
void wire_header(struct wire *wire, const char *name, size_t name_size, const char *value, size_t value_size);
/* True: the head was one line a header, ended by CRLF, and then the empty line. */
bool wire_end(const struct wire *wire) __attribute__((warn_unused_result));

#endif
