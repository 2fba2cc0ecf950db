/* requests.c: what the API answers in a second, see bench.h. */
#include <stdlib.h>
#include <string.h>

#include "tests/bench/bench.h"
#include "tests/bench/database.h"
#include "tests/bench/load.h"
#include "tests/bench/measure.h"
#include "tests/bench/programs.h"

#define WARM_SECONDS 0.3
#define SECONDS 1.5
#define FULL_SECONDS 5.0
#define COMMITMENTS 10000
#define PAIRS 6
#define PAIR_SECONDS 1.0
#define PAIR_CONNECTIONS 32
#define UUID 36

struct target {
	const char *ids; /* of commitments, without anything between */
	unsigned long count;
	const char *owner;
	bool key; /* with Idempotency-Key */
	const char *path;
};

static void write_read(void *context, struct text *out, unsigned long number)
{
	const struct target *target = context;

	text_addf(out,
		  "GET /v1/commitments/%.*s HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer " BENCH_KEY "\r\n\r\n",
		  UUID, target->ids + UUID * ((number * 7919) % target->count));
}

static void write_get(void *context, struct text *out, unsigned long number)
{
	const struct target *target = context;

	(void)number;
	text_addf(out, "GET %s HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer " BENCH_KEY "\r\n\r\n", target->path);
}

static void write_post(void *context, struct text *out, unsigned long number)
{
	const struct target *target = context;
	char body[400], key[80] = "";

	snprintf(body, sizeof(body),
		 "{\"group\":\"families\",\"title\":\"Read together twenty minutes, once "
		 "more\",\"owner\":{\"person_id\":\"%s\"},"
		 "\"due_on\":\"2099-01-15\"}",
		 target->owner);
	if (target->key)
		snprintf(key, sizeof(key), "Idempotency-Key: \"bench %lu\"\r\n", number);
	text_addf(out,
		  "POST /v1/commitments HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer " BENCH_KEY
		  "\r\nContent-Type: application/json\r\n%sContent-Length: %zu\r\n\r\n%s",
		  key, strlen(body), body);
}

static void row(struct bench *bench, int port, const char *what, load_write *write, struct target *target, int status,
		unsigned long *first)
{
	static const int connections[] = {16, 64};

	for (size_t i = 0; i < sizeof(connections) / sizeof(connections[0]); i++) {
		struct load_result result;

		load_run(&(struct load){.port = port,
					.connections = connections[i],
					.warm_seconds = WARM_SECONDS,
					.seconds = bench->full ? FULL_SECONDS : SECONDS,
					.status = status,
					.first = *first,
					.write = write,
					.context = target},
			 &result);
		*first += result.asked;
		report_line(&bench->report, "  %-46s %5d %10.0f %9.2f %9.2f", what, connections[i], result.per_second,
			    result.p50_ms, result.p99_ms);
		if (result.wrong)
			report_wrong(&bench->report, "%lu answers were not %d", result.wrong, status);
	}
}

/* Every POST that was answered 201 is one commitment. */
static void check_created(struct bench *bench, const char *name, unsigned long created)
{
	char *url = cluster_superuser(bench->cluster, name);
	PGconn *connection = database_open(url, NULL);
	double there = database_number(connection, "select count(*) from kept.commitment");

	if (there != (double)(COMMITMENTS + created))
		report_wrong(&bench->report, "%lu commitments were confirmed, %.0f are there", created,
			     there - COMMITMENTS);
	PQfinish(connection);
	free(url);
}

static struct target target_of(struct bench *bench, const char *name)
{
	char *url = cluster_superuser(bench->cluster, name);
	PGconn *connection = database_open(url, NULL);
	struct target target = {.count = COMMITMENTS};

	target.ids = database_text(connection, "select string_agg(id::text, '') from kept.commitment");
	target.owner = database_text(connection, "select id from kept.person limit 1");
	PQfinish(connection);
	free(url);
	return target;
}

static void crowd(struct bench *bench, const char *name)
{
	crowd_make(bench, &(struct crowd){.name = name,
					  .commitments = COMMITMENTS,
					  .owners = 1000,
					  .channel = "email",
					  .destinations = 20,
					  .due_in_days = 60});
}

