#include "api/unit/lanes.h"

#include <stdlib.h>
#include <string.h>

#include "api/reply/metrics.h"
#include "api/unit/flows.h"
#include "kept/limits.h"
#include "kept/steady.h"
#include "sql/database.h"

#define PIPES 64

struct lane {
	struct lanes *lanes;
	enum contract_lane name;
	struct pipe *pipes[PIPES];
	int pipe_count;
	int in_flight_each;
	int connected;
	bool away_over; /* `connected` has been 0 for KEPT_AWAY_SECONDS: nothing waits any more */
	ev_timer away;  /* ends what waits for a connection */
	struct flows waiting;
};

struct lane_unit {
	struct flow_item item; /* first, so that an item is its unit */
	struct lane *lane;
	bool repeat;
	bool tried; /* this is the second time */
	bool waiting;
	bool orphan;
	double queued; /* steady_seconds() */
	struct unit_statement statements[UNIT_STATEMENTS];
	int count;
	unit_done *done;
	void *context;
	char *values[]; /* copies, all in one block behind the pointers */
};

struct lanes {
	struct ev_loop *loop;
	struct metrics *metrics;
	struct lane lanes[METRICS_LANES];
	int waiting;
	int units;
	bool ending;
};

static void pump(struct lane *lane);

static struct lane_unit *unit_new(struct lane *lane, const struct lane_request *request)
{
	size_t pointers = 0, bytes = 0;
	if (request->count < 1 || request->count > UNIT_STATEMENTS)
		return NULL;
	for (int i = 0; i < request->count; i++)
		for (int p = 0; p < request->statements[i].statement->parameter_count; p++) {
			const char *value = request->statements[i].values[p];
			pointers++;
			bytes += value ? strlen(value) + 1 : 0;
		}
	struct lane_unit *unit = calloc(1, sizeof(*unit) + pointers * sizeof(char *) + bytes);
	if (!unit)
		return NULL;
	char **value_copy = unit->values, *text = (char *)(unit->values + pointers);
	unit->lane = lane;
	unit->item.flow = request->flow;
	unit->repeat = request->repeat;
	unit->count = request->count;
	unit->done = request->done;
	unit->context = request->context;
	for (int i = 0; i < request->count; i++) {
		const struct unit_statement *from = &request->statements[i];
		unit->statements[i].statement = from->statement;
		unit->statements[i].values = (const char *const *)value_copy;
		for (int p = 0; p < from->statement->parameter_count; p++, value_copy++) {
			if (!from->values[p])
				continue;
			size_t size = strlen(from->values[p]) + 1;
			memcpy(text, from->values[p], size);
			*value_copy = text;
			text += size;
		}
	}
	return unit;
}

static void wait_more(struct lane *lane, int change)
{
	lane->lanes->waiting += change;
	atomic_fetch_add_explicit(&lane->lanes->metrics->units_waiting[lane->name], change, memory_order_relaxed);
}

static void in_flight_more(struct lane *lane, int change)
{
	atomic_fetch_add_explicit(&lane->lanes->metrics->units_in_flight[lane->name], change, memory_order_relaxed);
}

/* Puts the unit into its flow: at the front when it is sent for the second time. */
static bool enqueue(struct lane *lane, struct lane_unit *unit, bool front)
{
	if (!flows_put(&lane->waiting, &unit->item, front))
		return false;
	unit->waiting = true;
	unit->queued = steady_seconds();
	wait_more(lane, 1);
	return true;
}

static struct lane_unit *dequeue(struct lane *lane)
{
	struct lane_unit *unit = (struct lane_unit *)flows_take(&lane->waiting);
	if (!unit)
		return NULL;
	unit->waiting = false;
	wait_more(lane, -1);
	return unit;
}

static void unit_end(struct lane_unit *unit, struct unit_result *result)
{
	struct lanes *lanes = unit->lane->lanes;
	metrics_unit(lanes->metrics, unit->lane->name, result->outcome);
	lanes->units--;
	if (!unit->orphan)
		unit->done(unit->context, result);
	free(unit);
}

