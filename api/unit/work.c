#include "api/unit/work.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/loop.h"
#include "api/reply/page_token.h"
#include "api/unit/wake.h"
#include "kept/limits.h"
#include "kept/log.h"
#include "sql/cell.h"
#include "sql/database.h"

#define REQUEST_BYTES (16 * 1024)

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
	text_init(&all, KEPT_BODY_BYTES + KEPT_TARGET_BYTES + 64);
	text_adds(&all, exchange->operation->method);
	text_adds(&all, " ");
	text_adds(&all, exchange->path);
	text_adds(&all, "\n");
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
	if (exchange->if_match >= 0)
		text_addf(&out, ",\"if_match\":%ld", exchange->if_match);
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

static bool is_list(const struct contract_operation *operation)
{
	return request_parameter(operation, IN_QUERY, "page_token") >= 0;
}

static bool is_read(const struct exchange *exchange)
{
	return strcmp(exchange->operation->method, "GET") == 0;
}

static void copy_cell(char *out, size_t size, const PGresult *row, const char *column)
{
	const char *value = cell_text(row, 0, column);
	snprintf(out, size, "%s", value ? value : "");
}

/* {"items":…,"next":…} and the header Link (RFC 8288). */
static void make_list(struct exchange *exchange, const char *items, const char *keyset)
{
	const struct service *service = exchange->loop->service;
	struct text body, link;
	char *token = NULL;
	if (keyset) {
		token = page_token_new(service->seal, exchange->operation, exchange->values, keyset);
		if (!token) {
			exchange_problem(exchange, "unavailable", NULL);
			return;
		}
	}
	text_init(&body, KEPT_REPLY_BYTES);
	text_adds(&body, "{\"items\":");
	text_adds(&body, items);
	text_adds(&body, ",\"next\":");
	if (token)
		text_add_json(&body, token, strlen(token));
	else
		text_adds(&body, "null");
	text_adds(&body, "}");
	size_t length = body.length;
	reply_take(&exchange->reply, 200, "application/json", text_take(&body), length);
	if (token) {
		text_init(&link, 2 * KEPT_TARGET_BYTES);
		text_addf(&link, "<%s?", exchange->path);
		size_t before = link.length;
		request_query_write(exchange->operation, exchange->values, "page_token", &link);
		text_addf(&link, "%spage_token=%s>; rel=\"next\"", link.length > before ? "&" : "", token);
		if (text_ok(&link))
			reply_header(&exchange->reply, "Link", link.bytes);
		text_release(&link);
	}
	text_release(&body);
	free(token);
}

/* True if the client has it already. */
static bool not_modified(struct exchange *exchange, const char *etag)
{
	const char *header = is_read(exchange) ? exchange_header(exchange, "If-None-Match") : NULL;
	return header && reply_etag_listed(header, etag);
}

static void make_reply(struct exchange *exchange, struct unit_result *result)
{
	PGresult *row = result->results[result->result_count - 1];
	if (PQntuples(row) != 1) {
		exchange_problem(exchange, "not-found", NULL);
		return;
	}
	const char *status_text = cell_text(row, 0, "status"), *body = cell_text(row, 0, "body");
	const char *etag = cell_text(row, 0, "etag"), *location = cell_text(row, 0, "location");
	long status = status_text ? strtol(status_text, NULL, 10) : 0;
	if (status < 200 || status > 599) {
		log_write(LOG_ERROR_LEVEL, "statement_without_status", "sstatement",
			  exchange->operation->statement->name, "srequest", exchange->id, NULL);
		exchange_problem(exchange, "internal", NULL);
		return;
	}
	char tag[128] = "";
	if (etag && strlen(etag) < sizeof(tag) - 2)
		snprintf(tag, sizeof(tag), "\"%s\"", etag);
	/* 304 tells the length that 200 would have; libmicrohttpd does not send the body. */
	if (tag[0] && status == 200 && not_modified(exchange, tag))
		status = 304;
	if (status == 200 && is_list(exchange->operation)) {
		make_list(exchange, body ? body : "[]", cell_text(row, 0, "next"));
	} else if (body && status != 204) {
		result->results[result->result_count - 1] = NULL;
		reply_result(&exchange->reply, (int)status, "application/json", row, body, strlen(body));
	} else {
		reply_constant(&exchange->reply, (int)status, NULL, "", 0);
	}
	if (tag[0])
		reply_header(&exchange->reply, "ETag", tag);
	if (location)
		reply_header(&exchange->reply, "Location", location);
}

