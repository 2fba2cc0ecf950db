#include "api/request/dispatch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "api/limits/apply.h"
#include "api/loop.h"
#include "api/reply/page_token.h"
#include "api/request/accept.h"
#include "api/request/intake.h"
#include "api/unit/work.h"
#include "kept/limits.h"

static bool refuse(struct exchange *exchange, const char *code, const char *detail)
{
	return exchange_refuse(exchange, code, detail);
}

struct headers {
	struct exchange *exchange;
	struct trace_headers trace;
};

static enum MHD_Result take_header(void *context, enum MHD_ValueKind kind, const char *name, size_t name_size,
				   const char *value, size_t value_size)
{
	(void)kind;
	struct headers *headers = context;
	struct exchange *exchange = headers->exchange;
	trace_header(&headers->trace, name, name_size, value, value_size);
	guard_header(&exchange->headers, name, name_size, value ? value : "", value ? value_size : 0);
	wire_header(&exchange->wire, name, name_size, value, value_size);
	return MHD_YES;
}

/* Before version 1.0 libmicrohttpd forgives what nobody can see later but by where its strings lie. */
static bool head_was_plain(const struct exchange *exchange)
{
	return !text_starts(MHD_get_version(), "0.") || wire_end(&exchange->wire);
}

static size_t head_size(const struct exchange *exchange)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(exchange->connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
	return info ? info->header_size : 0;
}

/* What makes the framing of the request doubtful. */
static bool check_guard(struct exchange *exchange, const char *version)
{
	struct headers headers = {.exchange = exchange};
	struct guard_fault fault = guard_target(exchange->target, &exchange->path);
	wire_begin(&exchange->wire, head_size(exchange), exchange->method, exchange->target_sent,
		   strlen(exchange->target), version);
	MHD_get_connection_values_n(exchange->connection, MHD_HEADER_KIND, take_header, &headers);
	trace_of(&exchange->trace, &headers.trace);
	if (!fault.code)
		fault = guard_headers_end(&exchange->headers, version);
	if (!fault.code && !head_was_plain(exchange))
		fault = (struct guard_fault){
			"bad-request", "Request line and headers are lines that end with CR LF, each whole in "
				       "its line, without NUL and with one space between the words of the first."};
	if (!fault.code)
		return true;
	exchange->close = true;
	return refuse(exchange, fault.code, fault.detail);
}

static bool find_operation(struct exchange *exchange)
{
	exchange->query = strchr(exchange->path, '?');
	if (exchange->query)
		*exchange->query++ = '\0';
	contract_match(exchange->method, exchange->path, &exchange->match);
	exchange->operation = exchange->match.operation;
	if (exchange->operation)
		return true;
	if (exchange->match.status != 405)
		return refuse(exchange, "not-found",
			      "There is nothing under this path. /openapi.json lists all paths.");
	if (strcmp(exchange->method, "OPTIONS") != 0)
		return refuse(exchange, "method-not-allowed", "The header Allow names the methods that fit this path.");
	reply_constant(&exchange->reply, 204, NULL, "", 0);
	reply_header(&exchange->reply, "Allow", exchange->match.allow);
	exchange->reply.cache = REPLY_PUBLIC;
	exchange->refused = true;
	return false;
}

static bool take_credential(struct exchange *exchange)
{
	const char *header = exchange_header(exchange, "Authorization");
	const char *key = request_bearer(header);
	/* Where no key is asked for, one of ours that is cut off is told all the same; what is another's is let be. */
	if (exchange->operation->roles == 0 && (key || !header || strncasecmp(header, "Bearer kept_", 12) != 0))
		return true;
	if (!key)
		return refuse(exchange, "unauthorized",
			      "The key is not known, has expired or was revoked. "
			      "Send a valid key as \"Authorization: Bearer KEY\".");
	uint8_t hash[32];
	struct text hex;
	key_hash(hash, key);
	text_init(&hex, sizeof(exchange->key_hash));
	text_add_hex(&hex, hash, sizeof(hash));
	bool ok = text_ok(&hex) && hex.length == 64;
	if (ok)
		memcpy(exchange->key_hash, hex.bytes, 65);
	text_release(&hex);
	return ok ? apply_key(exchange, key, hash) : refuse(exchange, "unavailable", NULL);
}

static bool take_if_match(struct exchange *exchange)
{
	const char *header = exchange_header(exchange, "If-Match"), *method = exchange->operation->method;
	/* A read, or what makes something new, changes nothing that somebody else could have changed first. */
	if (strcmp(method, "GET") == 0 || (strcmp(method, "POST") == 0 && !strchr(exchange->operation->path, '{')))
		return true;
	if (!header && exchange->operation->if_match_required)
		return refuse(
			exchange, "precondition-required",
			"Read the resource first and send its ETag in If-Match, or * to change whatever is there.");
	if (!header)
		return true;
	switch (request_if_match(header, &exchange->if_match)) {
	case MATCH_ANY:
	case MATCH_VERSION:
		return true;
	case MATCH_NEVER:
		return refuse(exchange, "precondition-failed", "The tag in If-Match is not one of this resource.");
	case MATCH_MALFORMED:
		break;
	}
	return refuse(exchange, "bad-request", "If-Match takes entity tags in double quotes, or *.");
}

