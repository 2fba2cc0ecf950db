/*
 * json.h: any JSON text, with its numbers exactly as written, for the validate program.
 *
 * Takes what RFC 8259 calls a JSON text in UTF-8, also scalars and U+0000 in strings. Refused, because no two readers
 * agree on them: a member name twice in one object, U+0000 in a name, lone surrogates, a byte order mark; and nesting
 * beyond JSON_LEVELS.
 */
#ifndef TESTS_SCHEMA_JSON_H
#define TESTS_SCHEMA_JSON_H

#include <stddef.h>

#include <jansson.h>

/* Deepest nesting of objects and lists. */
#define JSON_LEVELS 2000

struct json_fault {
	char words[200]; /* "line 3: a name is there twice" */
};

/* The value, to be freed with json_decref(); NULL: see the fault. `bytes` ends with a NUL after `length` bytes. */
json_t *json_read_exact(const char *bytes, size_t length, struct json_fault *fault) __attribute__((warn_unused_result));

#endif
