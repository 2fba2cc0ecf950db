#include <string.h>

#include "api/contract/compiler.h"
#include "api/schema/schema_read_private.h"

#define DEPTH 20

static json_t *example_of(struct compiler *compiler, const char *place, const json_t *schema, int depth);

static bool is_type(const json_t *schema, const char *name)
{
	const json_t *type = json_object_get(schema, "type"), *one;
	size_t index;

	if (json_is_string(type))
		return strcmp(json_string_value(type), name) == 0;
	json_array_foreach (type, index, one)
		if (strcmp(json_string_value(one), name) == 0)
			return true;
	return false;
}

static json_t *example_of_object(struct compiler *compiler, const char *place, const json_t *schema, int depth)
{
	json_t *made = json_object(), *property;
	const char *name;

	json_object_foreach (json_object_get(schema, "properties"), name, property)
		json_object_set_new(made, name,
				    example_of(compiler, keep_format("%s, member %s", place, name), property, depth));
	return made;
}

static json_t *first_of(const json_t *schema)
{
	const json_t *all = json_object_get(schema, "examples");
	json_t *first = json_array_get(all ? all : json_object_get(schema, "enum"), 0);

	return first ? first : json_object_get(schema, "const");
}

static json_t *example_of(struct compiler *compiler, const char *place, const json_t *schema, int depth)
{
	const char *ref = json_string_value(json_object_get(schema, "$ref"));
	json_t *first = first_of(schema);

	if (first)
		return json_incref(first);
	if (depth == DEPTH)
		fault(compiler, place, "its examples have no end");
	else if (ref)
		return example_of(compiler, place, resolve(compiler, ref), depth + 1);
	else if (json_object_get(schema, "anyOf"))
		return example_of(compiler, place, json_array_get(json_object_get(schema, "anyOf"), 0), depth + 1);
	else if (is_type(schema, "object"))
		return example_of_object(compiler, place, schema, depth + 1);
	else if (is_type(schema, "array"))
		return json_pack("[o]", example_of(compiler, place, json_object_get(schema, "items"), depth + 1));
	else if (is_type(schema, "boolean"))
		return json_false();
	else
		fault(compiler, place, "has no example; give its schema examples");
	return json_null();
}

static void check(struct compiler *compiler, const char *pointer, const json_t *example)
{
	const struct schema *schema = schema_read(compiler->reader, pointer);
	struct schema_errors errors;

	schema_errors_init(&errors);
	if (schema && !schema_validate(schema, example, &errors))
		fault(compiler, pointer, "its example does not meet it: \"%s\" %s; give its schema examples",
		      errors.count ? errors.items[0].pointer : "", errors.count ? errors.items[0].detail : "");
	schema_errors_release(&errors);
}

struct walk {
	struct compiler *compiler;
	json_t *document;
};

/* Bodies only: the schema of a media type. */
static void example_add(void *context, const char *pointer)
{
	struct walk *walk = context;
	char *parent = keep_format("%.*s", (int)(strlen(pointer) - strlen("/schema")), pointer);
	const char *name;
	json_t *media, *given, *one;

	if (!strstr(pointer, "/content/"))
		return;
	media = (json_t *)reader_resolve(walk->document, parent);
	given = json_object_get(media, "examples");
	json_object_foreach (given, name, one)
		check(walk->compiler, pointer, json_object_get(one, "value"));
	if (!given && !json_object_get(media, "example"))
		json_object_set_new(media, "example",
				    example_of(walk->compiler, parent, json_object_get(media, "schema"), 0));
	if (!given)
		check(walk->compiler, pointer, json_object_get(media, "example"));
}

void examples_add(struct compiler *compiler, json_t *document)
{
	struct walk walk = {compiler, document};

	places_schemas(compiler->document, example_add, &walk);
}

static void format_add(json_t *json)
{
	json_t *low = json_object_get(json, "minimum"), *high = json_object_get(json, "maximum");
	bool small = low && high && json_number_value(low) >= -2147483648.0 && json_number_value(high) <= 2147483647.0;

	if (is_type(json, "integer") && !json_object_get(json, "format"))
		json_object_set_new(json, "format", json_string(small ? "int32" : "int64"));
}

void formats_add(json_t *json)
{
	const char *name;
	json_t *value;
	size_t index;

	if (json_is_object(json))
		format_add(json);
	json_object_foreach (json, name, value)
		if (strncmp(name, "example", 7) != 0 && strcmp(name, "enum") != 0 && strcmp(name, "const") != 0)
			formats_add(value);
	json_array_foreach (json, index, value)
		formats_add(value);
}
