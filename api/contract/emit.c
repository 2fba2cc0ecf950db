#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "api/contract/compiler.h"

static void emit_upper(FILE *out, const char *word)
{
	for (; *word; word++)
		fputc(toupper((unsigned char)*word), out);
}

static void emit_parameters(const struct compiler *compiler, FILE *out, size_t index)
{
	const struct operation *operation = &compiler->operations[index];

	if (!operation->parameter_count)
		return;
	fprintf(out, "static const struct contract_parameter parameters_%zu[] = {\n", index);
	for (size_t i = 0; i < operation->parameter_count; i++) {
		const struct parameter *parameter = &operation->parameters[i];

		fprintf(out, "\t{\"%s\", %s, %s, &schemas[%zu]},\n", parameter->name,
			parameter->in_path ? "IN_PATH" : "IN_QUERY", parameter->required ? "true" : "false",
			schema_reader_index(compiler->reader, parameter->schema));
	}
	fputs("};\n", out);
}

static void emit_columns(const struct compiler *compiler, FILE *out, size_t index)
{
	const struct operation *operation = &compiler->operations[index];

	if (!operation->column_count)
		return;
	fprintf(out, "static const char *const columns_%zu[] = {", index);
	for (size_t i = 0; i < operation->column_count; i++)
		fprintf(out, "%s\"%s\"", i ? ", " : "", operation->columns[i]);
	fputs("};\n", out);
}

static void emit_operation(const struct compiler *compiler, FILE *out, size_t index)
{
	const struct operation *operation = &compiler->operations[index];
	bool versioned = strcmp(operation->method, "patch") == 0 || strcmp(operation->method, "delete") == 0;

	fprintf(out, "\t{.id = \"%s\", .method = \"", operation->id);
	emit_upper(out, operation->method);
	fprintf(out, "\", .path = \"%s\", .roles = %u, .lane = %s", operation->path, operation->roles, operation->lane);
	if (operation->parameter_count)
		fprintf(out, ", .parameters = parameters_%zu, .parameter_count = %zu", index,
			operation->parameter_count);
	if (operation->body)
		fprintf(out, ", .body = &schemas[%zu], .body_required = %s, .body_type = \"%s\"",
			schema_reader_index(compiler->reader, operation->body),
			operation->body_required ? "true" : "false", operation->body_type);
	if (operation->takes_items)
		bulk_emit(compiler, out, operation);
	if (versioned)
		fputs(", .if_match_required = true", out);
	if (operation->column_count)
		fprintf(out, ", .columns = columns_%zu, .column_count = %zu", index, operation->column_count);
	if (operation->rows)
		fprintf(out, ", .rows = \"%s\"", operation->rows);
	if (operation->statement)
		fprintf(out, ", .statement = &statement_table[%zu] /* %s */", operation->statement_index,
			operation->statement);
	if (operation->enters)
		fprintf(out, ", .enters = \"%s\"", operation->enters);
	if (operation->before)
		fprintf(out, ", .before = hook_before_%s", operation->before);
	if (operation->after)
		fprintf(out, ", .after = hook_after_%s", operation->after);
	if (operation->produces)
		fprintf(out, ", .produces = hook_produces_%s", operation->produces);
	fputs("},\n", out);
}

static void emit_allow(const struct compiler *compiler, FILE *out, const struct node *node)
{
	fputs(", \"", out);
	for (size_t i = 0; i < node->operations; i++) {
		const char *method = compiler->operations[node->first + i].method;

		fputs(i ? ", " : "", out);
		emit_upper(out, method);
		fputs(strcmp(method, "get") == 0 ? ", HEAD" : "", out);
	}
	fputs("\"", out);
}

static void emit_nodes(const struct compiler *compiler, FILE *out)
{
	fputs("const struct contract_node contract_nodes[] = {\n", out);
	for (size_t i = 0; i < compiler->node_count; i++) {
		const struct node *node = &compiler->nodes[i];

		fputs("\t{", out);
		if (node->segment)
			emit_string(out, node->segment, node->length);
		else
			fputs("NULL", out);
		fprintf(out, ", %zu, %zu, %zu, %zu", node->child, node->next, node->first, node->operations);
		if (node->operations)
			emit_allow(compiler, out, node);
		else
			fputs(", NULL", out);
		fputs("},\n", out);
	}
	fputs("};\n\n", out);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void emit_components(const struct compiler *compiler, FILE *out)
{
	json_t *components = json_object_get(json_object_get(compiler->document, "components"), "schemas");
	size_t count = 0;
	const char **names = keep(NULL, json_object_size(components), sizeof(*names));
	const char *name;
	json_t *value;

	json_object_foreach (components, name, value)
		names[count++] = name;
	qsort(names, count, sizeof(*names), compare_names);
	fputs("const struct contract_schema contract_schemas[] = {\n", out);
	for (size_t i = 0; i < count; i++) {
		char *pointer = keep_pointer("/components/schemas", names[i]);
		const struct schema *schema = schema_read(compiler->reader, pointer);

		fprintf(out, "\t{\"%s\", &schemas[%zu]},\n", names[i], schema_reader_index(compiler->reader, schema));
	}
	fprintf(out, "\t{NULL, NULL},\n};\nconst size_t contract_schema_count = %zu;\n\n", count);
}

static char *document_bytes(const json_t *document)
{
	char *bytes = json_dumps(document, JSON_COMPACT);

	if (!bytes) {
		fprintf(stderr, "contract: no memory\n");
		exit(1);
	}
	return bytes;
}

void emit_document_alone(struct compiler *compiler, FILE *out)
{
	json_t *document = document_public(compiler);
	char *bytes = document_bytes(document);

	fputs(bytes, out);
	free(bytes);
	json_decref(document);
}

/* Takes the bytes. FNV-1a is enough to tell one build's text from another's. */
static void emit_text_take(FILE *out, const char *name, char *bytes)
{
	uint64_t digest = 0xcbf29ce484222325;

	for (const char *c = bytes; *c; c++)
		digest = (digest ^ (unsigned char)*c) * 0x100000001b3;
	fprintf(out, "const char %s[] =\n", name);
	emit_string(out, bytes, strlen(bytes));
	fprintf(out, ";\nconst size_t %s_length = %zu;\nconst char %s_tag[] = \"\\\"0-%016llx\\\"\";\n", name,
		strlen(bytes), name, (unsigned long long)digest);
	free(bytes);
}

static void emit_document(struct compiler *compiler, FILE *out)
{
	json_t *document = document_public(compiler);

	emit_text_take(out, "contract_document", document_bytes(document));
	emit_text_take(out, "contract_page", page_make(compiler, document, compiler->style));
	json_decref(document);
}

void emit(struct compiler *compiler, FILE *out)
{
	fputs("/* Made by build/contract from api/openapi/; do not change. */\n#include \"api/contract.h\"\n"
	      "#include \"api/contract_patterns.h\"\n\n",
	      out);
	emit_schemas(compiler, out);
	emit_components(compiler, out);
	for (size_t i = 0; i < compiler->operation_count; i++)
		emit_parameters(compiler, out, i);
	for (size_t i = 0; i < compiler->operation_count; i++)
		emit_columns(compiler, out, i);
	fputs("\nconst struct contract_operation contract_operations[] = {\n", out);
	for (size_t i = 0; i < compiler->operation_count; i++)
		emit_operation(compiler, out, i);
	fprintf(out, "\t{.id = NULL},\n};\nconst size_t contract_operation_count = %zu;\n\n",
		compiler->operation_count);
	emit_nodes(compiler, out);
	emit_document(compiler, out);
}
