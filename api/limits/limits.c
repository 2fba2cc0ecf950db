#include "api/limits/limits.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sys/random.h>

#include "api/limits/crowd.h"
#include "api/limits/known.h"
#include "kept/limits.h"

struct limits {
	uint64_t seed[2];
	struct config_rate rates[LIMITS];  /* count 0: off, or no rate */
	struct rate_table *tables[LIMITS]; /* NULL: off, or no rate */
	struct known *known;
	struct client_proxies *proxies;
	struct crowd connections; /* of each address */
	struct crowd asked;       /* keys whose unit is under way, with tokens */
};

const char *limit_name(enum limit limit)
{
	static const char *const names[LIMITS] = {"key",      "district",    "address",     "failures",
						  "failures", "connections", "large-bodies"};
	return limit < LIMITS ? names[limit] : "";
}

const char *limit_metric(enum limit limit)
{
	static const char *const names[LIMITS] = {
		"key",         "district",    "address", "failures_of_address", "failures_of_prefix",
		"connections", "large_bodies"};
	return limit < LIMITS ? names[limit] : "";
}

struct limits *limits_new(const struct config *config)
{
	struct limits *limits = calloc(1, sizeof(*limits));
	if (!limits)
		return NULL;
	limits->rates[LIMIT_KEY] = config->rate_key;
	limits->rates[LIMIT_DISTRICT] = config->rate_district;
	limits->rates[LIMIT_ADDRESS] = config->rate_address;
	limits->rates[LIMIT_FAILURES_ADDRESS] = limits->rates[LIMIT_FAILURES_PREFIX] = config->rate_failures;
	crowd_init(&limits->connections);
	crowd_init(&limits->asked);
	limits->known = known_new();
	limits->proxies = client_proxies_new(config->trusted_proxy);
	bool made = limits->known && limits->proxies &&
		    getrandom(limits->seed, sizeof(limits->seed), 0) == (ssize_t)sizeof(limits->seed);
	for (int i = 0; i < LIMITS && made; i++) {
		if (limits->rates[i].count == 0)
			continue;
		limits->tables[i] = rate_table_new(&limits->rates[i]);
		made = limits->tables[i] != NULL;
	}
	if (made)
		return limits;
	limits_free(limits);
	return NULL;
}

void limits_free(struct limits *limits)
{
	if (!limits)
		return;
	for (int i = 0; i < LIMITS; i++)
		rate_table_free(limits->tables[i]);
	known_free(limits->known);
	client_proxies_free(limits->proxies);
	crowd_release(&limits->connections);
	crowd_release(&limits->asked);
	free(limits);
}

