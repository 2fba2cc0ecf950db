/* A request target: what the guard lets through is a plain path, and finds an operation whose values fit, or none. */
#include "api/contract.h"
#include "api/request/guard.h"
#include "api/request/request.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
	(void)count;
	(void)arguments;
	return contract_start() ? 0 : 1;
}

static void look_up(const char *method, const char *path)
{
	char *values[REQUEST_PARAMETERS] = {NULL};
	struct contract_match match;
	contract_match(method, path, &match);
	PROMISED(match.operation || match.status == 404 || (match.status == 405 && match.allow));
	if (match.operation && request_path(&match, values))
		for (int i = 0; i < match.value_count; i++)
			PROMISED(values[i] && !strpbrk(values[i], "/?#%\\ \r\n"));
	for (int i = 0; i < REQUEST_PARAMETERS; i++)
		free(values[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const methods[] = {"GET", "HEAD", "POST", "PATCH", "DELETE", "OPTIONS", "PUT"};
	const char *start = NULL;
	char *target = fuzz_text(data, size);
	struct guard_fault fault = guard_target(target, &start);
	if (!fault.code) {
		char *path = strndup(start, strcspn(start, "?"));
		PROMISED(path && path[0] == '/' && !strstr(path, "//") && !strstr(path, "/../") &&
			 !strstr(path, "/./"));
		for (const char *c = path; *c; c++)
			PROMISED((unsigned char)*c > ' ' && *c != 0x7f && *c != '\\');
		for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
			look_up(methods[i], path);
		free(path);
	} else {
		PROMISED(fault.detail && fault.detail[0]);
	}
	size_t length = 0;
	if (guard_unescape(target, &length))
		PROMISED(strlen(target) == length && length <= size && text_is_utf8(target, length));
	free(target);
	return 0;
}
