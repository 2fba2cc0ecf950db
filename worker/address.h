/*
 * address.h: which addresses webhooks may reach. Default deny; the decision is made on the socket address at connect.
 *
 * IPv4 is denied in 0/8 10/8 100.64/10 127/8 168.63.129.16/32 169.254/16 172.16/12 192.0.0/24 192.0.2/24 192.88.99/24
 * 192.168/16 198.18/15 198.51.100/24 203.0.113/24 224/4 240/4 (RFC 6890 and its registry; cloud metadata). IPv6: an
 * IPv4-mapped address is judged as its IPv4; of the rest only 2000::/3 is permitted, less 2001::/23 2001:db8::/32
 * 2002::/16 3fff::/20; NAT64 is denied. Ports 443 and 8443. The allow list adds targets, by address and port. Whoever
 * is refused learns one word only: send_error_word(SEND_BLOCKED).
 */
#ifndef WORKER_ADDRESS_H
#define WORKER_ADDRESS_H

#include <stdbool.h>

#include <sys/socket.h>

#define ADDRESS_OWN_ENTRIES 256

struct address_policy; /* constant after its start */

/*
 * Parses KEPT_EGRESS_ALLOW: "CIDR:port,…", "[CIDR of IPv6]:port" or "[IPv6]/bits:port"; an address alone is itself;
 * port * is any; "" is no entry. Link-local and metadata addresses and ::1 are allowed only by an entry of exactly that
 * address, 127/8 only by an entry inside it. Unspecified, multicast and broadcast addresses are never allowed.
 * NULL: *error [out, freed by the caller] says what is wrong in which entry.
 */
struct address_policy *address_policy_new(const char *allow, char **error) __attribute__((warn_unused_result));
void address_policy_free(struct address_policy *policy);

/* Denies this machine's own addresses (getifaddrs) where the allow list does not name them. False: they cannot be read.
 */
bool address_policy_deny_own(struct address_policy *policy) __attribute__((warn_unused_result));
/* Denies one address, as above; its port does not matter. False: over ADDRESS_OWN_ENTRIES or another family. */
bool address_policy_deny(struct address_policy *policy, const struct sockaddr *address)
	__attribute__((warn_unused_result));

/*
 * True if a connection to this address and port may be made. `https` false: plain http, permitted only where the allow
 * list names the target. Any family other than IPv4 and IPv6 is denied. To be called from CURLOPT_OPENSOCKETFUNCTION.
 */
bool address_permitted(const struct address_policy *policy, const struct sockaddr *address, socklen_t length,
		       bool https) __attribute__((warn_unused_result));

#endif
