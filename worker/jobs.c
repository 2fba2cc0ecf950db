/* jobs.c: see jobs.h. */
#include "worker/jobs.h"

#include <stdlib.h>
#include <string.h>

#include "sql/cell.h"

static bool copy(char **out, const char *text)
{
	*out = text ? strdup(text) : NULL;
	return *out || !text;
}

static double number(const char *text, double otherwise)
{
	char *end;
	double value;

	if (!text || !*text)
		return otherwise;
	value = strtod(text, &end);
	return *end ? otherwise : value;
}

/* A message that no request caused is a trace of its own: its id, which is random enough and the same at each attempt.
 */
static void take_trace(struct send_job *job, const PGresult *rows, int row)
{
	const char *traceparent = cell_text(rows, row, "traceparent"), *tracestate = cell_text(rows, row, "tracestate");
	size_t used = 0;

	if (traceparent && trace_continue(&job->trace, traceparent)) {
		if (tracestate)
			trace_state(&job->trace, tracestate);
		return;
	}
	trace_new(&job->trace);
	for (const char *c = job->message_id; *c && used < TRACE_ID_SIZE - 1; c++)
		if (*c != '-')
			job->trace.id[used++] = *c;
}

bool job_from_row(struct send_job *job, double *rate, const PGresult *rows, int row)
{
	const char *channel = cell_text(rows, row, "channel"), *content = cell_text(rows, row, "content");
	const char *demonstration = cell_text(rows, row, "demonstration");
	bool copied;

	*job = (struct send_job){0};
	copied = copy(&job->batch_id, cell_text(rows, row, "batch_id")) &&
		 copy(&job->lease_id, cell_text(rows, row, "lease_id")) &&
		 copy(&job->message_id, cell_text(rows, row, "message_id")) &&
		 copy(&job->destination, cell_text(rows, row, "destination")) &&
		 copy(&job->secret, cell_text(rows, row, "secret")) &&
		 copy(&job->secret_context, cell_text(rows, row, "secret_context")) &&
		 copy(&job->body, cell_text(rows, row, "body"));
	if (!copied || !channel || !job->batch_id || !job->lease_id || !job->message_id || !job->destination) {
		send_job_release(job);
		return false;
	}
	take_trace(job, rows, row);
	job->position = (int)number(cell_text(rows, row, "position"), 0);
	job->attempt = (int)number(cell_text(rows, row, "attempt"), 1);
	job->channel = strcmp(channel, "webhook") == 0 ? CHANNEL_WEBHOOK : CHANNEL_EMAIL;
	/* Whatever is not clearly a real district's stays here. */
	job->demonstration = !demonstration || strcmp(demonstration, "f") != 0;
	job->useful_seconds = number(cell_text(rows, row, "useful_seconds"), -1);
	job->content = content ? json_loadb(content, strlen(content), JSON_REJECT_DUPLICATES, NULL) : NULL;
	*rate = number(cell_text(rows, row, "rate"), 0);
	return true;
}
