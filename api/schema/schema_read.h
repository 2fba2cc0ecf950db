/*
 * schema_read.h: makes schemas from JSON, for build/contract, tests and tools; the services only use constant tables.
 *
 * A reader owns the schemas that it read. `$ref` is a fragment ("#", "#/components/schemas/Person", "#/$defs/name") of
 * the one document, also behind the document's own $id. Unknown keywords and formats, patterns beyond schema_pattern.h,
 * values of the wrong type, numbers beyond schema_decimal.h, references into an embedded document (a schema with an $id
 * of its own) and schemas that refer to themselves without end are faults. Told only, and not judged: title description
 * default examples deprecated readOnly writeOnly contentEncoding contentMediaType contentSchema $comment $defs
 * definitions $schema $id ($id and $schema only at the top of the document).
 */
#ifndef API_SCHEMA_READ_H
#define API_SCHEMA_READ_H

#include "api/schema/schema.h"

struct schema_reader;

/* Keeps a reference to the document, which must not change. NULL: no memory. */
struct schema_reader *schema_reader_new(json_t *document) __attribute__((warn_unused_result));
/* From now on a format that Kept does not know is told only. */
void schema_reader_take_any_format(struct schema_reader *reader);
/* Frees the schemas too. Accepts NULL. */
void schema_reader_free(struct schema_reader *reader);

/* The schema at that JSON pointer ("" is the whole document), with all that it refers to. NULL: a fault. */
const struct schema *schema_read(struct schema_reader *reader, const char *pointer) __attribute__((warn_unused_result));
/* What was wrong: "/properties/name/minLength: must be a whole number". */
const char *schema_reader_fault(const struct schema_reader *reader);

/* All schemas and patterns read so far, each with the index that it keeps. */
size_t schema_reader_count(const struct schema_reader *reader);
const struct schema *schema_reader_schema(const struct schema_reader *reader, size_t index);
/* The JSON pointer of the schema at this index. */
const char *schema_reader_pointer(const struct schema_reader *reader, size_t index);
size_t schema_reader_index(const struct schema_reader *reader, const struct schema *schema);

#endif
