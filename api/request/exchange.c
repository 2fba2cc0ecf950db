#include "api/request/exchange.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "api/limits/apply.h"
#include "api/loop.h"
#include "api/unit/sheet.h"
#include "kept/log.h"
#include "kept/steady.h"

static void deadline_passed(struct ev_loop *ev, ev_timer *timer, int events)
{
	(void)ev, (void)events;
	struct exchange *exchange = timer->data;
	if (exchange->phase != EXCHANGE_WAITING)
		return;
	exchange_give_up(exchange, "timeout",
			 "The answer did not come in time. A change may have happened: repeat it with the same "
			 "Idempotency-Key, or read first.");
}

struct exchange *exchange_new(struct loop *loop, struct MHD_Connection *connection, const char *target)
{
	struct exchange *exchange = calloc(1, sizeof(*exchange));
	char *copy = strdup(target);
	if (!exchange || !copy) {
		free(exchange);
		free(copy);
		return NULL;
	}
	exchange->loop = loop;
	exchange->connection = connection;
	exchange->target = copy;
	exchange->target_sent = target;
	exchange->path = copy;
	exchange->method = "";
	exchange->began = steady_seconds();
	exchange->answer_by = exchange->began + KEPT_ANSWER_SECONDS;
	random_uuid(exchange->id);
	trace_new(&exchange->trace);
	text_init(&exchange->body, KEPT_BODY_BYTES);
	problem_errors_init(&exchange->errors);
	ev_timer_init(&exchange->deadline, deadline_passed, KEPT_ANSWER_SECONDS, 0);
	exchange->deadline.data = exchange;
	exchange->next = loop->exchanges;
	if (loop->exchanges)
		loop->exchanges->previous = exchange;
	loop->exchanges = exchange;
	return exchange;
}

void exchange_free(struct exchange *exchange)
{
	if (!exchange)
		return;
	struct loop *loop = exchange->loop;
	if (exchange->previous)
		exchange->previous->next = exchange->next;
	else
		loop->exchanges = exchange->next;
	if (exchange->next)
		exchange->next->previous = exchange->previous;
	if (exchange->unit)
		lanes_orphan(exchange->unit);
	apply_end(exchange);
	ev_timer_stop(loop->ev, &exchange->deadline);
	if (exchange->large)
		atomic_fetch_sub(&loop->service->large_bodies, 1);
	json_decref(exchange->json);
	text_release(&exchange->body);
	problem_errors_release(&exchange->errors);
	reply_clear(&exchange->reply);
	sheet_free(exchange->sheet_out);
	for (int i = 0; i < EXCHANGE_PARAMETERS; i++)
		free(exchange->values[i]);
	free(exchange->body_text);
	free(exchange->request_json);
	free(exchange->after);
	free(exchange->secrets);
	free(exchange->target);
	free(exchange);
}

const char *exchange_header(const struct exchange *exchange, const char *name)
{
	return MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND, name);
}

struct lines {
	const char *name;
	struct text *out;
};

static enum MHD_Result take_line(void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
	(void)kind;
	const struct lines *lines = context;
	if (value && strcasecmp(name, lines->name) == 0) {
		text_adds(lines->out, lines->out->length > 0 ? "," : "");
		text_adds(lines->out, value);
	}
	return MHD_YES;
}

void exchange_header_lines(const struct exchange *exchange, const char *name, struct text *out)
{
	struct lines lines = {name, out};
	MHD_get_connection_values(exchange->connection, MHD_HEADER_KIND, take_line, &lines);
}

static void unit_done_for_exchange(void *context, struct unit_result *result)
{
	struct exchange *exchange = context;
	exchange->unit = NULL;
	apply_result(exchange, result);
	exchange->unit_done(exchange, result);
	/* It may have submitted the next one. */
	if (!exchange->unit)
		exchange_answer(exchange);
}

bool exchange_submit(struct exchange *exchange, const struct lane_request *request, exchange_unit_done *done)
{
	struct lane_request wanted = *request;
	wanted.done = unit_done_for_exchange;
	wanted.context = exchange;
	exchange->unit_done = done;
	if (!apply_unit(exchange))
		return false;
	switch (lanes_submit(exchange->loop->lanes, &wanted, &exchange->unit)) {
	case LANES_TAKEN:
		return true;
	case LANES_AWAY:
		apply_result(exchange, NULL);
		exchange_problem(exchange, "unavailable", "The database is away. Try again in a moment.");
		return false;
	case LANES_FULL:
		apply_result(exchange, NULL);
		break;
	}
	exchange_problem(exchange, "unavailable", "Too much is under way. Try again in a moment.");
	return false;
}

