#include "api/request/intake.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "api/bulk/bulk.h"
#include "api/loop.h"
#include "api/request/body.h"
#include "api/schema/schema.h"
#include "kept/limits.h"

bool intake_has_body(const struct exchange *exchange)
{
	return exchange->headers.transfer_encoding > 0 || exchange->headers.length > 0;
}

static size_t body_ceiling(const struct exchange *exchange)
{
	return exchange->operation && exchange->operation->items ? KEPT_BULK_BYTES : KEPT_BODY_BYTES;
}

static bool refuse_large(struct exchange *exchange)
{
	return exchange_refuse(exchange, "too-large",
			       body_ceiling(exchange) > KEPT_BODY_BYTES
				       ? "A body may have 1,048,576 bytes here. Send it in parts."
				       : "A body may have 65,536 bytes.");
}

/* Few large bodies are held at once; the others come again a little later. */
static bool take_large(struct exchange *exchange)
{
	if (exchange->large)
		return true;
	exchange->large = atomic_fetch_add(&exchange->loop->service->large_bodies, 1) < KEPT_LARGE_BODIES;
	if (exchange->large)
		return true;
	atomic_fetch_sub(&exchange->loop->service->large_bodies, 1);
	metrics_limited(exchange->loop->service->metrics, LIMIT_LARGE_BODIES);
	return exchange_refuse(exchange, "unavailable", "Too many large bodies are under way. Try again in a moment.");
}

static bool refuse_type(struct exchange *exchange)
{
	const struct contract_operation *operation = exchange->operation;
	const char *sheet = operation->sheet_type;
	char detail[160];
	snprintf(detail, sizeof(detail), "Send the body as %s%s%s, and say so in the header Content-Type.",
		 operation->body_type, sheet ? " or " : "", sheet ? sheet : "");
	return exchange_refuse(exchange, "unsupported-media-type", detail);
}

static bool check_type(struct exchange *exchange)
{
	const struct contract_operation *operation = exchange->operation;
	const char *type = exchange_header(exchange, "Content-Type");
	exchange->sheet = operation->sheet_type && request_type_is(type, operation->sheet_type);
	return exchange->sheet || request_type_is(type, operation->body_type) || refuse_type(exchange);
}

bool intake_headers(struct exchange *exchange)
{
	const struct contract_operation *operation = exchange->operation;
	const char *encoding = exchange_header(exchange, "Content-Encoding");
	if (!intake_has_body(exchange))
		return true;
	if (!operation->body) {
		exchange->close = true;
		return exchange_refuse(exchange, "bad-request", "This request takes no body.");
	}
	exchange->body.limit = body_ceiling(exchange);
	if (exchange->headers.length > exchange->body.limit)
		return refuse_large(exchange);
	if (encoding && strcasecmp(encoding, "identity") != 0)
		return exchange_refuse(exchange, "unsupported-media-type", "The body must not be encoded.");
	return check_type(exchange);
}

bool intake_reserve(struct exchange *exchange)
{
	return exchange->headers.length <= KEPT_BODY_BYTES || take_large(exchange);
}

bool intake_piece(struct exchange *exchange, const char *bytes, size_t size)
{
	if (!exchange->refused && size > body_ceiling(exchange) - exchange->body.length)
		refuse_large(exchange);
	/* Nobody knows how long a chunked body will be. */
	if (!exchange->refused && exchange->body.length + size > KEPT_BODY_BYTES)
		(void)take_large(exchange);
	if (!exchange->refused) {
		text_add(&exchange->body, bytes, size);
		return text_ok(&exchange->body);
	}
	text_release(&exchange->body);
	exchange->discarded += size;
	return exchange->discarded <= KEPT_BODY_DISCARD_BYTES;
}

static const char *status_code(int status)
{
	return problem_of_status(status)->code;
}

static bool take_items(struct exchange *exchange)
{
	const struct bulk_source source = {
		.operation = exchange->operation,
		.seal = exchange->loop->live->seal,
		.bytes = exchange->body.bytes,
		.length = exchange->body.length,
		.sheet = exchange->sheet,
	};
	struct body_fault fault;
	exchange->body_text = bulk_read(&source, &exchange->errors, &fault);
	return exchange->body_text || exchange_refuse(exchange, status_code(fault.status), fault.detail);
}

bool intake_read(struct exchange *exchange)
{
	const struct contract_operation *operation = exchange->operation;
	if (!operation->body)
		return true;
	if (exchange->body.length == 0)
		return !operation->body_required ||
		       exchange_refuse(exchange, "bad-request", "A body is needed; {} where there is nothing to say.");
	if (operation->items)
		return take_items(exchange);
	struct body_fault fault;
	exchange->json = body_parse(exchange->body.bytes, exchange->body.length, &fault);
	if (!exchange->json)
		return exchange_refuse(exchange, status_code(fault.status), fault.detail);
	struct schema_errors found;
	schema_errors_init(&found);
	bool valid = schema_validate(operation->body, exchange->json, &found);
	for (size_t i = 0; i < found.count; i++)
		problem_errors_pointer(&exchange->errors, found.items[i].pointer, found.items[i].detail);
	exchange->errors.more |= found.more;
	schema_errors_release(&found);
	if (!valid)
		return exchange_refuse(exchange, "invalid", "The body holds members that are wrong. See errors.");
	exchange->body_text = json_dumps(exchange->json, JSON_COMPACT);
	return exchange->body_text || exchange_refuse(exchange, "unavailable", NULL);
}
