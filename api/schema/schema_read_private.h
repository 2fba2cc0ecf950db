/*
 * schema_read_private.h: what the two halves of the reader share: memory, faults, and small values.
 */
#ifndef API_SCHEMA_READ_PRIVATE_H
#define API_SCHEMA_READ_PRIVATE_H

#include "api/schema/schema_read.h"
#include "kept/text.h"

#define READER_FAULT_BYTES 400
/* Deepest nesting of a schema. */
#define READER_DEPTH 64

/* A block of memory that lives as long as the reader. */
struct reader_block {
	struct reader_block *next;
	max_align_t bytes[];
};

struct reader_entry {
	char *pointer; /* in a block */
	struct schema *schema;
	uint8_t color; /* of the search for endless references: 0 new, 1 open, 2 done */
};

struct schema_reader {
	json_t *document;
	struct reader_block *blocks;
	struct reader_entry *entries;
	size_t count;
	size_t room;
	int depth;
	bool any_format;
	char fault[READER_FAULT_BYTES];
};

/* Zeroed memory of the reader; NULL: no memory, told as fault. */
void *reader_memory(struct schema_reader *reader, size_t count, size_t size);
/* Sets the fault, if none is set yet; always false. */
bool reader_fail(struct schema_reader *reader, const char *pointer, const char *detail);
/* Copies a JSON value into constants. */
bool reader_value(struct schema_reader *reader, const char *pointer, const json_t *json, struct schema_value *value);
/* "pointer/name", escaped, in the reader's memory. */
char *reader_pointer(struct schema_reader *reader, const char *pointer, const char *name);
/* The value at a JSON pointer, or NULL. */
const json_t *reader_resolve(const json_t *document, const char *pointer);
/* Reads the keywords that hold no schema. 1: it was one, 0: it is none, -1: a fault. */
int reader_plain_keyword(struct schema_reader *reader, const char *pointer, const char *keyword, const json_t *value,
			 struct schema *schema);

#endif
