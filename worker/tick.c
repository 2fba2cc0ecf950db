/* tick.c: see tick.h. */
#include "worker/tick.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kept/config_check.h"
#include "kept/limits.h"
#include "kept/log.h"
#include "kept/seal.h"
#include "kept/steady.h"
#include "kept/text.h"
#include "sql/cell.h"
#include "worker/ask.h"

#define LEAST_PAUSE_SECONDS 0.02 /* between two ticks */
#define FULL_PAUSE_SECONDS 1.0   /* while all places for batches are taken */
#define ERROR_PAUSE_SECONDS 1.0
#define ONCE_ERRORS 3

struct tick {
	struct tick_settings settings;
	char worker_id[37];
	ev_timer look;
	bool clock_known; /* it was asked whether the test clock is set */
	bool clock_moved; /* it is */
	bool in_flight, wanted, stopped;
	double sent;       /* the last one; steady seconds */
	double watch_sent; /* when the figures were last asked for */
	bool watching;     /* that is not answered yet */
	int errors;        /* in a row */
	int fruitless;     /* ticks in a row that did nothing */
	char error_state[8];
};

static void look_in(struct tick *tick, double seconds)
{
	double least = tick->sent + LEAST_PAUSE_SECONDS - steady_seconds();

	ev_timer_stop(tick->settings.loop, &tick->look);
	if (tick->stopped)
		return;
	if (seconds < least)
		seconds = least;
	ev_now_update(tick->settings.loop);
	ev_timer_set(&tick->look, seconds > 0 ? seconds : 0, 0.0);
	ev_timer_start(tick->settings.loop, &tick->look);
}

void tick_soon(struct tick *tick)
{
	if (tick->in_flight)
		tick->wanted = true;
	else
		look_in(tick, 0);
}

static bool says(const PGresult *rows, const char *column)
{
	const char *text = cell_text(rows, 0, column);

	return text && strcmp(text, "t") == 0;
}

/* A moved clock makes reminders of any day; they must not reach people. */
bool tick_may_use(const struct tick *tick, const struct config *config)
{
	return !tick->clock_moved || text_starts(config->mail_url, "file://") ||
	       config_mail_is_loopback(config->mail_url);
}

void tick_use(struct tick *tick, const struct config *config)
{
	tick->settings.config = config;
	tick_soon(tick);
}

static bool clock_is_good(struct tick *tick, const PGresult *next)
{
	tick->clock_known = true;
	tick->clock_moved = says(next, "test_clock");
	if (tick_may_use(tick, tick->settings.config))
		return true;
	fputs("kept-worker: KEPT_MAIL_URL must be a file:// folder or a relay on loopback while the database has the "
	      "test clock.\n",
	      stderr);
	tick->settings.finished(tick->settings.context, 2);
	return false;
}

static void tick_failed(struct tick *tick, const struct unit_result *result)
{
	double pause = ERROR_PAUSE_SECONDS * (tick->errors < 5 ? 1 << tick->errors : 32);

	if (result->outcome == UNIT_ERROR) {
		/* Once per change, not once per try. */
		if (strcmp(tick->error_state, ask_state(result)) != 0)
			log_write(LOG_ERROR_LEVEL, "tick_refused", "sstate", ask_state(result), "smessage",
				  result->message, NULL);
		snprintf(tick->error_state, sizeof(tick->error_state), "%s", ask_state(result));
		if (++tick->errors >= ONCE_ERRORS && tick->settings.once) {
			fprintf(stderr, "kept-worker: the database does not say what is due: %s\n", result->message);
			tick->settings.finished(tick->settings.context, 1);
			return;
		}
	}
	if (pause > tick->settings.config->check_every_seconds)
		pause = tick->settings.config->check_every_seconds;
	look_in(tick, pause);
}

static double next_look(const struct tick *tick, const PGresult *next, bool more)
{
	double longest = tick->settings.config->check_every_seconds, due;
	const char *seconds = cell_text(next, 0, "seconds");

	if (tick->wanted)
		return 0;
	if (more && batches_held(tick->settings.batches) == KEPT_BATCHES)
		return FULL_PAUSE_SECONDS;
	/* Work that is left, but not for us just now: another worker is at it. */
	if (more)
		return tick->fruitless < 6 ? LEAST_PAUSE_SECONDS * (1 << tick->fruitless) : FULL_PAUSE_SECONDS;
	if (!seconds)
		return longest;
	due = strtod(seconds, NULL);
	return due < longest ? due : longest;
}

static void answered(struct tick *tick, const struct unit_result *result)
{
	tick->in_flight = false;
	if (result->outcome == UNIT_DONE || result->outcome == UNIT_ERROR)
		tick->settings.answered(tick->settings.context);
}

