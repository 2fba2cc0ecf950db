/* Operations that create and change many things: x-kept-items. */
#include <string.h>

#include "api/contract/compiler.h"

static const char *const words[] = {"create", "change", "shown", "item"};

static json_t *schemas_of(const struct compiler *compiler)
{
	return json_object_get(json_object_get(compiler->document, "components"), "schemas");
}

/* The schema of a change with the id of what is changed and the version that was seen. */
static void derive(struct compiler *compiler, const char *place, json_t *items)
{
	const char *name = json_string_value(json_object_get(items, "item"));
	const char *change = json_string_value(json_object_get(items, "change"));
	const json_t *from = json_object_get(schemas_of(compiler), change);
	json_t *made = json_deep_copy(from), *properties = json_object_get(made, "properties");

	if (!properties || json_object_get(made, "required") || json_object_get(properties, "id") ||
	    json_object_get(properties, "version"))
		fault(compiler, place,
		      "x-kept-items: %s must be a schema with properties, none of them required, id or version",
		      change);
	if (json_object_get(schemas_of(compiler), name))
		fault(compiler, place, "x-kept-items: there is a schema %s already", name);
	json_object_set_new(properties, "id", json_pack("{s:s}", "$ref", "#/components/schemas/Id"));
	json_object_set_new(properties, "version",
			    json_pack("{s:s, s:s}", "$ref", "#/components/schemas/Version", "description",
				      "The version that you read; refused with 412 when it has changed since."));
	json_object_set_new(made, "required", json_pack("[s]", "id"));
	json_object_set_new(made, "minProperties", json_integer(2));
	json_object_del(made, "examples");
	json_object_set_new(schemas_of(compiler), name, made);
}

void bulk_derive(struct compiler *compiler)
{
	const char *path;
	json_t *item;

	json_object_foreach (json_object_get(compiler->document, "paths"), path, item) {
		json_t *items = json_object_get(json_object_get(item, "post"), "x-kept-items");

		if (items)
			derive(compiler, path, items);
	}
}

void bulk_read(struct compiler *compiler, struct operation *operation)
{
	const json_t *items = json_object_get(operation->json, "x-kept-items");

	if (!items)
		return;
	if (strcmp(operation->method, "post") != 0)
		fault(compiler, operation->id, "x-kept-items goes with POST only");
	operation->takes_items = true;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		const char *name = json_string_value(json_object_get(items, words[i]));
		char *pointer = keep_pointer("/components/schemas", name);

		if (!json_object_get(schemas_of(compiler), name))
			fault(compiler, operation->id, "x-kept-items: there is no schema %s", name);
		else
			operation->items[i] = schema_read(compiler->reader, pointer);
	}
}

void bulk_emit(const struct compiler *compiler, FILE *out, const struct operation *operation)
{
	fprintf(out, ", .sheet_type = \"text/csv\", .items = &(const struct contract_items){");
	/* The last is for the document: the engine judges a change by its own schema. */
	for (size_t i = 0; i + 1 < sizeof(words) / sizeof(words[0]); i++)
		fprintf(out, "%s&schemas[%zu]", i ? ", " : "",
			schema_reader_index(compiler->reader, operation->items[i]));
	fputs("}", out);
}
