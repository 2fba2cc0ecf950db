/* idle.c: what a look costs when nothing is due, see bench.h. */
#include <stdlib.h>

#include "tests/bench/bench.h"
#include "tests/bench/database.h"
#include "tests/bench/measure.h"

#define TICKS 1000
#define WARM_TICKS 20

static void ticks(struct bench *bench, const char *login, const char *what)
{
	static const struct database_value values[] = {
		{"worker", "11111111-1111-7111-8111-111111111111"},
		{"version", "bench"},
		{"batches", "16"},
		{"public_url", "http://127.0.0.1:8420"},
		{NULL, NULL},
	};
	static const struct database_ask asks[] = {{"tick", values}, {"tick_next", NULL}};
	PGconn *connection = database_open(login, "kept_worker");
	double *seconds = bench_memory(NULL, TICKS * sizeof(*seconds));

	database_prepare(connection, "tick");
	database_prepare(connection, "tick_next");
	for (int i = -WARM_TICKS; i < TICKS; i++) {
		PGresult *results[2];
		double began = measure_now();

		database_unit(connection, asks, 2, results);
		if (i >= 0)
			seconds[i] = measure_now() - began;
		if (PQntuples(results[0]) > 0)
			bench_fail("an idle tick sends something");
		PQclear(results[0]);
		PQclear(results[1]);
	}
	report_line(&bench->report, "  %-46s %8.2f %8.2f", what, measure_part(seconds, TICKS, 0.5) * 1000,
		    measure_part(seconds, TICKS, 0.99) * 1000);
	free(seconds);
	PQfinish(connection);
}

/* The least that any write costs here: a row of a small table, committed. */
static void least(struct bench *bench, const char *login)
{
	PGconn *connection = database_open(login, NULL);
	double *seconds = bench_memory(NULL, TICKS * sizeof(*seconds));

	database_run(connection, "create table kept.bench_commit (n int); insert into kept.bench_commit values (0)");
	for (int i = 0; i < TICKS; i++) {
		double began = measure_now();

		database_run(connection, "update kept.bench_commit set n = n + 1");
		seconds[i] = measure_now() - began;
	}
	report_line(&bench->report, "  %-46s %8.2f %8.2f", "for comparison: an update of one row, committed",
		    measure_part(seconds, TICKS, 0.5) * 1000, measure_part(seconds, TICKS, 0.99) * 1000);
	free(seconds);
	PQfinish(connection);
}

void bench_idle(struct bench *bench)
{
	int waiting = bench->full ? 1000000 : 100000;
	char *what = bench_text("tick with %d commitments waiting", waiting), *login;
	double reckoned;

	report_line(
		&bench->report,
		"\nA look of the worker when nothing is due: tick and tick_next, one transaction, over one connection");
	report_line(&bench->report, "  %-46s %8s %8s", "", "p50 ms", "p99 ms");
	crowd_make(bench,
		   &(struct crowd){
			   .name = "few", .commitments = 10, .channel = "email", .destinations = 1, .due_in_days = 60});
	login = crowd_copy(bench, "few", "idle_run");
	least(bench, login);
	ticks(bench, login, "tick with 10 commitments waiting");
	free(login);
	reckoned = crowd_make(bench, &(struct crowd){.name = "many",
						     .commitments = waiting,
						     .owners = 1000,
						     .channel = "email",
						     .destinations = 20,
						     .due_in_days = 60});
	crowd_drop(bench, "idle_run");
	login = bench_text("host=%s user=kept dbname=many", cluster_folder(bench->cluster));
	ticks(bench, login, what);
	report_line(&bench->report, "  reckoning their %d clocks, in chunks of 1,000: %.1f s, %.0f a second", waiting,
		    reckoned, waiting / reckoned);
	crowd_drop(bench, "many");
	crowd_drop(bench, "few");
	free(login);
	free(what);
}
