#include "api/reply/health.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/loop.h"
#include "api/unit/work.h"
#include "kept/embed.h"
#include "kept/limits.h"
#include "sql/cell.h"

#define PAGE_BYTES (64 * 1024)

/* What the statement `health` told; all is unknown without it. */
struct health {
	bool database;
	long migration;
	double worker_age; /* seconds; negative: no worker has ever looked */
};

static double number(const PGresult *row, const char *column, double absent)
{
	const char *text = cell_text(row, 0, column);
	return text ? strtod(text, NULL) : absent;
}

static struct health read_health(const struct unit_result *result)
{
	struct health health = {false, 0, -1};
	if (result->outcome != UNIT_DONE || PQntuples(result->results[0]) != 1)
		return health;
	health.database = true;
	health.migration = (long)number(result->results[0], "migration", 0);
	health.worker_age = number(result->results[0], "looked_seconds_ago", -1);
	return health;
}

static bool ask(struct exchange *exchange, exchange_unit_done *done)
{
	const struct unit_statement statement = {exchange->loop->service->health, NULL};
	const struct lane_request request = {.lane = LANE_FAST, .repeat = true, .statements = &statement, .count = 1};
	return exchange_submit(exchange, &request, done);
}

static bool migrated(const struct exchange *exchange, const struct health *health)
{
	/* A newer database serves an older program: migrations only add. */
	return health->migration >= exchange->loop->service->migration;
}

static void write_ready(struct exchange *exchange, const struct health *health)
{
	if (atomic_load(&exchange->loop->service->stopping)) {
		exchange_problem(exchange, "unavailable", "Not ready: stopping.");
		return;
	}
	if (!health->database) {
		exchange_problem(exchange, "unavailable", "Not ready: the database does not answer.");
		return;
	}
	if (!migrated(exchange, health)) {
		exchange_problem(exchange, "unavailable",
				 "Not ready: the database lacks migrations. Run kept-api migrate.");
		return;
	}
	struct text body;
	text_init(&body, 1024);
	text_addf(&body, "{\"status\":\"ready\",\"database\":\"ok\",\"migration\":%ld,\"worker_looked_seconds_ago\":",
		  health->migration);
	if (health->worker_age < 0)
		text_adds(&body, "null}");
	else
		text_addf(&body, "%.1f}", health->worker_age);
	size_t length = body.length;
	reply_take(&exchange->reply, 200, "application/json", text_take(&body), length);
	exchange->reply.cache = REPLY_PUBLIC;
	text_release(&body);
}

static void ready_done(struct exchange *exchange, struct unit_result *result)
{
	struct health health = read_health(result);
	write_ready(exchange, &health);
}

void health_ready(struct exchange *exchange)
{
	const struct health away = {false, 0, -1};
	if (atomic_load(&exchange->loop->service->stopping) || !ask(exchange, ready_done))
		write_ready(exchange, &away);
}

static void worker_words(const struct health *health, char out[64])
{
	if (!health->database)
		snprintf(out, 64, "not known");
	else if (health->worker_age < 0)
		snprintf(out, 64, "has not looked yet");
	else if (health->worker_age < 120)
		snprintf(out, 64, "looked %.0f s ago", health->worker_age);
	else
		snprintf(out, 64, "looked %.0f minutes ago: is it running?", health->worker_age / 60);
}

/* Copies the page and puts values in place of {{names}}. */
static void fill(struct text *out, const struct embedded *page, const char *const (*values)[2], size_t count)
{
	const char *at = page->bytes, *end = page->bytes + page->length;
	while (at < end) {
		const char *open = strstr(at, "{{");
		const char *close = open ? strstr(open, "}}") : NULL;
		if (!close) {
			text_add(out, at, (size_t)(end - at));
			return;
		}
		text_add(out, at, (size_t)(open - at));
		for (size_t i = 0; i < count; i++)
			if (strlen(values[i][0]) == (size_t)(close - open - 2) &&
			    strncmp(values[i][0], open + 2, strlen(values[i][0])) == 0)
				text_add_html(out, values[i][1]);
		at = close + 2;
	}
}

static void write_home(struct exchange *exchange, const struct health *health)
{
	const struct embedded *page = embedded_find(&embedded_pages, "home.html");
	char worker[64];
	struct text body;
	if (!page) {
		exchange_problem(exchange, "internal", NULL);
		return;
	}
	worker_words(health, worker);
	const char *const values[][2] = {
		{"version", KEPT_VERSION},
		{"public_url", exchange->loop->live->config->public_url},
		{"database", !health->database            ? "does not answer"
			     : migrated(exchange, health) ? "answers"
							  : "answers, but lacks migrations: run kept-api migrate"},
		{"worker", worker},
	};
	text_init(&body, PAGE_BYTES);
	fill(&body, page, values, sizeof(values) / sizeof(values[0]));
	size_t length = body.length;
	reply_clear(&exchange->reply);
	reply_take(&exchange->reply, 200, "text/html; charset=utf-8", text_take(&body), length);
	reply_header(&exchange->reply, "Content-Security-Policy",
		     "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'");
	exchange->reply.cache = REPLY_PUBLIC;
	text_release(&body);
}

static void home_done(struct exchange *exchange, struct unit_result *result)
{
	struct health health = read_health(result);
	write_home(exchange, &health);
}

void health_home(struct exchange *exchange)
{
	const struct health away = {false, 0, -1};
	if (!ask(exchange, home_done))
		write_home(exchange, &away);
}

void health_live(struct exchange *exchange)
{
	static const char body[] = "{\"status\":\"ok\"}";
	reply_constant(&exchange->reply, 200, "application/json", body, sizeof(body) - 1);
	exchange->reply.cache = REPLY_PUBLIC;
}
