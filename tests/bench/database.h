/*
 * database.h: connections of the benchmark to its databases. Each function ends the program when PostgreSQL refuses.
 */
#ifndef TESTS_BENCH_DATABASE_H
#define TESTS_BENCH_DATABASE_H

#include <libpq-fe.h>

/* To be ended with PQfinish(). `role` NULL: the login's own. */
PGconn *database_open(const char *url, const char *role);
/* Statements by printf. */
void database_run(PGconn *connection, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* First column of the first row as a number. */
double database_number(PGconn *connection, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same as text, to be freed by the caller. */
char *database_text(PGconn *connection, const char *format, ...) __attribute__((format(printf, 2, 3)));

struct database_value {
	const char *name, *value;
};

/*
 * Runs statements of sql/statements in one unit, as the programs do: prepared once, in pipeline mode, one Sync.
 * `results` [out], one a statement, to be cleared by the caller.
 */
struct database_ask {
	const char *statement;
	const struct database_value *values; /* ended by a NULL name; NULL: none */
};
void database_unit(PGconn *connection, const struct database_ask *asks, int count, PGresult **results);
/* Prepares a statement of sql/statements for database_unit(). */
void database_prepare(PGconn *connection, const char *statement);

#endif
