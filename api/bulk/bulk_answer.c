#include "api/bulk/bulk_answer.h"

#include <stdlib.h>
#include <string.h>

#include "api/loop.h"
#include "api/reply/secrets.h"
#include "kept/log.h"

/* {"state","code","detail","errors"} becomes a problem; no instance: the request is one. */
static json_t *problem_of(const struct exchange *exchange, const json_t *refused, int *status)
{
	const char *state = json_string_value(json_object_get(refused, "state"));
	const char *detail = json_string_value(json_object_get(refused, "detail"));
	json_t *errors = json_object_get(refused, "errors");
	bool by_design;
	const struct problem *problem =
		problem_of_sqlstate(state, json_string_value(json_object_get(refused, "code")), &by_design);
	struct text type;
	text_init(&type, KEPT_SETTING_BYTES);
	text_adds(&type, exchange->loop->live->config->public_url);
	text_adds(&type, "/docs/problems/");
	text_adds(&type, problem->code);
	json_t *made = text_ok(&type) ? json_pack("{s:s, s:s, s:i, s:s}", "type", type.bytes, "title", problem->title,
						  "status", problem->status, "detail",
						  by_design && detail ? detail : problem->title)
				      : NULL;
	text_release(&type);
	if (made && errors && json_object_set(made, "errors", errors) != 0) {
		json_decref(made);
		made = NULL;
	}
	if (!by_design)
		log_write(problem->status >= 500 ? LOG_ERROR_LEVEL : LOG_WARNING_LEVEL, "item_failed", "sstatement",
			  exchange->operation->statement->name, "ssqlstate", state ? state : "", "srequest",
			  exchange->id, NULL);
	*status = problem->status;
	return made;
}

static bool finish_item(const struct exchange *exchange, json_t *item)
{
	const json_t *refused = json_object_get(item, "problem");
	int status = 0;
	if (exchange->prefer.rollback)
		json_object_del(item, "secrets");
	if (!refused)
		return true;
	json_t *problem = problem_of(exchange, refused, &status);
	return json_object_set_new(item, "problem", problem) == 0 &&
	       json_object_set_new(item, "status", json_integer(status)) == 0;
}

bool bulk_answer(struct exchange *exchange)
{
	struct reply *reply = &exchange->reply;
	json_t *body = json_loadb(reply->constant, reply->length, 0, NULL), *item;
	bool ok = body != NULL;
	int opened = 0;
	char *text = NULL;
	size_t i;
	json_array_foreach (json_object_get(body, "items"), i, item)
		ok = ok && finish_item(exchange, item);
	if (ok && secrets_open(exchange->loop->live->seal, body, &opened))
		text = json_dumps(body, JSON_COMPACT);
	json_decref(body);
	exchange->shows_secret = opened > 0;
	if (!text) {
		exchange_problem(exchange, "internal", NULL);
		return false;
	}
	reply_body(reply, text, strlen(text));
	return true;
}
