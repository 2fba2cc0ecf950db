#include "api/unit/sheet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/csv/csv_write.h"
#include "api/loop.h"
#include "api/unit/list.h"
#include "api/unit/submit.h"
#include "api/unit/work.h"
#include "kept/limits.h"
#include "sql/cell.h"

#define TYPE "text/csv; charset=utf-8; header=present"
#define NAME_BYTES 100

struct sheet {
	struct service *service;
	struct spool spool;
	bool whole; /* not one page only */
	int rows;
};

void sheet_free(struct sheet *sheet)
{
	if (!sheet)
		return;
	atomic_fetch_sub(&sheet->service->sheets, 1);
	spool_release(&sheet->spool);
	free(sheet);
}

/* One item at a time: a tree of a whole page would take many times its text. */
static bool add_rows(struct sheet *sheet, const struct contract_operation *operation, const char *items)
{
	const char *end = items + strlen(items);
	for (items += strcspn(items, "["); items < end; sheet->rows++) {
		json_error_t error;
		items += 1 + strspn(items + 1, " \t\r\n");
		if (*items == ']' || *items == '\0')
			return true;
		json_t *item = json_loadb(items, (size_t)(end - items), JSON_DISABLE_EOF_CHECK, &error);
		if (!item)
			return false;
		csv_write_row(&sheet->spool.text, operation->columns, operation->column_count, item);
		json_decref(item);
		spool_settle(&sheet->spool);
		items += error.position;
		items += strspn(items, " \t\r\n");
		if (sheet->spool.failed)
			return false;
	}
	return true;
}

/* The last fixed part of the path names what is listed. */
static void add_name(struct exchange *exchange)
{
	const char *name = strrchr(exchange->operation->path, '/') + 1;
	char header[NAME_BYTES];
	snprintf(header, sizeof(header), "attachment; filename=\"%s.csv\"", name);
	reply_header(&exchange->reply, "Content-Disposition", header);
}

static void finish(struct exchange *exchange, const char *keyset)
{
	char *token = keyset ? list_token(exchange, keyset) : NULL;
	if ((keyset && !token) || !list_body(exchange, TYPE, &exchange->sheet_out->spool)) {
		free(token);
		return;
	}
	add_name(exchange);
	if (token)
		list_link(exchange, token);
	free(token);
}

static void page_done(struct exchange *exchange, struct unit_result *result)
{
	struct sheet *sheet = exchange->sheet_out;
	if (!work_entered(exchange, result))
		return;
	const PGresult *row = result->results[result->result_count - 1];
	const char *body = cell_text(row, 0, "body"), *keyset = cell_text(row, 0, "next");
	if (!add_rows(sheet, exchange->operation, body ? body : "[]") && !sheet->spool.failed) {
		exchange_problem(exchange, "internal", NULL);
		return;
	}
	bool room = sheet->rows < KEPT_SHEET_ROWS && spool_length(&sheet->spool) < KEPT_SHEET_BYTES;
	if (!keyset || !sheet->whole || !room || sheet->spool.failed) {
		finish(exchange, keyset);
		return;
	}
	free(exchange->after);
	exchange->after = strdup(keyset);
	if (!exchange->after)
		exchange_problem(exchange, "unavailable", NULL);
	else
		(void)!submit_unit(exchange, LANE_SLOW, page_done);
}

void sheet_rows(struct exchange *exchange, const char *body)
{
	const struct contract_operation *operation = exchange->operation;
	json_t *json = json_loads(body, 0, NULL);
	const json_t *row, *rows = json_object_get(json, operation->rows);
	struct text out;
	size_t index;

	text_init(&out, KEPT_REPLY_BYTES);
	csv_write_header(&out, operation->columns, operation->column_count);
	json_array_foreach (rows, index, row)
		csv_write_row(&out, operation->columns, operation->column_count, row);
	size_t length = out.length;
	reply_take(&exchange->reply, 200, TYPE, rows ? text_take(&out) : NULL, length);
	add_name(exchange);
	text_release(&out);
	json_decref(json);
}

void sheet_begin(struct exchange *exchange)
{
	const struct contract_operation *operation = exchange->operation;
	struct service *service = exchange->loop->service;
	struct sheet *sheet = calloc(1, sizeof(*sheet));
	int size = request_parameter(operation, IN_QUERY, "page_size");
	if (!sheet || atomic_fetch_add(&service->sheets, 1) >= KEPT_SHEETS) {
		if (sheet)
			atomic_fetch_sub(&service->sheets, 1);
		free(sheet);
		exchange_problem(exchange, "unavailable",
				 "Too many lists are written just now. Try again in a moment.");
		return;
	}
	exchange->sheet_out = sheet;
	sheet->service = service;
	sheet->whole = size < 0 || !exchange->values[size];
	spool_init(&sheet->spool);
	csv_write_header(&sheet->spool.text, operation->columns, operation->column_count);
	if (sheet->whole)
		snprintf(exchange->page_size, sizeof(exchange->page_size), "%d", KEPT_PAGE_ITEMS);
	(void)!submit_unit(exchange, sheet->whole ? LANE_SLOW : operation->lane, page_done);
}
