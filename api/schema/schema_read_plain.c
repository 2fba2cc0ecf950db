#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/schema/schema_decimal.h"
#include "api/schema/schema_format.h"
#include "api/schema/schema_pattern.h"
#include "api/schema/schema_read_private.h"

void *reader_memory(struct schema_reader *reader, size_t count, size_t size)
{
	struct reader_block *block;

	if (count == 0)
		count = 1;
	if (size && count > (SIZE_MAX / 2) / size)
		return NULL;
	block = calloc(1, sizeof(*block) + count * size);
	if (!block) {
		reader_fail(reader, "", "no memory");
		return NULL;
	}
	block->next = reader->blocks;
	reader->blocks = block;
	return block->bytes;
}

bool reader_fail(struct schema_reader *reader, const char *pointer, const char *detail)
{
	if (!reader->fault[0])
		snprintf(reader->fault, sizeof(reader->fault), "%s: %s", pointer, detail);
	return false;
}

/* Also the text of a number that is given so. */
static bool read_string(struct schema_reader *reader, const json_t *json, struct schema_value *value)
{
	size_t skipped = schema_number_text(json) ? 1 : 0;
	char *copy = reader_memory(reader, json_string_length(json) + 1, 1);

	if (!copy)
		return false;
	value->count = json_string_length(json) - skipped;
	memcpy(copy, json_string_value(json) + skipped, value->count);
	value->string = copy;
	return true;
}

static bool read_container(struct schema_reader *reader, const char *pointer, const json_t *json,
			   struct schema_value *value)
{
	bool object = json_is_object(json);
	size_t count = object ? json_object_size(json) : json_array_size(json);
	struct schema_value *values = reader_memory(reader, count, sizeof(*values));
	const char **names = reader_memory(reader, count, sizeof(*names));
	const char *name;
	json_t *member;
	size_t i = 0;

	if (!values || !names)
		return false;
	if (object) {
		json_object_foreach ((json_t *)json, name, member) {
			names[i] = name;
			if (!reader_value(reader, pointer, member, &values[i++]))
				return false;
		}
	} else {
		for (i = 0; i < count; i++)
			if (!reader_value(reader, pointer, json_array_get(json, i), &values[i]))
				return false;
	}
	value->type = object ? SCHEMA_OBJECT : SCHEMA_ARRAY;
	value->values = values;
	value->names = names;
	value->count = count;
	return true;
}

bool reader_value(struct schema_reader *reader, const char *pointer, const json_t *json, struct schema_value *value)
{
	switch (json_typeof(json)) {
	case JSON_OBJECT:
	case JSON_ARRAY:
		return read_container(reader, pointer, json, value);
	case JSON_STRING:
		value->type = schema_number_text(json) ? SCHEMA_NUMBER : SCHEMA_STRING;
		return read_string(reader, json, value);
	case JSON_INTEGER:
		value->type = SCHEMA_INTEGER;
		value->integer = json_integer_value(json);
		return true;
	case JSON_REAL:
		value->type = SCHEMA_NUMBER;
		value->number = json_real_value(json);
		return true;
	case JSON_TRUE:
	case JSON_FALSE:
		value->type = SCHEMA_BOOLEAN;
		value->boolean = json_is_true(json);
		return true;
	case JSON_NULL:
		value->type = SCHEMA_NULL;
		return true;
	}
	return reader_fail(reader, pointer, "is no JSON value");
}

static bool read_type_word(struct schema_reader *reader, const char *pointer, const json_t *word, struct schema *schema)
{
	static const struct {
		const char *word;
		uint8_t type;
	} words[] = {{"null", SCHEMA_NULL},      {"boolean", SCHEMA_BOOLEAN}, {"object", SCHEMA_OBJECT},
		     {"array", SCHEMA_ARRAY},    {"number", SCHEMA_NUMBER},   {"string", SCHEMA_STRING},
		     {"integer", SCHEMA_INTEGER}};

	for (size_t i = 0; json_is_string(word) && i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(json_string_value(word), words[i].word) != 0)
			continue;
		if (schema->types & words[i].type)
			return reader_fail(reader, pointer, "names a type twice");
		schema->types |= words[i].type;
		return true;
	}
	return reader_fail(reader, pointer, "is no type of JSON Schema");
}

static bool read_type(struct schema_reader *reader, const char *pointer, const json_t *value, struct schema *schema)
{
	if (!json_is_array(value))
		return read_type_word(reader, pointer, value, schema);
	if (json_array_size(value) == 0)
		return reader_fail(reader, pointer, "must name a type");
	for (size_t i = 0; i < json_array_size(value); i++)
		if (!read_type_word(reader, pointer, json_array_get(value, i), schema))
			return false;
	return true;
}

static bool read_enum(struct schema_reader *reader, const char *pointer, const json_t *value, struct schema *schema)
{
	struct schema_value list = {0};

	if (!json_is_array(value))
		return reader_fail(reader, pointer, "must be a list");
	if (!reader_value(reader, pointer, value, &list))
		return false;
	schema->has_values = true;
	schema->values = list.values;
	schema->value_count = list.count;
	return true;
}

