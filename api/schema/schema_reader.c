#include <stdlib.h>
#include <string.h>

#include "api/schema/schema_read_private.h"

#define POINTER_BYTES 2048

struct schema_reader *schema_reader_new(json_t *document)
{
	struct schema_reader *reader = calloc(1, sizeof(*reader));

	if (reader)
		reader->document = json_incref(document);
	return reader;
}

void schema_reader_take_any_format(struct schema_reader *reader)
{
	reader->any_format = true;
}

void schema_reader_free(struct schema_reader *reader)
{
	if (!reader)
		return;
	while (reader->blocks) {
		struct reader_block *next = reader->blocks->next;

		free(reader->blocks);
		reader->blocks = next;
	}
	free(reader->entries);
	json_decref(reader->document);
	free(reader);
}

const char *schema_reader_fault(const struct schema_reader *reader)
{
	return reader->fault;
}

size_t schema_reader_count(const struct schema_reader *reader)
{
	return reader->count;
}

const struct schema *schema_reader_schema(const struct schema_reader *reader, size_t index)
{
	return reader->entries[index].schema;
}

const char *schema_reader_pointer(const struct schema_reader *reader, size_t index)
{
	return reader->entries[index].pointer;
}

size_t schema_reader_index(const struct schema_reader *reader, const struct schema *schema)
{
	size_t index = 0;

	while (index < reader->count && reader->entries[index].schema != schema)
		index++;
	return index;
}

char *reader_pointer(struct schema_reader *reader, const char *pointer, const char *name)
{
	struct text text;
	char *copy = NULL;

	text_init(&text, POINTER_BYTES);
	text_adds(&text, pointer);
	text_adds(&text, "/");
	for (const char *c = name; *c; c++)
		text_add(&text, *c == '~' ? "~0" : *c == '/' ? "~1" : c, *c == '~' || *c == '/' ? 2 : 1);
	if (!text_ok(&text))
		reader_fail(reader, pointer, "is nested too deep");
	else if ((copy = reader_memory(reader, text.length + 1, 1)))
		memcpy(copy, text.bytes, text.length);
	text_release(&text);
	return copy;
}

/* One reference token (RFC 6901, section 4); `at` moves behind it. False: too long or a bad escape. */
static bool token_read(const char **at, char *token, size_t room)
{
	size_t length = 0;

	for (; **at && **at != '/'; (*at)++) {
		char c = **at;

		if (c == '~') {
			(*at)++;
			if (**at != '0' && **at != '1')
				return false;
			c = **at == '0' ? '~' : '/';
		}
		if (length + 1 >= room)
			return false;
		token[length++] = c;
	}
	token[length] = '\0';
	return true;
}

const json_t *reader_resolve(const json_t *document, const char *pointer)
{
	char token[POINTER_BYTES];

	while (document && *pointer) {
		if (*pointer++ != '/' || !token_read(&pointer, token, sizeof(token)))
			return NULL;
		if (json_is_array(document)) {
			size_t digits = strspn(token, "0123456789");

			if (digits == 0 || digits > 9 || token[digits] || (digits > 1 && token[0] == '0'))
				return NULL;
			document = json_array_get(document, strtoul(token, NULL, 10));
		} else {
			document = json_object_get(document, token);
		}
	}
	return document;
}
