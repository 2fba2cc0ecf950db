/* chain.c: see chain.h. */
#include "worker/chain.h"

#include <stdlib.h>
#include <string.h>

#include "kept/limits.h"
#include "kept/log.h"
#include "kept/steady.h"
#include "sql/cell.h"
#include "worker/ask.h"

struct chain {
	struct ev_loop *loop;
	struct pipe *pipe;
	struct counts *counts;
	ev_timer next;
	bool in_flight, wanted, stopped;
	double sent; /* the last one; steady seconds */
	char error_state[8];
	void (*done)(void *context); /* NULL: chain_finish() was not called */
	void *context;
};

static void begin_in(struct chain *chain, double seconds)
{
	ev_timer_stop(chain->loop, &chain->next);
	ev_now_update(chain->loop);
	ev_timer_set(&chain->next, seconds > 0 ? seconds : 0, 0.0);
	ev_timer_start(chain->loop, &chain->next);
}

static void finished(struct chain *chain)
{
	void (*done)(void *context) = chain->done;

	chain->done = NULL;
	if (done)
		done(chain->context);
}

static void refused(struct chain *chain, const struct unit_result *result)
{
	const char *state = ask_state(result);

	/* Once per change, not once per try. */
	if (result->outcome == UNIT_ERROR && strcmp(chain->error_state, state) != 0) {
		log_write(LOG_ERROR_LEVEL, "audit_not_chained", "sstate", state, "smessage", result->message, NULL);
		memcpy(chain->error_state, state, strnlen(state, sizeof(chain->error_state) - 1) + 1);
	}
	finished(chain);
}

static void chained(void *context, struct unit_result *result)
{
	struct chain *chain = context;
	const char *blocks, *more;

	chain->in_flight = false;
	if (result->outcome != UNIT_DONE) {
		refused(chain, result);
		return;
	}
	chain->error_state[0] = '\0';
	blocks = cell_text(result->results[0], 0, "blocks");
	more = cell_text(result->results[0], 0, "more");
	counts_chained(chain->counts, blocks ? strtoul(blocks, NULL, 10) : 0);
	if (more && strcmp(more, "t") == 0)
		begin_in(chain, 0);
	else if (chain->done)
		finished(chain);
	else if (chain->wanted)
		chain_soon(chain);
}

static void next_due(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct chain *chain = timer->data;
	const struct ask ask = {"audit_chain", NULL, 0};

	(void)loop;
	(void)revents;
	if (chain->in_flight || chain->stopped)
		return;
	chain->wanted = false;
	chain->sent = steady_seconds();
	chain->in_flight = ask_submit(chain->pipe, &ask, 1, KEPT_WORKER_UNIT_SECONDS, chained, chain) != 0;
	if (!chain->in_flight)
		finished(chain);
}

struct chain *chain_new(struct ev_loop *loop, struct pipe *pipe, struct counts *counts)
{
	struct chain *chain = calloc(1, sizeof(*chain));

	if (!chain)
		return NULL;
	chain->loop = loop;
	chain->pipe = pipe;
	chain->counts = counts;
	ev_init(&chain->next, next_due);
	chain->next.data = chain;
	return chain;
}

void chain_free(struct chain *chain)
{
	if (!chain)
		return;
	ev_timer_stop(chain->loop, &chain->next);
	free(chain);
}

void chain_soon(struct chain *chain)
{
	chain->wanted = true;
	if (!chain->in_flight && !chain->stopped && !ev_is_active(&chain->next))
		begin_in(chain, chain->sent > 0 ? chain->sent + KEPT_CHAIN_SECONDS - steady_seconds() : 0);
}

void chain_finish(struct chain *chain, void (*done)(void *context), void *context)
{
	chain->done = done;
	chain->context = context;
	if (!chain->in_flight)
		begin_in(chain, 0);
}

void chain_stop(struct chain *chain)
{
	chain->stopped = true;
	chain->done = NULL;
	ev_timer_stop(chain->loop, &chain->next);
}
