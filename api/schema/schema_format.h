/*
 * schema_format.h: the formats that a schema may ask for, as pure functions on text. Internal to the schema engine.
 */
#ifndef API_SCHEMA_FORMAT_H
#define API_SCHEMA_FORMAT_H

#include <stdbool.h>
#include <stddef.h>

#include "api/schema/schema.h"

/* The format of that name, or FORMAT_NONE. */
enum schema_format schema_format_find(const char *name);
/* True if the text, followed by a NUL, has the format. */
bool schema_format_holds(enum schema_format format, const char *text, size_t length);

/* Mailbox of RFC 5321, section 4.1.2, at most 254 bytes: what text_is_email() takes, and local parts in quotes and
 * addresses in brackets. */
bool schema_is_email(const char *text, size_t length);
/* RFC 3986: a URI with scheme, without relative forms; a user name is allowed, schemas refuse it by pattern. */
bool schema_is_uri(const char *text, size_t length);
/* RFC 5646, section 2.1: langtag or privateuse, no grandfathered tags; no variant or extension letter twice. */
bool schema_is_language_tag(const char *text, size_t length);

#endif
