#include "api/bulk/bulk_sheet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/bulk/bulk_column.h"
#include "api/csv/csv_read.h"
#include "kept/limits.h"

struct sheet {
	struct bulk *bulk;
	const struct bulk_source *source;
	struct csv_reader reader;
	struct bulk_column columns[KEPT_CSV_COLUMNS];
	char *names[KEPT_CSV_COLUMNS]; /* owned */
	size_t count;
	size_t id; /* the column of the id; `count`: there is none */
};

static bool refuse(struct body_fault *fault, int status, const char *detail)
{
	fault->status = status;
	snprintf(fault->detail, sizeof(fault->detail), "%s", detail);
	return false;
}

static bool refuse_csv(struct body_fault *fault, struct problem_errors *errors, const struct csv_fault *found)
{
	if (found->line == 0)
		return refuse(fault, 503, found->detail);
	problem_errors_line(errors, "", found->line, found->detail);
	fault->status = 400;
	snprintf(fault->detail, sizeof(fault->detail), "The sheet cannot be read, see line %zu. %s", found->line,
		 found->detail);
	return false;
}

/* A name without blanks around it. */
static char *name_of(const char *cell)
{
	cell += strspn(cell, " \t");
	size_t length = strlen(cell);
	while (length > 0 && strchr(" \t", cell[length - 1]))
		length--;
	return strndup(cell, length);
}

static void tell_column(struct problem_errors *errors, size_t line, const char *name, const char *what)
{
	struct text detail;
	text_init(&detail, 200);
	text_addf(&detail, "the column \"%.*s\" %s", 60, name, what);
	problem_errors_line(errors, "/items", line,
			    text_ok(&detail) && text_is_utf8(detail.bytes, detail.length) ? detail.bytes : what);
	text_release(&detail);
}

/* "Due on" is the name as a person writes it; the column's own is told then. */
static void tell_unknown(const struct sheet *sheet, struct problem_errors *errors, size_t line, const char *name)
{
	struct bulk_column column;
	char own[60] = "", what[100] = "is not known here; remove it, or give it a name from /docs";
	for (size_t i = 0; name[i] && i + 1 < sizeof(own); i++)
		own[i] = strchr(" -", name[i]) ? '_' : (char)(name[i] | (name[i] >= 'A' && name[i] <= 'Z' ? 0x20 : 0));
	if (strlen(name) < sizeof(own) && bulk_column_find(&column, sheet->source->operation, own))
		snprintf(what, sizeof(what), "is not known here; write it \"%s\"", own);
	tell_column(errors, line, name, what);
}

static bool is_repeated(const struct sheet *sheet, const char *name)
{
	for (size_t i = 0; i < sheet->count; i++)
		if (*name && strcmp(sheet->names[i], name) == 0)
			return true;
	return false;
}

static bool take_header(struct sheet *sheet, const struct csv_row *row, struct problem_errors *errors,
			struct body_fault *fault)
{
	int before = errors->count;
	if (row->count > KEPT_CSV_COLUMNS) {
		problem_errors_line(errors, "/items", row->line, "has too many columns");
		return refuse(fault, 422, "A sheet may have 64 columns.");
	}
	for (size_t i = 0; i < row->count; i++) {
		char *name = name_of(row->cells[i]);
		if (!name)
			return refuse(fault, 503, "There is no memory for this request just now. Try again soon.");
		if (is_repeated(sheet, name))
			tell_column(errors, row->line, name, "is there twice");
		else if (!bulk_column_find(&sheet->columns[i], sheet->source->operation, name))
			tell_unknown(sheet, errors, row->line, name);
		sheet->names[i] = name;
		sheet->count = i + 1;
	}
	for (sheet->id = 0; sheet->id < sheet->count && strcmp(sheet->names[sheet->id], "id") != 0; sheet->id++)
		;
	return errors->count == before ||
	       refuse(fault, 422, "A column is wrong, so no row was looked at and nothing was stored. See errors.");
}

static void take_cells(const struct sheet *sheet, const struct csv_row *row, struct bulk_item *item)
{
	bool change = sheet->id < sheet->count && *row->cells[sheet->id];
	for (int alone = 0; alone < 2; alone++)
		for (size_t i = 0; i < sheet->count; i++)
			if (!sheet->columns[i].alone == !alone && *row->cells[i])
				bulk_column_take(&sheet->columns[i], item, row->cells[i], change);
}

static bool take_row(const struct sheet *sheet, const struct csv_row *row)
{
	struct bulk_item item;
	if (!bulk_item_init(&item, NULL, row->line))
		return false;
	if (row->count == sheet->count) {
		take_cells(sheet, row, &item);
		bulk_item_add(sheet->bulk, &item);
	} else {
		char detail[100];
		snprintf(detail, sizeof(detail), "has %zu cell%s, and the first row has %zu", row->count,
			 row->count == 1 ? "" : "s", sheet->count);
		bulk_item_refuse(sheet->bulk, &item, detail);
	}
	bulk_item_release(&item);
	return true;
}

static bool take_rows(struct sheet *sheet, struct problem_errors *errors, struct body_fault *fault)
{
	struct csv_fault found;
	struct csv_row row;
	int got = csv_next(&sheet->reader, &row, &found);
	if (got == 0)
		return refuse(fault, 400, "The sheet is empty. Its first row names the columns.");
	if (got < 0)
		return refuse_csv(fault, errors, &found);
	if (!take_header(sheet, &row, errors, fault))
		return false;
	while ((got = csv_next(&sheet->reader, &row, &found)) > 0) {
		/* One too many is enough to know. */
		if (sheet->bulk->count > KEPT_BULK_ITEMS)
			return true;
		if (!take_row(sheet, &row))
			return refuse(fault, 503, "There is no memory for this request just now. Try again soon.");
	}
	return got == 0 || refuse_csv(fault, errors, &found);
}

bool bulk_sheet_read(struct bulk *bulk, const struct bulk_source *source, struct problem_errors *errors,
		     struct body_fault *fault)
{
	struct sheet *sheet = calloc(1, sizeof(*sheet));
	struct csv_fault found;
	if (!sheet)
		return refuse(fault, 503, "There is no memory for this request just now. Try again soon.");
	sheet->bulk = bulk;
	sheet->source = source;
	bool ok = csv_begin(&sheet->reader, source->bytes, source->length, &found) ? take_rows(sheet, errors, fault)
										   : refuse_csv(fault, errors, &found);
	csv_end(&sheet->reader);
	for (size_t i = 0; i < sheet->count; i++)
		free(sheet->names[i]);
	free(sheet);
	return ok;
}
