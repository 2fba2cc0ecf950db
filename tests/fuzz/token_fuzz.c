/*
 * Page tokens and other seals. The input is a token that somebody made up, or (first byte odd) a way to change a good
 * one: nothing but the good one opens, and it opens to what it was made of.
 */
#include "api/contract.h"
#include "api/reply/page_token.h"
#include "api/request/request.h"
#include "tests/fuzz/fuzz.h"

#define HOLDER "0191b2a4-5c3e-7f00-8a1b-2c3d4e5f6071"

static struct seal *seal;
static const struct contract_operation *list;

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
	(void)count;
	(void)arguments;
	seal = seal_new("a:0123456789abcdef0123456789abcdef,b:fedcba9876543210fedcba9876543210");
	for (size_t i = 0; i < contract_operation_count; i++)
		if (request_parameter(&contract_operations[i], IN_QUERY, "page_token") >= 0)
			list = &contract_operations[i];
	return seal && list ? 0 : 1;
}

static void open_changed(const uint8_t *data, size_t size)
{
	char *values[REQUEST_PARAMETERS] = {NULL};
	char *good = page_token_new(seal, list, values, HOLDER, "[\"2027-01-15\",\"x\"]");
	PROMISED(good);
	char *token = strdup(good);
	PROMISED(token);
	for (size_t i = 0; i + 1 < size; i += 2) {
		size_t at = data[i] % (strlen(token) + 1);
		if (data[i + 1] == 0 || token[at] == '\0')
			token[at] = '\0';
		else
			token[at] = (char)data[i + 1];
	}
	char *opened = page_token_open(seal, list, values, HOLDER, token);
	PROMISED((opened != NULL) == (strcmp(token, good) == 0));
	PROMISED(!opened || strcmp(opened, "[\"2027-01-15\",\"x\"]") == 0);
	free(opened);
	free(token);
	free(good);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *values[REQUEST_PARAMETERS] = {NULL};
	struct text out;
	if (size == 0)
		return 0;
	if (data[0] & 1) {
		open_changed(data + 1, size - 1);
		return 0;
	}
	char *token = fuzz_text(data + 1, size - 1);
	PROMISED(!page_token_open(seal, list, values, HOLDER, token));
	text_init(&out, KEPT_SEAL_BYTES);
	PROMISED(!seal_open(seal, SEAL_PURPOSE_ENDPOINT, "a row", token, &out) && out.length == 0);
	text_release(&out);
	free(token);
	return 0;
}
