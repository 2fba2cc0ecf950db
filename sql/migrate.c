#include "sql/migrate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "kept/text.h"
#include "sql/database.h"

#define ERROR_BYTES 4096
#define LOCK_KEY "7454147061402017133" /* any number that no other program takes */
#define LOCAL_SETTINGS "set local lock_timeout = '2s'"

struct migration_run {
	PGconn *connection;
	const struct migrate_options *options;
	struct text error;
};

static const char base[] =
	"begin;" LOCAL_SETTINGS ";"
	"create schema if not exists kept;"
	"comment on schema kept is 'All that Kept holds.';"
	"create table if not exists kept.migration ("
	" number int primary key,"
	" name text not null,"
	" sha256 text not null,"
	" applied_at timestamptz not null default pg_catalog.now());"
	"comment on table kept.migration is 'The migrations that this database has had.';"
	"comment on column kept.migration.number is 'First part of the file name; from 1 without gaps.';"
	"comment on column kept.migration.name is 'File name.';"
	"comment on column kept.migration.sha256 is 'Of the file as it was applied; it may not change any more.';"
	"comment on column kept.migration.applied_at is 'When, by the clock of the server.';"
	"commit";

static const char clock_plain[] =
	"create or replace function kept.now() returns timestamptz language sql stable parallel safe"
	" as $$ select pg_catalog.now() $$;"
	"create or replace function kept.test_clock() returns boolean language sql stable parallel safe"
	" as $$ select false $$;";

/* An instant begins with a year; all else is an interval. */
static const char clock_test[] =
	"create or replace function kept.now() returns timestamptz language sql stable parallel safe as $$"
	" select case"
	"  when coalesce(pg_catalog.current_setting('kept.now', true), '') = '' then pg_catalog.now()"
	"  when pg_catalog.current_setting('kept.now', true) ~ '^[0-9]{4}-'"
	"   then pg_catalog.current_setting('kept.now', true)::pg_catalog.timestamptz"
	"  else pg_catalog.now() + pg_catalog.current_setting('kept.now', true)::pg_catalog.interval"
	" end $$;"
	"create or replace function kept.test_clock() returns boolean language sql stable parallel safe"
	" as $$ select true $$;";

static const char clock_rights[] =
	"comment on function kept.now() is 'The time by which Kept decides.';"
	"comment on function kept.test_clock() is 'True if kept.now() honours the setting kept.now: never in "
	"production.';"
	"revoke execute on function kept.now(), kept.test_clock() from public;"
	"do $$ declare name text; begin"
	" for name in select rolname from pg_catalog.pg_roles where rolname in ('kept_api', 'kept_worker') loop"
	"  execute pg_catalog.format('grant execute on function kept.now(), kept.test_clock() to %I', name);"
	" end loop; end $$;";

static void tell(const struct migration_run *run, const char *kind, const char *name)
{
	if (!run->options->progress)
		return;
	char step[256];
	snprintf(step, sizeof(step), "%s%s%s", kind, name ? " " : "", name ? name : "");
	run->options->progress(run->options->context, step);
}

/* The line in `sql` of a position that PostgreSQL gave, which counts characters from 1. */
static int line_of(const char *sql, const char *position)
{
	long characters = strtol(position, NULL, 10);
	int line = 1;
	for (; *sql && characters > 1; sql++) {
		line += *sql == '\n';
		characters -= ((unsigned char)sql[1] & 0xc0) != 0x80;
	}
	return line;
}

static bool refuse(struct migration_run *run, const char *name, const char *sql, const PGresult *result)
{
	const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *position = PQresultErrorField(result, PG_DIAG_STATEMENT_POSITION);
	const char *context = PQresultErrorField(result, PG_DIAG_CONTEXT);
	text_addf(&run->error, "%s:", name);
	if (position && sql)
		text_addf(&run->error, "%d:", line_of(sql, position));
	text_addf(&run->error, " %s", message ? message : PQerrorMessage(run->connection));
	if (state)
		text_addf(&run->error, " (%s)", state);
	if (state && !strcmp(state, "55P03"))
		text_adds(&run->error, "; something holds a lock, try again");
	if (context && !position)
		text_addf(&run->error, "; %.*s", (int)strcspn(context, "\n"), context);
	return false;
}

