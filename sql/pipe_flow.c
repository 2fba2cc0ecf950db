#include <search.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kept/limits.h"
#include "kept/steady.h"
#include "sql/pipe_internal.h"

#define PIPE_STATEMENT_BYTES 256

static int compare_texts(const void *a, const void *b)
{
	return ((uintptr_t)a > (uintptr_t)b) - ((uintptr_t)a < (uintptr_t)b);
}

static bool is_prepared(const struct pipe *pipe, const struct statement_text *text)
{
	return tfind(text, &pipe->prepared, compare_texts) != NULL;
}

static bool is_preparing(const struct pipe *pipe, const struct statement_text *text)
{
	for (int i = 0; i < pipe->preparing_count; i++) {
		if (pipe->preparing[i] == text)
			return true;
	}
	return false;
}

/* Whether the first waiting unit may go now. One at a time prepares: whether its statements will be known is open until
 * they are answered (an error before them in the unit skips them), and a unit behind it must not rely on them. */
static bool may_send(const struct pipe *pipe)
{
	const struct unit *unit = pipe->waiting.first;
	if (!unit || pipe->state != LINK_UP || pipe->stale || pipe->broken ||
	    PQstatus(pipe->connection) != CONNECTION_OK || pipe->flying.count >= pipe->settings.units_in_flight)
		return false;
	for (int i = 0; i < unit->part_count && pipe->preparing_count; i++) {
		if (!is_prepared(pipe, unit->parts[i].text))
			return false;
	}
	return true;
}

static void add_step(struct unit *unit, enum step_kind kind, int index)
{
	unit->steps[unit->step_count++] = (struct step){kind, index};
}

static bool send_part(struct pipe *pipe, struct unit *unit, int index)
{
	const struct part *part = &unit->parts[index];
	const struct statement_text *text = part->text;
	if (!is_prepared(pipe, text) && !is_preparing(pipe, text)) {
		pipe->preparing[pipe->preparing_count++] = text;
		add_step(unit, STEP_PREPARE, index);
		if (!PQsendPrepare(pipe->connection, text->prepared, text->sql, 0, NULL))
			return false;
	}
	add_step(unit, STEP_QUERY, index);
	return PQsendQueryPrepared(pipe->connection, text->prepared, text->parameter_count, part->values, NULL, NULL,
				   0);
}

/* From now on it is lost if no answer comes: nobody knows what a server has read. */
static void fly(struct pipe *pipe, struct unit *unit)
{
	double server = (double)pipe->settings.statement_timeout_ms / 1000 * unit->part_count;
	double patience = (server > unit->seconds ? server : unit->seconds) + KEPT_UNIT_GRACE_SECONDS;
	unit->deadline = steady_seconds() + patience;
	unit->seconds = patience;
	unit_list_add(&pipe->flying, unit);
	pipe_watch_deadlines(pipe);
}

static bool flush(struct pipe *pipe)
{
	int left = PQflush(pipe->connection);
	if (left > 0)
		ev_io_start(pipe->settings.loop, &pipe->writer);
	else
		ev_io_stop(pipe->settings.loop, &pipe->writer);
	return left >= 0;
}

void flow_send(struct pipe *pipe)
{
	while (may_send(pipe)) {
		struct unit *unit = unit_list_take(&pipe->waiting);
		bool well = true;
		fly(pipe, unit);
		for (int i = 0; well && i < unit->part_count; i++)
			well = send_part(pipe, unit, i);
		add_step(unit, STEP_SYNC, 0);
		if (well && PQpipelineSync(pipe->connection) && flush(pipe))
			continue;
		/* This may run inside pipe_submit(), where nobody may be told yet. */
		pipe->broken = true;
		ev_feed_event(pipe->settings.loop, &pipe->reader, EV_READ);
	}
}

static void answer_prepare(struct pipe *pipe, const struct unit *unit, const PGresult *result)
{
	const struct statement_text *text = unit->parts[unit->steps[unit->step].index].text;
	if (PQresultStatus(result) != PGRES_COMMAND_OK)
		return;
	/* Without memory for the note the connection would prepare it twice, which is an error. */
	if (!tsearch(text, &pipe->prepared, compare_texts))
		pipe->stale = true;
}

static void note_error(struct pipe *pipe, struct unit *unit, PGresult *result)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	/* An error that libpq itself made, for want of memory: the server may have done it all. */
	unit->unknown |= !state;
	if (!state || database_error_of(state).reconnect)
		pipe->stale = true;
	if (unit->error) {
		PQclear(result);
		return;
	}
	unit->error = result;
	const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	const char *detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
	const char *hint = PQresultErrorField(result, PG_DIAG_MESSAGE_HINT);
	unit->result.sqlstate = state ? state : "";
	unit->result.message = message ? message : "";
	unit->result.detail = detail ? detail : "";
	unit->result.hint = hint ? hint : "";
}