static void unit_refuse(struct lane_unit *unit)
{
	struct unit_result result = {.outcome = UNIT_REFUSED};
	unit_end(unit, &result);
}

/* What was refused or failed did not happen, what was lost may have. */
static bool may_repeat(const struct lane_unit *unit, const struct unit_result *result)
{
	if (unit->tried || unit->orphan || unit->lane->lanes->ending)
		return false;
	if (result->outcome == UNIT_ERROR)
		return database_error_of(result->sqlstate).retryable;
	return result->outcome == UNIT_REFUSED || (result->outcome == UNIT_LOST && unit->repeat);
}

static void unit_answered(void *context, struct unit_result *result)
{
	struct lane_unit *unit = context;
	struct lane *lane = unit->lane;
	in_flight_more(lane, -1);
	if (!lane->away_over && may_repeat(unit, result)) {
		unit->tried = true;
		if (enqueue(lane, unit, true)) {
			pump(lane);
			return;
		}
	}
	unit_end(unit, result);
	pump(lane);
}

static struct pipe *free_pipe(struct lane *lane)
{
	struct pipe *best = NULL;
	int least = lane->in_flight_each;
	for (int i = 0; i < lane->pipe_count; i++) {
		struct pipe *pipe = lane->pipes[i];
		int busy = pipe && pipe_connected(pipe) ? pipe_in_flight(pipe) + pipe_waiting(pipe) : least;
		if (busy < least) {
			least = busy;
			best = pipe;
		}
	}
	return best;
}

static void pump(struct lane *lane)
{
	if (lane->lanes->ending)
		return;
	struct pipe *pipe;
	struct lane_unit *unit;
	while ((unit = (struct lane_unit *)flows_first(&lane->waiting)) && (pipe = free_pipe(lane))) {
		if (pipe_submit(pipe, unit->statements, unit->count, KEPT_AWAY_SECONDS, unit_answered, unit) == 0)
			break;
		dequeue(lane);
		metrics_unit_sent(lane->lanes->metrics, lane->name, steady_seconds() - unit->queued);
		in_flight_more(lane, 1);
	}
}

static void away_passed(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)loop, (void)events;
	struct lane *lane = timer->data;
	struct lane_unit *unit;
	/* The timer alone decides: by another clock what comes next could be early, and would wait for nothing. */
	lane->away_over = lane->connected == 0;
	while (lane->away_over && (unit = dequeue(lane)))
		unit_refuse(unit);
}

static void pipe_changed(void *context, bool connected)
{
	struct lane *lane = context;
	struct lanes *lanes = lane->lanes;
	int before = lane->connected;
	(void)connected;
	if (lanes->ending)
		return;
	lane->connected = 0;
	for (int i = 0; i < lane->pipe_count; i++)
		lane->connected += lane->pipes[i] && pipe_connected(lane->pipes[i]);
	atomic_fetch_add_explicit(&lanes->metrics->pipes[lane->name], lane->connected - before, memory_order_relaxed);
	if (before == 0 && lane->connected == 0)
		return;
	if (lane->connected == 0) {
		lane->away_over = false;
		ev_timer_set(&lane->away, KEPT_AWAY_SECONDS, 0);
		ev_timer_start(lanes->loop, &lane->away);
		return;
	}
	ev_timer_stop(lanes->loop, &lane->away);
	lane->away_over = false;
	pump(lane);
}