void exchange_suspend(struct exchange *exchange)
{
	double left = exchange->answer_by - steady_seconds();
	exchange->phase = EXCHANGE_WAITING;
	left = left < 0 ? 0 : left;
	ev_timer_set(&exchange->deadline, left, 0);
	ev_now_update(exchange->loop->ev);
	ev_timer_start(exchange->loop->ev, &exchange->deadline);
	MHD_suspend_connection(exchange->connection);
}

bool exchange_refuse(struct exchange *exchange, const char *code, const char *detail)
{
	exchange_problem(exchange, code, detail);
	exchange->refused = true;
	return false;
}

void exchange_give_up(struct exchange *exchange, const char *code, const char *detail)
{
	if (exchange->unit)
		lanes_orphan(exchange->unit);
	exchange->unit = NULL;
	exchange_problem(exchange, code, detail);
	exchange_answer(exchange);
}

void exchange_answer(struct exchange *exchange)
{
	bool suspended = exchange->phase == EXCHANGE_WAITING;
	struct reply *reply = &exchange->reply;
	if (exchange->phase == EXCHANGE_ANSWERED)
		return;
	exchange->phase = EXCHANGE_ANSWERED;
	ev_timer_stop(exchange->loop->ev, &exchange->deadline);
	if (atomic_load(&exchange->loop->service->stopping))
		exchange->close = true;
	apply_headers(exchange);
	if (reply->failed)
		exchange_problem(exchange, "internal", NULL);
	if (exchange->operation && exchange->operation->statement && strcmp(exchange->operation->method, "GET") != 0)
		reply->vary = "Prefer";
	else if (exchange->operation && exchange->operation->columns)
		reply->vary = "Accept";
	struct MHD_Response *response = reply_response(reply, exchange->id, exchange->close);
	if (response && MHD_queue_response(exchange->connection, (unsigned)reply->status, response) == MHD_YES)
		exchange->status = reply->status;
	if (response)
		MHD_destroy_response(response);
	if (suspended)
		loop_resume(exchange->loop, exchange);
}

static void add_problem_headers(struct exchange *exchange, const struct problem *problem)
{
	struct reply *reply = &exchange->reply;
	char seconds[24];
	reply_header(reply, "Content-Language", "en");
	switch (problem->status) {
	case 401:
		reply_header(reply, "WWW-Authenticate", "Bearer realm=\"kept\"");
		break;
	case 405:
		reply_header(reply, "Allow", exchange->match.allow ? exchange->match.allow : "GET, HEAD");
		break;
	case 415:
		if (exchange->operation && exchange->operation->body_type) {
			bool patch = strcmp(exchange->operation->method, "PATCH") == 0;
			char types[100];
			snprintf(types, sizeof(types), "%s%s%s", exchange->operation->body_type,
				 exchange->operation->sheet_type ? ", " : "",
				 exchange->operation->sheet_type ? exchange->operation->sheet_type : "");
			reply_header(reply, patch ? "Accept-Patch" : "Accept-Post", types);
			reply_header(reply, "Accept", types);
		}
		break;
	case 409:
		if (strcmp(problem->code, "in-flight") == 0)
			reply_header(reply, "Retry-After", "1");
		break;
	case 429:
		snprintf(seconds, sizeof(seconds), "%ld", exchange->limits.refused ? exchange->limits.wait_seconds : 2);
		reply_header(reply, "Retry-After", seconds);
		break;
	case 503:
		reply_header(reply, "Retry-After", "2");
		break;
	default:
		break;
	}
}

void exchange_problem(struct exchange *exchange, const char *code, const char *detail)
{
	const struct problem *problem = problem_find(code);
	struct text body, errors;
	if (!problem)
		problem = problem_of_status(500);
	text_init(&errors, KEPT_REPLY_BYTES);
	if (exchange->errors.count > 0) {
		text_adds(&errors, "[");
		text_add(&errors, exchange->errors.items.bytes, exchange->errors.items.length);
		text_adds(&errors, "]");
	}
	const struct problem_reply shown = {
		.problem = problem,
		.public_url = exchange->loop->live->config->public_url,
		.request_id = exchange->id,
		.detail = detail,
		.errors = exchange->problem_errors ? exchange->problem_errors
			  : text_ok(&errors)       ? errors.bytes
						   : NULL,
		.more_errors = exchange->errors.more,
		.violated = problem->status == 429 && exchange->limits.refused ? limit_name(exchange->limits.by) : NULL,
	};
	text_init(&body, KEPT_REPLY_BYTES);
	problem_write(&body, &shown);
	size_t length = body.length;
	reply_clear(&exchange->reply);
	reply_take(&exchange->reply, problem->status, "application/problem+json", text_take(&body), length);
	add_problem_headers(exchange, problem);
	text_release(&errors);
	text_release(&body);
}
