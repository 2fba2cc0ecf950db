#include "api/schema/schema_read.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/schema/schema_read_private.h"

static struct schema *read_at(struct schema_reader *reader, const char *pointer, const json_t *json);

/* Reads the fragment of a $ref: percent-decodes it into a pointer. The document may be named by its own $id. */
static char *fragment_pointer(struct schema_reader *reader, const char *ref)
{
	const char *id = json_string_value(json_object_get(reader->document, "$id"));
	char *copy = reader_memory(reader, strlen(ref) + 1, 1);
	size_t length = 0;

	if (id && *id && text_starts(ref, id))
		ref += strlen(id);
	else if (!*ref)
		return NULL;
	if (!copy || (*ref && *ref++ != '#'))
		return NULL;
	for (; *ref; ref++) {
		if (*ref == '%' && isxdigit((unsigned char)ref[1]) && isxdigit((unsigned char)ref[2])) {
			char hex[3] = {ref[1], ref[2], '\0'};

			copy[length++] = (char)strtol(hex, NULL, 16);
			ref += 2;
		} else {
			copy[length++] = *ref;
		}
	}
	return copy;
}

/* True if the way to `pointer` leads through a schema with an $id of its own, whose references mean itself. */
static bool crosses_document(struct schema_reader *reader, const char *pointer)
{
	size_t length = strlen(pointer);
	char *part = reader_memory(reader, length + 1, 1);

	for (size_t i = 1; part && i < length; i++) {
		if (pointer[i] != '/')
			continue;
		memcpy(part, pointer, i);
		if (json_is_string(json_object_get(reader_resolve(reader->document, part), "$id")))
			return true;
	}
	return !part;
}

static bool read_ref(struct schema_reader *reader, const char *pointer, const json_t *value, struct schema *schema)
{
	char *target = json_is_string(value) ? fragment_pointer(reader, json_string_value(value)) : NULL;
	const json_t *json = target && (*target == '/' || !*target) ? reader_resolve(reader->document, target) : NULL;

	if (!json)
		return reader_fail(reader, pointer, "refers to nothing in this document");
	if (crosses_document(reader, target))
		return reader_fail(reader, pointer, "refers into an embedded document; its $id is not supported");
	schema->ref = read_at(reader, target, json);
	return schema->ref != NULL;
}

static bool read_list(struct schema_reader *reader, const char *pointer, const json_t *value,
		      const struct schema *const **list, size_t *count)
{
	const struct schema **schemas;
	char index[24];

	if (!json_is_array(value) || json_array_size(value) == 0)
		return reader_fail(reader, pointer, "must be a list of schemas");
	*count = json_array_size(value);
	schemas = reader_memory(reader, *count, sizeof(*schemas));
	for (size_t i = 0; schemas && i < *count; i++) {
		char *place;

		snprintf(index, sizeof(index), "%zu", i);
		place = reader_pointer(reader, pointer, index);
		schemas[i] = place ? read_at(reader, place, json_array_get(value, i)) : NULL;
		if (!schemas[i])
			return false;
	}
	*list = schemas;
	return schemas != NULL;
}

static int compare_properties(const void *a, const void *b)
{
	return strcmp(((const struct schema_property *)a)->name, ((const struct schema_property *)b)->name);
}

static bool read_properties(struct schema_reader *reader, const char *pointer, const json_t *value,
			    struct schema *schema)
{
	struct schema_property *properties = reader_memory(reader, json_object_size(value), sizeof(*properties));
	size_t count = 0;
	const char *name;
	json_t *member;

	if (!properties)
		return false;
	if (!json_is_object(value))
		return reader_fail(reader, pointer, "must be an object");
	json_object_foreach ((json_t *)value, name, member) {
		char *place = reader_pointer(reader, pointer, name);

		properties[count] = (struct schema_property){name, place ? read_at(reader, place, member) : NULL};
		if (!properties[count++].schema)
			return false;
	}
	qsort(properties, count, sizeof(*properties), compare_properties);
	schema->properties = properties;
	schema->property_count = count;
	return true;
}

static bool is_annotation(const struct schema_reader *reader, const char *pointer, const char *keyword,
			  const json_t *value)
{
	static const char *const words[] = {"title",           "description",      "default",       "examples",
					    "deprecated",      "readOnly",         "writeOnly",     "$comment",
					    "contentEncoding", "contentMediaType", "contentSchema", "$defs",
					    "definitions"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(keyword, words[i]) == 0)
			return true;
	if (*pointer || !json_is_string(value) || !json_is_object(reader->document))
		return false;
	if (strcmp(keyword, "$schema") == 0)
		return strcmp(json_string_value(value), "https://json-schema.org/draft/2020-12/schema") == 0;
	return strcmp(keyword, "$id") == 0 && !strchr(json_string_value(value), '#');
}

