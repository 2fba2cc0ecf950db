/*
 * schema_value.h: equality and arithmetic of JSON values as JSON Schema means them. Internal to the schema engine.
 */
#ifndef API_SCHEMA_VALUE_H
#define API_SCHEMA_VALUE_H

#include "api/schema/schema.h"

/* SCHEMA_ bits of a value: a number without fraction is SCHEMA_INTEGER and SCHEMA_NUMBER. */
unsigned schema_types_of(const json_t *value);
/* Equality of section 4.2.2: 1 equals 1.0, order of members does not count. */
bool schema_json_equal(const json_t *a, const json_t *b);
bool schema_value_equals(const struct schema_value *constant, const json_t *value);
/* Below 0, 0, above 0: `value` (a number) against the bound, exactly. */
int schema_number_compare(const json_t *value, const struct schema_number *bound);
/* True if value / divisor is an integer, exactly. `divisor` is above 0. */
bool schema_number_is_multiple(const json_t *value, const struct schema_number *divisor);

#endif
