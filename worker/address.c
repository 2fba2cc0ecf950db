#include "worker/address.h"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kept/limits.h"
#include "worker/address_allow.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct address_policy {
	struct allowed allowed[KEPT_EGRESS_ENTRIES];
	size_t allowed_count;
	struct ip own[ADDRESS_OWN_ENTRIES];
	size_t own_count;
};

#define V4(a, b, c, d, prefix)                                                                                         \
	{                                                                                                              \
		{{a, b, c, d}, 32}, prefix                                                                             \
	}
#define V6(a, b, c, d, prefix)                                                                                         \
	{                                                                                                              \
		{{(a) >> 8, (a)&255, (b) >> 8, (b)&255, (c) >> 8, (c)&255, (d) >> 8, (d)&255}, 128}, prefix            \
	}

static const struct range denied[] = {
	V4(0, 0, 0, 0, 8),        V4(10, 0, 0, 0, 8),          V4(100, 64, 0, 0, 10),   V4(127, 0, 0, 0, 8),
	V4(168, 63, 129, 16, 32), V4(169, 254, 0, 0, 16),      V4(172, 16, 0, 0, 12),   V4(192, 0, 0, 0, 24),
	V4(192, 0, 2, 0, 24),     V4(192, 88, 99, 0, 24),      V4(192, 168, 0, 0, 16),  V4(198, 18, 0, 0, 15),
	V4(198, 51, 100, 0, 24),  V4(203, 0, 113, 0, 24),      V4(224, 0, 0, 0, 4),     V4(240, 0, 0, 0, 4),
	V6(0x2001, 0, 0, 0, 23),  V6(0x2001, 0xdb8, 0, 0, 32), V6(0x2002, 0, 0, 0, 16), V6(0x3fff, 0, 0, 0, 20),
};

static const struct range global_v6 = V6(0x2000, 0, 0, 0, 3);

/* Never a destination, whatever the allow list says: unspecified ("this host"), multicast, broadcast. */
static const struct range never[] = {
	V4(0, 0, 0, 0, 8), V4(224, 0, 0, 0, 4), V4(255, 255, 255, 255, 32), V6(0xff00, 0, 0, 0, 8), V6(0, 0, 0, 0, 128),
};

/* Where a wide entry would open more than its writer meant: link-local and the clouds' metadata services. */
static const struct range exact_only[] = {
	V4(169, 254, 0, 0, 16),
	V4(168, 63, 129, 16, 32),
	V4(100, 100, 100, 200, 32),
	V6(0xfe80, 0, 0, 0, 10),
	{{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 128}, 128},
	{{{0xfd, 0, 0x0e, 0xc2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x54}, 128}, 128},
};

static const struct range loopback_v4 = V4(127, 0, 0, 0, 8);

static bool contains(const struct range *range, const struct ip *ip)
{
	if (range->ip.bits != ip->bits)
		return false;
	int whole = range->prefix / 8;
	int rest = range->prefix % 8;
	if (memcmp(range->ip.bytes, ip->bytes, (size_t)whole) != 0)
		return false;
	return rest == 0 || ((range->ip.bytes[whole] ^ ip->bytes[whole]) >> (8 - rest)) == 0;
}

static bool any_contains(const struct range *ranges, size_t count, const struct ip *ip)
{
	for (size_t i = 0; i < count; i++)
		if (contains(&ranges[i], ip))
			return true;
	return false;
}

/* False for another family or a cut address. Copies, as the caller's bytes may not be aligned. */
static bool ip_from_sockaddr(struct ip *ip, int *port, const struct sockaddr *address, socklen_t length)
{
	sa_family_t family;
	if (length < (socklen_t)(offsetof(struct sockaddr, sa_family) + sizeof(family)))
		return false;
	memcpy(&family, (const char *)address + offsetof(struct sockaddr, sa_family), sizeof(family));
	if (family == AF_INET && length >= (socklen_t)sizeof(struct sockaddr_in)) {
		struct sockaddr_in v4;
		memcpy(&v4, address, sizeof(v4));
		memset(ip, 0, sizeof(*ip));
		memcpy(ip->bytes, &v4.sin_addr, 4);
		ip->bits = 32;
		*port = ntohs(v4.sin_port);
		return true;
	}
	if (family == AF_INET6 && length >= (socklen_t)sizeof(struct sockaddr_in6)) {
		struct sockaddr_in6 v6;
		memcpy(&v6, address, sizeof(v6));
		address_ip_from_v6(ip, v6.sin6_addr.s6_addr);
		*port = ntohs(v6.sin6_port);
		return true;
	}
	return false;
}

