/* batch.c: see batch.h. */
#include "worker/batch.h"

#include <stdlib.h>
#include <string.h>

#include "kept/limits.h"
#include "kept/log.h"
#include "kept/steady.h"
#include "worker/ask.h"
#include "worker/rate.h"
#include "worker/window.h"

#define SETTLE_AGAIN_SECONDS 0.2

struct batch {
	struct batches *all;
	char *id, *lease;
	struct window window;
	struct rate rate;
	double taken;     /* steady seconds, like the next */
	double lease_end; /* a lower bound */
	bool pumping;
	bool lost;     /* the lease: nothing will be settled */
	char *results; /* the window's results, from its end until the settle is answered */
	unsigned long settle_unit, renew_unit;
	double settle_sent, renew_sent;
	int settle_tries;
	ev_timer pace, renew, again;
};

struct batches {
	struct batches_settings settings;
	struct batch *held[KEPT_BATCHES];
	int turn;
	bool stopping;
};

static void pump(struct batch *batch);
static void settle(struct batch *batch);

static void batch_free(struct batch *batch)
{
	struct batches *all = batch->all;

	for (int i = 0; i < KEPT_BATCHES; i++)
		if (all->held[i] == batch)
			all->held[i] = NULL;
	ev_timer_stop(all->settings.loop, &batch->pace);
	ev_timer_stop(all->settings.loop, &batch->renew);
	ev_timer_stop(all->settings.loop, &batch->again);
	if (batch->settle_unit)
		pipe_orphan(all->settings.pipe, batch->settle_unit);
	if (batch->renew_unit)
		pipe_orphan(all->settings.pipe, batch->renew_unit);
	window_clear(&batch->window);
	free(batch->results);
	free(batch->id);
	free(batch->lease);
	free(batch);
}

static void batch_end(struct batch *batch)
{
	struct batches *all = batch->all;

	batch_free(batch);
	all->settings.ended(all->settings.context);
}

static void lease_lost(struct batch *batch)
{
	log_write(LOG_WARNING_LEVEL, "lease_lost", "sbatch", batch->id, NULL);
	batch->lost = true;
	ev_timer_stop(batch->all->settings.loop, &batch->pace);
	ev_timer_stop(batch->all->settings.loop, &batch->renew);
	if (batch->window.running == 0 && !batch->pumping)
		batch_end(batch);
}

static void slot_ended(void *context, struct send_result *result)
{
	struct slot *slot = context;
	struct batch *batch = slot->holder;
	const struct send_job *job = &slot->job;

	slot->result = *result;
	result->answer = NULL;
	batch->window.running--;
	/* A relay that is away would cost each of the rest its whole patience. */
	batch->window.paused |= result->lane_pause_seconds > 0;
	log_write(LOG_INFO_LEVEL, "attempt", "smessage", job->message_id, "sbatch", batch->id, "iattempt",
		  (long long)job->attempt, "schannel", job->channel == CHANNEL_EMAIL ? "email" : "webhook", "soutcome",
		  outcome_word(slot->result.outcome), "serror",
		  slot->result.error == SEND_OK ? NULL : send_error_word(slot->result.error), "istatus",
		  (long long)slot->result.status, "iduration_ms", (long long)slot->result.duration_ms, "strace",
		  job->trace.id, "sspan", job->trace.span, NULL);
	counts_attempt(batch->all->settings.counts, job->channel, slot->result.outcome, slot->result.error);
	if (!batch->pumping)
		pump(batch);
}

/* Starts one send, or says why not yet. */
static bool start_next(struct batch *batch)
{
	struct batches *all = batch->all;
	struct slot *slot = &batch->window.slots[batch->window.started];
	double now = steady_seconds(), wait = rate_wait(&batch->rate, now);

	/* The answer to a renewal goes on from here. */
	if (now > batch->lease_end - KEPT_LEASE_MARGIN_SECONDS)
		return false;
	if (wait > 0) {
		ev_now_update(all->settings.loop);
		ev_timer_set(&batch->pace, wait, 0.0);
		ev_timer_start(all->settings.loop, &batch->pace);
		return false;
	}
	if (!sender_ready(all->settings.sender, &slot->job))
		return false;
	rate_count(&batch->rate, now);
	batch->window.started++;
	batch->window.running++;
	sender_send(all->settings.sender, &slot->job, slot_ended, slot);
	return true;
}

