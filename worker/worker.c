/* worker.c: see worker.h. */
#include "worker/worker.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include <ev.h>

#include "kept/config_again.h"
#include "kept/limits.h"
#include "kept/log.h"
#include "kept/steady.h"
#include "sql/pipe.h"
#include "worker/batch.h"
#include "worker/chain.h"
#include "worker/outfit.h"
#include "worker/tick.h"

#define UNITS_IN_FLIGHT 8
#define ONCE_PATIENCE_SECONDS 30.0 /* for an answered tick */
#define ENDING_LOOK_SECONDS 1.0

struct worker {
	const struct worker_settings *settings;
	struct ev_loop *loop;
	struct outfit_settings sending;
	struct outfit *outfit, *before; /* `before`: what is under way with it ends; NULL: none */
	ev_timer ending;                /* looks whether that has ended */
	double quiet_since;             /* steady_seconds() since it has; 0: it has not */
	bool again;                     /* settings are to be read once more then */
	struct pipe *pipe;
	struct batches *batches;
	struct tick *tick;
	struct chain *chain;
	ev_timer patience; /* once: for the database; stopping: for sends, then for settles */
	ev_signal terminate, interrupt, hang_up;
	ev_prepare stopped;
	int connected; /* -1 not known */
	bool stopping, given_up;
	int exit_status;
};

static void finish(void *context, int status)
{
	struct worker *worker = context;

	tick_stop(worker->tick);
	worker->exit_status = status;
	ev_break(worker->loop, EVBREAK_ALL);
}

static void chained(void *context)
{
	finish(context, 0);
}

static void wait_at_most(struct worker *worker, double seconds)
{
	ev_timer_stop(worker->loop, &worker->patience);
	ev_now_update(worker->loop);
	ev_timer_set(&worker->patience, seconds, 0.0);
	ev_timer_start(worker->loop, &worker->patience);
}

/* Nothing is due any more, or the worker cannot go on. */
static void tick_finished(void *context, int status)
{
	struct worker *worker = context;

	if (status != 0) {
		finish(worker, status);
		return;
	}
	tick_stop(worker->tick);
	wait_at_most(worker, ONCE_PATIENCE_SECONDS);
	chain_finish(worker->chain, chained, worker);
}

static void notified(void *context, const char *channel)
{
	struct worker *worker = context;

	(void)channel;
	tick_soon(worker->tick);
}

static void state_changed(void *context, bool connected)
{
	struct worker *worker = context;

	counts_connected(worker->settings->counts, connected);
	if (worker->connected == connected)
		return;
	worker->connected = connected;
	log_write(connected ? LOG_INFO_LEVEL : LOG_WARNING_LEVEL, connected ? "database_connected" : "database_away",
		  NULL);
	if (worker->stopping)
		return;
	if (!connected) {
		/* Not from the start again: it may come and go for ever. */
		if (worker->settings->once && !ev_is_active(&worker->patience))
			wait_at_most(worker, ONCE_PATIENCE_SECONDS);
		return;
	}
	tick_soon(worker->tick);
}

/* To accept a connection is not yet to answer. */
static void answered(void *context)
{
	struct worker *worker = context;

	if (worker->stopping)
		return;
	ev_timer_stop(worker->loop, &worker->patience);
	if (!worker->settings->once)
		chain_soon(worker->chain);
}

static void batch_ended(void *context)
{
	struct worker *worker = context;

	counts_held(worker->settings->counts, batches_held(worker->batches), batches_oldest(worker->batches));
	tick_soon(worker->tick);
}

static void sender_has_room(void *context)
{
	struct worker *worker = context;

	batches_go_on(worker->batches);
}

/* Before the loop waits again, because the last thing to end may be a batch, or a tick that leased nothing. */
static void look_whether_stopped(struct ev_loop *loop, ev_prepare *prepare, int revents)
{
	struct worker *worker = prepare->data;

	/* Without a connection a tick has not been sent; had it been, it would be lost by now. */
	bool asking = tick_in_flight(worker->tick) && pipe_connected(worker->pipe);

	(void)loop;
	(void)revents;
	if (!asking && batches_held(worker->batches) == 0)
		finish(worker, 0);
}

