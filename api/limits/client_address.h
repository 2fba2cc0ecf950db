/*
 * client_address.h: where a request comes from: the peer of its socket, or what a trusted proxy says of it.
 *
 * Forwarded headers are words of whoever wrote them last. They count only when the peer is trusted, and then only as
 * far as each hop is trusted, read from the right: the rightmost address that is not a trusted proxy's is the client.
 * When all are trusted, the leftmost is. X-Forwarded-For and Forwarded (RFC 7239) are both read; a proxy that writes
 * one passes the other on as the client sent it, so when both came they must say the same. Whatever cannot be read, an
 * unknown or hidden hop, and two that disagree make the peer count.
 *
 * Pure functions; the proxies are constant once made.
 */
#ifndef API_CLIENT_ADDRESS_H
#define API_CLIENT_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/socket.h>

enum client_address_kind { CLIENT_ADDRESS_UNIX, CLIENT_ADDRESS_4, CLIENT_ADDRESS_6 };

/* IPv4 stands in the first four bytes; IPv4 mapped into IPv6 is IPv4. All bytes after it are zero. */
struct client_address {
	enum client_address_kind kind;
	uint8_t bytes[16];
};

/* The peer of a socket. A family other than IPv4 and IPv6, or NULL, is a unix socket: no address. */
struct client_address client_address_of_peer(const struct sockaddr *peer);
/* Reads "192.0.2.1", "192.0.2.1:80", "2001:db8::1", "[2001:db8::1]" or "[2001:db8::1]:80"; false: none of them. */
bool client_address_read(struct client_address *address, const char *text, size_t length)
	__attribute__((warn_unused_result));
bool client_address_equal(const struct client_address *a, const struct client_address *b);
/* What limits count as one client: IPv6 less all behind its first 64 bits, which one subscriber has to himself. */
struct client_address client_address_bucket(const struct client_address *address);
/* True for 127.0.0.1 and ::1. */
bool client_address_is_this_host(const struct client_address *address);

/* True for this host and the private networks of RFC 1918, RFC 4193 and the link's own; a unix socket is none. */
bool client_address_is_inside(const struct client_address *address);

struct client_proxies;

/* Reads KEPT_TRUSTED_PROXY, which config_is_proxies() has found right. NULL: no memory. */
struct client_proxies *client_proxies_new(const char *list) __attribute__((warn_unused_result));
void client_proxies_free(struct client_proxies *proxies);
bool client_proxies_trust(const struct client_proxies *proxies, const struct client_address *address);

/* The client, by the values of all lines of the two headers, each joined with commas in their order; NULL: none came.
 * When the peer is not trusted, or the headers cannot be relied on, it is the peer. */
struct client_address client_address_forwarded(const struct client_proxies *proxies, const struct client_address *peer,
					       const char *x_forwarded_for, const char *forwarded);

#endif
