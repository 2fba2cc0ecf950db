/*
 * schema_pattern.h: `pattern` of JSON Schema by PCRE2, in the part of ECMA 262 where both agree. Internal to the
 * engine.
 *
 * Taken: literals, `.`, classes, ranges, \d \D \w \W \s \S \b \B, \t \n \v \f \r, \uXXXX \u{…}, \p{L} with a general
 * category of one or two letters (and \P), escaped punctuation, ^ $, * + ? {n} {n,} {n,m} with or without a final ?,
 * ( ) (?: ) (?= ) (?! ) and |. Refused: all else, so back references, names, look-behind, possessive quantifiers,
 * flags, \x, \c, \0. A match is searched for anywhere in the text, has limits, and counts as none when it would pass
 * them.
 */
#ifndef API_SCHEMA_PATTERN_H
#define API_SCHEMA_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

#include "api/schema/schema.h"

/* True if the pattern is of the part above and compiles. */
bool schema_pattern_supported(const char *text) __attribute__((warn_unused_result));
/* True if the pattern is found in the text, which is UTF-8. */
bool schema_pattern_matches(const struct schema_pattern *pattern, const char *text, size_t length);

#endif