static void patience_over(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct worker *worker = timer->data;

	(void)loop;
	(void)revents;
	if (!worker->stopping) {
		fputs("kept-worker: PostgreSQL does not answer; see KEPT_DATABASE_URL.\n", stderr);
		finish(worker, 1);
	} else if (!worker->given_up) {
		worker->given_up = true;
		wait_at_most(worker, KEPT_SETTLE_SECONDS);
		sender_stop(worker->outfit->sender);
		if (worker->before)
			sender_stop(worker->before->sender);
	} else {
		/* Their leases run out; whoever takes them records the open windows as unknown. */
		log_write(LOG_ERROR_LEVEL, "stopped_unsettled", "ibatches", (long long)batches_held(worker->batches),
			  NULL);
		finish(worker, 1);
	}
}

static void stop(struct ev_loop *loop, ev_signal *signal, int revents)
{
	struct worker *worker = signal->data;

	(void)revents;
	if (worker->stopping)
		return;
	log_write(LOG_INFO_LEVEL, "stopping", "ibatches", (long long)batches_held(worker->batches), NULL);
	worker->stopping = true;
	tick_stop(worker->tick);
	chain_stop(worker->chain);
	wait_at_most(worker, KEPT_STOP_SECONDS);
	ev_prepare_start(loop, &worker->stopped);
	batches_stop(worker->batches);
}

static void read_settings_again(struct worker *worker)
{
	struct outfit *outfit = outfit_again(&worker->sending);

	if (!outfit)
		return;
	if (!tick_may_use(worker->tick, outfit->config)) {
		config_kept("KEPT_MAIL_URL must be a file:// folder or a relay on loopback while the database has the "
			    "test clock.");
		outfit_free(outfit);
		return;
	}
	worker->before = worker->outfit;
	worker->outfit = outfit;
	worker->quiet_since = 0;
	batches_use(worker->batches, outfit->sender, outfit->config->public_url);
	tick_use(worker->tick, outfit->config);
	ev_timer_again(worker->loop, &worker->ending);
	config_taken_over(worker->settings->config, outfit->config, CONFIG_WORKER);
}

/* Its threads hold connections for a while when they have nothing to do; freed before that they would hold up the loop.
 */
static void look_whether_ended(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct worker *worker = timer->data;
	double now = steady_seconds();

	(void)revents;
	if (sender_busy(worker->before->sender))
		worker->quiet_since = 0;
	else if (worker->quiet_since <= 0)
		worker->quiet_since = now;
	if (worker->quiet_since <= 0 || now - worker->quiet_since < KEPT_MAIL_IDLE_SECONDS + ENDING_LOOK_SECONDS)
		return;
	ev_timer_stop(loop, timer);
	outfit_free(worker->before);
	worker->before = NULL;
	if (!worker->again || worker->stopping)
		return;
	worker->again = false;
	read_settings_again(worker);
}

static void hung_up(struct ev_loop *loop, ev_signal *signal, int revents)
{
	struct worker *worker = signal->data;

	(void)loop;
	(void)revents;
	if (worker->stopping)
		return;
	/* One after the other, so that no more than two sets of connections are open. */
	if (worker->before) {
		log_write(LOG_INFO_LEVEL, "reload_waits", NULL);
		worker->again = true;
	} else {
		read_settings_again(worker);
	}
}

