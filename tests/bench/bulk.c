/* bulk.c: 1,000 commitments by one request against 1,000 requests, see bench.h. */
#include <stdlib.h>
#include <string.h>

#include "tests/bench/bench.h"
#include "tests/bench/database.h"
#include "tests/bench/load.h"
#include "tests/bench/measure.h"
#include "tests/bench/programs.h"

#define COMMITMENTS 1000
#define TURNS 3
#define SECONDS 1.0

static void write_single(void *context, struct text *out, unsigned long number)
{
	char *body = bench_text("{\"group\":\"families\",\"title\":\"Single %lu\",\"owner\":{\"person_id\":\"%s\"},"
				"\"due_on\":\"2099-01-15\"}",
				number, (const char *)context);
	text_addf(out,
		  "POST /v1/commitments HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer " BENCH_KEY
		  "\r\nContent-Type: application/json\r\nIdempotency-Key: single %lu\r\nContent-Length: %zu\r\n\r\n%s",
		  number, strlen(body), body);
	free(body);
}

static double seconds_of_bulk(int port, const char *owner, int turn)
{
	struct text body, request;
	text_init(&body, 1 << 20);
	text_init(&request, 1 << 21);
	text_adds(&body, "{\"items\":[");
	for (int i = 0; i < COMMITMENTS; i++)
		text_addf(&body,
			  "%s{\"group\":\"families\",\"title\":\"Bulk %d.%d\",\"owner\":{\"person_id\":\"%s\"},"
			  "\"due_on\":\"2099-01-15\"}",
			  i > 0 ? "," : "", turn, i, owner);
	text_adds(&body, "]}");
	text_addf(&request,
		  "POST /v1/commitments/bulk HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer " BENCH_KEY
		  "\r\nContent-Type: application/json\r\nIdempotency-Key: bulk %d\r\nContent-Length: %zu\r\n\r\n",
		  turn, body.length);
	text_add(&request, body.bytes, body.length);
	double seconds = load_once(port, &request, 200);
	text_release(&body);
	text_release(&request);
	return seconds;
}

/* A thousand at that many connections, reckoned from what a second takes. */
static double seconds_of_singles(struct bench *bench, int port, char *owner, int connections, unsigned long *first)
{
	struct load_result result;
	load_run(&(struct load){.port = port,
				.connections = connections,
				.seconds = SECONDS,
				.status = 201,
				.first = *first,
				.write = write_single,
				.context = owner},
		 &result);
	*first += result.asked;
	if (result.wrong)
		report_wrong(&bench->report, "%lu answers were not 201", result.wrong);
	return COMMITMENTS / (result.per_second > 0 ? result.per_second : 1);
}

void bench_bulk(struct bench *bench)
{
	struct process api;
	double bulk[TURNS], one[TURNS], many[TURNS];
	unsigned long first = 0;
	crowd_make(bench, &(struct crowd){.name = "bulk",
					  .commitments = 1000,
					  .owners = 100,
					  .channel = "email",
					  .destinations = 20,
					  .due_in_days = 60});
	char *superuser = cluster_superuser(bench->cluster, "bulk"), *url = crowd_copy(bench, "bulk", "bulk_run");
	PGconn *connection = database_open(superuser, NULL);
	char *owner = database_text(connection, "select id from kept.person limit 1");
	PQfinish(connection);
	int port = bench_api(bench, &api, url, 16);
	/* In turn, so that what else the machine does falls on all. */
	for (int turn = 0; turn < TURNS; turn++) {
		bulk[turn] = seconds_of_bulk(port, owner, turn);
		one[turn] = seconds_of_singles(bench, port, owner, 1, &first) / bulk[turn];
		many[turn] = seconds_of_singles(bench, port, owner, 16, &first) / bulk[turn];
	}
	report_line(&bench->report, "\nBulk: %d commitments, %d turns, medians (lowest to highest)", COMMITMENTS,
		    TURNS);
	report_line(&bench->report, "  %-46s %8.2f s", "POST /v1/commitments/bulk, one request",
		    measure_part(bulk, TURNS, 0.5));
	report_line(&bench->report, "  %-46s %8.2f times as long (%.2f to %.2f)", "1,000 requests, one after the other",
		    measure_part(one, TURNS, 0.5), measure_part(one, TURNS, 0), measure_part(one, TURNS, 1));
	report_line(&bench->report, "  %-46s %8.2f times as long (%.2f to %.2f)", "1,000 requests, 16 at once",
		    measure_part(many, TURNS, 0.5), measure_part(many, TURNS, 0), measure_part(many, TURNS, 1));
	process_stop(&api);
	crowd_drop(bench, "bulk_run");
	crowd_drop(bench, "bulk");
	free(superuser);
	free(owner);
	free(url);
}