/* Runs SQL without results; `name` is for errors. */
static bool run_sql(struct migration_run *run, const char *name, const char *sql)
{
	PGresult *result = PQexec(run->connection, sql);
	ExecStatusType status = PQresultStatus(result);
	bool well = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY;
	if (!well)
		refuse(run, name, sql, result);
	PQclear(result);
	return well;
}

/* Runs one statement with text parameters; the result is the caller's, NULL after an error. */
static PGresult *ask(struct migration_run *run, const char *name, const char *sql, int count, const char *const *values)
{
	PGresult *result = PQexecParams(run->connection, sql, count, NULL, values, NULL, NULL, 0);
	ExecStatusType status = PQresultStatus(result);
	if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK)
		return result;
	refuse(run, name, NULL, result);
	PQclear(result);
	return NULL;
}

static bool run_statement(struct migration_run *run, const char *name, const char *sql, int count,
			  const char *const *values)
{
	PGresult *result = ask(run, name, sql, count, values);
	PQclear(result);
	return result;
}

/* Begins, runs the files, and leaves the transaction open. */
static bool run_files(struct migration_run *run, const struct embedded *files, size_t count, const char *checked)
{
	if (!run_sql(run, "begin", "begin;" LOCAL_SETTINGS) || !run_sql(run, "check_function_bodies", checked))
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!run_sql(run, files[i].name, files[i].bytes))
			return false;
		if (PQtransactionStatus(run->connection) != PQTRANS_INTRANS) {
			text_addf(&run->error, "%s: a file may not begin or end a transaction", files[i].name);
			return false;
		}
	}
	return true;
}

static bool apply(struct migration_run *run, const struct embedded *file, const char *number)
{
	const char *const values[] = {number, file->name, file->bytes};
	tell(run, "migration", file->name);
	return run_files(run, file, 1, "set local check_function_bodies = on") &&
	       run_statement(run, file->name,
			     "insert into kept.migration (number, name, sha256)"
			     " values ($1, $2, pg_catalog.encode(pg_catalog.sha256("
			     "pg_catalog.convert_to($3, 'UTF8')), 'hex'))",
			     3, values) &&
	       run_sql(run, file->name, "commit");
}

/* Applies the file, unless it was: then its content must be the same. */
static bool apply_once(struct migration_run *run, const struct embedded *file, size_t expected)
{
	char *end, number[24];
	unsigned long found = strtoul(file->name, &end, 10);
	if (found != expected || *end != '_') {
		text_addf(&run->error, "%s: the next migration's name must begin with %04zu_", file->name, expected);
		return false;
	}
	snprintf(number, sizeof(number), "%zu", expected);
	const char *const values[] = {number, file->bytes};
	PGresult *result = ask(run, file->name,
			       "select name, sha256 = pg_catalog.encode(pg_catalog.sha256("
			       "pg_catalog.convert_to($2, 'UTF8')), 'hex')"
			       " from kept.migration where number = $1::int",
			       2, values);
	if (!result)
		return false;
	bool there = PQntuples(result) == 1, same = there && *PQgetvalue(result, 0, 1) == 't';
	PQclear(result);
	if (there && !same)
		text_addf(
			&run->error,
			"%s: it was applied and has changed since; put the applied file back and write a new migration",
			file->name);
	return there ? same : apply(run, file, number);
}

static bool is_not_newer(struct migration_run *run, size_t count)
{
	PGresult *result = ask(run, "kept.migration", "select coalesce(max(number), 0) from kept.migration", 0, NULL);
	if (!result)
		return false;
	size_t newest = strtoul(PQgetvalue(result, 0, 0), NULL, 10);
	PQclear(result);
	if (newest > count)
		text_addf(&run->error,
			  "the database has migration %zu and this program knows %zu; use the newer program", newest,
			  count);
	return newest <= count;
}

