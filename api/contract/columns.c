/* The columns of a list, or of the rows of an answer (x-kept-rows), as CSV: the members of its items, in the order of
 * their schema; those of an object inside are named with a point. Lists, and objects that may hold anything, are one
 * column. A member that not every item has is shown when the thing is made (a key, a secret) and never in a list. */
#include <string.h>

#include "api/contract/compiler.h"
#include "kept/limits.h"

#define DEPTH 3

/* The schema with members that is meant: itself, behind a reference, or the only one beside null. NULL: none. */
static const json_t *object_of(const struct compiler *compiler, const json_t *schema)
{
	static const char *const choices[] = {"anyOf", "oneOf"};
	const char *ref = json_string_value(json_object_get(schema, "$ref"));
	if (ref)
		schema = resolve(compiler, ref);
	if (json_object_get(schema, "properties"))
		return schema;
	for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++) {
		const json_t *choice = json_object_get(schema, choices[i]), *found = NULL, *one;
		size_t index, objects = 0;
		json_array_foreach (choice, index, one) {
			const json_t *object = object_of(compiler, one);
			found = object ? object : found;
			objects += object != NULL;
		}
		if (objects == 1)
			return found;
	}
	return NULL;
}

static bool is_required(const json_t *object, const char *name)
{
	size_t index;
	const json_t *one;
	json_array_foreach (json_object_get(object, "required"), index, one)
		if (strcmp(json_string_value(one), name) == 0)
			return true;
	return false;
}

static void column_add(struct operation *operation, char *name)
{
	operation->columns = keep(operation->columns, operation->column_count + 1, sizeof(*operation->columns));
	operation->columns[operation->column_count++] = name;
}

static void members_add(struct compiler *compiler, struct operation *operation, const char *prefix,
			const json_t *object, int depth)
{
	const char *name;
	json_t *member;
	json_object_foreach (json_object_get(object, "properties"), name, member) {
		char *column = keep_format("%s%s", prefix, name);
		const json_t *inner = depth < DEPTH ? object_of(compiler, member) : NULL;
		if (strchr(name, '.'))
			fault(compiler, operation->id, "the member %s would be no good name of a column", name);
		if (depth == 0 && !is_required(object, name))
			continue;
		if (inner)
			members_add(compiler, operation, keep_format("%s.", column), inner, depth + 1);
		else
			column_add(operation, column);
	}
}

void columns_read(struct compiler *compiler, struct operation *operation)
{
	static const char *const way[] = {"responses", "200", "content", "application/json", "schema"};
	const json_t *json = operation->json;
	for (size_t i = 0; i < sizeof(way) / sizeof(way[0]); i++)
		json = json_object_get(json, way[i]);
	const json_t *items = json_object_get(json_object_get(object_of(compiler, json), "properties"),
					      operation->rows ? operation->rows : "items");
	const json_t *item = object_of(compiler, json_object_get(items, "items"));
	if (item)
		members_add(compiler, operation, "", item, 0);
	if (!operation->column_count)
		fault(compiler, operation->id, "is a list, or has rows, whose items have no members");
}

void columns_tell(const struct operation *operation, json_t *responses)
{
	json_t *content = json_object_get(json_object_get(responses, "200"), "content");
	const char *names = "", *pattern = "^";

	if (!operation->column_count)
		return;
	for (size_t i = 0; i < operation->column_count; i++) {
		names = keep_format("%s%s%s", names, i ? "," : "", operation->columns[i]);
		pattern = keep_format("%s%s", pattern, i ? "," : "");
		for (const char *c = operation->columns[i]; *c; c++)
			pattern = keep_format("%s%s%c", pattern, *c == '.' ? "\\" : "", *c);
	}
	json_object_set_new(
		content, "text/csv",
		json_pack("{s:{s:s, s:i, s:s, s:s}, s:s}", "schema", "type", "string", "maxLength",
			  2 * KEPT_SHEET_BYTES, "pattern", keep_format("%s\\r\\n", pattern), "description",
			  "RFC 4180: UTF-8, CRLF. The first row names the columns, as the example has them.", "example",
			  keep_format("%s\r\n", names)));
}
