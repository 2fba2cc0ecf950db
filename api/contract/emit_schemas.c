#include <math.h>
#include <string.h>

#include "api/contract/compiler.h"

/* Octal escapes end after three digits, hexadecimal ones do not; a question mark might begin a trigraph. */
void emit_string(FILE *out, const char *bytes, size_t length)
{
	fputc('"', out);
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)bytes[i];

		if (c == '"' || c == '\\' || c == '?')
			fprintf(out, "\\%c", c);
		else if (c < ' ' || c > '~')
			fprintf(out, "\\%03o", c);
		else
			fputc(c, out);
		if (i % 96 == 95)
			fputs("\"\n\"", out);
	}
	fputc('"', out);
}

static void emit_integer(FILE *out, int64_t value)
{
	if (value == INT64_MIN)
		fputs("INT64_MIN", out);
	else
		fprintf(out, "INT64_C(%lld)", (long long)value);
}

/* Values get a table for each list, innermost first; `tables` counts them. Returns the number of the table. */
static size_t emit_values(FILE *out, const struct schema_value *values, size_t count, size_t *tables)
{
	size_t *children = keep(NULL, count, sizeof(*children));
	size_t table;

	for (size_t i = 0; i < count; i++)
		if (values[i].type == SCHEMA_ARRAY || values[i].type == SCHEMA_OBJECT)
			children[i] = emit_values(out, values[i].values, values[i].count, tables);
	table = (*tables)++;
	for (size_t i = 0; i < count; i++) {
		if (values[i].type != SCHEMA_OBJECT)
			continue;
		fprintf(out, "static const char *const names_%zu_%zu[] = {", table, i);
		for (size_t j = 0; j < values[i].count; j++) {
			emit_string(out, values[i].names[j], strlen(values[i].names[j]));
			fputs(", ", out);
		}
		fputs("NULL};\n", out);
	}
	fprintf(out, "static const struct schema_value values_%zu[] = {\n", table);
	for (size_t i = 0; i < count; i++) {
		const struct schema_value *value = &values[i];

		fprintf(out, "\t{.type = %u, .boolean = %d, .integer = ", value->type, value->boolean);
		emit_integer(out, value->integer);
		fprintf(out, ", .number = %a, .count = %zu", value->number, value->count);
		if (value->type == SCHEMA_STRING) {
			fputs(", .string = ", out);
			emit_string(out, value->string, value->count);
		} else if (value->type == SCHEMA_ARRAY || value->type == SCHEMA_OBJECT) {
			fprintf(out, ", .values = values_%zu", children[i]);
			if (value->type == SCHEMA_OBJECT)
				fprintf(out, ", .names = names_%zu_%zu", table, i);
		}
		fputs("},\n", out);
	}
	fputs("\t{.type = 0},\n};\n", out);
	return table;
}

static void emit_list(const struct compiler *compiler, FILE *out, const char *word, size_t index,
		      const struct schema *const *list, size_t count)
{
	if (!count)
		return;
	fprintf(out, "static const struct schema *const %s_%zu[] = {", word, index);
	for (size_t i = 0; i < count; i++)
		fprintf(out, "%s&schemas[%zu]", i ? ", " : "", schema_reader_index(compiler->reader, list[i]));
	fputs("};\n", out);
}

static void emit_members(const struct compiler *compiler, FILE *out, size_t index, const struct schema *schema)
{
	if (schema->required_count) {
		fprintf(out, "static const char *const required_%zu[] = {", index);
		for (size_t i = 0; i < schema->required_count; i++) {
			emit_string(out, schema->required[i], strlen(schema->required[i]));
			fputs(", ", out);
		}
		fputs("};\n", out);
	}
	if (schema->property_count) {
		fprintf(out, "static const struct schema_property properties_%zu[] = {\n", index);
		for (size_t i = 0; i < schema->property_count; i++) {
			fputs("\t{", out);
			emit_string(out, schema->properties[i].name, strlen(schema->properties[i].name));
			fprintf(out, ", &schemas[%zu]},\n",
				schema_reader_index(compiler->reader, schema->properties[i].schema));
		}
		fputs("};\n", out);
	}
	emit_list(compiler, out, "all", index, schema->all_of, schema->all_count);
	emit_list(compiler, out, "any", index, schema->any_of, schema->any_count);
	emit_list(compiler, out, "one", index, schema->one_of, schema->one_count);
}

static void emit_number(FILE *out, const char *name, const struct schema_number *number)
{
	if (!number->present)
		return;
	fprintf(out, ", .%s = {.present = true, .is_integer = %s, .integer = ", name,
		number->is_integer ? "true" : "false");
	emit_integer(out, number->integer);
	fprintf(out, ", .number = %a}", number->number);
}

