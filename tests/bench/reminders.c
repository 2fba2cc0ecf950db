/* reminders.c: reminders that come due in one instant, see bench.h. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "kept/text.h"
#include "tests/bench/bench.h"
#include "tests/bench/database.h"
#include "tests/bench/measure.h"
#include "tests/bench/programs.h"
#include "tests/bench/sink.h"

#define DESTINATIONS 20
#define PATIENCE_SECONDS 600.0
#define RESULTS_BYTES (1024 * 1024)

static const struct database_value tick_values[] = {
	{"worker", "11111111-1111-7111-8111-111111111111"},
	{"version", "bench"},
	{"batches", "16"},
	{"public_url", "http://127.0.0.1:8420"},
	{NULL, NULL},
};

/* What is recorded of so many reminders: each sent once, at the first attempt, and nothing left. */
static void check_recorded(struct bench *bench, PGconn *connection, int reminders)
{
	double sent = database_number(connection,
				      "select count(*) from kept.delivery where outcome = 'sent' and attempts = 1");
	double deliveries = database_number(connection, "select count(*) from kept.delivery");
	double attempts = database_number(connection, "select count(*) from kept.attempt");
	double left = database_number(connection,
				      "select (select count(*) from kept.batch) + (select count(*) from kept.waiting)");

	if (sent != reminders || deliveries != reminders || attempts != reminders || left != 0)
		report_wrong(
			&bench->report,
			"of %d reminders %.0f are recorded as sent, with %.0f deliveries, %.0f attempts, %.0f left",
			reminders, sent, deliveries, attempts, left);
}

/* Plans by kept.plan_due alone, a transaction each, with the settings of kept.tick. */
static double plan_all(PGconn *connection)
{
	double began, seconds;

	database_run(connection,
		     "set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off; set jit = off");
	began = measure_now();
	while (database_number(connection, "select kept.plan_due('-infinity', 1000)") > 0)
		;
	seconds = measure_now() - began;
	database_run(connection, "reset enable_seqscan; reset enable_hashjoin; reset enable_mergejoin; reset jit");
	return seconds;
}

/* Results of the rows of one batch, from *row on, as if each had been sent. */
static char *results_of(const PGresult *rows, int *row)
{
	int batch = PQfnumber(rows, "batch_id"), message = PQfnumber(rows, "message_id"), first = *row;
	struct text json;

	text_init(&json, RESULTS_BYTES);
	for (; *row < PQntuples(rows) && strcmp(PQgetvalue(rows, *row, batch), PQgetvalue(rows, first, batch)) == 0;
	     ++*row)
		text_addf(&json,
			  "%s{\"message_id\":\"%s\",\"outcome\":\"sent\",\"error\":\"ok\",\"status\":250,\"duration_"
			  "ms\":1,\"answer\":\"250 ok\"}",
			  *row == first ? "[" : ",", PQgetvalue(rows, *row, message));
	text_adds(&json, "]");
	return text_take(&json);
}

/* Settles all windows of the batch whose first rows are given. */
static void settle_batch(PGconn *connection, const PGresult *rows, int *row)
{
	char *batch = bench_text("%s", PQgetvalue(rows, *row, PQfnumber(rows, "batch_id")));
	char *lease = bench_text("%s", PQgetvalue(rows, *row, PQfnumber(rows, "lease_id")));
	char *results = results_of(rows, row);

	while (results) {
		const struct database_value values[] = {{"batch", batch},
							{"lease", lease},
							{"results", results},
							{"give_back", "f"},
							{"public_url", "http://127.0.0.1:8420"},
							{NULL, NULL}};
		PGresult *next;
		int from = 0;

		database_unit(connection, &(struct database_ask){"settle", values}, 1, &next);
		free(results);
		results = PQntuples(next) ? results_of(next, &from) : NULL;
		PQclear(next);
	}
	free(batch);
	free(lease);
}

/* Claims and settles everything over one connection, without sending anything. */
static double settle_all(PGconn *connection, int reminders)
{
	static const struct database_ask asks[] = {{"tick", tick_values}, {"tick_next", NULL}};
	double began = measure_now();
	int settled = 0;

	while (settled < reminders) {
		PGresult *results[2];
		int row = 0;

		database_unit(connection, asks, 2, results);
		if (PQntuples(results[0]) == 0 &&
		    strcmp(PQgetvalue(results[1], 0, PQfnumber(results[1], "more")), "t") != 0)
			break;
		while (row < PQntuples(results[0]))
			settle_batch(connection, results[0], &row);
		PQclear(results[0]);
		PQclear(results[1]);
		settled = (int)database_number(connection, "select count(*) from kept.delivery");
	}
	return measure_now() - began;
}

static void rate_row(struct bench *bench, const char *what, int reminders, double seconds)
{
	report_line(&bench->report, "  %-46s %8d %8.2f %10.0f", what, reminders, seconds, reminders / seconds);
}