void work_failed(struct exchange *exchange, const struct unit_result *result)
{
	if (result->outcome != UNIT_ERROR) {
		exchange_problem(exchange, "unavailable",
				 result->outcome == UNIT_LOST && !is_read(exchange)
					 ? "The connection to the database was lost. The change may have happened: "
					   "repeat it with the same Idempotency-Key, or read first."
					 : "The database is away. Try again in a moment.");
		return;
	}
	bool by_design;
	const struct problem *problem = problem_of_sqlstate(result->sqlstate, result->hint, &by_design);
	/* The words of a data exception (class 22) quote the value, which may be an address. */
	bool quotes = result->sqlstate && text_starts(result->sqlstate, "22");
	if (!by_design)
		log_write(problem->status >= 500 ? LOG_ERROR_LEVEL : LOG_WARNING_LEVEL, "statement_failed",
			  "sstatement",
			  exchange->operation && exchange->operation->statement ? exchange->operation->statement->name
										: "",
			  "ssqlstate", result->sqlstate, "smessage", quotes ? NULL : result->message, "srequest",
			  exchange->id, NULL);
	if (by_design && result->detail && result->detail[0] == '[')
		exchange->problem_errors = result->detail;
	exchange_problem(exchange, problem->code, by_design ? result->message : NULL);
	exchange->problem_errors = NULL;
}

static void work_done(struct exchange *exchange, struct unit_result *result)
{
	if (result->outcome != UNIT_DONE) {
		work_failed(exchange, result);
		return;
	}
	if (exchange->operation->roles != 0) {
		const PGresult *entered = result->results[0];
		if (PQntuples(entered) != 1) {
			exchange_problem(exchange, "unauthorized", NULL);
			return;
		}
		copy_cell(exchange->district, sizeof(exchange->district), entered, "district_id");
		copy_cell(exchange->credential, sizeof(exchange->credential), entered, "key_id");
	}
	make_reply(exchange, result);
	if (!is_read(exchange))
		wake_workers(exchange->loop);
	if (exchange->operation->after && exchange->reply.status < 300 && !exchange->reply.failed)
		(void)exchange->operation->after(exchange);
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

void work_begin(struct exchange *exchange)
{
	const struct contract_operation *operation = exchange->operation;
	const struct service *service = exchange->loop->service;
	const char *values[STATEMENT_PARAMETERS], *entering[STATEMENT_PARAMETERS];
	char roles[64];
	struct unit_statement statements[2];
	int count = 0;
	if (!make_request(exchange)) {
		exchange_problem(exchange, "unavailable", NULL);
		return;
	}
	if (operation->roles != 0) {
		role_words(operation->roles, roles);
		for (int i = 0; i < service->enter->parameter_count; i++) {
			const char *name = service->enter->parameters[i];
			entering[i] = strcmp(name, "kind") == 0   ? "key"
				      : strcmp(name, "hash") == 0 ? exchange->key_hash
								  : roles;
		}
		statements[count++] = (struct unit_statement){service->enter, entering};
	}
	for (int i = 0; i < operation->statement->parameter_count; i++)
		values[i] = value_of(exchange, operation->statement->parameters[i]);
	statements[count++] = (struct unit_statement){operation->statement, values};
	const struct lane_request request = {
		.lane = operation->lane,
		.flow = flow_of(exchange),
		.repeat = is_read(exchange) || exchange->idempotency_key[0],
		.statements = statements,
		.count = count,
	};
	/* Where it is not taken, the problem is the reply already. */
	(void)!exchange_submit(exchange, &request, work_done);
}
