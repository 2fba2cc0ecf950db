/*
 * The benchmark: what Kept does in a second here, as a plain table, also in build/bench.txt.
 * usage: bench [full]     KEPT_BUILD names the folder of the programs; `make bench` runs it, FULL=1 gives the long
 * rows.
 */
#include "tests/bench/bench.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/database.h"
#include "tests/bench/measure.h"

static const char configuration[] = "shared_buffers = 512MB\nmax_wal_size = 4GB\ncheckpoint_timeout = 15min\n";

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	(void)status;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void head(struct bench *bench)
{
	char *url = cluster_superuser(bench->cluster, "postgres"), *version, *sync, day[32];
	PGconn *connection = database_open(url, NULL);
	double load = 0;
	time_t now = time(NULL);
	struct tm utc;

	version = database_text(connection, "show server_version");
	sync = database_text(connection, "select format('fsync %%s, synchronous_commit %%s, shared_buffers %%s',"
					 " current_setting('fsync'), current_setting('synchronous_commit'),"
					 " current_setting('shared_buffers'))");
	gmtime_r(&now, &utc);
	strftime(day, sizeof(day), "%Y-%m-%d %H:%M UTC", &utc);
	(void)getloadavg(&load, 1);
	report_line(&bench->report, "Kept %s, %s: %ld cores, PostgreSQL %s (%s), load before %.1f", KEPT_VERSION, day,
		    sysconf(_SC_NPROCESSORS_ONLN), version, sync, load);
	report_line(&bench->report,
		    "Database, programs, peers and load generator share these cores. Compare rows of one run only.");
	PQfinish(connection);
	free(version);
	free(sync);
	free(url);
}

static const struct {
	const char *name;
	void (*run)(struct bench *bench);
} parts[] = {
	{"requests", bench_requests}, {"bulk", bench_bulk}, {"reminders", bench_reminders},
	{"idle", bench_idle},         {"wake", bench_wake},
};

static bool wanted(int count, char **names, const char *name)
{
	for (int i = 0; i < count; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return count <= 0;
}

int main(int argc, char **argv)
{
	const char *build = getenv("KEPT_BUILD");
	struct bench bench = {.folder = "/tmp/kept-bench-XXXXXX", .full = argc > 1 && strcmp(argv[1], "full") == 0};
	int first = bench.full ? 2 : 1;
	double began = measure_now();
	char *path;
	bool wrong;

	if (!mkdtemp(bench.folder))
		bench_fail("no folder under /tmp");
	report_init(&bench.report);
	bench.cluster = cluster_start(&(struct cluster_settings){.fsync = true, .configuration = configuration});
	head(&bench);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (wanted(argc - first, argv + first, parts[i].name))
			parts[i].run(&bench);
	report_line(&bench.report, "\n%.0f s in all. %s", measure_now() - began,
		    bench.report.wrong ? "Something was lost or came twice: see above."
				       : "All reminders were delivered and recorded exactly once.");
	wrong = bench.report.wrong;
	path = bench_text("%s/bench.txt", build ? build : "build");
	report_close(&bench.report, path);
	free(path);
	cluster_stop(bench.cluster);
	(void)nftw(bench.folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return wrong ? 1 : 0;
}
