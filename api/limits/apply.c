#include "api/limits/apply.h"

#include <string.h>
#include <strings.h>

#include "api/loop.h"
#include "kept/limits.h"
#include "sql/cell.h"

#define FIELD_BYTES 512

static struct limits *limits_of(const struct exchange *exchange)
{
	return exchange->loop->service->limits;
}

static bool refuse(struct exchange *exchange)
{
	static const char *const details[LIMITS] = {
		[LIMIT_KEY] = "This key has asked too often. Wait as long as Retry-After says.",
		[LIMIT_DISTRICT] = "The keys of this district have asked too often. Wait as long as Retry-After says.",
		[LIMIT_ADDRESS] = "Your address has asked too often. Wait as long as Retry-After says.",
		[LIMIT_FAILURES_ADDRESS] = "Wrong keys were tried too often. Wait as long as Retry-After says.",
		[LIMIT_FAILURES_PREFIX] = "Wrong keys were tried too often. Wait as long as Retry-After says.",
	};
	enum limit by = exchange->limits.by;
	metrics_limited(exchange->loop->service->metrics, by);
	exchange_problem(exchange, "too-many-requests", details[by]);
	exchange->refused = true;
	return false;
}

struct lines {
	const char *name;
	struct text text;
	int count;
};

static enum MHD_Result take_line(void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
	(void)kind;
	struct lines *lines = context;
	if (strcasecmp(name, lines->name) != 0)
		return MHD_YES;
	text_adds(&lines->text, lines->count++ > 0 ? "," : "");
	text_adds(&lines->text, value ? value : "");
	return MHD_YES;
}

/* All lines of a header as one; what is too long says nothing that can be relied on. */
static const char *header_lines(const struct exchange *exchange, struct lines *lines, const char *name)
{
	*lines = (struct lines){.name = name};
	text_init(&lines->text, KEPT_FORWARDED_BYTES);
	MHD_get_connection_values(exchange->connection, MHD_HEADER_KIND, take_line, lines);
	if (lines->count == 0)
		return NULL;
	return text_ok(&lines->text) && lines->text.bytes ? lines->text.bytes : "?";
}

static struct client_address find_client(const struct exchange *exchange)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(exchange->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	struct client_address peer = client_address_of_peer(info ? info->client_addr : NULL);
	struct lines x, standard;
	if (!limits_trust(limits_of(exchange), &peer))
		return peer;
	const char *x_forwarded_for = header_lines(exchange, &x, "X-Forwarded-For");
	const char *forwarded = header_lines(exchange, &standard, "Forwarded");
	struct client_address client = limits_client(limits_of(exchange), &peer, x_forwarded_for, forwarded);
	text_release(&x.text);
	text_release(&standard.text);
	return client;
}

static bool is_probe(const struct exchange *exchange)
{
	return exchange->operation &&
	       (strcmp(exchange->operation->path, "/livez") == 0 || strcmp(exchange->operation->path, "/readyz") == 0);
}

bool apply_arrival(struct exchange *exchange)
{
	const struct client_address client = find_client(exchange);
	return limits_arrive(limits_of(exchange), &exchange->limits, &client,
			     is_probe(exchange) ? LIMITS_PROBES : LIMITS_REQUESTS, limits_now()) ||
	       refuse(exchange);
}

bool apply_key(struct exchange *exchange, const char *key, const uint8_t hash[32])
{
	return limits_enter(limits_of(exchange), &exchange->limits, key, hash, limits_now()) || refuse(exchange);
}

static bool has_key(const struct exchange *exchange)
{
	return exchange->key_hash[0] != '\0';
}

bool apply_unit(struct exchange *exchange)
{
	return !has_key(exchange) || limits_ask(limits_of(exchange), &exchange->limits, limits_now()) ||
	       refuse(exchange);
}

void apply_result(struct exchange *exchange, const struct unit_result *result)
{
	struct limits *limits = limits_of(exchange);
	const char *district = "";
	if (!has_key(exchange))
		return;
	bool done = result && result->outcome == UNIT_DONE;
	bool told =
		result && result->outcome == UNIT_ERROR && result->sqlstate && strncmp(result->sqlstate, "KT", 2) == 0;
	if (told && strcmp(result->sqlstate, "KT401") == 0) {
		limits_wrong(limits, &exchange->limits, limits_now());
	} else if (done || told) {
		if (done && PQntuples(result->results[0]) == 1)
			district = cell_text(result->results[0], 0, "district_id");
		limits_right(limits, &exchange->limits, district ? district : "", limits_now());
	} else {
		limits_unsure(limits, &exchange->limits, limits_now());
	}
}

void apply_headers(struct exchange *exchange)
{
	struct text policy, state;
	text_init(&policy, FIELD_BYTES);
	text_init(&state, FIELD_BYTES);
	if (limits_tell(limits_of(exchange), &exchange->limits, &policy, &state) && text_ok(&policy) &&
	    text_ok(&state)) {
		reply_header(&exchange->reply, "RateLimit-Policy", policy.bytes);
		reply_header(&exchange->reply, "RateLimit", state.bytes);
	}
	text_release(&policy);
	text_release(&state);
}

void apply_end(struct exchange *exchange)
{
	limits_end(limits_of(exchange), &exchange->limits);
}