/* Starts what may start now; when nothing is left and nothing runs, the window is over. */
static void pump(struct batch *batch)
{
	if (batch->pumping || batch->results)
		return;
	batch->pumping = true;
	while (batch->window.started < batch->window.count && !batch->lost && !batch->window.paused &&
	       !batch->all->stopping && !ev_is_active(&batch->pace) && start_next(batch))
		;
	batch->pumping = false;
	if (batch->window.running > 0)
		return;
	if (batch->lost)
		batch_end(batch);
	else if (batch->window.started == batch->window.count || batch->window.paused || batch->all->stopping)
		settle(batch);
}

static void pace_over(struct ev_loop *loop, ev_timer *timer, int revents)
{
	(void)loop;
	(void)revents;
	pump(timer->data);
}

static void settle_again(struct batch *batch)
{
	double pause = SETTLE_AGAIN_SECONDS * (double)(1 << (batch->settle_tries < 4 ? batch->settle_tries : 4));

	batch->settle_tries++;
	ev_timer_stop(batch->all->settings.loop, &batch->again);
	ev_now_update(batch->all->settings.loop);
	ev_timer_set(&batch->again, pause, 0.0);
	ev_timer_start(batch->all->settings.loop, &batch->again);
}

static void settled(void *context, struct unit_result *result)
{
	struct batch *batch = context;

	batch->settle_unit = 0;
	if (result->outcome == UNIT_DONE) {
		counts_outcomes(batch->all->settings.counts, result->results[1]);
		window_clear(&batch->window);
		free(batch->results);
		batch->results = NULL;
		batch->settle_tries = 0;
		batch->lease_end = batch->settle_sent + KEPT_LEASE_SECONDS;
		window_fill(&batch->window, batch, batch->id, &batch->rate, result->results[0], 0);
		if (batch->window.count == 0)
			batch_end(batch);
		else
			pump(batch);
	} else if (strcmp(ask_state(result), "KT409") == 0) {
		lease_lost(batch);
	} else {
		/* Trying again is safe: the lease fences it. Not trying would send the window a second time. */
		if (result->outcome == UNIT_ERROR)
			log_write(LOG_ERROR_LEVEL, "settle_refused", "sbatch", batch->id, "sstate", ask_state(result),
				  "smessage", result->message, NULL);
		settle_again(batch);
	}
}

/* When all places are taken, others may wait: a batch whose peer is slow then goes back to the end of the queue. */
static bool gives_back(const struct batch *batch)
{
	return batch->all->stopping ||
	       (batches_held(batch->all) == KEPT_BATCHES && steady_seconds() - batch->taken > KEPT_TURN_SECONDS);
}

static void settle(struct batch *batch)
{
	const struct batches_settings *settings = &batch->all->settings;

	if (batch->settle_unit)
		return;
	if (!batch->results)
		batch->results = window_results(&batch->window);
	if (batch->results) {
		const struct ask_value values[] = {
			{"batch", batch->id},
			{"lease", batch->lease},
			{"results", batch->results},
			{"give_back", gives_back(batch) ? "t" : "f"},
			{"public_url", settings->public_url},
		};
		const struct ask asks[] = {{"settle", values, sizeof(values) / sizeof(values[0])},
					   {"outcomes", NULL, 0}};

		batch->settle_sent = steady_seconds();
		batch->settle_unit = ask_submit(settings->pipe, asks, 2, KEPT_WORKER_UNIT_SECONDS, settled, batch);
	}
	if (!batch->settle_unit)
		settle_again(batch);
}

static void settle_due(struct ev_loop *loop, ev_timer *timer, int revents)
{
	(void)loop;
	(void)revents;
	settle(timer->data);
}

static void renewed(void *context, struct unit_result *result)
{
	struct batch *batch = context;
	bool done = result->outcome == UNIT_DONE && PQntuples(result->results[0]) == 1;

	batch->renew_unit = 0;
	if (done && strcmp(PQgetvalue(result->results[0], 0, 0), "t") == 0) {
		batch->lease_end = batch->renew_sent + KEPT_LEASE_SECONDS;
		pump(batch);
	} else if (done && !batch->lost && !batch->settle_unit) {
		lease_lost(batch);
	} else if (!batch->lost) {
		ev_timer_stop(batch->all->settings.loop, &batch->renew);
		ev_timer_set(&batch->renew, 1.0, KEPT_RENEW_SECONDS);
		ev_timer_start(batch->all->settings.loop, &batch->renew);
	}
}

