/* Forwarded headers, two lines of text: whatever a trusted proxy sends, the client is one that was named, or the peer;
 * and from a stranger it is the stranger. */
#include "api/limits/client_address.h"
#include "tests/fuzz/fuzz.h"

/* True if the address stands in the text in some form: reading it again from there gives it back. */
static bool is_named(const char *text, const struct client_address *client)
{
	struct client_address found;
	for (const char *c = text; *c; c++)
		for (size_t length = 2; length <= 64 && length <= strlen(c); length++)
			if (client_address_read(&found, c, length) && client_address_equal(&found, client))
				return true;
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct client_address proxy = {CLIENT_ADDRESS_4, {10, 0, 0, 1}};
	static const struct client_address stranger = {CLIENT_ADDRESS_4, {192, 0, 2, 1}};
	struct client_proxies *proxies = client_proxies_new("10.0.0.0/8,fd00::/8");
	char *text = fuzz_text(data, size > 400 ? 400 : size), *second = strchr(text, '\n');
	if (second)
		*second++ = '\0';
	PROMISED(proxies != NULL);
	struct client_address client = client_address_forwarded(proxies, &proxy, text, second);
	PROMISED(client_address_equal(&client, &proxy) || is_named(text, &client) ||
		 (second && is_named(second, &client)));
	client = client_address_forwarded(proxies, &stranger, text, second);
	PROMISED(client_address_equal(&client, &stranger));
	client_proxies_free(proxies);
	free(text);
	return 0;
}
