#include "api/bulk/bulk_cell.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

/* How far $ref and combinations are followed. */
#define STEPS 8

static const struct schema *property(const struct schema *schema, const char *name, size_t length, int steps)
{
	const struct schema *found = NULL;
	if (!schema || steps == 0)
		return NULL;
	for (size_t i = 0; i < schema->property_count; i++)
		if (strncmp(schema->properties[i].name, name, length) == 0 && !schema->properties[i].name[length])
			return schema->properties[i].schema;
	found = property(schema->ref, name, length, steps - 1);
	for (size_t i = 0; !found && i < schema->all_count; i++)
		found = property(schema->all_of[i], name, length, steps - 1);
	for (size_t i = 0; !found && i < schema->any_count; i++)
		found = property(schema->any_of[i], name, length, steps - 1);
	return found;
}

const struct schema *bulk_cell_schema(const struct schema *schema, const char *path)
{
	for (; schema; path++) {
		size_t length = strcspn(path, ".");
		schema = property(schema, path, length, STEPS);
		path += length;
		if (!*path)
			break;
	}
	return schema;
}

static unsigned types_of(const struct schema *schema, int steps)
{
	unsigned types = schema->types;
	if (types || steps == 0)
		return types;
	if (schema->ref)
		types |= types_of(schema->ref, steps - 1);
	for (size_t i = 0; i < schema->all_count; i++)
		types |= types_of(schema->all_of[i], steps - 1);
	for (size_t i = 0; i < schema->any_count; i++)
		types |= types_of(schema->any_of[i], steps - 1);
	return types;
}

static const struct schema *items_of(const struct schema *schema, int steps)
{
	const struct schema *found = schema->items;
	if (found || steps == 0)
		return found;
	if (schema->ref)
		found = items_of(schema->ref, steps - 1);
	for (size_t i = 0; !found && i < schema->any_count; i++)
		found = items_of(schema->any_of[i], steps - 1);
	return found;
}

static json_t *trimmed(const char *text, size_t length)
{
	while (length > 0 && (text[0] == ' ' || text[0] == '\t')) {
		text++;
		length--;
	}
	while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\t'))
		length--;
	return json_stringn(text, length);
}

json_t *bulk_cell_trimmed(const char *cell)
{
	return trimmed(cell, strlen(cell));
}

json_t *bulk_cell_list(const char *cell)
{
	json_t *list = json_array();
	bool ok = list != NULL;
	for (size_t length; ok; cell += length + 1) {
		length = strcspn(cell, ";");
		json_t *item = trimmed(cell, length);
		ok = item != NULL;
		if (ok && json_string_length(item) > 0)
			ok = json_array_append(list, item) == 0;
		json_decref(item);
		if (!cell[length])
			break;
	}
	if (ok)
		return list;
	json_decref(list);
	return NULL;
}

/* What stands there as JSON, or as text when it is none. */
static json_t *parsed(const char *cell)
{
	json_t *value = json_loads(cell, JSON_REJECT_DUPLICATES, NULL);
	return value ? value : json_string(cell);
}

static json_t *plain(unsigned types, const char *cell)
{
	json_t *value = NULL;
	if (types & (SCHEMA_INTEGER | SCHEMA_NUMBER) && strspn(cell, "-0123456789.eE+") == strlen(cell))
		value = json_loads(cell, JSON_DECODE_ANY, NULL);
	else if (types & SCHEMA_BOOLEAN && strcasecmp(cell, "true") == 0)
		value = json_true();
	else if (types & SCHEMA_BOOLEAN && strcasecmp(cell, "false") == 0)
		value = json_false();
	return value ? value : json_string(cell);
}

/* No value of an enum or of a format has blanks around it; in other texts they are the writer's. */
static bool has_no_blanks(const struct schema *schema, int steps)
{
	bool found = schema->has_values || schema->format != FORMAT_NONE;
	if (steps == 0)
		return found;
	if (!found && schema->ref)
		found = has_no_blanks(schema->ref, steps - 1);
	for (size_t i = 0; !found && i < schema->all_count; i++)
		found = has_no_blanks(schema->all_of[i], steps - 1);
	for (size_t i = 0; !found && i < schema->any_count; i++)
		found = has_no_blanks(schema->any_of[i], steps - 1);
	return found;
}

json_t *bulk_cell_value(const struct schema *schema, const char *cell)
{
	unsigned types = types_of(schema, STEPS);
	if (strcmp(cell, "null") == 0 && types & SCHEMA_NULL)
		return json_null();
	if (types & SCHEMA_STRING || types == 0)
		return has_no_blanks(schema, STEPS) ? bulk_cell_trimmed(cell) : json_string(cell);
	if (types & SCHEMA_ARRAY) {
		const struct schema *items = items_of(schema, STEPS);
		if (strcmp(cell, "null") == 0)
			return json_array();
		return !items || types_of(items, STEPS) & SCHEMA_OBJECT ? parsed(cell) : bulk_cell_list(cell);
	}
	return types & SCHEMA_OBJECT ? parsed(cell) : plain(types, cell);
}

void bulk_cell_prune(json_t *value, const struct schema *taken, const struct schema *shown)
{
	const char *name;
	json_t *member;
	void *next;
	size_t i;
	json_object_foreach_safe (value, next, name, member) {
		const struct schema *own = property(taken, name, strlen(name), STEPS);
		if (own ? json_is_null(member) && !(types_of(own, STEPS) & SCHEMA_NULL)
			: property(shown, name, strlen(name), STEPS) != NULL)
			json_object_del(value, name);
	}
	const struct schema *taken_item = items_of(taken, STEPS), *shown_item = items_of(shown, STEPS);
	json_array_foreach (value, i, member)
		if (json_is_object(member) && taken_item && shown_item)
			bulk_cell_prune(member, taken_item, shown_item);
}
