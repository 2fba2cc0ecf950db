/*
 * csv_write.h: writes rows as RFC 4180 has it: commas, CRLF, quotes where they are needed, UTF-8, a header row.
 *
 * A column is the name of a member; "owner.name" is the member `name` of the member `owner`. Text stands as it is,
 * numbers and true, false as JSON has them, null and what is absent as nothing, an empty text as "". An array of plain
 * values is joined by semicolons; other arrays, and objects, are JSON in one cell.
 *
 * A text that begins with = + - @, a tab or a carriage return, or with apostrophes before one of these, gets an
 * apostrophe in front, so that no spreadsheet takes it for a formula; csv_read.h takes exactly that one away. A cell
 * that is one JSON number is left as it is.
 */
#ifndef API_CSV_WRITE_H
#define API_CSV_WRITE_H

#include <stddef.h>

#include <jansson.h>

#include "kept/text.h"

/* Appends the header row. */
void csv_write_header(struct text *out, const char *const *columns, size_t count);
/* Appends one row made of the object `item`. */
void csv_write_row(struct text *out, const char *const *columns, size_t count, const json_t *item);

#endif
