/*
 * Judges any document by any schema with the engine of the API: validate SCHEMA DOCUMENT (two files).
 * Exit 0: valid. 1: not valid; each line of standard output is a JSON pointer, a tab, and what is wrong. 2: the schema
 * uses what Kept does not support, or a file cannot be read; standard error says so in one line.
 * Formats that Kept does not know are annotations; the ones it knows are asserted.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/schema/schema_read.h"
#include "tests/schema/json.h"

#define FILE_BYTES (16 * 1024 * 1024)

/* The whole file with a NUL behind it, or NULL. */
static char *file_read(const char *path, size_t *length)
{
	FILE *file = fopen(path, "rb");
	char *bytes = file ? malloc(FILE_BYTES + 1) : NULL;

	*length = bytes ? fread(bytes, 1, FILE_BYTES + 1, file) : 0;
	if (bytes && (ferror(file) || *length > FILE_BYTES)) {
		free(bytes);
		bytes = NULL;
	}
	if (bytes)
		bytes[*length] = '\0';
	if (file)
		fclose(file);
	return bytes;
}

static json_t *json_of_file(const char *path)
{
	struct json_fault fault;
	size_t length;
	char *bytes = file_read(path, &length);
	json_t *json = bytes ? json_read_exact(bytes, length, &fault) : NULL;

	if (!bytes)
		fprintf(stderr, "%s: cannot be read, or has over %d bytes\n", path, FILE_BYTES);
	else if (!json)
		fprintf(stderr, "%s: %s\n", path, fault.words);
	free(bytes);
	return json;
}

/* One line whatever the names and constants hold. */
static void line_print(const char *pointer, const char *detail)
{
	for (; *pointer; pointer++)
		putchar((unsigned char)*pointer < ' ' ? '?' : *pointer);
	putchar('\t');
	for (; *detail; detail++)
		putchar((unsigned char)*detail < ' ' ? '?' : *detail);
	putchar('\n');
}

static int judge(const struct schema *schema, const json_t *document)
{
	struct schema_errors errors;
	bool valid;

	schema_errors_init(&errors);
	valid = schema_validate(schema, document, &errors);
	for (size_t i = 0; i < errors.count; i++)
		line_print(errors.items[i].pointer, errors.items[i].detail);
	if (errors.more)
		line_print("", "there is more that is wrong");
	schema_errors_release(&errors);
	return valid ? 0 : 1;
}

int main(int count, char **words)
{
	struct schema_reader *reader = NULL;
	const struct schema *schema = NULL;
	json_t *rules, *document;
	int code = 2;

	if (count != 3) {
		fputs("usage: validate SCHEMA DOCUMENT\n", stderr);
		return 2;
	}
	rules = json_of_file(words[1]);
	document = rules ? json_of_file(words[2]) : NULL;
	if (document && (reader = schema_reader_new(rules))) {
		schema_reader_take_any_format(reader);
		schema = schema_read(reader, "");
	}
	if (schema)
		code = judge(schema, document);
	else if (reader)
		fprintf(stderr, "%s: %s\n", words[1], schema_reader_fault(reader));
	schema_reader_free(reader);
	json_decref(document);
	json_decref(rules);
	return code;
}
