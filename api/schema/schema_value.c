#include "api/schema/schema_value.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Numbers are compared as long double, which must hold each int64_t and each double exactly. */
static_assert(LDBL_MANT_DIG >= 64, "long double is too narrow for exact comparisons");

static long double wide(const json_t *value)
{
	return json_is_integer(value) ? (long double)json_integer_value(value) : (long double)json_real_value(value);
}

unsigned schema_types_of(const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return SCHEMA_OBJECT;
	case JSON_ARRAY:
		return SCHEMA_ARRAY;
	case JSON_STRING:
		return SCHEMA_STRING;
	case JSON_INTEGER:
		return SCHEMA_INTEGER | SCHEMA_NUMBER;
	case JSON_REAL:
		return trunc(json_real_value(value)) == json_real_value(value) ? SCHEMA_INTEGER | SCHEMA_NUMBER
									       : SCHEMA_NUMBER;
	case JSON_TRUE:
	case JSON_FALSE:
		return SCHEMA_BOOLEAN;
	case JSON_NULL:
		break;
	}
	return SCHEMA_NULL;
}

static bool arrays_equal(const json_t *a, const json_t *b)
{
	size_t count = json_array_size(a);

	if (count != json_array_size(b))
		return false;
	for (size_t i = 0; i < count; i++)
		if (!schema_json_equal(json_array_get(a, i), json_array_get(b, i)))
			return false;
	return true;
}

static bool objects_equal(const json_t *a, const json_t *b)
{
	const char *name;
	json_t *mine;

	if (json_object_size(a) != json_object_size(b))
		return false;
	json_object_foreach ((json_t *)a, name, mine) {
		const json_t *other = json_object_get(b, name);

		if (!other || !schema_json_equal(mine, other))
			return false;
	}
	return true;
}

bool schema_json_equal(const json_t *a, const json_t *b)
{
	if (json_is_number(a) && json_is_number(b))
		return wide(a) == wide(b);
	if (json_typeof(a) != json_typeof(b))
		return false;
	if (json_is_array(a))
		return arrays_equal(a, b);
	if (json_is_object(a))
		return objects_equal(a, b);
	return json_equal(a, b);
}

bool schema_value_equals(const struct schema_value *constant, const json_t *value)
{
	switch (constant->type) {
	case SCHEMA_NULL:
		return json_is_null(value);
	case SCHEMA_BOOLEAN:
		return json_is_boolean(value) && json_is_true(value) == constant->boolean;
	case SCHEMA_INTEGER:
		return json_is_number(value) && wide(value) == (long double)constant->integer;
	case SCHEMA_NUMBER:
		return json_is_number(value) && wide(value) == (long double)constant->number;
	case SCHEMA_STRING:
		return json_is_string(value) && json_string_length(value) == constant->count &&
		       memcmp(json_string_value(value), constant->string, constant->count) == 0;
	case SCHEMA_ARRAY:
		if (!json_is_array(value) || json_array_size(value) != constant->count)
			return false;
		for (size_t i = 0; i < constant->count; i++)
			if (!schema_value_equals(&constant->values[i], json_array_get(value, i)))
				return false;
		return true;
	default:
		break;
	}
	if (!json_is_object(value) || json_object_size(value) != constant->count)
		return false;
	for (size_t i = 0; i < constant->count; i++) {
		const json_t *member = json_object_get(value, constant->names[i]);

		if (!member || !schema_value_equals(&constant->values[i], member))
			return false;
	}
	return true;
}

int schema_number_compare(const json_t *value, const struct schema_number *bound)
{
	long double a = wide(value);
	long double b = bound->is_integer ? (long double)bound->integer : (long double)bound->number;

	return a < b ? -1 : a > b;
}

/* digits * 10^exponent; digits is below 10^19 and, unless 0, does not end in 0. */
struct decimal {
	uint64_t digits;
	int exponent;
};

static struct decimal decimal_trim(uint64_t digits, int exponent)
{
	while (digits && digits % 10 == 0) {
		digits /= 10;
		exponent++;
	}
	return (struct decimal){digits, exponent};
}

static struct decimal decimal_of_integer(int64_t value)
{
	return decimal_trim(value < 0 ? 0 - (uint64_t)value : (uint64_t)value, 0);
}

/* The shortest decimal that reads back as the same double: what the client most probably wrote. */
static struct decimal decimal_of_double(double value)
{
	char text[32];
	uint64_t digits = 0;
	int fraction = 0;
	const char *c;

	for (int precision = 0; precision <= 16; precision++) {
		snprintf(text, sizeof(text), "%.*e", precision, fabs(value));
		if (strtod(text, NULL) == fabs(value))
			break;
	}
	for (c = text; *c && *c != 'e'; c++) {
		if (*c < '0' || *c > '9')
			continue;
		digits = digits * 10 + (uint64_t)(*c - '0');
		fraction += c > text;
	}
	return decimal_trim(digits, (int)strtol(c + 1, NULL, 10) - fraction);
}

bool schema_number_is_multiple(const json_t *value, const struct schema_number *divisor)
{
	struct decimal a = json_is_integer(value) ? decimal_of_integer(json_integer_value(value))
						  : decimal_of_double(json_real_value(value));
	struct decimal b =
		divisor->is_integer ? decimal_of_integer(divisor->integer) : decimal_of_double(divisor->number);
	unsigned __int128 rest = a.digits;

	if (a.digits == 0)
		return true;
	if (a.exponent < b.exponent) /* a.digits does not end in 0, so 10 does not divide it */
		return false;
	rest %= b.digits;
	for (int i = b.exponent; i < a.exponent && rest; i++)
		rest = rest * 10 % b.digits;
	return rest == 0;
}
