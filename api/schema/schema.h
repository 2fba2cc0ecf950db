/*
 * schema.h: JSON Schema 2020-12, the part that Kept uses, as constant tables and one engine that judges documents.
 *
 * A schema is a tree of constant structs: build/contract writes those of the contract as C, schema_read() makes them
 * from JSON (schema_read.h). The engine keeps no state; threads may share schemas.
 *
 * Keywords: type enum const required properties additionalProperties items minItems maxItems uniqueItems minProperties
 * maxProperties minLength maxLength pattern format minimum maximum exclusiveMinimum exclusiveMaximum multipleOf anyOf
 * oneOf allOf not $ref. Their meaning is the specification's: lengths count code points, 1.0 is an integer and equals
 * 1, keywords for another type are met. `format` is asserted. Numbers are judged as exact decimals (schema_decimal.h),
 * so 0.0075 is a multiple of 0.0001.
 */
#ifndef API_SCHEMA_H
#define API_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "kept/limits.h"

enum schema_type {
	SCHEMA_NULL = 1,
	SCHEMA_BOOLEAN = 2,
	SCHEMA_OBJECT = 4,
	SCHEMA_ARRAY = 8,
	SCHEMA_NUMBER = 16,
	SCHEMA_STRING = 32,
	SCHEMA_INTEGER = 64 /* a number without fraction */
};

/* date and date-time: RFC 3339, years from 0001; email: a Mailbox of RFC 5321, with the UTF-8 of RFC 6531 in its local
 * part; uri: RFC 3986 with a scheme; uuid: RFC 9562, canonical; time-zone: an IANA name with a region, or UTC;
 * language-tag: RFC 5646, well-formed. */
enum schema_format {
	FORMAT_NONE,
	FORMAT_DATE,
	FORMAT_DATE_TIME,
	FORMAT_EMAIL,
	FORMAT_URI,
	FORMAT_UUID,
	FORMAT_TIME_ZONE,
	FORMAT_LANGUAGE_TAG
};

/* A constant JSON value, of enum and const. */
struct schema_value {
	uint8_t type; /* one SCHEMA_ bit; numbers are SCHEMA_INTEGER or SCHEMA_NUMBER */
	bool boolean;
	int64_t integer;          /* SCHEMA_INTEGER */
	double number;            /* SCHEMA_NUMBER */
	const char *string;       /* SCHEMA_STRING, NUL after `count` bytes; SCHEMA_NUMBER: see schema_number */
	const char *const *names; /* SCHEMA_OBJECT */
	const struct schema_value *values; /* SCHEMA_ARRAY, SCHEMA_OBJECT */
	size_t count;                      /* bytes of the string; items; members */
};

/* A bound of minimum, maximum, their exclusive forms or multipleOf. */
struct schema_number {
	bool present;
	bool is_integer;
	int64_t integer;
	double number;
	const char *text; /* "[-]DIGITSeEXPONENT" of a number that neither holds exactly, else NULL */
};

/* A pattern, in the part of ECMA 262 that schema_pattern.h tells. */
struct schema_pattern {
	const char *text; /* as in the schema */
	void *code;       /* compiled by schema_patterns_start(); while NULL it is compiled for each use */
};

struct schema_property {
	const char *name;
	const struct schema *schema;
};

#define SCHEMA_NO_LIMIT SIZE_MAX /* of a max_ count; that of a min_ count is 0 */

struct schema {
	bool refuses_all; /* the schema `false`; the schema `true` has no keyword */
	uint8_t types;    /* SCHEMA_ bits; 0: any */
	uint8_t format;   /* enum schema_format */
	bool unique_items;
	bool has_values;                   /* enum is there */
	const struct schema_value *values; /* of enum */
	size_t value_count;
	const struct schema_value *constant; /* of const; NULL: none */
	struct schema_number minimum, maximum, exclusive_minimum, exclusive_maximum, multiple_of;
	size_t min_length, max_length; /* code points; SCHEMA_NO_LIMIT: none */
	size_t min_items, max_items;
	size_t min_properties, max_properties;
	const struct schema_pattern *pattern;
	const char *const *required;
	size_t required_count;
	const struct schema_property *properties; /* sorted by name, bytewise */
	size_t property_count;
	const struct schema *additional_properties; /* NULL: any */
	const struct schema *items;                 /* NULL: any */
	const struct schema *ref;
	const struct schema *not_schema;
	const struct schema *const *all_of;
	size_t all_count;
	const struct schema *const *any_of;
	size_t any_count;
	const struct schema *const *one_of;
	size_t one_count;
};

/* What is wrong with a document, in the order found, at most KEPT_ERRORS. */
struct schema_error {
	char *pointer; /* RFC 6901, "" is the whole document */
	char *detail;  /* a sentence without its subject: "is missing", "must be a date like 2027-01-15" */
};

struct schema_errors {
	struct schema_error items[KEPT_ERRORS];
	size_t count;
	bool more;      /* there were more than KEPT_ERRORS */
	bool no_memory; /* an error could not be told */
};

void schema_errors_init(struct schema_errors *errors);
/* Frees the texts; the list is empty afterwards. */
void schema_errors_release(struct schema_errors *errors);
/* Adds one error; copies both texts. For callers that find errors of their own. */
void schema_errors_add(struct schema_errors *errors, const char *pointer, const char *detail);

/* True if `value` is valid. Else adds all that is wrong to `errors`, which may be NULL. `value` is borrowed. */
bool schema_validate(const struct schema *schema, const json_t *value, struct schema_errors *errors)
	__attribute__((warn_unused_result));
/* The same for the text of a parameter: it is read as an integer, number or boolean where the schema (through $ref and
 * allOf) has no type string; else it is a string. Errors have the pointer "". */
bool schema_validate_text(const struct schema *schema, const char *text, struct schema_errors *errors)
	__attribute__((warn_unused_result));

/* Compiles patterns, before threads start; what was compiled stays. False: a pattern is not supported, or no memory. */
bool schema_patterns_start(struct schema_pattern *patterns, size_t count) __attribute__((warn_unused_result));
void schema_patterns_end(struct schema_pattern *patterns, size_t count);

#endif
