/*
 * limits.h: how much one client may ask of this process: by key, by district, by address; how often a wrong key may be
 * tried; how many connections one address may have.
 *
 * Order for one request: limits_arrive() by address; limits_enter() where it carries a key, which counts for a key that
 * is known to be right and for its district; limits_ask() right before its unit, which lets an unknown key through only
 * while its address and its prefix have failures left; then limits_right(), limits_wrong() or limits_unsure() by what
 * the unit said. A key that was right lately is not asked about failures, its own address's neither.
 *
 * An address that has not failed lately may try once even when its prefix has failed too often: prefixes are shared and
 * shown, and a stranger must not be able to keep a new key out. Tried keys hold their tokens while their unit is under
 * way, so a crowd of guesses costs no more units than there are tokens. Requests with one that is under way already go
 * with it, and pay when it turns out wrong: a new key may begin with many requests at once.
 *
 * All threads may call. Time is limits_now().
 */
#ifndef API_LIMITS_H
#define API_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/limits/client_address.h"
#include "api/limits/rate.h"
#include "kept/config.h"
#include "kept/text.h"

enum limit {
	LIMIT_KEY,
	LIMIT_DISTRICT,
	LIMIT_ADDRESS,
	LIMIT_FAILURES_ADDRESS,
	LIMIT_FAILURES_PREFIX,
	LIMIT_CONNECTIONS,
	LIMIT_LARGE_BODIES,
	LIMITS,
	LIMIT_NONE = LIMITS
};

/* What a limit is called in headers, problems and metrics. Failures have one name in what clients see. */
const char *limit_name(enum limit limit);
const char *limit_metric(enum limit limit);

struct limits;

/* What is kept of one request. Begin with zeros. */
struct limits_request {
	struct client_address client;
	uint64_t address, key, prefix, district; /* ids; 0: not known */
	bool right;                              /* the key was right lately, or is */
	bool holds;                              /* tokens of failures, while its unit is under way */
	bool asks;                               /* others with its key may go with it */
	bool refused;
	enum limit by;     /* which one refused */
	long wait_seconds; /* for Retry-After */
	bool told[LIMITS];
	struct rate_state states[LIMITS]; /* of those told */
};

/* NULL: no memory, or no random bytes. `config` is read only now. */
struct limits *limits_new(const struct config *config) __attribute__((warn_unused_result));
/* Accepts NULL. */
void limits_free(struct limits *limits);

int64_t limits_now(void);

/* The client behind the peer, see client_address_forwarded(). */
struct client_address limits_client(const struct limits *limits, const struct client_address *peer,
				    const char *x_forwarded_for, const char *forwarded);
bool limits_trust(const struct limits *limits, const struct client_address *peer);

/* What an address is counted for. */
enum limits_count {
	LIMITS_REQUESTS,
	LIMITS_PROBES /* /livez and /readyz, so that who watches is not told that all is down because somebody is loud
		       */
};

/* Each false: refused, and request->by and wait_seconds say why. */
bool limits_arrive(struct limits *limits, struct limits_request *request, const struct client_address *client,
		   enum limits_count count, int64_t now) __attribute__((warn_unused_result));
bool limits_enter(struct limits *limits, struct limits_request *request, const char *key, const uint8_t hash[32],
		  int64_t now) __attribute__((warn_unused_result));
bool limits_ask(struct limits *limits, struct limits_request *request, int64_t now) __attribute__((warn_unused_result));

/* The unit found the key right; its district, "" if it did not say. */
void limits_right(struct limits *limits, struct limits_request *request, const char *district, int64_t now);
/* The unit found it wrong, expired or revoked. */
void limits_wrong(struct limits *limits, struct limits_request *request, int64_t now);
/* There was no answer that says either. */
void limits_unsure(struct limits *limits, struct limits_request *request, int64_t now);

/* The request ends, whatever came of it: tokens that it holds still are spent. */
void limits_end(struct limits *limits, struct limits_request *request);

/* Appends the values of RateLimit-Policy and RateLimit (draft-ietf-httpapi-ratelimit-headers, structured fields): all
 * limits that this request counted for, the tightest first; and what the tightest has left. False: there are none. */
bool limits_tell(const struct limits *limits, const struct limits_request *request, struct text *policy,
		 struct text *state);

/* One more connection of that peer. False: it has too many; the connection is to be closed. *id [out] is for
 * limits_disconnect(), 0: not counted. Trusted proxies, unix sockets and this host itself are not counted. */
bool limits_connect(struct limits *limits, const struct client_address *peer, uint64_t *id)
	__attribute__((warn_unused_result));
void limits_disconnect(struct limits *limits, uint64_t id);

#endif
