/* A query of an operation (chosen by the first byte): what was taken is written and read back as the same. */
#include "api/contract.h"
#include "api/request/request.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
	(void)count;
	(void)arguments;
	return contract_start() ? 0 : 1;
}

static bool take(const struct contract_operation *operation, char *query, char **values)
{
	struct problem_errors errors;
	problem_errors_init(&errors);
	bool taken = request_query(operation, query, values, &errors);
	if (taken)
		PROMISED(errors.count == 0);
	else
		PROMISED(errors.count > 0 && text_is_utf8(errors.items.bytes, errors.items.length));
	problem_errors_release(&errors);
	return taken;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *values[REQUEST_PARAMETERS] = {NULL}, *again[REQUEST_PARAMETERS] = {NULL};
	if (size == 0)
		return 0;
	const struct contract_operation *operation = &contract_operations[data[0] % contract_operation_count];
	char *query = fuzz_text(data + 1, size - 1);
	if (take(operation, query, values)) {
		struct text written;
		text_init(&written, 1024 * 1024);
		request_query_write(operation, values, "none of them", &written);
		PROMISED(text_ok(&written));
		char *copy = fuzz_text((const uint8_t *)(written.bytes ? written.bytes : ""), written.length);
		PROMISED(take(operation, copy, again));
		for (int i = 0; i < operation->parameter_count; i++) {
			if (operation->parameters[i].in != IN_QUERY)
				continue;
			PROMISED((values[i] == NULL) == (again[i] == NULL));
			PROMISED(!values[i] || strcmp(values[i], again[i]) == 0);
			PROMISED(!values[i] || text_is_utf8(values[i], strlen(values[i])));
		}
		free(copy);
		text_release(&written);
	}
	for (int i = 0; i < REQUEST_PARAMETERS; i++) {
		free(values[i]);
		free(again[i]);
	}
	free(query);
	return 0;
}
