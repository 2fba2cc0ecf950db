/* The hooks that the contract names (api/hooks.def). */
#include <stdlib.h>
#include <string.h>

#include "api/bulk/bulk_answer.h"
#include "api/contract.h"
#include "api/loop.h"
#include "api/reply/docs.h"
#include "api/reply/health.h"
#include "api/reply/home.h"
#include "api/reply/plan_page.h"
#include "api/reply/plan_sheet.h"
#include "api/reply/secrets.h"
#include "api/request/exchange.h"
#include "kept/exposition.h"
#include "kept/limits.h"

#define SECRETS_BYTES (64 * 1024)
#define METRICS_BYTES (4 * 1024 * 1024)

/* Ends the array of secrets and hands it to the statement. */
static bool give_secrets(struct exchange *exchange, struct text *made, bool ok)
{
	text_adds(made, "]");
	free(exchange->secrets);
	exchange->secrets = ok ? text_take(made) : NULL;
	text_release(made);
	if (!exchange->secrets)
		exchange_problem(exchange, "unavailable", NULL);
	return exchange->secrets != NULL;
}

/* One for each contact of channel webhook; one alone where the body is a single endpoint or contact. */
bool hook_before_webhook_secrets(struct exchange *exchange)
{
	const struct seal *seal = exchange->loop->live->seal;
	const json_t *contacts = json_object_get(exchange->json, "contacts"), *contact;
	struct text made;
	bool ok = true;
	size_t i;
	text_init(&made, SECRETS_BYTES);
	text_adds(&made, "[");
	if (!contacts)
		ok = secrets_add_webhook(seal, &made);
	json_array_foreach (contacts, i, contact) {
		const char *channel = json_string_value(json_object_get(contact, "channel"));
		if (!channel || strcmp(channel, "webhook") != 0)
			continue;
		text_adds(&made, made.length > 1 ? "," : "");
		ok = ok && secrets_add_webhook(seal, &made);
	}
	return give_secrets(exchange, &made, ok);
}

bool hook_before_api_key(struct exchange *exchange)
{
	struct text made;
	text_init(&made, SECRETS_BYTES);
	text_adds(&made, "[");
	bool ok = secrets_add_key(exchange->loop->live->seal, &made);
	return give_secrets(exchange, &made, ok);
}

bool hook_after_open_secrets(struct exchange *exchange)
{
	struct reply *reply = &exchange->reply;
	if (reply->length == 0)
		return true;
	json_t *body = json_loadb(reply->constant, reply->length, 0, NULL);
	int opened = 0;
	bool ok = body != NULL;
	if (ok && exchange->prefer.rollback)
		secrets_drop(body);
	else
		ok = ok && secrets_open(exchange->loop->live->seal, body, &opened);
	char *text = ok ? json_dumps(body, JSON_COMPACT) : NULL;
	json_decref(body);
	exchange->shows_secret = opened > 0;
	if (!text) {
		exchange_problem(exchange, "internal", NULL);
		return false;
	}
	reply_body(reply, text, strlen(text));
	return true;
}

bool hook_after_bulk_answer(struct exchange *exchange)
{
	return bulk_answer(exchange);
}

bool hook_after_plan_page(struct exchange *exchange)
{
	return plan_page(exchange);
}

bool hook_after_plan_sheet(struct exchange *exchange)
{
	return plan_sheet(exchange);
}

void hook_produces_home(struct exchange *exchange)
{
	home_page(exchange);
}

void hook_produces_livez(struct exchange *exchange)
{
	health_live(exchange);
}

void hook_produces_readyz(struct exchange *exchange)
{
	health_ready(exchange);
}

/* Figures count what outsiders may not count. */
void hook_produces_metrics(struct exchange *exchange)
{
	struct text out;
	if (!client_address_is_inside(&exchange->limits.client)) {
		exchange_problem(exchange, "forbidden", "Figures are told to this host and private networks only.");
		return;
	}
	text_init(&out, METRICS_BYTES);
	metrics_write(exchange->loop->service->metrics, &out);
	size_t length = out.length;
	reply_take(&exchange->reply, 200, EXPOSITION_TYPE, text_take(&out), length);
	exchange->reply.cache = REPLY_PUBLIC;
	text_release(&out);
}

void hook_produces_openapi(struct exchange *exchange)
{
	docs_openapi(exchange);
}

void hook_produces_docs(struct exchange *exchange)
{
	docs_page(exchange);
}

void hook_produces_docs_problems(struct exchange *exchange)
{
	docs_problems(exchange);
}

void hook_produces_docs_problem(struct exchange *exchange)
{
	docs_problem(exchange);
}