int64_t limits_now(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

struct client_address limits_client(const struct limits *limits, const struct client_address *peer,
				    const char *x_forwarded_for, const char *forwarded)
{
	return client_address_forwarded(limits->proxies, peer, x_forwarded_for, forwarded);
}

bool limits_trust(const struct limits *limits, const struct client_address *peer)
{
	return client_proxies_trust(limits->proxies, peer);
}

static uint64_t id_of_address(const struct limits *limits, const struct client_address *address,
			      enum limits_count count)
{
	const struct client_address bucket = client_address_bucket(address);
	uint8_t bytes[18] = {(uint8_t)count, (uint8_t)bucket.kind};
	memcpy(bytes + 2, bucket.bytes, sizeof(bucket.bytes));
	return rate_hash(limits->seed, bytes, sizeof(bytes));
}

static bool refuse(struct limits_request *request, enum limit limit)
{
	request->refused = true;
	request->by = limit;
	request->wait_seconds = request->states[limit].seconds;
	request->told[limit] = true;
	return false;
}

/* Takes a token of what the request counts for. */
static bool take(struct limits *limits, struct limits_request *request, enum limit limit, uint64_t id, int64_t now)
{
	if (!limits->tables[limit] || id == 0)
		return true;
	request->told[limit] = true;
	return rate_take(limits->tables[limit], id, now, &request->states[limit]) || refuse(request, limit);
}

/* The request has been let in already: it counts, and is not refused. */
static void charge(struct limits *limits, struct limits_request *request, enum limit limit, uint64_t id, int64_t now)
{
	if (!limits->tables[limit] || id == 0)
		return;
	request->told[limit] = limit < LIMIT_FAILURES_ADDRESS;
	rate_charge(limits->tables[limit], id, now, &request->states[limit]);
}

static void give_back(struct limits *limits, struct limits_request *request, enum limit limit, uint64_t id, int64_t now)
{
	if (limits->tables[limit])
		rate_give_back(limits->tables[limit], id, now, &request->states[limit]);
}

bool limits_arrive(struct limits *limits, struct limits_request *request, const struct client_address *client,
		   enum limits_count count, int64_t now)
{
	request->client = *client;
	request->address = id_of_address(limits, client, count);
	return take(limits, request, LIMIT_ADDRESS, request->address, now);
}

static bool enter_known(struct limits *limits, struct limits_request *request, int64_t now)
{
	request->right = true;
	if (!take(limits, request, LIMIT_KEY, request->key, now))
		return false;
	if (take(limits, request, LIMIT_DISTRICT, request->district, now))
		return true;
	give_back(limits, request, LIMIT_KEY, request->key, now);
	return false;
}

/* Whoever will be refused before his unit is refused before his body, too: to read and judge one may take a tenth of a
 * second. */
static bool may_guess(struct limits *limits, struct limits_request *request, int64_t now)
{
	struct rate_table *addresses = limits->tables[LIMIT_FAILURES_ADDRESS];
	return !addresses || crowd_has(&limits->asked, request->key) ||
	       rate_has(addresses, request->address, now, &request->states[LIMIT_FAILURES_ADDRESS]) ||
	       refuse(request, LIMIT_FAILURES_ADDRESS);
}

bool limits_enter(struct limits *limits, struct limits_request *request, const char *key, const uint8_t hash[32],
		  int64_t now)
{
	request->key = rate_hash(limits->seed, hash, 32);
	request->prefix = rate_hash(limits->seed, key, strnlen(key, KEPT_KEY_PREFIX_BYTES));
	return known_find(limits->known, request->key, now, &request->district) ? enter_known(limits, request, now)
										: may_guess(limits, request, now);
}

bool limits_ask(struct limits *limits, struct limits_request *request, int64_t now)
{
	struct rate_table *addresses = limits->tables[LIMIT_FAILURES_ADDRESS],
			  *prefixes = limits->tables[LIMIT_FAILURES_PREFIX];
	struct rate_state *state = &request->states[LIMIT_FAILURES_PREFIX];
	if (request->right || !addresses)
		return true;
	/* Another request with this key may have been answered meanwhile. */
	if (known_find(limits->known, request->key, now, &request->district))
		return enter_known(limits, request, now);
	if (crowd_has(&limits->asked, request->key))
		return true;
	bool failed_before = rate_owes(addresses, request->address, now);
	if (!rate_take(addresses, request->address, now, &request->states[LIMIT_FAILURES_ADDRESS]))
		return refuse(request, LIMIT_FAILURES_ADDRESS);
	if (!rate_take(prefixes, request->prefix, now, state)) {
		if (failed_before) {
			give_back(limits, request, LIMIT_FAILURES_ADDRESS, request->address, now);
			return refuse(request, LIMIT_FAILURES_PREFIX);
		}
		rate_charge(prefixes, request->prefix, now, state);
	}
	request->holds = true;
	request->asks = crowd_enter(&limits->asked, request->key, KEPT_CONNECTIONS);
	return true;
}

void limits_end(struct limits *limits, struct limits_request *request)
{
	if (request->asks)
		crowd_leave(&limits->asked, request->key);
	request->asks = request->holds = false;
}

void limits_unsure(struct limits *limits, struct limits_request *request, int64_t now)
{
	if (request->holds) {
		give_back(limits, request, LIMIT_FAILURES_ADDRESS, request->address, now);
		give_back(limits, request, LIMIT_FAILURES_PREFIX, request->prefix, now);
	}
	limits_end(limits, request);
}

void limits_right(struct limits *limits, struct limits_request *request, const char *district, int64_t now)
{
	uint64_t id = *district ? rate_hash(limits->seed, district, strlen(district)) : 0;
	/* Known first: whoever comes between goes with this one or is known. */
	known_learn(limits->known, request->key, id, now);
	limits_unsure(limits, request, now);
	if (!request->right)
		charge(limits, request, LIMIT_KEY, request->key, now);
	if (request->district == 0)
		charge(limits, request, LIMIT_DISTRICT, id, now);
	request->right = true;
	request->district = id ? id : request->district;
}

void limits_wrong(struct limits *limits, struct limits_request *request, int64_t now)
{
	request->right = false;
	request->told[LIMIT_KEY] = request->told[LIMIT_DISTRICT] = false;
	known_forget(limits->known, request->key);
	if (!request->holds) {
		charge(limits, request, LIMIT_FAILURES_ADDRESS, request->address, now);
		charge(limits, request, LIMIT_FAILURES_PREFIX, request->prefix, now);
	}
	limits_end(limits, request);
}

/* The limit that will stop this client first; LIMIT_NONE: none was counted. */
static enum limit tightest(const struct limits *limits, const struct limits_request *request)
{
	enum limit found = LIMIT_NONE;
	double least = 2;
	if (request->refused && request->told[request->by])
		return request->by;
	for (int i = 0; i < LIMITS; i++) {
		if (!request->told[i])
			continue;
		double left = (double)request->states[i].left / limits->rates[i].count;
		if (left < least) {
			least = left;
			found = (enum limit)i;
		}
	}
	return found;
}

static void tell_policy(const struct limits *limits, enum limit limit, struct text *policy)
{
	text_addf(policy, "%s\"%s\";q=%d;w=%d", policy->length > 0 ? ", " : "", limit_name(limit),
		  limits->rates[limit].count, limits->rates[limit].seconds);
}

bool limits_tell(const struct limits *limits, const struct limits_request *request, struct text *policy,
		 struct text *state)
{
	enum limit first = tightest(limits, request);
	if (first == LIMIT_NONE)
		return false;
	tell_policy(limits, first, policy);
	for (int i = 0; i < LIMITS; i++)
		if (request->told[i] && i != (int)first)
			tell_policy(limits, (enum limit)i, policy);
	text_addf(state, "\"%s\";r=%ld;t=%ld", limit_name(first), request->states[first].left,
		  request->states[first].seconds);
	return true;
}

bool limits_connect(struct limits *limits, const struct client_address *peer, uint64_t *id)
{
	*id = 0;
	if (peer->kind == CLIENT_ADDRESS_UNIX || client_address_is_this_host(peer) || limits_trust(limits, peer))
		return true;
	uint64_t wanted = id_of_address(limits, peer, LIMITS_REQUESTS);
	if (!crowd_enter(&limits->connections, wanted, KEPT_ADDRESS_CONNECTIONS))
		return false;
	*id = wanted;
	return true;
}

void limits_disconnect(struct limits *limits, uint64_t id)
{
	if (id != 0)
		crowd_leave(&limits->connections, id);
}