static void renew_due(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct batch *batch = timer->data;
	const struct ask_value values[] = {{"batch", batch->id}, {"lease", batch->lease}};
	const struct ask ask = {"renew", values, sizeof(values) / sizeof(values[0])};

	(void)loop;
	(void)revents;
	if (batch->renew_unit || batch->settle_unit)
		return;
	batch->renew_sent = steady_seconds();
	batch->renew_unit = ask_submit(batch->all->settings.pipe, &ask, 1, KEPT_WORKER_UNIT_SECONDS, renewed, batch);
}

/* Takes the batch whose first row is `row`; returns the first row of the next one. */
static int take_one(struct batches *batches, const PGresult *rows, int row, double since)
{
	struct batch *batch = calloc(1, sizeof(*batch));
	int free_place = 0, next;

	while (free_place < KEPT_BATCHES && batches->held[free_place])
		free_place++;
	if (!batch || free_place == KEPT_BATCHES ||
	    !(batch->id = strdup(PQgetvalue(rows, row, PQfnumber(rows, "batch_id")))) ||
	    !(batch->lease = strdup(PQgetvalue(rows, row, PQfnumber(rows, "lease_id"))))) {
		/* Its lease runs out and another tick takes it. */
		log_write(LOG_ERROR_LEVEL, "batch_not_taken", NULL);
		if (batch)
			free(batch->id);
		free(batch);
		return row + 1;
	}
	batch->all = batches;
	batch->taken = steady_seconds();
	batch->lease_end = since + KEPT_LEASE_SECONDS;
	ev_init(&batch->pace, pace_over);
	ev_init(&batch->again, settle_due);
	ev_timer_init(&batch->renew, renew_due, KEPT_RENEW_SECONDS, KEPT_RENEW_SECONDS);
	batch->pace.data = batch->again.data = batch->renew.data = batch;
	ev_timer_start(batches->settings.loop, &batch->renew);
	batches->held[free_place] = batch;
	next = window_fill(&batch->window, batch, batch->id, &batch->rate, rows, row);
	pump(batch);
	return next;
}

void batches_take(struct batches *batches, const PGresult *rows, double since)
{
	for (int row = 0; row < PQntuples(rows);)
		row = take_one(batches, rows, row, since);
}

struct batches *batches_new(const struct batches_settings *settings)
{
	struct batches *batches = calloc(1, sizeof(*batches));

	if (batches)
		batches->settings = *settings;
	return batches;
}

void batches_free(struct batches *batches)
{
	if (!batches)
		return;
	for (int i = 0; i < KEPT_BATCHES; i++)
		if (batches->held[i])
			batch_free(batches->held[i]);
	free(batches);
}

int batches_held(const struct batches *batches)
{
	int held = 0;

	for (int i = 0; i < KEPT_BATCHES; i++)
		held += batches->held[i] != NULL;
	return held;
}

double batches_oldest(const struct batches *batches)
{
	double oldest = 0;

	for (int i = 0; i < KEPT_BATCHES; i++)
		if (batches->held[i] && (oldest == 0 || batches->held[i]->taken < oldest))
			oldest = batches->held[i]->taken;
	return oldest;
}

void batches_use(struct batches *batches, struct sender *sender, const char *public_url)
{
	batches->settings.sender = sender;
	batches->settings.public_url = public_url;
	batches_go_on(batches);
}

void batches_go_on(struct batches *batches)
{
	/* Another one begins each time, so that no batch always gets the place that became free. */
	int first = batches->turn++ % KEPT_BATCHES;

	for (int i = 0; i < KEPT_BATCHES; i++)
		if (batches->held[(first + i) % KEPT_BATCHES])
			pump(batches->held[(first + i) % KEPT_BATCHES]);
}

void batches_stop(struct batches *batches)
{
	batches->stopping = true;
	for (int i = 0; i < KEPT_BATCHES; i++)
		if (batches->held[i])
			pump(batches->held[i]);
}
