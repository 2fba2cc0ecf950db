-- What is due and left after a look, how old it is, what waits; once in a while, in a unit of its own. By the indexes of clock,
-- batch and waiting, see kept.watch.
select plan_age, queue_age, paused_age, sending_age, events_age, plan_due, queue_due, paused_due, sending_due, events_due,
	waiting_retry, waiting_asked, waiting_held, waiting_replay, leases_over, audit_age, clock
from kept.watch()
