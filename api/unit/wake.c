#include "api/unit/wake.h"

#include "api/loop.h"
#include "kept/limits.h"

static void told(void *context, struct unit_result *result)
{
	(void)context, (void)result;
}

static void tell(struct ev_loop *ev, ev_timer *timer, int events)
{
	(void)ev, (void)events;
	struct loop *loop = timer->data;
	const struct unit_statement statement = {loop->service->wake, NULL};
	const struct lane_request request = {
		.lane = LANE_FAST,
		.repeat = true,
		.statements = &statement,
		.count = 1,
		.done = told,
	};
	struct lane_unit *unit;
	atomic_store(&loop->service->woken_at, ev_time());
	atomic_store(&loop->service->waking, false);
	(void)!(lanes_submit(loop->lanes, &request, &unit) == LANES_TAKEN);
}

void wake_init(struct loop *loop)
{
	ev_timer_init(&loop->wake, tell, 0, 0);
	loop->wake.data = loop;
}

void wake_stop(struct loop *loop)
{
	if (!ev_is_active(&loop->wake))
		return;
	ev_timer_stop(loop->ev, &loop->wake);
	atomic_store(&loop->service->waking, false);
}

void wake_workers(struct loop *loop)
{
	if (atomic_exchange(&loop->service->waking, true))
		return;
	/* At once after a rest, else when the time since the last one is over; the wall clock may have been set. */
	double wait = atomic_load(&loop->service->woken_at) + KEPT_WAKE_MS / 1000.0 - ev_time();
	wait = wait < 0 ? 0 : wait > KEPT_WAKE_MS / 1000.0 ? KEPT_WAKE_MS / 1000.0 : wait;
	ev_now_update(loop->ev);
	ev_timer_set(&loop->wake, wait, 0);
	ev_timer_start(loop->ev, &loop->wake);
}
