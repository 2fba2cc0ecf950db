#include "api/unit/submit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/loop.h"
#include "kept/limits.h"

#define REQUEST_BYTES (16 * 1024)

bool submit_is_read(const struct exchange *exchange)
{
	return strcmp(exchange->operation->method, "GET") == 0;
}

bool submit_enters(const struct exchange *exchange)
{
	return exchange->operation->roles != 0 || exchange->operation->enters;
}

bool submit_is_dry_run(const struct exchange *exchange)
{
	return exchange->prefer.rollback && !submit_is_read(exchange);
}

static const char *role_words(unsigned roles, char out[64])
{
	static const char *const words[] = {"admin", "steward", "partner", "reader"};
	size_t used = 0;
	out[0] = '\0';
	for (unsigned i = 0; i < 4; i++)
		if (roles & (1u << i))
			used += (size_t)snprintf(out + used, 64 - used, "%s%s", used > 0 ? " " : "", words[i]);
	return out;
}

/* SHA-256 of method, path and body: what an Idempotency-Key stands for. */
static void add_fingerprint(struct text *out, const struct exchange *exchange)
{
	struct text all;
	uint8_t hash[32];
	text_init(&all, exchange->body.length + 2 * KEPT_TARGET_BYTES + 64);
	text_adds(&all, exchange->operation->method);
	text_adds(&all, " ");
	text_adds(&all, exchange->path);
	text_adds(&all, "\n");
	request_query_write(exchange->operation, exchange->values, "", &all);
	if (exchange->body.length > 0)
		text_add(&all, exchange->body.bytes, exchange->body.length);
	if (text_ok(&all)) {
		hash_sha256(hash, all.bytes, all.length);
		text_add_hex(out, hash, sizeof(hash));
	} else {
		out->failed = true;
	}
	text_release(&all);
}

static void add_trace(struct text *out, const struct trace *trace)
{
	char parent[TRACE_PARENT_SIZE];
	trace_parent(trace, parent);
	text_addf(out, ",\"traceparent\":\"%s\"", parent);
	if (!trace->state[0])
		return;
	text_adds(out, ",\"tracestate\":");
	text_add_json(out, trace->state, strlen(trace->state));
}

/* The parameter `request`: see contract.h. */
static bool make_request(struct exchange *exchange)
{
	struct text out;
	text_init(&out, REQUEST_BYTES);
	text_addf(&out, "{\"operation\":\"%s %s\",\"path\":", exchange->operation->method, exchange->operation->path);
	text_add_json(&out, exchange->path, strlen(exchange->path));
	if (exchange->idempotency_key[0]) {
		text_adds(&out, ",\"key\":");
		text_add_json(&out, exchange->idempotency_key, strlen(exchange->idempotency_key));
		text_adds(&out, ",\"fingerprint\":\"");
		add_fingerprint(&out, exchange);
		text_adds(&out, "\"");
	}
	if (exchange->if_match.count > 0)
		text_adds(&out, ",\"if_match\":[");
	for (int i = 0; i < exchange->if_match.count; i++)
		text_addf(&out, "%s%ld", i > 0 ? "," : "", exchange->if_match.versions[i]);
	text_adds(&out, exchange->if_match.count > 0 ? "]" : "");
	add_trace(&out, &exchange->trace);
	text_adds(&out, "}");
	exchange->request_json = text_take(&out);
	text_release(&out);
	return exchange->request_json != NULL;
}

static const char *value_of(const struct exchange *exchange, const char *name)
{
	if (strcmp(name, "request") == 0)
		return exchange->request_json;
	if (strcmp(name, "body") == 0)
		return exchange->body_text;
	if (strcmp(name, "after") == 0)
		return exchange->after;
	if (strcmp(name, "page_size") == 0)
		return exchange->page_size;
	if (strcmp(name, "languages") == 0)
		return exchange->languages;
	if (strcmp(name, "secrets") == 0)
		return exchange->secrets;
	for (int i = 0; i < exchange->operation->parameter_count && i < EXCHANGE_PARAMETERS; i++)
		if (strcmp(exchange->operation->parameters[i].name, name) == 0)
			return exchange->values[i];
	return NULL;
}

/* Turns go round by credential. */
static uint64_t flow_of(const struct exchange *exchange)
{
	uint64_t flow = 0;
	for (int i = 0; i < 16 && exchange->key_hash[i]; i++)
		flow = flow * 16 + (uint64_t)(exchange->key_hash[i] <= '9' ? exchange->key_hash[i] - '0'
									   : exchange->key_hash[i] - 'a' + 10);
	return flow;
}

static const char *const *entering(const struct exchange *exchange, const char *roles, const char **values)
{
	const struct statement *enter = exchange->loop->service->enter;
	const char *kind = exchange->operation->enters;
	for (int i = 0; i < enter->parameter_count; i++) {
		const char *name = enter->parameters[i];
		if (strcmp(name, "kind") == 0)
			values[i] = kind ? kind : "key";
		else if (strcmp(name, "hash") == 0)
			values[i] = kind ? exchange->values[0] : exchange->key_hash;
		else
			values[i] = roles;
	}
	return values;
}

bool submit_unit(struct exchange *exchange, enum contract_lane lane, exchange_unit_done *done)
{
	const struct contract_operation *operation = exchange->operation;
	const struct service *service = exchange->loop->service;
	const char *values[STATEMENT_PARAMETERS], *entered[STATEMENT_PARAMETERS];
	char roles[64];
	struct unit_statement statements[3];
	int count = 0;
	if (!exchange->request_json && !make_request(exchange)) {
		exchange_problem(exchange, "unavailable", NULL);
		return false;
	}
	if (submit_enters(exchange))
		statements[count++] = (struct unit_statement){
			service->enter, entering(exchange, role_words(operation->roles, roles), entered)};
	for (int i = 0; i < operation->statement->parameter_count; i++)
		values[i] = value_of(exchange, operation->statement->parameters[i]);
	statements[count++] = (struct unit_statement){operation->statement, values};
	if (submit_is_dry_run(exchange))
		statements[count++] = (struct unit_statement){service->undo, NULL};
	const struct lane_request request = {
		.lane = lane,
		.flow = flow_of(exchange),
		.repeat = submit_is_read(exchange) || submit_is_dry_run(exchange) || exchange->idempotency_key[0],
		.statements = statements,
		.count = count,
	};
	return exchange_submit(exchange, &request, done);
}