/* False: no memory; settings have been checked before. */
static bool start_parts(struct worker *worker)
{
	const struct worker_settings *settings = worker->settings;
	struct pipe_settings pipe = {
		.loop = worker->loop,
		.database_url = settings->config->database_url,
		.role = "kept_worker",
		.application_name = "kept-worker",
		.statement_timeout_ms = KEPT_SLOW_TIMEOUT_MS,
		.lock_timeout_ms = KEPT_WRITE_TIMEOUT_MS,
		.units_in_flight = UNITS_IN_FLIGHT,
		.queue_units = KEPT_QUEUE_UNITS,
		.listen_channel = "kept_wake",
		.notified = notified,
		.state_changed = state_changed,
		.context = worker,
	};

	worker->pipe = pipe_new(&pipe);
	if (!worker->pipe)
		return false;
	worker->batches = batches_new(&(struct batches_settings){
		.loop = worker->loop,
		.pipe = worker->pipe,
		.sender = worker->outfit->sender,
		.public_url = settings->config->public_url,
		.counts = settings->counts,
		.ended = batch_ended,
		.context = worker,
	});
	worker->tick = tick_new(&(struct tick_settings){
		.loop = worker->loop,
		.config = settings->config,
		.pipe = worker->pipe,
		.batches = worker->batches,
		.counts = settings->counts,
		.once = settings->once,
		.answered = answered,
		.finished = tick_finished,
		.context = worker,
	});
	worker->chain = chain_new(worker->loop, worker->pipe, settings->counts);
	return worker->batches && worker->tick && worker->chain;
}

static void start_watchers(struct worker *worker)
{
	ev_init(&worker->patience, patience_over);
	ev_signal_init(&worker->terminate, stop, SIGTERM);
	ev_signal_init(&worker->interrupt, stop, SIGINT);
	ev_prepare_init(&worker->stopped, look_whether_stopped);
	ev_signal_init(&worker->hang_up, hung_up, SIGHUP);
	ev_init(&worker->ending, look_whether_ended);
	worker->ending.repeat = ENDING_LOOK_SECONDS;
	worker->patience.data = worker->terminate.data = worker->interrupt.data = worker->stopped.data = worker;
	worker->hang_up.data = worker->ending.data = worker;
	ev_signal_start(worker->loop, &worker->hang_up);
	ev_signal_start(worker->loop, &worker->terminate);
	ev_signal_start(worker->loop, &worker->interrupt);
	if (worker->settings->once)
		wait_at_most(worker, ONCE_PATIENCE_SECONDS);
	tick_soon(worker->tick);
}

/* Order: sends end without a word, units end while their batches are still there. */
static void release(struct worker *worker)
{
	if (worker->before)
		ev_timer_stop(worker->loop, &worker->ending);
	outfit_free(worker->before);
	outfit_free(worker->outfit);
	if (worker->tick)
		tick_stop(worker->tick);
	if (worker->chain)
		chain_stop(worker->chain);
	batches_free(worker->batches);
	pipe_free(worker->pipe);
	tick_free(worker->tick);
	chain_free(worker->chain);
	ev_loop_destroy(worker->loop);
}

int worker_run(const struct worker_settings *settings)
{
	struct worker worker = {.settings = settings, .connected = -1, .exit_status = 1};
	char *error = NULL;

	worker.loop = ev_loop_new(EVFLAG_AUTO);
	if (!worker.loop) {
		fputs("kept-worker: the event loop does not start.\n", stderr);
		return 1;
	}
	worker.sending = (struct outfit_settings){worker.loop, settings->words, sender_has_room, &worker};
	worker.outfit = outfit_new(&worker.sending, settings->config, &error);
	if (worker.outfit && start_parts(&worker)) {
		start_watchers(&worker);
		ev_run(worker.loop, 0);
		ev_signal_stop(worker.loop, &worker.terminate);
		ev_signal_stop(worker.loop, &worker.interrupt);
		ev_signal_stop(worker.loop, &worker.hang_up);
	} else {
		fprintf(stderr, "kept-worker: %s%s\n", error ? "KEPT_EGRESS_ALLOW: " : "",
			error ? error : "out of memory");
		worker.exit_status = error ? 2 : 1;
	}
	free(error);
	release(&worker);
	return worker.exit_status;
}
