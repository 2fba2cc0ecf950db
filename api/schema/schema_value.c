#include "api/schema/schema_value.h"

#include <string.h>

#include "api/schema/schema_decimal.h"

static unsigned types_of_number(const json_t *value)
{
	struct schema_decimal decimal;

	schema_decimal_of_json(&decimal, value);
	return schema_decimal_is_integer(&decimal) ? SCHEMA_INTEGER | SCHEMA_NUMBER : SCHEMA_NUMBER;
}

unsigned schema_types_of(const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return SCHEMA_OBJECT;
	case JSON_ARRAY:
		return SCHEMA_ARRAY;
	case JSON_STRING:
		return schema_number_text(value) ? types_of_number(value) : SCHEMA_STRING;
	case JSON_INTEGER:
		return SCHEMA_INTEGER | SCHEMA_NUMBER;
	case JSON_REAL:
		return types_of_number(value);
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

static bool numbers_equal(const json_t *a, const json_t *b)
{
	struct schema_decimal first, second;

	if (json_is_integer(a) && json_is_integer(b))
		return json_integer_value(a) == json_integer_value(b);
	schema_decimal_of_json(&first, a);
	schema_decimal_of_json(&second, b);
	return schema_decimal_compare(&first, &second) == 0;
}

bool schema_json_equal(const json_t *a, const json_t *b)
{
	if (schema_is_number(a) && schema_is_number(b))
		return numbers_equal(a, b);
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
	struct schema_number bound;

	switch (constant->type) {
	case SCHEMA_NULL:
		return json_is_null(value);
	case SCHEMA_BOOLEAN:
		return json_is_boolean(value) && json_is_true(value) == constant->boolean;
	case SCHEMA_INTEGER:
	case SCHEMA_NUMBER:
		bound = (struct schema_number){true, constant->type == SCHEMA_INTEGER, constant->integer,
					       constant->number, constant->string};
		return schema_is_number(value) && schema_number_compare(value, &bound) == 0;
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

static void decimal_of_bound(struct schema_decimal *decimal, const struct schema_number *bound)
{
	if (bound->text)
		schema_decimal_of_text(decimal, bound->text);
	else if (bound->is_integer)
		schema_decimal_of_integer(decimal, bound->integer);
	else
		schema_decimal_of_double(decimal, bound->number);
}

int schema_number_compare(const json_t *value, const struct schema_number *bound)
{
	struct schema_decimal a, b;

	if (json_is_integer(value) && bound->is_integer)
		return (json_integer_value(value) > bound->integer) - (json_integer_value(value) < bound->integer);
	schema_decimal_of_json(&a, value);
	decimal_of_bound(&b, bound);
	return schema_decimal_compare(&a, &b);
}

bool schema_number_is_multiple(const json_t *value, const struct schema_number *divisor)
{
	struct schema_decimal a, b;

	schema_decimal_of_json(&a, value);
	decimal_of_bound(&b, divisor);
	return schema_decimal_is_multiple(&a, &b);
}