/* The database's part alone. */
static void rows_database(struct bench *bench, const char *from, int reminders)
{
	char *login = crowd_copy(bench, from, "queue_run");
	PGconn *connection = database_open(login, "kept_worker");
	double planned, settled;

	database_prepare(connection, "tick");
	database_prepare(connection, "tick_next");
	database_prepare(connection, "settle");
	planned = plan_all(connection);
	settled = settle_all(connection, reminders);
	rate_row(bench, "planning alone, one connection", reminders, planned);
	rate_row(bench, "claim and record, nothing sent, one connection", reminders, settled);
	check_recorded(bench, connection, reminders);
	PQfinish(connection);
	crowd_drop(bench, "queue_run");
	free(login);
}

static size_t files_in(const char *folder)
{
	DIR *directory = opendir(folder);
	size_t count = 0;

	for (struct dirent *entry; directory && (entry = readdir(directory));)
		count += strstr(entry->d_name, ".eml") && entry->d_name[0] != '.';
	if (directory)
		closedir(directory);
	return count;
}

/* Where reminders go. */
struct way {
	const char *what;
	const char *from;  /* database */
	struct sink *sink; /* NULL: a folder */
	const char *mail_url;
	const char *folder;
};

static void row_worker(struct bench *bench, const struct way *way, int reminders)
{
	char *login = crowd_copy(bench, way->from, "worker_run"),
	     *url = cluster_superuser(bench->cluster, "worker_run");
	struct sink_counts before = {0}, after = {0};
	PGconn *connection;
	struct process worker;
	struct process_end end;
	double seconds;

	if (way->sink)
		before = sink_counts(way->sink);
	bench_worker(bench, &worker, login, way->mail_url, true);
	process_wait(&worker, PATIENCE_SECONDS, &end);
	if (end.status != 0)
		report_wrong(&bench->report, "the worker ended with %d", end.status);
	connection = database_open(url, NULL);
	seconds = database_number(connection, "select extract(epoch from (select max(settled_at) from kept.delivery)"
					      " - (select min(started_at) from kept.heartbeat))");
	report_line(&bench->report, "  %-46s %8d %8.2f %10.0f %8.0f %9.2f", way->what, reminders, seconds,
		    reminders / seconds, end.peak_mib, end.processor);
	check_recorded(bench, connection, reminders);
	if (way->sink)
		after = sink_counts(way->sink);
	else
		after.got = after.distinct = files_in(way->folder);
	if (after.got - before.got != (size_t)reminders || after.distinct - before.distinct != (size_t)reminders)
		report_wrong(&bench->report, "of %d reminders %zu came, %zu of them different", reminders,
			     after.got - before.got, after.distinct - before.distinct);
	PQfinish(connection);
	crowd_drop(bench, "worker_run");
	free(login);
	free(url);
}

static void rows(struct bench *bench, struct sink *http, struct sink *smtp, int reminders)
{
	struct crowd mail = {.name = "mail",
			     .commitments = reminders,
			     .channel = "email",
			     .destinations = DESTINATIONS,
			     .due_in_days = 2};
	struct crowd hook = {.name = "hook",
			     .commitments = reminders,
			     .owners = DESTINATIONS,
			     .channel = "webhook",
			     .destinations = 1,
			     .port = sink_port(http),
			     .due_in_days = 2};
	char *folder = bench_text("%s/mail-%d", bench->folder, reminders),
	     *folder_url = bench_text("file://%s", folder);
	char *smtp_url = bench_text("smtp://127.0.0.1:%d", sink_port(smtp));

	rate_row(bench, "clocks reckoned, one connection", reminders, crowd_make(bench, &mail));
	crowd_make(bench, &hook);
	rows_database(bench, "mail", reminders);
	row_worker(bench, &(struct way){"mail to a folder", "mail", NULL, folder_url, folder}, reminders);
	row_worker(bench, &(struct way){"mail by SMTP", "mail", smtp, smtp_url, NULL}, reminders);
	row_worker(bench, &(struct way){"webhooks by HTTP", "hook", http, folder_url, folder}, reminders);
	crowd_drop(bench, "mail");
	crowd_drop(bench, "hook");
	free(folder);
	free(folder_url);
	free(smtp_url);
}

void bench_reminders(struct bench *bench)
{
	struct sink *http = sink_start(SINK_HTTP), *smtp = sink_start(SINK_SMTP);

	report_line(&bench->report,
		    "\nReminders due in one instant: one worker, %d destinations without a limit of rate; each has an "
		    "event for endpoints"
		    " beside it.\nSeconds of a worker: from its first look to its last record, by the database's "
		    "clock. Every mail in the"
		    " folder is fsynced.",
		    DESTINATIONS);
	report_line(&bench->report, "  %-46s %8s %8s %10s %8s %9s", "", "number", "seconds", "a second", "RSS MiB",
		    "CPU s");
	rows(bench, http, smtp, 10000);
	if (bench->full)
		rows(bench, http, smtp, 50000);
	sink_stop(http);
	sink_stop(smtp);
}