static bool read_keyword(struct schema_reader *reader, const char *owner, const char *keyword, const json_t *value,
			 struct schema *schema)
{
	char *pointer = reader_pointer(reader, owner, keyword);
	int plain = pointer ? reader_plain_keyword(reader, pointer, keyword, value, schema) : -1;

	if (plain)
		return plain > 0;
	if (strcmp(keyword, "$ref") == 0)
		return read_ref(reader, pointer, value, schema);
	if (strcmp(keyword, "properties") == 0)
		return read_properties(reader, pointer, value, schema);
	if (strcmp(keyword, "additionalProperties") == 0)
		return (schema->additional_properties = read_at(reader, pointer, value)) != NULL;
	if (strcmp(keyword, "items") == 0)
		return (schema->items = read_at(reader, pointer, value)) != NULL;
	if (strcmp(keyword, "not") == 0)
		return (schema->not_schema = read_at(reader, pointer, value)) != NULL;
	if (strcmp(keyword, "allOf") == 0)
		return read_list(reader, pointer, value, &schema->all_of, &schema->all_count);
	if (strcmp(keyword, "anyOf") == 0)
		return read_list(reader, pointer, value, &schema->any_of, &schema->any_count);
	if (strcmp(keyword, "oneOf") == 0)
		return read_list(reader, pointer, value, &schema->one_of, &schema->one_count);
	if (is_annotation(reader, owner, keyword, value))
		return true;
	return reader_fail(reader, pointer, "is no keyword that Kept knows");
}

/* The entry is there before its keywords are read, so that a schema may refer to itself. */
static struct schema *entry_add(struct schema_reader *reader, const char *pointer)
{
	struct schema *schema = reader_memory(reader, 1, sizeof(*schema));
	char *copy = reader_memory(reader, strlen(pointer) + 1, 1);

	if (!schema || !copy)
		return NULL;
	if (reader->count == reader->room) {
		size_t room = reader->room ? reader->room * 2 : 64;
		struct reader_entry *entries = realloc(reader->entries, room * sizeof(*entries));

		if (!entries)
			return NULL;
		reader->entries = entries;
		reader->room = room;
	}
	memcpy(copy, pointer, strlen(pointer));
	schema->max_length = schema->max_items = schema->max_properties = SCHEMA_NO_LIMIT;
	reader->entries[reader->count++] = (struct reader_entry){copy, schema, 0};
	return schema;
}

static struct schema *read_at(struct schema_reader *reader, const char *pointer, const json_t *json)
{
	struct schema *schema;
	const char *keyword;
	json_t *value;

	for (size_t i = 0; i < reader->count; i++)
		if (strcmp(reader->entries[i].pointer, pointer) == 0)
			return reader->entries[i].schema;
	if (!json_is_object(json) && !json_is_boolean(json)) {
		reader_fail(reader, pointer, "must be a schema: an object, true or false");
		return NULL;
	}
	if (reader->depth == READER_DEPTH) {
		reader_fail(reader, pointer, "is nested too deep");
		return NULL;
	}
	schema = entry_add(reader, pointer);
	if (!schema)
		return NULL;
	schema->refuses_all = json_is_false(json);
	reader->depth++;
	json_object_foreach ((json_t *)json, keyword, value)
		if (!read_keyword(reader, pointer, keyword, value, schema))
			return NULL;
	reader->depth--;
	return schema;
}

/* True if no schema comes back to itself by keywords that judge the same value. */
static bool ends(struct schema_reader *reader, const struct schema *schema)
{
	struct reader_entry *entry;
	bool good;

	if (!schema)
		return true;
	entry = &reader->entries[schema_reader_index(reader, schema)];
	if (entry->color)
		return entry->color == 2 || reader_fail(reader, entry->pointer, "refers to itself without end");
	entry->color = 1;
	good = ends(reader, schema->ref) && ends(reader, schema->not_schema);
	for (size_t i = 0; good && i < schema->all_count; i++)
		good = ends(reader, schema->all_of[i]);
	for (size_t i = 0; good && i < schema->any_count; i++)
		good = ends(reader, schema->any_of[i]);
	for (size_t i = 0; good && i < schema->one_count; i++)
		good = ends(reader, schema->one_of[i]);
	entry->color = 2;
	return good;
}

const struct schema *schema_read(struct schema_reader *reader, const char *pointer)
{
	const json_t *json = reader_resolve(reader->document, pointer);
	const struct schema *schema;

	if (!json)
		reader_fail(reader, pointer, "is not there");
	if (!json || reader->fault[0])
		return NULL;
	schema = read_at(reader, pointer, json);
	for (size_t i = 0; schema && i < reader->count; i++)
		if (!ends(reader, reader->entries[i].schema))
			return NULL;
	if (!schema)
		reader_fail(reader, pointer, "no memory");
	return schema;
}
