/* wake.c: from a request to the first byte of its reminder, see bench.h. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/bench/bench.h"
#include "tests/bench/database.h"
#include "tests/bench/load.h"
#include "tests/bench/measure.h"
#include "tests/bench/programs.h"
#include "tests/bench/sink.h"

#define REMINDERS 200
#define WARM 5
#define PATIENCE_SECONDS 10.0
#define PAUSE_NANOSECONDS (100 * 1000 * 1000) /* so that worker and hints are at rest */
#define UUID 36

static void ask(int port, const char *id)
{
	struct text request;

	text_init(&request, 1024);
	text_addf(&request,
		  "POST /v1/commitments/%.*s/remind HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer " BENCH_KEY
		  "\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
		  UUID, id);
	load_once(port, &request, 202);
	text_release(&request);
}

static void all_asked(struct bench *bench, int port, struct sink *sink, const char *ids)
{
	double seconds[REMINDERS];

	for (int i = -WARM; i < REMINDERS; i++) {
		double began;

		nanosleep(&(struct timespec){.tv_nsec = PAUSE_NANOSECONDS}, NULL);
		began = measure_now();
		ask(port, ids + UUID * (i + WARM));
		if (!sink_wait(sink, (size_t)(i + WARM + 1), PATIENCE_SECONDS)) {
			report_wrong(&bench->report, "a reminder that was asked for did not come");
			return;
		}
		if (i >= 0)
			seconds[i] = sink_counts(sink).first_byte - began;
	}
	report_line(&bench->report, "  %-46s %8.1f %8.1f", "first byte at the receiver",
		    measure_part(seconds, REMINDERS, 0.5) * 1000, measure_part(seconds, REMINDERS, 0.99) * 1000);
	if (sink_counts(sink).distinct != REMINDERS + WARM)
		report_wrong(&bench->report, "of %d reminders %zu came, %zu of them different", REMINDERS + WARM,
			     sink_counts(sink).got, sink_counts(sink).distinct);
}

void bench_wake(struct bench *bench)
{
	struct sink *sink = sink_start(SINK_HTTP);
	struct process api, worker;
	char *url, *superuser, *ids, *mail_url = bench_text("file://%s/mail-wake", bench->folder);
	PGconn *connection;
	int port;

	report_line(&bench->report,
		    "\nFrom POST /v1/commitments/{id}/remind, sent, to its webhook: %d one after the other, API and "
		    "worker running,"
		    " a new connection and a pause of 0.1 s each",
		    REMINDERS);
	report_line(&bench->report, "  %-46s %8s %8s", "", "p50 ms", "p99 ms");
	crowd_make(bench, &(struct crowd){.name = "wake",
					  .commitments = REMINDERS + WARM,
					  .channel = "webhook",
					  .destinations = 1,
					  .port = sink_port(sink),
					  .due_in_days = 60});
	url = crowd_copy(bench, "wake", "wake_run");
	superuser = cluster_superuser(bench->cluster, "wake_run");
	connection = database_open(superuser, NULL);
	ids = database_text(connection, "select string_agg(id::text, '') from kept.commitment");
	port = bench_api(bench, &api, url, 16);
	bench_worker(bench, &worker, url, mail_url, false);
	process_says(&worker, "\"database_connected\"");
	all_asked(bench, port, sink, ids);
	process_stop(&worker);
	process_stop(&api);
	if (database_number(connection, "select count(*) from kept.delivery where outcome = 'sent' and attempts = 1") !=
	    REMINDERS + WARM)
		report_wrong(&bench->report, "not every reminder is recorded once");
	PQfinish(connection);
	sink_stop(sink);
	crowd_drop(bench, "wake_run");
	crowd_drop(bench, "wake");
	free(url);
	free(superuser);
	free(ids);
	free(mail_url);
}
