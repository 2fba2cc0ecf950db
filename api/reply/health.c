#include "api/reply/health.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/loop.h"
#include "api/unit/work.h"
#include "sql/cell.h"

static double number(const PGresult *row, const char *column, double absent)
{
	const char *text = cell_text(row, 0, column);
	return text ? strtod(text, NULL) : absent;
}

struct health health_read(const struct unit_result *result)
{
	struct health health = {false, 0, -1};
	if (result->outcome != UNIT_DONE || PQntuples(result->results[0]) != 1)
		return health;
	health.database = true;
	health.migration = (long)number(result->results[0], "migration", 0);
	health.worker_age = number(result->results[0], "looked_seconds_ago", -1);
	return health;
}

bool health_ask(struct exchange *exchange, exchange_unit_done *done)
{
	const struct unit_statement statement = {exchange->loop->service->health, NULL};
	const struct lane_request request = {.lane = LANE_FAST, .repeat = true, .statements = &statement, .count = 1};
	return exchange_submit(exchange, &request, done);
}

bool health_is_migrated(const struct exchange *exchange, const struct health *health)
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
	if (!health_is_migrated(exchange, health)) {
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
	struct health health = health_read(result);
	write_ready(exchange, &health);
}

void health_ready(struct exchange *exchange)
{
	const struct health away = {false, 0, -1};
	if (atomic_load(&exchange->loop->service->stopping) || !health_ask(exchange, ready_done))
		write_ready(exchange, &away);
}

void health_live(struct exchange *exchange)
{
	static const char body[] = "{\"status\":\"ok\"}";
	reply_constant(&exchange->reply, 200, "application/json", body, sizeof(body) - 1);
	exchange->reply.cache = REPLY_PUBLIC;
}
