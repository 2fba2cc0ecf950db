-- What a worker tells of its work in figures: outcomes that the database decides by itself, and what is due and left.

create or replace function kept.outcome_count(outcome text, channel text, reason text, many int default 1) returns boolean
language plpgsql volatile
as $$
begin
	perform set_config('kept.outcomes', concat(current_setting('kept.outcomes', true), channel, ' ', outcome, ' ',
		coalesce(nullif(reason, ''), 'none'), ' ', many, E'\n'), true);
	return true;
end
$$;
comment on function kept.outcome_count(text, text, text, int) is
	'Notes for this transaction that so many messages came to that end without a send; reason is one word. Answers true, for RETURNING.';
grant execute on function kept.outcome_count(text, text, text, int) to kept_worker;

create or replace function kept.outcomes()
returns table (
	channel text,
	outcome text,
	reason text,
	many bigint
)
language sql volatile
rows 10
as $$
	select split_part(line, ' ', 1), split_part(line, ' ', 2), split_part(line, ' ', 3), sum(split_part(line, ' ', 4)::bigint)::bigint
	from string_to_table(nullif(current_setting('kept.outcomes', true), ''), E'\n') as noted (line)
	where line <> ''
	group by 1, 2, 3
$$;
comment on function kept.outcomes() is 'What kept.outcome_count noted in this transaction, summed up.';
grant execute on function kept.outcomes() to kept_worker;

-- Each figure has its index, and no count goes on beyond 10,000. What it answers has grown since its first release.
drop function if exists kept.watch();
create or replace function kept.watch()
returns table (
	plan_age float8,
	queue_age float8,
	paused_age float8,
	sending_age float8,
	events_age float8,
	plan_due bigint,
	queue_due bigint,
	paused_due bigint,
	sending_due bigint,
	events_due bigint,
	waiting_retry bigint,
	waiting_asked bigint,
	waiting_held bigint,
	waiting_replay bigint,
	leases_over bigint,
	audit_age float8,
	clock float8
)
language plpgsql volatile
rows 1
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
declare
	at timestamptz := kept.now();
	most constant int := 10000;
	plan_from timestamptz;
	queue_from timestamptz;
	paused_from timestamptz;
	sending_from timestamptz;
	events_from timestamptz;
	waiting_from timestamptz;
	audit_from timestamptz;
begin
	-- By reminder_clock_due.
	select min(c.next_at), count(*)
	into plan_from, plan_due
	from (
		select x.next_at
		from kept.reminder_clock x
		where x.next_at <= at
		order by x.next_at
		limit most) c;
	-- Batches that nobody has, by batch_lane as in kept.lane_queue: those of lanes that may send, and those of paused ones.
	select min(first.ready_at) filter (where not first.paused), min(first.ready_at) filter (where first.paused),
		coalesce(sum(first.messages) filter (where not first.paused), 0), coalesce(sum(first.messages) filter (where first.paused), 0)
	into queue_from, paused_from, queue_due, paused_due
	from (
		select min(b.ready_at) as ready_at, sum(cardinality(b.messages) - b.settled) as messages, coalesce(l.paused_until > at, false) as paused
		from kept.lane_queue() q
		join kept.lane l on l.district_id = q.district_id and l.id = q.lane_id
		cross join lateral (
			select x.ready_at, x.messages, x.settled
			from kept.batch x
			where x.district_id = q.district_id
			and x.lane_id = q.lane_id
			and x.slot is null
			and x.ready_at <= at
			order by x.ready_at
			limit 20) b
		group by q.district_id, q.lane_id, l.paused_until) first;
	-- What has waited long enough and has no batch yet, by waiting_ready.
	select min(w.ready_at), queue_due + count(*)
	into waiting_from, queue_due
	from (
		select x.ready_at
		from kept.waiting x
		where x.ready_at <= at
		order by x.ready_at
		limit most) w;
	queue_from := least(queue_from, waiting_from);
	-- Batches that are out, by batch_lease: as many as all workers have places.
	select min(b.ready_at), coalesce(sum(cardinality(b.messages) - b.settled), 0), count(*) filter (where b.lease_until < at)
	into sending_from, sending_due, leases_over
	from kept.batch b
	where b.lease_until is not null;
	-- Events have their instant in their ids; in the order in which they lie there.
	select kept.uuid7_instant(min(e.event_id::text)::uuid), count(*)
	into events_from, events_due
	from (
		select x.event_id
		from kept.event_pending x
		limit most) e;
	select count(*) filter (where w.why = 'retry'), count(*) filter (where w.why = 'asked'), count(*) filter (where w.why = 'held'),
		count(*) filter (where w.why = 'replay')
	into waiting_retry, waiting_asked, waiting_held, waiting_replay
	from (
		select x.why
		from kept.waiting x
		limit most) w;
	-- Entries, too, have their instant in their ids.
	select kept.uuid7_instant(min(a.audit_id::text)::uuid)
	into audit_from
	from (
		select x.audit_id
		from kept.audit_pending x
		limit most) a;
	plan_age := coalesce(extract(epoch from at - plan_from), 0);
	queue_age := coalesce(extract(epoch from at - queue_from), 0);
	paused_age := coalesce(extract(epoch from at - paused_from), 0);
	sending_age := coalesce(extract(epoch from at - sending_from), 0);
	events_age := coalesce(greatest(extract(epoch from at - events_from), 0), 0);
	audit_age := coalesce(greatest(extract(epoch from at - audit_from), 0), 0);
	clock := extract(epoch from clock_timestamp());
	return next;
end
$$;
comment on function kept.watch() is
	'How long the oldest that is due has been due, in seconds by where it is, and how many there are; what waits and why; leases that ran out; the oldest audit entry in no block; the server''s clock as Unix time.';
grant execute on function kept.watch() to kept_worker;

create or replace function kept.uuid7_instant(id uuid) returns timestamptz
language sql immutable parallel safe
as $$ select to_timestamp(('x0000' || left(replace(id::text, '-', ''), 12))::bit(64)::bigint / 1000.0) $$;
comment on function kept.uuid7_instant(uuid) is 'When a UUIDv7 was made, to the millisecond.';
grant execute on function kept.uuid7_instant(uuid) to kept_worker;