static bool lane_start(struct lanes *lanes, enum contract_lane name, const struct lanes_settings *settings)
{
	static const struct {
		const char *application;
		int in_flight, timeout_ms;
	} kinds[METRICS_LANES] = {
		[LANE_FAST] = {"kept-api fast", KEPT_FAST_UNITS, KEPT_FAST_TIMEOUT_MS},
		[LANE_WRITE] = {"kept-api write", 1, KEPT_WRITE_TIMEOUT_MS},
		[LANE_SLOW] = {"kept-api slow", 1, KEPT_SLOW_TIMEOUT_MS},
	};
	struct lane *lane = &lanes->lanes[name];
	int count = name == LANE_FAST ? 1 : name == LANE_WRITE ? settings->writers : settings->slow;
	struct pipe_settings pipe = {
		.loop = settings->loop,
		.database_url = settings->database_url,
		.role = "kept_api",
		.application_name = kinds[name].application,
		.statement_timeout_ms = kinds[name].timeout_ms,
		.lock_timeout_ms = kinds[name].timeout_ms,
		/* Each set of filters is a statement of its own; planning took 2.5 of the 3.5 ms of a read. */
		.one_plan = true,
		/* All that a read writes is when its key was used. */
		.may_forget = name == LANE_FAST,
		.units_in_flight = kinds[name].in_flight,
		.queue_units = kinds[name].in_flight,
		.state_changed = pipe_changed,
		.context = lane,
	};
	lane->lanes = lanes;
	lane->name = name;
	lane->in_flight_each = kinds[name].in_flight;
	ev_timer_init(&lane->away, away_passed, KEPT_AWAY_SECONDS, 0);
	lane->away.data = lane;
	ev_timer_start(lanes->loop, &lane->away);
	for (int i = 0; i < count && i < PIPES; i++) {
		lane->pipes[i] = pipe_new(&pipe);
		if (!lane->pipes[i])
			return false;
		lane->pipe_count = i + 1;
		atomic_fetch_add(&lanes->metrics->pipes_wanted[name], 1);
	}
	return true;
}

struct lanes *lanes_new(const struct lanes_settings *settings)
{
	struct lanes *lanes = calloc(1, sizeof(*lanes));
	if (!lanes)
		return NULL;
	lanes->loop = settings->loop;
	lanes->metrics = settings->metrics;
	atomic_fetch_add(&lanes->metrics->units_most, KEPT_QUEUE_UNITS);
	if (lane_start(lanes, LANE_FAST, settings) && lane_start(lanes, LANE_WRITE, settings) &&
	    lane_start(lanes, LANE_SLOW, settings))
		return lanes;
	lanes_free(lanes);
	return NULL;
}

void lanes_free(struct lanes *lanes)
{
	if (!lanes)
		return;
	lanes->ending = true;
	for (int l = 0; l < METRICS_LANES; l++) {
		struct lane *lane = &lanes->lanes[l];
		if (!lane->lanes)
			continue;
		for (int i = 0; i < lane->pipe_count; i++)
			pipe_free(lane->pipes[i]);
		struct lane_unit *unit;
		while ((unit = dequeue(lane)))
			unit_refuse(unit);
		ev_timer_stop(lanes->loop, &lane->away);
	}
	free(lanes);
}

enum lanes_answer lanes_submit(struct lanes *lanes, const struct lane_request *request, struct lane_unit **unit)
{
	struct lane *lane = &lanes->lanes[request->lane];
	if (lane->away_over) {
		atomic_fetch_add_explicit(&lanes->metrics->units_away, 1, memory_order_relaxed);
		return LANES_AWAY;
	}
	struct lane_unit *made = lanes->waiting < KEPT_QUEUE_UNITS ? unit_new(lane, request) : NULL;
	if (!made || !enqueue(lane, made, false)) {
		free(made);
		atomic_fetch_add_explicit(&lanes->metrics->units_full, 1, memory_order_relaxed);
		return LANES_FULL;
	}
	lanes->units++;
	*unit = made;
	/* Sent from here when there is room; `done` is never called from pipe_submit(). */
	pump(lane);
	return LANES_TAKEN;
}

void lanes_orphan(struct lane_unit *unit)
{
	unit->orphan = true;
	if (!unit->waiting) {
		atomic_fetch_add_explicit(&unit->lane->lanes->metrics->units_orphaned, 1, memory_order_relaxed);
		return;
	}
	flows_remove(&unit->lane->waiting, &unit->item);
	wait_more(unit->lane, -1);
	unit->lane->lanes->units--;
	free(unit);
}

bool lanes_ready(const struct lanes *lanes)
{
	return lanes->lanes[LANE_FAST].connected > 0 && lanes->lanes[LANE_WRITE].connected > 0;
}

int lanes_units(const struct lanes *lanes)
{
	return lanes->units;
}
