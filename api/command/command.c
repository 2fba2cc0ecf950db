#include "api/command/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "kept/text.h"
#include "sql/database.h"

static const struct command_option *find_option(const char *argument, const struct command_option *options, int count)
{
	size_t length = strcspn(argument, "=");
	for (int i = 0; i < count; i++)
		if (strlen(options[i].name) == length && strncmp(options[i].name, argument, length) == 0)
			return &options[i];
	return NULL;
}

static bool say(const char *what, const char *argument)
{
	fprintf(stderr, "kept-api: %s: %s (see --help)\n", what, argument);
	return false;
}

bool command_options(int argc, char **argv, const struct command_option *options, int count, const char **free_argument)
{
	for (int i = 0; i < argc; i++) {
		if (!text_starts(argv[i], "--")) {
			if (!free_argument || *free_argument)
				return say("unexpected argument", argv[i]);
			*free_argument = argv[i];
			continue;
		}
		const struct command_option *option = find_option(argv[i], options, count);
		const char *equals = strchr(argv[i], '=');
		if (!option)
			return say("unknown option", argv[i]);
		if (option->flag) {
			if (equals)
				return say("takes no value", option->name);
			*option->flag = true;
			continue;
		}
		if (*option->value)
			return say("given twice", option->name);
		if (!equals && i + 1 == argc)
			return say("needs a value", option->name);
		*option->value = equals ? equals + 1 : argv[++i];
		if (!**option->value)
			return say("needs a value", option->name);
	}
	return true;
}

static void say_error(const PGconn *connection, const PGresult *result, bool *misused)
{
	const char *state = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
	const char *message = result ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : NULL;
	*misused = state && database_error_of(state).fault == DATABASE_FAULT_CLIENT;
	if (message)
		fprintf(stderr, "kept-api: %s\n", message);
	else
		fprintf(stderr, "kept-api: the database is away: %s", PQerrorMessage(connection));
	if (state && (strcmp(state, "3F000") == 0 || strcmp(state, "42883") == 0))
		fputs("kept-api: run kept-api migrate first\n", stderr);
}

bool command_query(const struct config *config, const char *sql, const char *const *values, int count, char **cell,
		   bool *misused)
{
	const struct database_session session = {.application_name = "kept-api command", .statement_timeout_ms = 30000};
	struct database_url url;
	char *error = NULL;
	*cell = NULL;
	*misused = false;
	if (!database_url(&url, config->database_url, &session, &error)) {
		fprintf(stderr, "kept-api: KEPT_DATABASE_URL: %s\n", error ? error : "no memory");
		free(error);
		*misused = true;
		return false;
	}
	PGconn *connection = PQconnectdbParams((const char *const *)url.keywords, (const char *const *)url.values, 0);
	database_url_release(&url);
	PGresult *result = PQstatus(connection) == CONNECTION_OK
				   ? PQexecParams(connection, sql, count, NULL, values, NULL, NULL, 0)
				   : NULL;
	bool done = result && PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) > 0;
	if (done)
		*cell = strdup(PQgetvalue(result, 0, 0));
	else
		say_error(connection, result, misused);
	PQclear(result);
	PQfinish(connection);
	return done && *cell;
}