static void watched(void *context, struct unit_result *result)
{
	struct tick *tick = context;

	tick->watching = false;
	if (result->outcome == UNIT_DONE)
		counts_watched(tick->settings.counts, result->results[0]);
	else if (result->outcome == UNIT_ERROR)
		log_write(LOG_WARNING_LEVEL, "watch_refused", "sstate", ask_state(result), "smessage", result->message,
			  NULL);
}

/* A unit of its own: what fails here fails no look. */
static void watch(struct tick *tick)
{
	const struct ask ask = {"watch", NULL, 0};
	double now = steady_seconds();

	if (tick->settings.once || tick->watching || tick->stopped ||
	    (tick->watch_sent > 0 && now - tick->watch_sent < KEPT_WATCH_SECONDS))
		return;
	tick->watch_sent = now;
	tick->watching = ask_submit(tick->settings.pipe, &ask, 1, KEPT_WORKER_UNIT_SECONDS, watched, tick) != 0;
}

static void ticked(void *context, struct unit_result *result)
{
	struct tick *tick = context;
	const struct tick_settings *settings = &tick->settings;
	const PGresult *next;
	int rows, held;
	bool more;

	answered(tick, result);
	if (result->outcome == UNIT_DONE || result->outcome == UNIT_ERROR)
		watch(tick);
	if (result->outcome != UNIT_DONE) {
		tick_failed(tick, result);
		return;
	}
	tick->errors = 0;
	tick->error_state[0] = '\0';
	next = result->results[1];
	if (!clock_is_good(tick, next))
		return;
	counts_looked(settings->counts);
	counts_outcomes(settings->counts, result->results[2]);
	rows = PQntuples(result->results[0]);
	/* A tick that takes its time does something, though it may be planning alone. */
	tick->fruitless = rows > 0 || steady_seconds() - tick->sent > LEAST_PAUSE_SECONDS ? 0 : tick->fruitless + 1;
	more = says(next, "more");
	batches_take(settings->batches, result->results[0], tick->sent);
	held = batches_held(settings->batches);
	counts_held(settings->counts, held, batches_oldest(settings->batches));
	log_write(LOG_DEBUG_LEVEL, "tick", "irows", (long long)rows, "bmore", more, "iheld", (long long)held, NULL);
	if (settings->once && rows == 0 && !more && held == 0 && !tick->wanted)
		settings->finished(settings->context, 0);
	else
		look_in(tick, next_look(tick, next, more));
}

static void clock_asked(void *context, struct unit_result *result)
{
	struct tick *tick = context;

	answered(tick, result);
	if (result->outcome != UNIT_DONE)
		tick_failed(tick, result);
	else if (clock_is_good(tick, result->results[0]))
		look_in(tick, 0);
}

static void look_due(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct tick *tick = timer->data;
	char room[12];
	const struct ask_value values[] = {
		{"worker", tick->worker_id},
		{"version", KEPT_VERSION},
		{"batches", room},
		{"public_url", tick->settings.config->public_url},
	};
	const struct ask asks[] = {
		{"tick", values, sizeof(values) / sizeof(values[0])},
		{"tick_next", NULL, 0},
		{"outcomes", NULL, 0},
	};
	unsigned long unit;

	(void)loop;
	(void)revents;
	if (tick->in_flight)
		return;
	snprintf(room, sizeof(room), "%d", KEPT_BATCHES - batches_held(tick->settings.batches));
	tick->sent = steady_seconds();
	tick->wanted = false;
	/* Nothing is leased before it is known that mail may be sent. */
	if (tick->clock_known)
		unit = ask_submit(tick->settings.pipe, asks, 3, KEPT_WORKER_UNIT_SECONDS, ticked, tick);
	else
		unit = ask_submit(tick->settings.pipe, &asks[1], 1, KEPT_WORKER_UNIT_SECONDS, clock_asked, tick);
	tick->in_flight = unit != 0;
	if (!unit)
		look_in(tick, ERROR_PAUSE_SECONDS);
}

struct tick *tick_new(const struct tick_settings *settings)
{
	struct tick *tick = calloc(1, sizeof(*tick));

	if (!tick)
		return NULL;
	tick->settings = *settings;
	random_uuid(tick->worker_id);
	ev_init(&tick->look, look_due);
	tick->look.data = tick;
	return tick;
}

void tick_free(struct tick *tick)
{
	if (!tick)
		return;
	ev_timer_stop(tick->settings.loop, &tick->look);
	free(tick);
}

void tick_stop(struct tick *tick)
{
	tick->stopped = true;
	ev_timer_stop(tick->settings.loop, &tick->look);
}

bool tick_in_flight(const struct tick *tick)
{
	return tick->in_flight;
}
