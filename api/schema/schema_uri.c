#include <arpa/inet.h>
#include <string.h>

#include "api/schema/schema_format.h"

#define ALPHA "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define DIGIT "0123456789"
#define HEXDIG DIGIT "ABCDEFabcdef"
#define UNRESERVED ALPHA DIGIT "-._~"
#define SUB_DELIMS "!$&'()*+,;="

/* The text may be walked once from front to back; none of its parts is copied but an IPv6 address. */
struct part {
	const char *bytes;
	size_t length;
};

/* Cuts the part before the first byte of `stops` off the front of `rest`. */
static struct part cut(struct part *rest, const char *stops)
{
	size_t length = 0;
	struct part part;

	while (length < rest->length && !strchr(stops, rest->bytes[length]))
		length++;
	part = (struct part){rest->bytes, length};
	rest->bytes += length;
	rest->length -= length;
	return part;
}

static bool begins(const struct part *part, const char *prefix)
{
	size_t length = strlen(prefix);

	return part->length >= length && memcmp(part->bytes, prefix, length) == 0;
}

static void skip(struct part *part, size_t length)
{
	part->bytes += length;
	part->length -= length;
}

/* True if the part has only bytes of `allowed` and, when `escapes`, %XX. */
static bool made_of(struct part part, const char *allowed, bool escapes)
{
	for (size_t i = 0; i < part.length; i++) {
		if (escapes && part.bytes[i] == '%' && i + 2 < part.length && strchr(HEXDIG, part.bytes[i + 1]) &&
		    strchr(HEXDIG, part.bytes[i + 2])) {
			i += 2;
			continue;
		}
		if (!part.bytes[i] || !strchr(allowed, part.bytes[i]))
			return false;
	}
	return true;
}

static bool is_ip_literal(struct part part)
{
	char copy[INET6_ADDRSTRLEN];
	unsigned char address[16];

	if (begins(&part, "v") || begins(&part, "V")) {
		struct part version;

		skip(&part, 1);
		version = cut(&part, ".");
		if (version.length == 0 || !made_of(version, HEXDIG, false) || part.length < 2)
			return false;
		skip(&part, 1);
		return made_of(part, UNRESERVED SUB_DELIMS ":", false);
	}
	if (part.length >= sizeof(copy))
		return false;
	memcpy(copy, part.bytes, part.length);
	copy[part.length] = '\0';
	return inet_pton(AF_INET6, copy, address) == 1;
}

/* RFC 3986, section 3.2. */
static bool is_authority(struct part authority)
{
	struct part rest = authority;
	struct part before = cut(&rest, "@");

	if (rest.length > 0) {
		if (!made_of(before, UNRESERVED SUB_DELIMS ":", true))
			return false;
		skip(&rest, 1);
	} else {
		rest = authority;
	}
	if (begins(&rest, "[")) {
		skip(&rest, 1);
		if (!is_ip_literal(cut(&rest, "]")) || rest.length == 0)
			return false;
		skip(&rest, 1);
	} else if (!made_of(cut(&rest, ":"), UNRESERVED SUB_DELIMS, true)) {
		return false;
	}
	if (rest.length == 0)
		return true;
	if (rest.bytes[0] != ':')
		return false;
	skip(&rest, 1);
	return made_of(rest, DIGIT, false);
}

bool schema_is_uri(const char *text, size_t length)
{
	struct part rest = {text, length};
	struct part scheme = cut(&rest, ":");

	if (rest.length == 0 || scheme.length == 0 || !strchr(ALPHA, scheme.bytes[0]) ||
	    !made_of(scheme, ALPHA DIGIT "+-.", false))
		return false;
	skip(&rest, 1);
	if (begins(&rest, "//")) {
		skip(&rest, 2);
		if (!is_authority(cut(&rest, "/?#")))
			return false;
	}
	if (!made_of(cut(&rest, "?#"), UNRESERVED SUB_DELIMS ":@/", true))
		return false;
	if (begins(&rest, "?")) {
		skip(&rest, 1);
		if (!made_of(cut(&rest, "#"), UNRESERVED SUB_DELIMS ":@/?", true))
			return false;
	}
	if (begins(&rest, "#"))
		skip(&rest, 1);
	return made_of(rest, UNRESERVED SUB_DELIMS ":@/?", true);
}