static void answers(struct bench *bench)
{
	struct process api;
	struct target target;
	char *url;
	unsigned long none = 0, created = 0;
	int port;

	report_line(&bench->report,
		    "\nAPI: requests on loopback, each connection with one under way; a register of %d commitments in "
		    "8 groups,"
		    " 16 writers",
		    COMMITMENTS);
	report_line(&bench->report, "  %-46s %5s %10s %9s %9s", "", "conns", "answers/s", "p50 ms", "p99 ms");
	crowd(bench, "requests");
	url = crowd_copy(bench, "requests", "requests_run");
	target = target_of(bench, "requests_run");
	port = bench_api(bench, &api, url, 16);
	row(bench, port, "GET /v1/commitments/{id}", write_read, &target, 200, &none);
	target.path = "/v1/commitments?group=families";
	row(bench, port, "GET /v1/commitments?group= (50 rows)", write_get, &target, 200, &none);
	target.path = "/v1/summary";
	row(bench, port, "GET /v1/summary", write_get, &target, 200, &none);
	row(bench, port, "POST /v1/commitments", write_post, &target, 201, &created);
	target.key = true;
	row(bench, port, "POST /v1/commitments with Idempotency-Key", write_post, &target, 201, &created);
	process_stop(&api);
	check_created(bench, "requests_run", created);
	crowd_drop(bench, "requests_run");
	free((char *)target.ids);
	free((char *)target.owner);
	free(url);
}

struct side {
	int port;
	struct target target;
	double per_second[PAIRS];
};

/* One after the other, again and again, so that what else the machine does falls on both. */
static void pairs(struct bench *bench, const char *what, struct side *a, struct side *b, unsigned long *created)
{
	double ratios[PAIRS];

	for (int pair = 0; pair < PAIRS; pair++) {
		for (int second = 0; second < 2; second++) {
			struct side *side = second == pair % 2 ? a : b;
			struct load_result result;

			load_run(&(struct load){.port = side->port,
						.connections = PAIR_CONNECTIONS,
						.warm_seconds = WARM_SECONDS,
						.seconds = PAIR_SECONDS,
						.status = 201,
						.first = *created,
						.write = write_post,
						.context = &side->target},
				 &result);
			*created += result.asked;
			side->per_second[pair] = result.per_second;
			if (result.wrong)
				report_wrong(&bench->report, "%lu answers were not 201", result.wrong);
		}
		ratios[pair] = a->per_second[pair] / (b->per_second[pair] > 0 ? b->per_second[pair] : 1);
	}
	report_line(&bench->report, "  %-46s %8.2f %12.2f to %.2f %10.0f %6.0f", what, measure_part(ratios, PAIRS, 0.5),
		    measure_part(ratios, PAIRS, 0), measure_part(ratios, PAIRS, 1),
		    measure_part(a->per_second, PAIRS, 0.5), measure_part(b->per_second, PAIRS, 0.5));
}

static void ratios(struct bench *bench)
{
	struct process many, one;
	char *url = crowd_copy(bench, "requests", "writers_run");
	struct target target = target_of(bench, "writers_run");
	struct side a = {.port = bench_api(bench, &many, url, 16), .target = target};
	struct side b = {.port = bench_api(bench, &one, url, 1), .target = target};
	unsigned long created = 0;

	report_line(&bench->report, "\nRatios: POST /v1/commitments at %d connections, %d pairs of %.0f s in turn",
		    PAIR_CONNECTIONS, PAIRS, PAIR_SECONDS);
	report_line(&bench->report, "  %-46s %8s %20s %10s %6s", "", "median", "lowest to highest", "first/s",
		    "second/s");
	pairs(bench, "KEPT_WRITERS 16 against 1 (at least one a loop)", &a, &b, &created);
	b.port = a.port;
	a.target.key = true;
	pairs(bench, "with Idempotency-Key against without", &a, &b, &created);
	process_stop(&many);
	process_stop(&one);
	check_created(bench, "writers_run", created);
	crowd_drop(bench, "writers_run");
	crowd_drop(bench, "requests");
	free((char *)target.ids);
	free((char *)target.owner);
	free(url);
}

void bench_requests(struct bench *bench)
{
	answers(bench);
	ratios(bench);
}