/* Takes `result`, which answers the unit's current step. True: the unit is answered whole. */
static bool take_result(struct pipe *pipe, struct unit *unit, PGresult *result)
{
	const struct step *step = &unit->steps[unit->step];
	switch (PQresultStatus(result)) {
	case PGRES_PIPELINE_SYNC:
		PQclear(result);
		return true;
	case PGRES_TUPLES_OK:
	case PGRES_COMMAND_OK:
	case PGRES_EMPTY_QUERY:
		if (step->kind == STEP_PREPARE)
			answer_prepare(pipe, unit, result);
		if (step->kind == STEP_QUERY && !unit->result.results[step->index])
			unit->result.results[step->index] = result;
		else
			PQclear(result);
		return false;
	case PGRES_PIPELINE_ABORTED:
		PQclear(result);
		return false;
	default:
		note_error(pipe, unit, result);
		return false;
	}
}

static void finish_first(struct pipe *pipe)
{
	struct unit *unit = unit_list_take(&pipe->flying);
	pipe->failures = 0;
	for (int i = 0; i < unit->step_count; i++) {
		if (unit->steps[i].kind == STEP_PREPARE)
			pipe->preparing_count = 0;
	}
	/* The patience of the next one counts from here: until now it waited behind this one. */
	if (pipe->flying.first)
		pipe->flying.first->deadline = steady_seconds() + pipe->flying.first->seconds;
	unit_finish(unit, unit->unknown ? UNIT_LOST : unit->error ? UNIT_ERROR : UNIT_DONE);
}

static void take_results(struct pipe *pipe)
{
	int empty = 0;
	while (pipe->flying.first && !PQisBusy(pipe->connection)) {
		struct unit *unit = pipe->flying.first;
		PGresult *result = PQgetResult(pipe->connection);
		if (!result) {
			/* NULL ends the answer to one command. Once the backend is gone it comes for ever. */
			if (++empty > 1)
				return;
			if (unit->steps[unit->step].kind != STEP_SYNC)
				unit->step++;
			continue;
		}
		empty = 0;
		if (take_result(pipe, unit, result))
			finish_first(pipe);
	}
}

static void take_notifications(struct pipe *pipe)
{
	for (PGnotify *notify; (notify = PQnotifies(pipe->connection));) {
		if (pipe->settings.notified)
			pipe->settings.notified(pipe->settings.context, notify->relname);
		PQfreemem(notify);
	}
}

static void readable(struct ev_loop *loop, ev_io *watcher, int events)
{
	(void)loop;
	(void)events;
	struct pipe *pipe = watcher->data;
	bool well = PQconsumeInput(pipe->connection) == 1;
	/* What came before the end is still an answer. */
	take_results(pipe);
	take_notifications(pipe);
	well = well && PQstatus(pipe->connection) == CONNECTION_OK && !pipe->broken && flush(pipe);
	if (!well)
		link_lose(pipe, PQerrorMessage(pipe->connection));
	else if (pipe->stale && !pipe->flying.count)
		link_lose(pipe, "the server asked for a new connection");
	else
		flow_send(pipe);
}

static void writable(struct ev_loop *loop, ev_io *watcher, int events)
{
	(void)events;
	struct pipe *pipe = watcher->data;
	if (!flush(pipe)) {
		ev_io_stop(loop, watcher);
		pipe->broken = true;
		ev_feed_event(loop, &pipe->reader, EV_READ);
	}
}

static bool send_listen(struct pipe *pipe)
{
	struct unit *unit = calloc(1, sizeof(*unit));
	char *channel = PQescapeIdentifier(pipe->connection, pipe->settings.listen_channel,
					   strlen(pipe->settings.listen_channel));
	char sql[PIPE_STATEMENT_BYTES];
	bool well = unit && channel && snprintf(sql, sizeof(sql), "listen %s", channel) < (int)sizeof(sql);
	PQfreemem(channel);
	if (!well) {
		free(unit);
		return false;
	}
	unit->part_count = 1;
	fly(pipe, unit);
	add_step(unit, STEP_QUERY, 0);
	add_step(unit, STEP_SYNC, 0);
	return PQsendQueryParams(pipe->connection, sql, 0, NULL, NULL, NULL, NULL, 0) &&
	       PQpipelineSync(pipe->connection) && flush(pipe);
}

bool flow_begin(struct pipe *pipe)
{
	int socket = PQsocket(pipe->connection);
	ev_io_init(&pipe->reader, readable, socket, EV_READ);
	ev_io_init(&pipe->writer, writable, socket, EV_WRITE);
	pipe->reader.data = pipe->writer.data = pipe;
	ev_io_start(pipe->settings.loop, &pipe->reader);
	return !pipe->settings.listen_channel || send_listen(pipe);
}

void flow_stop(struct pipe *pipe)
{
	ev_clear_pending(pipe->settings.loop, &pipe->reader);
	ev_io_stop(pipe->settings.loop, &pipe->reader);
	ev_io_stop(pipe->settings.loop, &pipe->writer);
}
