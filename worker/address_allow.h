/*
 * address_allow.h: the entries of KEPT_EGRESS_ALLOW, read into ranges. For address.c alone.
 */
#ifndef WORKER_ADDRESS_ALLOW_H
#define WORKER_ADDRESS_ALLOW_H

#include <stdint.h>

/* An address without its port: IPv4 in the first 4 bytes, or IPv6. IPv4-mapped IPv6 is kept as IPv4. */
struct ip {
	uint8_t bytes[16];
	int bits; /* 32 or 128 */
};

struct range {
	struct ip ip;
	int prefix;
};

struct allowed {
	struct range range;
	int port; /* 0: any */
};

/* Keeps 16 bytes of an IPv6 address, or the IPv4 address that they map. */
void address_ip_from_v6(struct ip *ip, const uint8_t bytes[16]);

#define ADDRESS_ENTRY_SIZE 80

/* Reads one entry into *entry; `text` is changed. NULL, or what is wrong, as the end of a sentence. */
const char *address_allow_parse(struct allowed *entry, char text[ADDRESS_ENTRY_SIZE])
	__attribute__((warn_unused_result));

#endif
