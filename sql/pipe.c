#include "sql/pipe.h"

#include <stdlib.h>
#include <string.h>

#include "kept/limits.h"
#include "kept/log.h"
#include "kept/steady.h"
#include "sql/pipe_internal.h"

#define CLOCK_SECONDS 0.1

void unit_list_add(struct unit_list *list, struct unit *unit)
{
	unit->next = NULL;
	if (list->last)
		list->last->next = unit;
	else
		list->first = unit;
	list->last = unit;
	list->count++;
}

struct unit *unit_list_take(struct unit_list *list)
{
	struct unit *unit = list->first;
	if (!unit)
		return NULL;
	list->first = unit->next;
	if (!list->first)
		list->last = NULL;
	list->count--;
	return unit;
}

void unit_finish(struct unit *unit, enum unit_outcome outcome)
{
	unit->result.outcome = outcome;
	unit->result.result_count = 0;
	while ((outcome == UNIT_DONE || outcome == UNIT_ERROR) && unit->result.result_count < unit->part_count &&
	       unit->result.results[unit->result.result_count])
		unit->result.result_count++;
	if (unit->done)
		unit->done(unit->context, &unit->result);
	for (int i = 0; i < UNIT_STATEMENTS; i++)
		PQclear(unit->result.results[i]);
	PQclear(unit->error);
	free(unit);
}

static void refuse_overdue(struct pipe *pipe)
{
	double now = steady_seconds();
	struct unit_list all = pipe->waiting, overdue = {0};
	pipe->waiting = (struct unit_list){0};
	for (struct unit *unit; (unit = unit_list_take(&all));)
		unit_list_add(unit->deadline <= now ? &overdue : &pipe->waiting, unit);
	for (struct unit *unit; (unit = unit_list_take(&overdue));)
		unit_finish(unit, UNIT_REFUSED);
}

static void clock_ticked(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)events;
	struct pipe *pipe = timer->data;
	refuse_overdue(pipe);
	/* A server that stands still, or a network that swallows all, gives no error. */
	if (pipe->flying.first && pipe->flying.first->deadline <= steady_seconds())
		link_lose(pipe, "no answer");
	if (!pipe->waiting.count && !pipe->flying.count)
		ev_timer_stop(loop, timer);
}

void pipe_watch_deadlines(struct pipe *pipe)
{
	if (!ev_is_active(&pipe->clock))
		ev_timer_again(pipe->settings.loop, &pipe->clock);
}

struct pipe *pipe_new(const struct pipe_settings *settings)
{
	struct pipe *pipe = calloc(1, sizeof(*pipe));
	if (!pipe)
		return NULL;
	pipe->settings = *settings;
	struct database_session session = {.role = settings->role,
					   .application_name = settings->application_name,
					   .statement_timeout_ms = settings->statement_timeout_ms,
					   .lock_timeout_ms = settings->lock_timeout_ms,
					   .one_plan = settings->one_plan,
					   .may_forget = settings->may_forget};
	char *error;
	if (!database_url(&pipe->url, settings->database_url, &session, &error)) {
		log_write(LOG_ERROR_LEVEL, "database_url", "serror", error, NULL);
		free(error);
		free(pipe);
		return NULL;
	}
	ev_init(&pipe->clock, clock_ticked);
	pipe->clock.repeat = CLOCK_SECONDS;
	pipe->clock.data = pipe;
	link_start(pipe);
	return pipe;
}

void pipe_free(struct pipe *pipe)
{
	if (!pipe)
		return;
	pipe->closing = true;
	link_lose(pipe, NULL);
	for (struct unit *unit; (unit = unit_list_take(&pipe->waiting));)
		unit_finish(unit, UNIT_REFUSED);
	ev_timer_stop(pipe->settings.loop, &pipe->clock);
	ev_timer_stop(pipe->settings.loop, &pipe->again);
	database_url_release(&pipe->url);
	free(pipe);
}

static struct unit *unit_new(const struct unit_statement *statements, int count)
{
	const char *ordered[UNIT_STATEMENTS][STATEMENT_PARAMETERS];
	const struct statement_text *texts[UNIT_STATEMENTS];
	size_t size = 0;
	if (count < 1 || count > UNIT_STATEMENTS)
		return NULL;
	for (int i = 0; i < count; i++) {
		texts[i] = statement_choose(statements[i].statement, statements[i].values, ordered[i]);
		for (uint8_t n = 0; n < texts[i]->parameter_count; n++)
			size += ordered[i][n] ? strlen(ordered[i][n]) + 1 : 0;
	}
	struct unit *unit = calloc(1, sizeof(*unit) + size);
	if (!unit)
		return NULL;
	char *at = unit->bytes;
	unit->part_count = count;
	for (int i = 0; i < count; i++) {
		unit->parts[i].text = texts[i];
		for (uint8_t n = 0; n < texts[i]->parameter_count; n++) {
			if (!ordered[i][n])
				continue;
			size_t length = strlen(ordered[i][n]) + 1;
			unit->parts[i].values[n] = memcpy(at, ordered[i][n], length);
			at += length;
		}
	}
	return unit;
}

unsigned long pipe_submit(struct pipe *pipe, const struct unit_statement *statements, int count, double seconds,
			  unit_done *done, void *context)
{
	if (pipe->closing || pipe->waiting.count >= pipe->settings.queue_units)
		return 0;
	struct unit *unit = unit_new(statements, count);
	if (!unit)
		return 0;
	unsigned long id = ++pipe->last_id;
	unit->id = id;
	unit->seconds = seconds;
	unit->deadline = steady_seconds() + seconds;
	unit->done = done;
	unit->context = context;
	unit_list_add(&pipe->waiting, unit);
	pipe_watch_deadlines(pipe);
	flow_send(pipe);
	return id;
}

static bool orphan_in(struct unit_list *list, unsigned long id)
{
	for (struct unit *unit = list->first; unit; unit = unit->next) {
		if (unit->id == id) {
			unit->done = NULL;
			return true;
		}
	}
	return false;
}

void pipe_orphan(struct pipe *pipe, unsigned long unit)
{
	if (!orphan_in(&pipe->flying, unit))
		orphan_in(&pipe->waiting, unit);
}

bool pipe_connected(const struct pipe *pipe)
{
	return pipe->state == LINK_UP;
}

int pipe_in_flight(const struct pipe *pipe)
{
	return pipe->flying.count;
}

int pipe_waiting(const struct pipe *pipe)
{
	return pipe->waiting.count;
}