static bool entry_opens(const struct allowed *entry, const struct ip *ip, int port)
{
	if ((entry->port != 0 && entry->port != port) || !contains(&entry->range, ip))
		return false;
	if (contains(&loopback_v4, ip))
		return entry->range.prefix >= loopback_v4.prefix;
	if (any_contains(exact_only, COUNT(exact_only), ip))
		return entry->range.prefix == ip->bits;
	return true;
}

static bool listed(const struct address_policy *policy, const struct ip *ip, int port)
{
	if (any_contains(never, COUNT(never), ip))
		return false;
	for (size_t i = 0; i < policy->allowed_count; i++)
		if (entry_opens(&policy->allowed[i], ip, port))
			return true;
	return false;
}

static bool is_own(const struct address_policy *policy, const struct ip *ip)
{
	for (size_t i = 0; i < policy->own_count; i++)
		if (policy->own[i].bits == ip->bits && memcmp(policy->own[i].bytes, ip->bytes, 16) == 0)
			return true;
	return false;
}

bool address_permitted(const struct address_policy *policy, const struct sockaddr *address, socklen_t length,
		       bool https)
{
	struct ip ip;
	int port;
	if (!ip_from_sockaddr(&ip, &port, address, length))
		return false;
	if (listed(policy, &ip, port))
		return true;
	if (!https || (port != 443 && port != 8443))
		return false;
	if (ip.bits == 128 && !contains(&global_v6, &ip))
		return false;
	return !any_contains(denied, COUNT(denied), &ip) && !is_own(policy, &ip);
}

bool address_policy_deny(struct address_policy *policy, const struct sockaddr *address)
{
	struct ip ip;
	int port;
	socklen_t length = address->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
	if (!ip_from_sockaddr(&ip, &port, address, length))
		return false;
	if (is_own(policy, &ip))
		return true;
	if (policy->own_count == ADDRESS_OWN_ENTRIES)
		return false;
	policy->own[policy->own_count++] = ip;
	return true;
}

bool address_policy_deny_own(struct address_policy *policy)
{
	struct ifaddrs *list;
	if (getifaddrs(&list) != 0)
		return false;
	bool done = true;
	for (const struct ifaddrs *at = list; at != NULL && done; at = at->ifa_next)
		if (at->ifa_addr != NULL && (at->ifa_addr->sa_family == AF_INET || at->ifa_addr->sa_family == AF_INET6))
			done = address_policy_deny(policy, at->ifa_addr);
	freeifaddrs(list);
	return done;
}

static void say(char **error, const char *entry, int length, const char *fault)
{
	if (asprintf(error, "the entry \"%.*s\" %s", length, entry, fault) < 0)
		*error = NULL;
}

static bool parse_list(struct address_policy *policy, const char *allow, char **error)
{
	const char *at = allow;
	while (at[strspn(at, ", ")] != '\0') {
		at += strspn(at, ", ");
		size_t length = strcspn(at, ", ");
		char entry[ADDRESS_ENTRY_SIZE];
		const char *fault;
		if (policy->allowed_count == KEPT_EGRESS_ENTRIES)
			fault = "is one too many; 64 is the most";
		else if (length >= sizeof(entry))
			fault = "is too long";
		else {
			memcpy(entry, at, length);
			entry[length] = '\0';
			fault = address_allow_parse(&policy->allowed[policy->allowed_count], entry);
		}
		if (fault != NULL) {
			say(error, at, length > ADDRESS_ENTRY_SIZE ? ADDRESS_ENTRY_SIZE : (int)length, fault);
			return false;
		}
		policy->allowed_count++;
		at += length;
	}
	return true;
}

struct address_policy *address_policy_new(const char *allow, char **error)
{
	*error = NULL;
	struct address_policy *policy = calloc(1, sizeof(*policy));
	if (policy == NULL)
		return NULL;
	if (!parse_list(policy, allow, error)) {
		free(policy);
		return NULL;
	}
	return policy;
}

void address_policy_free(struct address_policy *policy)
{
	free(policy);
}
