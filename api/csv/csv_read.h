/*
 * csv_read.h: reads a table as RFC 4180 has it, one row at a time, from bytes that are all there.
 *
 * Cells in quotes may hold line breaks, separators and doubled quotes. Lines end with CRLF or LF. The separator is the
 * one of comma, semicolon and tab that the first row has most of, outside quotes; a byte order mark is passed over.
 * Rows whose cells are all empty are left out. Of apostrophes before = + - @, a tab or a carriage return at the begin
 * of a cell the first is taken away: csv_write.h puts it there, so that no spreadsheet takes the text for a formula.
 *
 * What cannot be told apart for sure is a fault of the whole: bytes that are not UTF-8, U+0000, a quote that is never
 * closed, text behind a closing quote, a quote or a carriage return inside a cell without quotes, a cell over
 * KEPT_CSV_CELL_BYTES. Whether a row has as many cells as the first is the caller's to judge. Keeps no state but the
 * reader's; knows nothing of what the cells mean.
 */
#ifndef API_CSV_READ_H
#define API_CSV_READ_H

#include <stdbool.h>
#include <stddef.h>

#include "kept/limits.h"
#include "kept/text.h"

struct csv_row {
	size_t line;  /* of its first byte; the first line is 1 */
	size_t count; /* cells, also those for which there was no room here */
	const char
		*cells[KEPT_CSV_COLUMNS]; /* the first ones, each followed by a NUL; good until the next row is read */
};

struct csv_reader {
	const char *bytes; /* borrowed */
	size_t length;
	size_t at;
	size_t line;
	char separator;
	struct text cells; /* of the row, one behind the other, each followed by a NUL */
};

/* Where and what: a whole sentence for people, with nothing of the cells in it. */
struct csv_fault {
	size_t line; /* 0: no memory */
	const char *detail;
};

/* `bytes` are borrowed until csv_end(). False: they are not UTF-8. */
bool csv_begin(struct csv_reader *reader, const char *bytes, size_t length, struct csv_fault *fault)
	__attribute__((warn_unused_result));
/* 1: a row was read; 0: there are no more; -1: a fault. */
int csv_next(struct csv_reader *reader, struct csv_row *row, struct csv_fault *fault)
	__attribute__((warn_unused_result));
void csv_end(struct csv_reader *reader);

#endif
