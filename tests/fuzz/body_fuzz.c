/* A request body: parsed, then judged by the schema of an operation that takes one (chosen by the first byte). */
#include "api/contract.h"
#include "api/request/body.h"
#include "api/schema/schema.h"
#include "kept/text.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
	(void)count;
	(void)arguments;
	return contract_start() ? 0 : 1;
}

static const struct schema *chosen(uint8_t byte)
{
	size_t bodies = 0;
	for (size_t i = 0; i < contract_operation_count; i++)
		bodies += contract_operations[i].body != NULL;
	size_t left = byte % bodies;
	for (size_t i = 0; i < contract_operation_count; i++)
		if (contract_operations[i].body && left-- == 0)
			return contract_operations[i].body;
	return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct body_fault fault;
	struct schema_errors errors;
	if (size == 0)
		return 0;
	char *text = fuzz_text(data + 1, size - 1);
	json_t *body = body_parse(text, size - 1, &fault);
	if (!body) {
		PROMISED(fault.status >= 400 && text_is_utf8(fault.detail, strlen(fault.detail)) && fault.detail[0]);
		free(text);
		return 0;
	}
	PROMISED(json_is_object(body));
	schema_errors_init(&errors);
	bool valid = schema_validate(chosen(data[0]), body, &errors);
	PROMISED(valid == (errors.count == 0));
	PROMISED(valid == schema_validate(chosen(data[0]), body, NULL));
	for (size_t i = 0; i < errors.count; i++)
		PROMISED(text_is_utf8(errors.items[i].pointer, strlen(errors.items[i].pointer)) &&
			 errors.items[i].detail[0]);
	/* What was taken is still the same when it is written and read again, as the statement gets it. */
	char *written = json_dumps(body, JSON_COMPACT);
	json_t *again = written ? json_loads(written, JSON_REJECT_DUPLICATES, NULL) : NULL;
	PROMISED(!written || json_equal(body, again));
	json_decref(again);
	free(written);
	schema_errors_release(&errors);
	json_decref(body);
	free(text);
	return 0;
}
