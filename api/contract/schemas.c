#include <string.h>

#include "api/contract/compiler.h"
#include "api/schema/schema_read_private.h"

json_t *resolve(const struct compiler *compiler, const char *ref)
{
	return ref && *ref == '#' ? (json_t *)reader_resolve(compiler->document, ref + 1) : NULL;
}

/* Each schema has a reader of its own at first, so that one fault does not hide the next. */
static void schema_try(void *context, const char *pointer)
{
	struct compiler *compiler = context;
	struct schema_reader *reader = schema_reader_new(compiler->document);

	if (reader && !schema_read(reader, pointer))
		fault(compiler, "schema", "%s", schema_reader_fault(reader));
	schema_reader_free(reader);
}

static void schema_keep(void *context, const char *pointer)
{
	struct compiler *compiler = context;

	if (!schema_read(compiler->reader, pointer))
		fault(compiler, "schema", "%s", schema_reader_fault(compiler->reader));
}

static void check_example(struct compiler *compiler, size_t index, const char *word, const json_t *example)
{
	struct schema_errors errors;

	schema_errors_init(&errors);
	if (!schema_validate(schema_reader_schema(compiler->reader, index), example, &errors))
		fault(compiler, schema_reader_pointer(compiler->reader, index),
		      "%s does not meet its own schema: \"%s\" %s", word, errors.count ? errors.items[0].pointer : "",
		      errors.count ? errors.items[0].detail : "");
	schema_errors_release(&errors);
}

static void check_examples(struct compiler *compiler, size_t index)
{
	const json_t *json = reader_resolve(compiler->document, schema_reader_pointer(compiler->reader, index));
	const json_t *examples = json_object_get(json, "examples");
	const json_t *standard = json_object_get(json, "default");
	size_t i;
	json_t *example;

	if (examples && !json_is_array(examples))
		fault(compiler, schema_reader_pointer(compiler->reader, index), "examples must be a list");
	json_array_foreach (examples, i, example)
		check_example(compiler, index, "an example", example);
	if (standard)
		check_example(compiler, index, "the default", standard);
}

void schemas_read(struct compiler *compiler)
{
	size_t before = compiler->faults;

	places_schemas(compiler->document, schema_try, compiler);
	if (compiler->faults > before)
		return;
	places_schemas(compiler->document, schema_keep, compiler);
	for (size_t i = 0; i < schema_reader_count(compiler->reader); i++)
		check_examples(compiler, i);
}

static bool is_short_format(const struct schema *schema)
{
	return schema->format == FORMAT_DATE || schema->format == FORMAT_UUID;
}

static void check_bounds(struct compiler *compiler, const struct schema *schema, bool part_of_all)
{
	const char *place = schema_reader_pointer(compiler->reader, schema_reader_index(compiler->reader, schema));
	bool combined = schema->ref || schema->all_count || schema->any_count || schema->one_count;

	if (schema->refuses_all || schema->has_values || schema->constant)
		return;
	if (!schema->types && !combined && !part_of_all)
		fault(compiler, place, "is in a request and takes anything; give it a type");
	if (schema->types & SCHEMA_STRING && schema->max_length == SCHEMA_NO_LIMIT && !is_short_format(schema) &&
	    !combined)
		fault(compiler, place, "is text in a request; give it maxLength");
	if (schema->types & SCHEMA_ARRAY && schema->max_items == SCHEMA_NO_LIMIT)
		fault(compiler, place, "is a list in a request; give it maxItems");
	if (schema->types & SCHEMA_OBJECT && !schema->additional_properties && !part_of_all)
		fault(compiler, place, "is an object in a request; give it additionalProperties");
}

static void check_request(struct compiler *compiler, const struct schema *schema, bool part_of_all, bool *seen)
{
	size_t index;

	if (!schema)
		return;
	index = schema_reader_index(compiler->reader, schema);
	if (seen[index])
		return;
	seen[index] = true;
	check_bounds(compiler, schema, part_of_all);
	check_request(compiler, schema->ref, part_of_all, seen);
	check_request(compiler, schema->items, false, seen);
	for (size_t i = 0; i < schema->property_count; i++)
		check_request(compiler, schema->properties[i].schema, part_of_all, seen);
	for (size_t i = 0; i < schema->all_count; i++)
		check_request(compiler, schema->all_of[i], true, seen);
	for (size_t i = 0; i < schema->any_count; i++)
		check_request(compiler, schema->any_of[i], part_of_all || schema->property_count, seen);
	for (size_t i = 0; i < schema->one_count; i++)
		check_request(compiler, schema->one_of[i], part_of_all || schema->property_count, seen);
	if (schema->additional_properties)
		check_request(compiler, schema->additional_properties, false, seen);
}

void schema_check_request(struct compiler *compiler, const struct schema *schema)
{
	bool *seen = keep(NULL, schema_reader_count(compiler->reader), sizeof(*seen));

	check_request(compiler, schema, false, seen);
}
