/* The two headers that proxies tell a client's address in: see client_address.h. */
#include <string.h>
#include <strings.h>

#include "api/limits/client_address.h"

/* What the hops read so far, from the left, come to. */
struct chain {
	enum { CHAIN_EMPTY, CHAIN_KNOWN, CHAIN_TRUSTED, CHAIN_BROKEN } state;
	struct client_address client;
};

/* A hop that nobody can read, or that hides: what stands left of it is anybody's word. */
static void chain_break(struct chain *chain)
{
	chain->state = CHAIN_BROKEN;
}

static void chain_add(struct chain *chain, const struct client_proxies *proxies, const char *text, size_t length)
{
	struct client_address address;
	if (!client_address_read(&address, text, length)) {
		chain_break(chain);
	} else if (!client_proxies_trust(proxies, &address)) {
		chain->client = address;
		chain->state = CHAIN_KNOWN;
	} else if (chain->state == CHAIN_EMPTY) {
		/* Counts only if nobody untrusted follows. */
		chain->client = address;
		chain->state = CHAIN_TRUSTED;
	}
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t';
}

static void trim(const char **text, size_t *length)
{
	for (; *length > 0 && is_space(**text); ++*text, --*length)
		;
	for (; *length > 0 && is_space((*text)[*length - 1]); --*length)
		;
}

/* The length of what stands before `stop` or `also` outside of quotes. */
static size_t part_length(const char *text, size_t length, char stop, char also)
{
	bool quoted = false;
	size_t i = 0;
	for (; i < length; i++) {
		if (text[i] == '"')
			quoted = !quoted;
		else if (quoted && text[i] == '\\')
			i++;
		else if (!quoted && (text[i] == stop || text[i] == also))
			break;
	}
	return i < length ? i : length;
}

static void x_forwarded_for(struct chain *chain, const struct client_proxies *proxies, const char *value)
{
	for (size_t length; *value; value += length + (value[length] == ',')) {
		length = strcspn(value, ",");
		const char *hop = value;
		size_t size = length;
		trim(&hop, &size);
		if (size > 0)
			chain_add(chain, proxies, hop, size);
	}
}

/* One element: pairs separated by semicolons, of which exactly one is `for`. */
static void forwarded_hop(struct chain *chain, const struct client_proxies *proxies, const char *hop, size_t size)
{
	const char *found = NULL;
	size_t found_length = 0;
	int times = 0;
	while (size > 0) {
		size_t length = part_length(hop, size, ';', ';'), pair_length = length;
		const char *pair = hop;
		hop += length;
		size -= length;
		if (size > 0)
			hop++, size--;
		trim(&pair, &pair_length);
		if (pair_length < 4 || strncasecmp(pair, "for=", 4) != 0)
			continue;
		times++;
		found = pair + 4;
		found_length = pair_length - 4;
	}
	if (found_length >= 2 && found[0] == '"' && found[found_length - 1] == '"') {
		found++;
		found_length -= 2;
	}
	if (times == 1)
		chain_add(chain, proxies, found, found_length);
	else
		chain_break(chain);
}

static void forwarded(struct chain *chain, const struct client_proxies *proxies, const char *value)
{
	size_t left = strlen(value);
	while (left > 0) {
		size_t length = part_length(value, left, ',', ','), size = length;
		const char *hop = value;
		value += length;
		left -= length;
		if (left > 0)
			value++, left--;
		trim(&hop, &size);
		if (size > 0)
			forwarded_hop(chain, proxies, hop, size);
	}
}

struct client_address client_address_forwarded(const struct client_proxies *proxies, const struct client_address *peer,
					       const char *x_forwarded_for_value, const char *forwarded_value)
{
	struct chain x = {.state = CHAIN_EMPTY}, standard = {.state = CHAIN_EMPTY};
	if (!client_proxies_trust(proxies, peer))
		return *peer;
	if (x_forwarded_for_value)
		x_forwarded_for(&x, proxies, x_forwarded_for_value);
	if (forwarded_value)
		forwarded(&standard, proxies, forwarded_value);
	if (x.state == CHAIN_BROKEN || standard.state == CHAIN_BROKEN)
		return *peer;
	if (x.state == CHAIN_EMPTY)
		return standard.state == CHAIN_EMPTY ? *peer : standard.client;
	if (standard.state != CHAIN_EMPTY && !client_address_equal(&x.client, &standard.client))
		return *peer;
	return x.client;
}
