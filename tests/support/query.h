/*
 * query.h: one-shot queries for tests. Each opens a connection of its own. A query that fails fails the test.
 */
#ifndef TESTS_SUPPORT_QUERY_H
#define TESTS_SUPPORT_QUERY_H

#include <stdbool.h>

/* Runs one or more statements. */
void query_run(const char *url, const char *sql);
/* First column of the first row, "" for NULL or no row; to be freed by the caller. */
char *query_text(const char *url, const char *sql);
/* The same as a number; no row, NULL or anything but a number fails the test. */
long long query_number(const char *url, const char *sql);
/* SQLSTATE that the statements end with, "00000" for success; to be freed by the caller. */
char *query_state(const char *url, const char *sql);
/* Asks again and again until the first column is 't'; false after `seconds`. */
bool query_until(const char *url, const char *sql, double seconds);
/* Runs the statements on a connection that stays open until the test program (or a forked test) ends. */
void query_hold(const char *url, const char *sql);

#endif
