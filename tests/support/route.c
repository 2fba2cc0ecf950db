#include "tests/support/route.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "sql/statement.h"

PGconn *route_connect(const char *url)
{
	PGconn *connection = PQconnectdb(url);
	ck_assert_msg(PQstatus(connection) == CONNECTION_OK, "%s", PQerrorMessage(connection));
	PGresult *result = PQexec(connection, "set role kept_api");
	ck_assert_int_eq(PQresultStatus(result), PGRES_COMMAND_OK);
	PQclear(result);
	return connection;
}

static void command(PGconn *connection, const char *sql)
{
	PGresult *result = PQexec(connection, sql);
	ck_assert_msg(PQresultStatus(result) == PGRES_COMMAND_OK, "%s: %s", sql, PQerrorMessage(connection));
	PQclear(result);
}

static PGresult *run(PGconn *connection, const char *name, const char *const *values)
{
	const struct statement *statement = statement_find(name);
	ck_assert_msg(statement != NULL, "no statement %s", name);
	const char *ordered[STATEMENT_PARAMETERS];
	const struct statement_text *text = statement_choose(statement, values, ordered);
	return PQexecParams(connection, text->sql, text->parameter_count, NULL, ordered, NULL, NULL, 0);
}

static char *copy(const char *text)
{
	char *made = strdup(text ? text : "");
	ck_assert_ptr_nonnull(made);
	return made;
}

static void take_refusal(struct route_reply *reply, const PGresult *result)
{
	memcpy(reply->state, PQresultErrorField(result, PG_DIAG_SQLSTATE), 6);
	if (strncmp(reply->state, "KT", 2) == 0)
		reply->status = (int)strtol(reply->state + 2, NULL, 10);
	reply->body = copy(PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));
	reply->errors = copy(PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL));
	reply->code = copy(PQresultErrorField(result, PG_DIAG_MESSAGE_HINT));
	reply->etag = copy("");
	reply->location = copy("");
	reply->next = copy("");
}

static void take_answer(struct route_reply *reply, const PGresult *result)
{
	ck_assert_int_eq(PQntuples(result), 1);
	ck_assert_int_eq(PQnfields(result), 5);
	memcpy(reply->state, "00000", 6);
	reply->status = (int)strtol(PQgetvalue(result, 0, 0), NULL, 10);
	reply->body = copy(PQgetvalue(result, 0, 1));
	reply->etag = copy(PQgetvalue(result, 0, 2));
	reply->location = copy(PQgetvalue(result, 0, 3));
	reply->next = copy(PQgetvalue(result, 0, 4));
	reply->errors = copy("");
	reply->code = copy("");
}

struct route_reply route_ask(PGconn *connection, const char *hash, const char *name, ...)
{
	const struct statement *statement = statement_find(name);
	ck_assert_msg(statement != NULL, "no statement %s", name);
	const char *values[STATEMENT_PARAMETERS] = {0};
	va_list arguments;
	va_start(arguments, name);
	for (const char *parameter; (parameter = va_arg(arguments, const char *));) {
		const char *value = va_arg(arguments, const char *);
		int place = 0;
		while (place < statement->parameter_count && strcmp(statement->parameters[place], parameter) != 0)
			place++;
		ck_assert_msg(place < statement->parameter_count, "%s has no parameter %s", name, parameter);
		values[place] = value;
	}
	va_end(arguments);

	struct route_reply reply = {0};
	command(connection, "begin");
	PGresult *result = run(connection, "enter", (const char *const[]){"key", hash, ""});
	if (PQresultStatus(result) == PGRES_TUPLES_OK) {
		PQclear(result);
		result = run(connection, name, values);
	}
	if (PQresultStatus(result) == PGRES_TUPLES_OK) {
		take_answer(&reply, result);
		command(connection, "commit");
	} else {
		take_refusal(&reply, result);
		command(connection, "rollback");
	}
	PQclear(result);
	return reply;
}

void route_release(struct route_reply *reply)
{
	free(reply->body);
	free(reply->etag);
	free(reply->location);
	free(reply->next);
	free(reply->errors);
	free(reply->code);
	memset(reply, 0, sizeof(*reply));
}
