/*
 * schema_decimal.h: JSON numbers as exact decimals, so that judging never depends on what a double can hold. Internal
 * to the schema engine, but for schema_decimal_json().
 *
 * Jansson has int64 and double. A double stands for the shortest decimal that reads back as it: what the client most
 * probably wrote. A number that neither holds is a Jansson string that no document can contain: the byte 0xff, which is
 * not UTF-8, and then the number as [-]DIGITSeEXPONENT. Only schema_decimal_json() makes such values; the API's own
 * parser refuses such numbers.
 */
#ifndef API_SCHEMA_DECIMAL_H
#define API_SCHEMA_DECIMAL_H

#include "api/schema/schema.h"

/* 0.DIGITS * 10^point; the digits have no zero in front or behind, and are none for zero. */
struct schema_decimal {
	bool negative;
	const char *digits; /* in `own`, or borrowed from the value */
	size_t count;
	int64_t point;
	char own[24];
};

/* Exponents beyond this make a number unreadable. */
#define SCHEMA_DECIMAL_EXPONENT 1000000000
/* Most digits of a multipleOf. */
#define SCHEMA_DECIMAL_DIVISOR_DIGITS 18

/* True for Jansson's numbers and for the marked strings. */
bool schema_is_number(const json_t *value);
/* The text behind the mark, or NULL. */
const char *schema_number_text(const json_t *value);
/* Makes a value of a JSON number (RFC 8259, section 6): as Jansson would where that is exact, else a marked string.
 * NULL: no number, an exponent beyond the limit, or no memory. */
json_t *schema_decimal_json(const char *text, size_t length) __attribute__((warn_unused_result));

void schema_decimal_of_integer(struct schema_decimal *decimal, int64_t value);
void schema_decimal_of_double(struct schema_decimal *decimal, double value);
/* Of the text behind a mark, which must outlive the decimal. */
void schema_decimal_of_text(struct schema_decimal *decimal, const char *text);
/* Of a value for which schema_is_number() holds. */
void schema_decimal_of_json(struct schema_decimal *decimal, const json_t *value);

/* Below 0, 0, above 0. */
int schema_decimal_compare(const struct schema_decimal *a, const struct schema_decimal *b);
bool schema_decimal_is_integer(const struct schema_decimal *decimal);
/* True if a / b is an integer; b is above 0 and has at most SCHEMA_DECIMAL_DIVISOR_DIGITS digits. */
bool schema_decimal_is_multiple(const struct schema_decimal *a, const struct schema_decimal *b);

#endif
