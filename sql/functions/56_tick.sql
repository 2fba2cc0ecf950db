-- A look of the worker: all that is due, in one transaction; and when to look next.

create or replace function kept.beat(worker uuid, version text) returns timestamptz
language plpgsql volatile
as $$
declare
	full_at timestamptz;
begin
	insert into kept.heartbeat (worker_id, version)
	values (beat.worker, beat.version)
	on conflict (worker_id) do update
	set looked_at = kept.now(), version = excluded.version
	returning looked_fully_at into full_at;
	return full_at;
end
$$;
comment on function kept.beat(uuid, text) is 'Notes that a worker looks; answers when it last took a full look that left nothing.';
grant execute on function kept.beat(uuid, text) to kept_worker;

-- A kept plan that was made while a table was small reads all of it when it is large: only indexes, one row after the
-- other, here and in kept.settle and kept.reckon_many.
create or replace function kept.tick(worker uuid, version text, batches int, public_url text)
returns setof kept.sending
language plpgsql volatile
rows 64
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
#variable_conflict use_column
declare
	at timestamptz := kept.now();
	most constant int := 1000;
	full_at timestamptz := kept.beat(tick.worker, tick.version);
	full_look boolean := full_at is null or full_at <= at - interval '1 minute' or full_at > at + interval '1 minute';
	-- What strikes is dated now, so that a look goes back two minutes only and steps over what is dead; a full look goes back for ever.
	since timestamptz := case when full_look then '-infinity' else at - interval '2 minutes' end;
	left_over boolean;
	had uuid[];
	taken record;
begin
	perform set_config('kept.actor', 'worker', true);
	perform kept.housekeeping();
	left_over := kept.plan_due(since, most) >= most;
	left_over := kept.replan_some(most) >= most or left_over;
	left_over := kept.waiting_ready(since, most * 10) >= most * 10 or left_over;
	left_over := kept.fan_out(most, tick.public_url) >= most or left_over;
	perform set_config('kept.left_over', left_over::text, true);
	if full_look or left_over then
		update kept.heartbeat h
		set looked_fully_at = case when not left_over then at end
		where h.worker_id = tick.worker;
	end if;
	if tick.batches > 0 then
		for taken in
			select r.district_id, r.batch_id
			from kept.rescue(tick.worker, tick.batches) r
		loop
			had := had || taken.batch_id;
			return query
			select *
			from kept.window_try(taken.district_id, taken.batch_id, tick.public_url);
		end loop;
	end if;
	if tick.batches > coalesce(cardinality(had), 0) then
		for taken in
			select l.district_id, l.batch_id
			from kept.lease(tick.worker, tick.batches - coalesce(cardinality(had), 0)) l
		loop
			return query
			select *
			from kept.window_try(taken.district_id, taken.batch_id, tick.public_url);
		end loop;
	end if;
end
$$;
comment on function kept.tick(uuid, text, int, text) is
	'One look of a worker: plans, fans out, takes at most so many batches and answers what their first windows send.';
grant execute on function kept.tick(uuid, text, int, text) to kept_worker;

create or replace function kept.tick_next()
returns table (
	seconds float8,
	test_clock boolean,
	more boolean
)
language plpgsql volatile
as $$
#variable_conflict use_column
declare
	at timestamptz := kept.now();
	since timestamptz := at - interval '2 minutes';
	next_at timestamptz;
	queue_at timestamptz;
begin
	select min(q.opens_at) filter (where q.opens_at is not null)
	into queue_at
	from kept.lane_queue() q
	where q.free > 0;
	-- By the first entry of each index after its lower bound.
	next_at := least(
		queue_at,
		(
			select min(c.next_at)
			from kept.reminder_clock c
			where c.next_at >= since),
		(
			select min(w.ready_at)
			from kept.waiting w
			where w.ready_at >= since),
		(
			select min(b.lease_until)
			from kept.batch b
			where b.lease_until is not null));
	return query
	select
		case when isfinite(next_at) then greatest(extract(epoch from next_at - at)::float8, 0) end,
		kept.test_clock(),
		coalesce(current_setting('kept.left_over', true) = 'true', false)
			or coalesce(next_at <= at, false)
			or exists (
				select
				from kept.event_pending)
			or exists (
				select
				from kept.replan);
end
$$;
comment on function kept.tick_next() is
	'Seconds until something is due (NULL: nothing is known), whether the clock is a test''s, and whether work is left that is due now.';
grant execute on function kept.tick_next() to kept_worker;