static void emit_counts(FILE *out, const struct schema *schema)
{
	const struct {
		const char *name;
		size_t count;
	} counts[] = {{"min_length", schema->min_length},         {"max_length", schema->max_length},
		      {"min_items", schema->min_items},           {"max_items", schema->max_items},
		      {"min_properties", schema->min_properties}, {"max_properties", schema->max_properties}};

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		if (counts[i].count == SCHEMA_NO_LIMIT)
			fprintf(out, ", .%s = SCHEMA_NO_LIMIT", counts[i].name);
		else if (counts[i].count)
			fprintf(out, ", .%s = %zu", counts[i].name, counts[i].count);
	}
}

static void emit_link(const struct compiler *compiler, FILE *out, const char *name, const struct schema *schema)
{
	if (schema)
		fprintf(out, ", .%s = &schemas[%zu]", name, schema_reader_index(compiler->reader, schema));
}

static void emit_schema(const struct compiler *compiler, FILE *out, size_t index, const size_t *tables,
			const size_t *patterns)
{
	const struct schema *schema = schema_reader_schema(compiler->reader, index);

	fprintf(out, "\t[%zu] = {.types = %u, .format = %u", index, schema->types, schema->format);
	if (schema->refuses_all)
		fputs(", .refuses_all = true", out);
	if (schema->unique_items)
		fputs(", .unique_items = true", out);
	emit_counts(out, schema);
	emit_number(out, "minimum", &schema->minimum);
	emit_number(out, "maximum", &schema->maximum);
	emit_number(out, "exclusive_minimum", &schema->exclusive_minimum);
	emit_number(out, "exclusive_maximum", &schema->exclusive_maximum);
	emit_number(out, "multiple_of", &schema->multiple_of);
	if (schema->has_values)
		fprintf(out, ", .has_values = true, .values = values_%zu, .value_count = %zu", tables[2 * index],
			schema->value_count);
	if (schema->constant)
		fprintf(out, ", .constant = values_%zu", tables[2 * index + 1]);
	if (schema->pattern)
		fprintf(out, ", .pattern = &contract_patterns[%zu]", patterns[index]);
	if (schema->required_count)
		fprintf(out, ", .required = required_%zu, .required_count = %zu", index, schema->required_count);
	if (schema->property_count)
		fprintf(out, ", .properties = properties_%zu, .property_count = %zu", index, schema->property_count);
	if (schema->all_count)
		fprintf(out, ", .all_of = all_%zu, .all_count = %zu", index, schema->all_count);
	if (schema->any_count)
		fprintf(out, ", .any_of = any_%zu, .any_count = %zu", index, schema->any_count);
	if (schema->one_count)
		fprintf(out, ", .one_of = one_%zu, .one_count = %zu", index, schema->one_count);
	emit_link(compiler, out, "additional_properties", schema->additional_properties);
	emit_link(compiler, out, "items", schema->items);
	emit_link(compiler, out, "ref", schema->ref);
	emit_link(compiler, out, "not_schema", schema->not_schema);
	fputs("},\n", out);
}

/* Patterns are numbered in the order of the schemas. */
static void emit_patterns(const struct compiler *compiler, FILE *out, size_t *numbers)
{
	size_t count = 0;

	fputs("struct schema_pattern contract_patterns[] = {\n", out);
	for (size_t i = 0; i < schema_reader_count(compiler->reader); i++) {
		const struct schema_pattern *pattern = schema_reader_schema(compiler->reader, i)->pattern;

		if (!pattern)
			continue;
		numbers[i] = count++;
		fputs("\t{", out);
		emit_string(out, pattern->text, strlen(pattern->text));
		fputs(", NULL},\n", out);
	}
	fprintf(out, "\t{NULL, NULL},\n};\nconst size_t contract_pattern_count = %zu;\n\n", count);
}

void emit_schemas(const struct compiler *compiler, FILE *out)
{
	size_t count = schema_reader_count(compiler->reader);
	size_t *tables = keep(NULL, 2 * count, sizeof(*tables));
	size_t *patterns = keep(NULL, count, sizeof(*patterns));
	size_t table = 0;

	emit_patterns(compiler, out, patterns);
	fprintf(out, "static const struct schema schemas[%zu];\n\n", count + 1);
	for (size_t i = 0; i < count; i++) {
		const struct schema *schema = schema_reader_schema(compiler->reader, i);

		emit_members(compiler, out, i, schema);
		if (schema->has_values)
			tables[2 * i] = emit_values(out, schema->values, schema->value_count, &table);
		if (schema->constant)
			tables[2 * i + 1] = emit_values(out, schema->constant, 1, &table);
	}
	fprintf(out, "static const struct schema schemas[%zu] = {\n", count + 1);
	for (size_t i = 0; i < count; i++)
		emit_schema(compiler, out, i, tables, patterns);
	fputs("};\n\n", out);
}
