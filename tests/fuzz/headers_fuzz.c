/* Header lines "name: value", as a client sends them: the guard, and each reader of a value. */
#include "api/request/guard.h"
#include "api/request/prefer.h"
#include "api/request/request.h"
#include "tests/fuzz/fuzz.h"

static void read_value(const char *value)
{
	char languages[KEPT_LANGUAGES_BYTES], key[KEPT_IDEMPOTENCY_KEY_BYTES + 1];
	struct prefer prefer;
	struct request_tags tags;
	if (request_languages(value, languages))
		PROMISED(strlen(languages) < sizeof(languages) && !strpbrk(languages, " ;\"'"));
	if (request_idempotency_key(value, key))
		PROMISED(key[0] && strlen(key) <= KEPT_IDEMPOTENCY_KEY_BYTES);
	if (request_if_match(value, &tags) == MATCH_VERSION)
		PROMISED(tags.count > 0 && tags.count <= REQUEST_TAGS && tags.versions[0] >= 0);
	(void)request_type_is(value, "application/json");
	const char *bearer = request_bearer(value);
	PROMISED(!bearer || (bearer >= value && bearer <= value + strlen(value)));
	memset(&prefer, 0, sizeof(prefer));
	prefer_read(value, &prefer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct guard_headers headers = {0};
	const uint8_t *line = data, *end = data + size;
	while (line < end) {
		const uint8_t *stop = memchr(line, '\n', (size_t)(end - line));
		stop = stop ? stop : end;
		const uint8_t *colon = memchr(line, ':', (size_t)(stop - line));
		colon = colon ? colon : stop;
		char *name = fuzz_text(line, (size_t)(colon - line));
		const uint8_t *from = colon < stop ? colon + 1 : stop;
		while (from < stop && *from == ' ')
			from++;
		char *value = fuzz_text(from, (size_t)(stop - from));
		guard_header(&headers, name, (size_t)(colon - line), value, (size_t)(stop - from));
		read_value(value);
		free(name);
		free(value);
		line = stop + 1;
	}
	struct guard_fault fault = guard_headers_end(&headers, "HTTP/1.1");
	if (!fault.code) {
		/* The framing of what is let through is beyond doubt. */
		PROMISED(headers.host == 1 && headers.content_length <= 1 && headers.transfer_encoding <= 1);
		PROMISED(!(headers.content_length && headers.transfer_encoding));
		PROMISED(!headers.transfer_encoding || headers.chunked);
	} else {
		PROMISED(fault.detail && fault.detail[0]);
	}
	return 0;
}