static bool install_clock(struct migration_run *run)
{
	return run_sql(run, "clock", "begin;" LOCAL_SETTINGS) &&
	       run_sql(run, "clock", run->options->test_clock ? clock_test : clock_plain) &&
	       run_sql(run, "clock", clock_rights) && run_sql(run, "clock", "commit");
}

static bool apply_functions(struct migration_run *run, const struct embedded_table *functions)
{
	if (!functions->count)
		return true;
	tell(run, "functions", NULL);
	/* A function may use one of a later file; the second time all are there and the bodies are checked. */
	if (!run_files(run, functions->files, functions->count, "set local check_function_bodies = off"))
		return false;
	for (size_t i = 0; i < functions->count; i++) {
		if (i == 0 && !run_sql(run, "check_function_bodies", "set local check_function_bodies = on"))
			return false;
		if (!run_sql(run, functions->files[i].name, functions->files[i].bytes))
			return false;
	}
	return run_sql(run, "functions", "commit");
}

static bool load_catalogue(struct migration_run *run, const struct embedded_table *catalogue)
{
	PGresult *result =
		ask(run, "catalogue", "select pg_catalog.to_regprocedure('kept.catalogue_load(jsonb)')", 0, NULL);
	if (!result)
		return false;
	bool there = !PQgetisnull(result, 0, 0);
	PQclear(result);
	if (!there || !catalogue->count)
		return true;
	tell(run, "catalogue", NULL);
	bool well = run_sql(run, "catalogue", "begin;" LOCAL_SETTINGS);
	for (size_t i = 0; well && i < catalogue->count; i++) {
		const char *const values[] = {catalogue->files[i].bytes};
		well = run_statement(run, catalogue->files[i].name, "select kept.catalogue_load($1::jsonb)", 1, values);
	}
	return well && run_sql(run, "catalogue", "commit");
}

static bool migrate_connected(struct migration_run *run)
{
	const struct migrate_options *options = run->options;
	const struct embedded_table *migrations = options->migrations ? options->migrations : &embedded_migrations;
	if (!run_sql(run, "lock", "select pg_catalog.pg_advisory_lock(" LOCK_KEY ")") ||
	    !run_sql(run, "kept.migration", base) || !is_not_newer(run, migrations->count) || !install_clock(run))
		return false;
	for (size_t i = 0; i < migrations->count; i++) {
		if (!apply_once(run, &migrations->files[i], i + 1))
			return false;
	}
	/* Once more: the first migration declares the plain clock, and makes the roles. */
	return install_clock(run) &&
	       apply_functions(run, options->functions ? options->functions : &embedded_functions) &&
	       load_catalogue(run, options->catalogue ? options->catalogue : &embedded_catalogue);
}

static void ignore_notice(void *context, const PGresult *result)
{
	(void)context;
	(void)result;
}

/* One line: a failed connection has one for each host. */
static void fold_lines(char *message)
{
	size_t length = strlen(message);
	while (length && message[length - 1] == '\n')
		message[--length] = '\0';
	for (; *message; message++) {
		if (*message == '\n')
			*message = ' ';
	}
}

bool migrate_database(const char *string, const struct migrate_options *options, char **error)
{
	struct database_session session = {.application_name = "kept migrate"};
	struct database_url url;
	if (!database_url(&url, string, &session, error))
		return false;
	struct migration_run run = {.options = options};
	text_init(&run.error, ERROR_BYTES);
	run.connection = PQconnectdbParams((const char *const *)url.keywords, (const char *const *)url.values, 0);
	database_url_release(&url);
	bool well = PQstatus(run.connection) == CONNECTION_OK;
	if (well) {
		PQsetNoticeReceiver(run.connection, ignore_notice, NULL);
		well = migrate_connected(&run);
	} else {
		text_adds(&run.error, PQerrorMessage(run.connection));
	}
	PQfinish(run.connection);
	if (!well && (*error = text_take(&run.error)))
		fold_lines(*error);
	text_release(&run.error);
	return well;
}