static bool read_const(struct schema_reader *reader, const char *pointer, const json_t *value, struct schema *schema)
{
	struct schema_value *constant = reader_memory(reader, 1, sizeof(*constant));

	schema->constant = constant;
	return constant && reader_value(reader, pointer, value, constant);
}

static bool read_required(struct schema_reader *reader, const char *pointer, const json_t *value, struct schema *schema)
{
	size_t count = json_array_size(value);
	const char **names = reader_memory(reader, count, sizeof(*names));

	if (!names)
		return false;
	if (!json_is_array(value))
		return reader_fail(reader, pointer, "must be a list");
	for (size_t i = 0; i < count; i++) {
		names[i] = json_string_value(json_array_get(value, i));
		if (!names[i])
			return reader_fail(reader, pointer, "must be a list of names");
		for (size_t j = 0; j < i; j++)
			if (strcmp(names[i], names[j]) == 0)
				return reader_fail(reader, pointer, "has a name twice");
	}
	schema->required = names;
	schema->required_count = count;
	return true;
}

static bool read_count(struct schema_reader *reader, const char *pointer, const json_t *value, size_t *count)
{
	double number = json_number_value(value);

	if (schema_number_text(value) || number > 9007199254740992.0)
		return reader_fail(reader, pointer, "is a larger number than Kept counts to");
	if (!json_is_number(value) || number < 0 || trunc(number) != number)
		return reader_fail(reader, pointer, "must be a whole number of at least 0");
	*count = (size_t)number;
	return true;
}

static bool read_number(struct schema_reader *reader, const char *pointer, const json_t *value,
			struct schema_number *number)
{
	if (!schema_is_number(value))
		return reader_fail(reader, pointer, "must be a number");
	number->present = true;
	number->is_integer = json_is_integer(value);
	if (number->is_integer)
		number->integer = json_integer_value(value);
	else
		number->number = json_real_value(value);
	number->text = schema_number_text(value);
	return true;
}

static bool read_format(struct schema_reader *reader, const char *pointer, const json_t *value, struct schema *schema)
{
	schema->format = json_is_string(value) ? (uint8_t)schema_format_find(json_string_value(value)) : FORMAT_NONE;
	if (json_is_string(value) && reader->any_format)
		return true;
	return schema->format != FORMAT_NONE || reader_fail(reader, pointer, "is no format that Kept knows");
}

static bool read_pattern(struct schema_reader *reader, const char *pointer, const json_t *value, struct schema *schema)
{
	struct schema_pattern *pattern = reader_memory(reader, 1, sizeof(*pattern));

	if (!pattern)
		return false;
	if (!json_is_string(value) || strlen(json_string_value(value)) != json_string_length(value) ||
	    !schema_pattern_supported(json_string_value(value)))
		return reader_fail(reader, pointer, "is no pattern of the supported part of ECMA 262");
	pattern->text = json_string_value(value);
	schema->pattern = pattern;
	return true;
}

static bool read_multiple(struct schema_reader *reader, const char *pointer, const json_t *value, struct schema *schema)
{
	struct schema_decimal divisor;

	if (!read_number(reader, pointer, value, &schema->multiple_of))
		return false;
	schema_decimal_of_json(&divisor, value);
	if (divisor.count == 0 || divisor.negative)
		return reader_fail(reader, pointer, "must be a number above 0");
	return divisor.count <= SCHEMA_DECIMAL_DIVISOR_DIGITS ||
	       reader_fail(reader, pointer, "has more digits than Kept divides by");
}

static bool read_unique(struct schema_reader *reader, const char *pointer, const json_t *value, struct schema *schema)
{
	schema->unique_items = json_is_true(value);
	return json_is_boolean(value) || reader_fail(reader, pointer, "must be true or false");
}

int reader_plain_keyword(struct schema_reader *reader, const char *pointer, const char *keyword, const json_t *value,
			 struct schema *schema)
{
	static const struct {
		const char *name;
		bool (*read)(struct schema_reader *, const char *, const json_t *, struct schema *);
	} readers[] = {{"type", read_type},          {"enum", read_enum},          {"const", read_const},
		       {"required", read_required},  {"format", read_format},      {"pattern", read_pattern},
		       {"uniqueItems", read_unique}, {"multipleOf", read_multiple}};
	const struct {
		const char *name;
		size_t *count;
	} counts[] = {{"minLength", &schema->min_length},         {"maxLength", &schema->max_length},
		      {"minItems", &schema->min_items},           {"maxItems", &schema->max_items},
		      {"minProperties", &schema->min_properties}, {"maxProperties", &schema->max_properties}};
	const struct {
		const char *name;
		struct schema_number *number;
	} numbers[] = {{"minimum", &schema->minimum},
		       {"maximum", &schema->maximum},
		       {"exclusiveMinimum", &schema->exclusive_minimum},
		       {"exclusiveMaximum", &schema->exclusive_maximum}};

	for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]); i++)
		if (strcmp(keyword, readers[i].name) == 0)
			return readers[i].read(reader, pointer, value, schema) ? 1 : -1;
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		if (strcmp(keyword, counts[i].name) == 0)
			return read_count(reader, pointer, value, counts[i].count) ? 1 : -1;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (strcmp(keyword, numbers[i].name) == 0)
			return read_number(reader, pointer, value, numbers[i].number) ? 1 : -1;
	return 0;
}
