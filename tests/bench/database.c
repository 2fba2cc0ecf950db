/* database.c: see database.h. */
#include "tests/bench/database.h"

#include <stdlib.h>
#include <string.h>

#include "kept/text.h"
#include "sql/statement.h"
#include "tests/bench/measure.h"

static void ignore_notice(void *context, const PGresult *result)
{
	(void)context;
	(void)result;
}

PGconn *database_open(const char *url, const char *role)
{
	PGconn *connection = PQconnectdb(url);

	if (PQstatus(connection) != CONNECTION_OK)
		bench_fail("no connection: %s", PQerrorMessage(connection));
	PQsetNoticeReceiver(connection, ignore_notice, NULL);
	if (role)
		database_run(connection, "set role %s", role);
	return connection;
}

static void require_success(const PGconn *connection, const PGresult *result, const char *what)
{
	ExecStatusType status = PQresultStatus(result);

	if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
		bench_fail("%.200s: %s", what, result ? PQresultErrorMessage(result) : PQerrorMessage(connection));
}

static PGresult *run(PGconn *connection, const char *format, va_list arguments)
{
	PGresult *result;
	struct text sql;

	text_init(&sql, 1024 * 1024);
	text_addv(&sql, format, arguments);
	if (!text_ok(&sql))
		bench_fail("no memory");
	result = PQexec(connection, sql.bytes);
	require_success(connection, result, sql.bytes);
	text_release(&sql);
	return result;
}

void database_run(PGconn *connection, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	PQclear(run(connection, format, arguments));
	va_end(arguments);
}

double database_number(PGconn *connection, const char *format, ...)
{
	va_list arguments;
	PGresult *result;
	double number;

	va_start(arguments, format);
	result = run(connection, format, arguments);
	va_end(arguments);
	number = PQntuples(result) ? strtod(PQgetvalue(result, 0, 0), NULL) : 0;
	PQclear(result);
	return number;
}

char *database_text(PGconn *connection, const char *format, ...)
{
	va_list arguments;
	PGresult *result;
	char *text;

	va_start(arguments, format);
	result = run(connection, format, arguments);
	va_end(arguments);
	text = bench_text("%s", PQntuples(result) ? PQgetvalue(result, 0, 0) : "");
	PQclear(result);
	return text;
}

static const struct statement *find(const char *name)
{
	const struct statement *statement = statement_find(name);

	if (!statement)
		bench_fail("there is no statement %s", name);
	return statement;
}

void database_prepare(PGconn *connection, const char *statement)
{
	const struct statement_text *text = &find(statement)->texts[0];
	PGresult *result = PQprepare(connection, text->prepared, text->sql, 0, NULL);

	require_success(connection, result, statement);
	PQclear(result);
}

static void send(PGconn *connection, const struct database_ask *ask)
{
	const struct statement *statement = find(ask->statement);
	const char *values[STATEMENT_PARAMETERS] = {NULL}, *ordered[STATEMENT_PARAMETERS];
	const struct statement_text *text;

	for (int i = 0; ask->values && ask->values[i].name; i++)
		for (int n = 0; n < statement->parameter_count; n++)
			if (strcmp(statement->parameters[n], ask->values[i].name) == 0)
				values[n] = ask->values[i].value;
	text = statement_choose(statement, values, ordered);
	if (!PQsendQueryPrepared(connection, text->prepared, text->parameter_count, ordered, NULL, NULL, 0))
		bench_fail("%s: %s", ask->statement, PQerrorMessage(connection));
}

void database_unit(PGconn *connection, const struct database_ask *asks, int count, PGresult **results)
{
	PGresult *sync;

	if (!PQenterPipelineMode(connection))
		bench_fail("no pipeline mode");
	for (int i = 0; i < count; i++)
		send(connection, &asks[i]);
	if (!PQpipelineSync(connection))
		bench_fail("no Sync: %s", PQerrorMessage(connection));
	for (int i = 0; i < count; i++) {
		results[i] = PQgetResult(connection);
		require_success(connection, results[i], asks[i].statement);
		PQclear(PQgetResult(connection));
	}
	sync = PQgetResult(connection);
	if (PQresultStatus(sync) != PGRES_PIPELINE_SYNC)
		bench_fail("no answer to Sync: %s", PQerrorMessage(connection));
	PQclear(sync);
	if (!PQexitPipelineMode(connection))
		bench_fail("pipeline mode does not end");
}
