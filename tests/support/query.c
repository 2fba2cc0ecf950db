#include "tests/support/query.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <check.h>
#include <libpq-fe.h>

static void ignore_notice(void *context, const PGresult *result)
{
	(void)context;
	(void)result;
}

static PGconn *open_connection(const char *url)
{
	PGconn *connection = PQconnectdb(url);
	if (PQstatus(connection) != CONNECTION_OK)
		ck_abort_msg("no connection: %s", PQerrorMessage(connection));
	PQsetNoticeReceiver(connection, ignore_notice, NULL);
	return connection;
}

static char *copy(const char *string)
{
	char *made = strdup(string);
	if (!made)
		ck_abort_msg("no memory");
	return made;
}

static void require_success(PGconn *connection, const PGresult *result, const char *sql)
{
	ExecStatusType status = PQresultStatus(result);
	if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK && status != PGRES_EMPTY_QUERY)
		ck_abort_msg("%s: %s", sql, PQerrorMessage(connection));
}

void query_run(const char *url, const char *sql)
{
	free(query_text(url, sql));
}

char *query_text(const char *url, const char *sql)
{
	PGconn *connection = open_connection(url);
	PGresult *result = PQexec(connection, sql);
	require_success(connection, result, sql);
	char *text = copy(PQntuples(result) > 0 && PQnfields(result) > 0 ? PQgetvalue(result, 0, 0) : "");
	PQclear(result);
	PQfinish(connection);
	return text;
}

long long query_number(const char *url, const char *sql)
{
	char *text = query_text(url, sql), *end;
	errno = 0;
	long long number = strtoll(text, &end, 10);
	if (end == text || *end || errno)
		ck_abort_msg("%s: not a number: '%s'", sql, text);
	free(text);
	return number;
}

char *query_state(const char *url, const char *sql)
{
	PGconn *connection = open_connection(url);
	PGresult *result = PQexec(connection, sql);
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	if (!state)
		require_success(connection, result, sql);
	char *text = copy(state ? state : "00000");
	PQclear(result);
	PQfinish(connection);
	return text;
}

static double seconds_now(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

bool query_until(const char *url, const char *sql, double seconds)
{
	PGconn *connection = open_connection(url);
	double deadline = seconds_now() + seconds;
	bool yes;
	for (;;) {
		PGresult *result = PQexec(connection, sql);
		require_success(connection, result, sql);
		yes = PQntuples(result) > 0 && !strcmp(PQgetvalue(result, 0, 0), "t");
		PQclear(result);
		if (yes || seconds_now() > deadline)
			break;
		nanosleep(&(struct timespec){.tv_nsec = 10 * 1000 * 1000}, NULL);
	}
	PQfinish(connection);
	return yes;
}

void query_hold(const char *url, const char *sql)
{
	/* Reachable, so that a leak check sees that it is meant. */
	static PGconn *held[16];
	static size_t count;
	ck_assert_uint_lt(count, sizeof(held) / sizeof(held[0]));
	held[count] = open_connection(url);
	PGresult *result = PQexec(held[count], sql);
	require_success(held[count++], result, sql);
	PQclear(result);
}