static bool take_idempotency_key(struct exchange *exchange)
{
	const char *header = exchange_header(exchange, "Idempotency-Key");
	const char *method = exchange->operation->method;
	if (!header && exchange->operation->items)
		return refuse(
			exchange, "bad-request",
			"Idempotency-Key is needed here: a text of your own, so that a lost answer costs nothing.");
	if (!header || (strcmp(method, "POST") != 0 && strcmp(method, "PATCH") != 0 && strcmp(method, "DELETE") != 0))
		return true;
	if (request_idempotency_key(header, exchange->idempotency_key))
		return true;
	exchange->idempotency_key[0] = '\0';
	return refuse(exchange, "bad-request", "Idempotency-Key takes 1 to 255 printable ASCII characters.");
}

static bool take_page(struct exchange *exchange)
{
	const struct contract_operation *operation = exchange->operation;
	int size = request_parameter(operation, IN_QUERY, "page_size");
	int token = request_parameter(operation, IN_QUERY, "page_token");
	long items = KEPT_PAGE_ITEMS_DEFAULT;
	if (size >= 0 && exchange->values[size])
		items = strtol(exchange->values[size], NULL, 10);
	items = items < 1 ? 1 : items > KEPT_PAGE_ITEMS ? KEPT_PAGE_ITEMS : items;
	snprintf(exchange->page_size, sizeof(exchange->page_size), "%ld", items);
	if (token < 0 || !exchange->values[token])
		return true;
	exchange->after = page_token_open(exchange->loop->live->seal, operation, exchange->values, exchange->key_hash,
					  exchange->values[token]);
	if (exchange->after)
		return true;
	problem_errors_parameter(&exchange->errors, "page_token", "does not belong to this list and these filters");
	return refuse(exchange, "bad-page-token", "Begin again without page_token.");
}

static bool take_accept(struct exchange *exchange)
{
	struct text lines;
	if (!exchange->operation->columns)
		return true;
	text_init(&lines, KEPT_CONNECTION_POOL_BYTES);
	exchange_header_lines(exchange, "Accept", &lines);
	enum accept_form form = accept_form(lines.bytes);
	text_release(&lines);
	exchange->csv = form == ACCEPT_CSV;
	return form != ACCEPT_NEITHER ||
	       refuse(exchange, "not-acceptable", "A list is application/json or text/csv; Accept takes neither.");
}

static bool take_prefer(struct exchange *exchange)
{
	struct text lines;
	text_init(&lines, KEPT_CONNECTION_POOL_BYTES);
	exchange_header_lines(exchange, "Prefer", &lines);
	bool ok = lines.length == 0 || text_ok(&lines);
	prefer_read(lines.length > 0 && ok ? lines.bytes : NULL, &exchange->prefer);
	text_release(&lines);
	if (!ok)
		return refuse(exchange, "unavailable", NULL);
	return !exchange->prefer.strict || !exchange->prefer.unknown ||
	       refuse(exchange, "bad-request", "Prefer asks for something that is not known here.");
}

static bool take_parameters(struct exchange *exchange)
{
	if (!request_path(&exchange->match, exchange->values))
		return refuse(exchange, "not-found", "There is nothing under this path.");
	if (!request_query(exchange->operation, exchange->query, exchange->values, &exchange->errors))
		return refuse(exchange, "bad-request", "A query parameter is wrong. See errors.");
	request_languages(exchange_header(exchange, "Accept-Language"), exchange->languages);
	return take_accept(exchange) && take_page(exchange) && take_if_match(exchange) &&
	       take_idempotency_key(exchange) && take_prefer(exchange) && intake_reserve(exchange);
}

bool dispatch_headers(struct exchange *exchange, const char *method, const char *version)
{
	exchange->method = method;
	if (!check_guard(exchange, version)) {
		/* Where the request ends cannot be known. */
		exchange_answer(exchange);
		return exchange->status > 0;
	}
	/* Of the lines between chunks only their meaning is seen here: nothing behind such a body is read. */
	if (exchange->headers.transfer_encoding > 0)
		exchange->close = true;
	if (guard_method_known(method)) {
		(void)find_operation(exchange);
	} else {
		exchange->close = true;
		refuse(exchange, "not-implemented", NULL);
	}
	/* What is not there counts for the address too. */
	if (apply_arrival(exchange) && !exchange->refused && take_credential(exchange) && intake_headers(exchange))
		(void)take_parameters(exchange);
	if (!exchange->refused || !intake_has_body(exchange))
		return true;
	/* The body of a refused request is read and thrown away, unless it is long or the client waits for a sign. */
	if (!exchange->headers.expects && exchange->headers.length <= KEPT_BODY_DISCARD_BYTES)
		return true;
	exchange->close = true;
	exchange_answer(exchange);
	return exchange->status > 0;
}

bool dispatch_body(struct exchange *exchange, const char *bytes, size_t size)
{
	return intake_piece(exchange, bytes, size);
}

static bool check_trailers(struct exchange *exchange)
{
	return MHD_get_connection_values(exchange->connection, MHD_FOOTER_KIND, NULL, NULL) == 0 ||
	       refuse(exchange, "bad-request", "Nothing may follow the last chunk of the body: no trailers are taken.");
}

bool dispatch_run(struct exchange *exchange)
{
	const struct contract_operation *operation = exchange->operation;
	if (!exchange->refused && check_trailers(exchange) && intake_read(exchange)) {
		if (operation->produces)
			operation->produces(exchange);
		else if (!operation->before || operation->before(exchange))
			work_begin(exchange);
	}
	if (exchange->unit) {
		exchange_suspend(exchange);
		return true;
	}
	exchange_answer(exchange);
	return exchange->status > 0;
}
