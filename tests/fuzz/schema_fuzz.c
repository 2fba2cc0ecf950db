/* A schema and a document, with a NUL between them: read at run time, then judged. */
#include "api/schema/schema_read.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = size > 0 ? memchr(data, '\0', size) : NULL;
	if (!end)
		return 0;
	json_t *schema_json =
		json_loadb((const char *)data, (size_t)(end - data), JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
	json_t *document = json_loadb((const char *)end + 1, size - (size_t)(end - data) - 1,
				      JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
	struct schema_reader *reader = schema_json && document ? schema_reader_new(schema_json) : NULL;
	const struct schema *schema = reader ? schema_read(reader, "") : NULL;
	if (reader && !schema)
		PROMISED(schema_reader_fault(reader) && schema_reader_fault(reader)[0]);
	if (schema) {
		struct schema_errors errors;
		schema_errors_init(&errors);
		bool valid = schema_validate(schema, document, &errors);
		PROMISED(errors.no_memory || valid == (errors.count == 0));
		PROMISED(valid == schema_validate(schema, document, NULL));
		schema_errors_release(&errors);
	}
	schema_reader_free(reader);
	json_decref(schema_json);
	json_decref(document);
	return 0;
}
