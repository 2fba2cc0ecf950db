/*
 * cell.h: one cell of a result, found by the name of its column.
 */
#ifndef SQL_CELL_H
#define SQL_CELL_H

#include <stddef.h>

#include <libpq-fe.h>

/* The text, borrowed from `rows`; NULL for SQL NULL, no such row, or no such column. */
static inline const char *cell_text(const PGresult *rows, int row, const char *column)
{
	int number = PQfnumber(rows, column);

	return number < 0 || row >= PQntuples(rows) || PQgetisnull(rows, row, number) ? NULL
										      : PQgetvalue(rows, row, number);
}

#endif
