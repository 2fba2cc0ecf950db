#include "api/unit/work.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/loop.h"
#include "api/reply/preferred.h"
#include "api/unit/list.h"
#include "api/unit/sheet.h"
#include "api/unit/submit.h"
#include "api/unit/wake.h"
#include "kept/limits.h"
#include "kept/log.h"
#include "sql/cell.h"
#include "sql/database.h"

static void copy_cell(char *out, size_t size, const PGresult *row, const char *column)
{
	const char *value = cell_text(row, 0, column);
	snprintf(out, size, "%s", value ? value : "");
}

/* True if the client has it already. */
static bool not_modified(struct exchange *exchange, const char *etag)
{
	const char *header = submit_is_read(exchange) ? exchange_header(exchange, "If-None-Match") : NULL;
	return header && reply_etag_listed(header, etag);
}

static void make_reply(struct exchange *exchange, struct unit_result *result)
{
	int last = submit_enters(exchange); /* behind kept.enter() */
	PGresult *row = result->results[last];
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
	if (etag && strlen(etag) < sizeof(tag) - 3)
		/* The same thing in another form has another tag. */
		snprintf(tag, sizeof(tag), "\"%s%s\"", etag, exchange->csv ? "c" : "");
	/* 304 tells the length that 200 would have; libmicrohttpd does not send the body. */
	if (tag[0] && status == 200 && not_modified(exchange, tag))
		status = 304;
	if (status == 200 && exchange->csv) {
		sheet_rows(exchange, body ? body : "");
	} else if (status == 200 && exchange->operation->columns && !exchange->operation->rows) {
		list_reply(exchange, body ? body : "[]", cell_text(row, 0, "next"));
	} else if (body && status != 204) {
		result->results[last] = NULL;
		reply_result(&exchange->reply, (int)status, "application/json", row, body, strlen(body));
	} else {
		reply_constant(&exchange->reply, (int)status, NULL, "", 0);
	}
	if (tag[0])
		reply_header(&exchange->reply, "ETag", tag);
	if (location && status == 201)
		reply_header(&exchange->reply, "Location", location);
	if (!submit_is_read(exchange) && cell_text(row, 0, "next"))
		reply_header(&exchange->reply, "Idempotent-Replayed", "true");
}

void work_failed(struct exchange *exchange, const struct unit_result *result)
{
	if (result->outcome != UNIT_ERROR) {
		exchange_problem(exchange, "unavailable",
				 result->outcome == UNIT_LOST && !submit_is_read(exchange) &&
						 !submit_is_dry_run(exchange)
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
	const char *words = by_design ? result->message : NULL;
	if (exchange->operation && exchange->operation->items && strcmp(result->sqlstate, "57014") == 0)
		words = "It took too long and was given up; nothing was stored. Send fewer items at once.";
	exchange_problem(exchange, problem->code, words);
	exchange->problem_errors = NULL;
}

/* kept.dry_run() has failed as it must; what came before it is the reply. */
static bool undone(const struct exchange *exchange, const struct unit_result *result)
{
	return submit_is_dry_run(exchange) && result->outcome == UNIT_ERROR && strcmp(result->sqlstate, "KTDRY") == 0;
}

static void finish_write(struct exchange *exchange)
{
	bool dry_run = submit_is_dry_run(exchange);
	if (!dry_run)
		wake_workers(exchange->loop);
	if (exchange->operation->after && exchange->reply.status < 300 && !exchange->reply.failed &&
	    !exchange->operation->after(exchange))
		return;
	if (exchange->reply.status < 300)
		preferred_apply(exchange);
}

bool work_entered(struct exchange *exchange, const struct unit_result *result)
{
	if (result->outcome != UNIT_DONE && !undone(exchange, result)) {
		work_failed(exchange, result);
		return false;
	}
	if (!submit_enters(exchange))
		return true;
	const PGresult *entered = result->results[0];
	if (PQntuples(entered) != 1) {
		exchange_problem(exchange, "unauthorized", NULL);
		return false;
	}
	copy_cell(exchange->district, sizeof(exchange->district), entered, "district_id");
	copy_cell(exchange->credential, sizeof(exchange->credential), entered, "key_id");
	return true;
}

static void work_done(struct exchange *exchange, struct unit_result *result)
{
	if (!work_entered(exchange, result))
		return;
	make_reply(exchange, result);
	if (!submit_is_read(exchange))
		finish_write(exchange);
	else if (exchange->operation->after && exchange->reply.status == 200)
		(void)!exchange->operation->after(exchange);
}

void work_begin(struct exchange *exchange)
{
	/* Where it is not taken, the problem is the reply already. */
	if (exchange->csv && !exchange->operation->rows)
		sheet_begin(exchange);
	else
		(void)!submit_unit(exchange, exchange->operation->lane, work_done);
}
