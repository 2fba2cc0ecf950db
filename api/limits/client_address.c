#include "api/limits/client_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#define ENTRY_BYTES (INET6_ADDRSTRLEN + 4)
#define V4_MAPPED_BITS 96

struct network {
	struct client_address address;
	int prefix;
};

struct client_proxies {
	bool trusts_unix;
	size_t count;
	struct network networks[];
};

static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static struct client_address of_v4(const void *bytes)
{
	struct client_address address = {.kind = CLIENT_ADDRESS_4};
	memcpy(address.bytes, bytes, 4);
	return address;
}

static struct client_address of_v6(const uint8_t *bytes)
{
	struct client_address address = {.kind = CLIENT_ADDRESS_6};
	if (memcmp(bytes, mapped, sizeof(mapped)) == 0)
		return of_v4(bytes + sizeof(mapped));
	memcpy(address.bytes, bytes, 16);
	return address;
}

struct client_address client_address_of_peer(const struct sockaddr *peer)
{
	const struct client_address none = {.kind = CLIENT_ADDRESS_UNIX};
	if (!peer)
		return none;
	if (peer->sa_family == AF_INET) {
		struct sockaddr_in v4;
		memcpy(&v4, peer, sizeof(v4));
		return of_v4(&v4.sin_addr);
	}
	if (peer->sa_family == AF_INET6) {
		struct sockaddr_in6 v6;
		memcpy(&v6, peer, sizeof(v6));
		return of_v6(v6.sin6_addr.s6_addr);
	}
	return none;
}

static bool read_bare(struct client_address *address, const char *text, size_t length, int family)
{
	char copy[INET6_ADDRSTRLEN];
	uint8_t bytes[16];
	if (length >= sizeof(copy))
		return false;
	memcpy(copy, text, length);
	copy[length] = '\0';
	if (strlen(copy) != length || inet_pton(family, copy, bytes) != 1)
		return false;
	*address = family == AF_INET ? of_v4(bytes) : of_v6(bytes);
	return true;
}

/* Nothing, or a colon and a port. */
static bool is_port(const char *text, size_t length)
{
	if (length == 0)
		return true;
	if (length < 2 || length > 6 || text[0] != ':')
		return false;
	for (size_t i = 1; i < length; i++)
		if (text[i] < '0' || text[i] > '9')
			return false;
	return true;
}

bool client_address_read(struct client_address *address, const char *text, size_t length)
{
	const char *colon = memchr(text, ':', length);
	if (length > 0 && text[0] == '[') {
		const char *close = memchr(text, ']', length);
		return close && read_bare(address, text + 1, (size_t)(close - text) - 1, AF_INET6) &&
		       is_port(close + 1, length - (size_t)(close - text) - 1);
	}
	if (!colon)
		return read_bare(address, text, length, AF_INET);
	size_t before = (size_t)(colon - text);
	if (memchr(colon + 1, ':', length - before - 1))
		return read_bare(address, text, length, AF_INET6);
	return is_port(colon, length - before) && read_bare(address, text, before, AF_INET);
}

bool client_address_equal(const struct client_address *a, const struct client_address *b)
{
	return a->kind == b->kind && memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

struct client_address client_address_bucket(const struct client_address *address)
{
	struct client_address bucket = *address;
	if (bucket.kind == CLIENT_ADDRESS_6)
		memset(bucket.bytes + 8, 0, 8);
	return bucket;
}

bool client_address_is_this_host(const struct client_address *address)
{
	static const struct client_address v4 = {CLIENT_ADDRESS_4, {127, 0, 0, 1}};
	static const struct client_address v6 = {CLIENT_ADDRESS_6, {[15] = 1}};
	return client_address_equal(address, &v4) || client_address_equal(address, &v6);
}

bool client_address_is_inside(const struct client_address *address)
{
	const uint8_t *b = address->bytes;
	if (address->kind == CLIENT_ADDRESS_UNIX)
		return false;
	if (address->kind == CLIENT_ADDRESS_4)
		return b[0] == 127 || b[0] == 10 || (b[0] == 172 && (b[1] & 0xf0) == 16) ||
		       (b[0] == 192 && b[1] == 168) || (b[0] == 169 && b[1] == 254);
	return client_address_is_this_host(address) || (b[0] & 0xfe) == 0xfc || (b[0] == 0xfe && (b[1] & 0xc0) == 0x80);
}

static bool contains(const struct network *network, const struct client_address *address)
{
	if (network->address.kind != address->kind)
		return false;
	int whole = network->prefix / 8, rest = network->prefix % 8;
	return memcmp(network->address.bytes, address->bytes, (size_t)whole) == 0 &&
	       (rest == 0 || (network->address.bytes[whole] ^ address->bytes[whole]) >> (8 - rest) == 0);
}

bool client_proxies_trust(const struct client_proxies *proxies, const struct client_address *address)
{
	if (address->kind == CLIENT_ADDRESS_UNIX)
		return proxies->trusts_unix;
	for (size_t i = 0; i < proxies->count; i++)
		if (contains(&proxies->networks[i], address))
			return true;
	return false;
}

/* One entry of the list, which is well-formed. */
static void add_entry(struct client_proxies *proxies, const char *entry, size_t length)
{
	struct network *network = &proxies->networks[proxies->count];
	const char *slash = memchr(entry, '/', length);
	size_t address = slash ? (size_t)(slash - entry) : length;
	bool six = memchr(entry, ':', address) != NULL;
	if (length == 4 && memcmp(entry, "unix", 4) == 0) {
		proxies->trusts_unix = true;
		return;
	}
	if (!read_bare(&network->address, entry, address, six ? AF_INET6 : AF_INET))
		return;
	network->prefix = slash ? (int)strtol(slash + 1, NULL, 10) : six ? 128 : 32;
	if (six && network->address.kind == CLIENT_ADDRESS_4) {
		/* A network wider than what is mapped holds more than IPv4 and is none that a proxy has. */
		if (network->prefix < V4_MAPPED_BITS)
			return;
		network->prefix -= V4_MAPPED_BITS;
	}
	proxies->count++;
}

struct client_proxies *client_proxies_new(const char *list)
{
	size_t entries = 1;
	for (const char *c = list; *c; c++)
		entries += *c == ',';
	struct client_proxies *proxies = calloc(1, sizeof(*proxies) + entries * sizeof(proxies->networks[0]));
	if (!proxies)
		return NULL;
	for (size_t length; *list; list += length + (list[length] == ',')) {
		length = strcspn(list, ",");
		add_entry(proxies, list, length);
	}
	return proxies;
}

void client_proxies_free(struct client_proxies *proxies)
{
	free(proxies);
}
