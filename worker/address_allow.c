#include "worker/address_allow.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

void address_ip_from_v6(struct ip *ip, const uint8_t bytes[16])
{
	static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
	memset(ip, 0, sizeof(*ip));
	if (memcmp(bytes, mapped, sizeof(mapped)) == 0) {
		memcpy(ip->bytes, bytes + 12, 4);
		ip->bits = 32;
	} else {
		memcpy(ip->bytes, bytes, 16);
		ip->bits = 128;
	}
}

/* A number of decimal digits alone, at most `most`. */
static bool small_number(const char *text, size_t length, int most, int *number)
{
	*number = 0;
	if (length == 0 || length > 5)
		return false;
	for (size_t i = 0; i < length; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		*number = *number * 10 + (text[i] - '0');
	}
	return *number <= most;
}

static const char *parse_range(struct range *range, char *text, size_t length)
{
	if (length > 0 && text[0] == '[') {
		char *close = memchr(text, ']', length);
		if (close == NULL)
			return "has no closing ]";
		if (close + 1 != text + length && close[1] != '/')
			return "has something other than /bits after ]";
		memmove(close, close + 1, (size_t)(text + length - close - 1));
		text++;
		length -= 2;
	}
	text[length] = '\0';
	char *slash = strchr(text, '/');
	if (slash != NULL)
		*slash = '\0';
	memset(range, 0, sizeof(*range));
	if (inet_pton(AF_INET, text, range->ip.bytes) == 1)
		range->ip.bits = 32;
	else if (inet_pton(AF_INET6, text, range->ip.bytes) == 1)
		range->ip.bits = 128;
	else
		return "has no IPv4 or IPv6 address before its port";
	range->prefix = range->ip.bits;
	if (slash != NULL && !small_number(slash + 1, strlen(slash + 1), range->ip.bits, &range->prefix))
		return "has a prefix length that does not fit its address";
	for (int bit = range->prefix; bit < range->ip.bits; bit++)
		if (range->ip.bytes[bit / 8] & (0x80 >> (bit % 8)))
			return "has bits set beyond its prefix length; write the network's first address";
	struct ip unwrapped;
	if (range->ip.bits == 128) {
		address_ip_from_v6(&unwrapped, range->ip.bytes);
		if (unwrapped.bits == 32)
			return "is an IPv4 address written as IPv6; write it as IPv4";
	}
	return NULL;
}

const char *address_allow_parse(struct allowed *entry, char text[ADDRESS_ENTRY_SIZE])
{
	size_t length = strlen(text);
	char *colon = memrchr(text, ':', length);
	char *close = memrchr(text, ']', length);
	if (colon == NULL || (close != NULL && colon < close))
		return "has no port; write CIDR:port, or :* for any port";
	size_t port_length = (size_t)(text + length - colon - 1);
	if (port_length == 1 && colon[1] == '*')
		entry->port = 0;
	else if (!small_number(colon + 1, port_length, 65535, &entry->port) || entry->port == 0)
		return "has a port that is neither 1 to 65535 nor *";
	if (close == NULL && memchr(text, ':', (size_t)(colon - text)) != NULL)
		return "is an IPv6 address without brackets; write [address]/bits:port";
	return parse_range(&entry->range, text, (size_t)(colon - text));
}
