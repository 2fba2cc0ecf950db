-- Batches: leasing them, and taking over what a dead worker had.

create or replace function kept.attempts_of(district uuid, message_id uuid) returns int
language plpgsql stable
as $$
begin
	-- By attempt_message.
	return (
		select coalesce(max(a.number), 0)
		from kept.attempt a
		where a.district_id = attempts_of.district
		and a.message_id = attempts_of.message_id);
end
$$;
comment on function kept.attempts_of(uuid, uuid) is 'How often a message was tried.';
grant execute on function kept.attempts_of(uuid, uuid) to kept_worker;

create or replace function kept.lease(worker uuid, most int)
returns table (district_id uuid, batch_id uuid)
language plpgsql volatile
as $$
#variable_conflict use_column
declare
	at timestamptz := kept.now();
	places int;
	mail_room int;
	webhook_room int;
	failing_room int;
	tenants uuid[];
	lanes uuid[];
	batches uuid[];
begin
	-- What hangs must not hold all places of a worker: no channel takes more than three quarters of them, and lanes whose
	-- last word was a failure no more than a quarter. By batch_lease.
	select most + count(*),
		count(*) filter (where l.channel = 'email'),
		count(*) filter (where l.channel = 'webhook'),
		count(*) filter (where l.failures > 0)
	into places, mail_room, webhook_room, failing_room
	from kept.batch b
	join kept.lane l on l.district_id = b.district_id and l.id = b.lane_id
	where b.lease_until is not null
	and b.worker_id = lease.worker;
	mail_room := places - places / 4 - mail_room;
	webhook_room := places - places / 4 - webhook_room;
	failing_room := greatest(1, places / 4) - failing_room;
	-- Ready batches of lanes that have a free slot, one of each district in turn, so that a large district does not come first;
	-- what the worker holds of a district counts as its turns.
	with holding as (
		select b.district_id, count(*) as batches
		from kept.batch b
		where b.lease_until is not null
		and b.worker_id = lease.worker
		group by b.district_id
	),
	ready as (
		select b.district_id, b.lane_id, b.id, b.ready_at, l.channel, l.failures > 0 as failing,
			coalesce(h.batches, 0) + row_number() over (partition by b.district_id order by b.ready_at, b.id) as turn
		from kept.lane_queue() q
		join kept.lane l on l.district_id = q.district_id and l.id = q.lane_id
		left join holding h on h.district_id = q.district_id
		cross join lateral (
			(
				select one.district_id, one.lane_id, one.id, one.ready_at
				from kept.batch one
				where not q.ordered
				and one.district_id = q.district_id
				and one.lane_id = q.lane_id
				and one.slot is null
				and one.ready_at <= at
				order by one.ready_at
				limit least(greatest(q.free, 0), most))
			union all
			(
				select one.district_id, one.lane_id, one.id, one.ready_at
				from kept.batch one
				where q.ordered
				and one.district_id = q.district_id
				and one.lane_id = q.lane_id
				order by one.id
				limit 1)) b
		where q.free > 0
		and (q.opens_at is null or q.opens_at <= at)
	),
	sound as (
		select r.*, row_number() over (partition by r.failing order by r.turn, r.ready_at) as of_failing
		from ready r
	),
	placed as (
		select s.*, row_number() over (partition by s.channel order by s.turn, s.ready_at) as of_channel
		from sound s
		where not s.failing
		or s.of_failing <= failing_room
	)
	select array_agg(chosen.district_id), array_agg(chosen.lane_id), array_agg(chosen.id)
	into tenants, lanes, batches
	from (
		select p.*
		from placed p
		where p.of_channel <= case p.channel when 'email' then mail_room else webhook_room end
		order by p.turn, p.ready_at
		limit most) chosen;
	if batches is null then
		return;
	end if;
	-- Who leases from a lane locks it, so that two do not choose the same slot; another worker's lane is left to it.
	select array_agg(locked.id)
	into lanes
	from (
		select l.id
		from kept.lane l
		where (l.district_id, l.id) in (select * from unnest(tenants, lanes))
		order by l.district_id, l.id
		for no key update skip locked) locked;
	-- Seen anew under the lock: batches that are still free, and the slots to put them into.
	return query
	with free as (
		select b.district_id, b.lane_id, b.id, a.n
		from kept.batch b
		join unnest(tenants, batches) with ordinality as a (district_id, id, n) on a.district_id = b.district_id and a.id = b.id
		where b.slot is null
		and b.lane_id = any (lanes)
		for update of b skip locked
	),
	numbered as (
		select f.*, row_number() over (partition by f.district_id, f.lane_id order by f.n) as k
		from free f
	),
	slot as (
		select l.district_id, l.id as lane_id, s.slot, row_number() over (partition by l.district_id, l.id order by s.slot) as k
		from kept.lane l
		cross join lateral generate_series(1, case when l.ordered or l.failures >= 5 then 1 else l.slots end) as s (slot)
		where (l.district_id, l.id) in (select f.district_id, f.lane_id from free f)
		and (l.paused_until is null or l.paused_until <= at)
		and not exists (
			select
			from kept.batch taken
			where taken.district_id = l.district_id
			and taken.lane_id = l.id
			and taken.slot = s.slot)
	)
	update kept.batch b
	set slot = slot.slot, lease_id = gen_random_uuid(), lease_until = at + interval '30 seconds', worker_id = lease.worker
	from numbered
	join slot on slot.district_id = numbered.district_id and slot.lane_id = numbered.lane_id and slot.k = numbered.k
	where b.district_id = numbered.district_id
	and b.id = numbered.id
	returning b.district_id, b.id;
end
$$;
comment on function kept.lease(uuid, int) is 'Takes at most so many ready batches for a worker, for 30 seconds.';
grant execute on function kept.lease(uuid, int) to kept_worker;

create or replace function kept.rescue(worker uuid, most int)
returns table (district_id uuid, batch_id uuid)
language plpgsql volatile
as $$
#variable_conflict use_column
declare
	at timestamptz := kept.now();
	b kept.batch;
	paused boolean;
	unknown int;
	way text;
begin
	-- Leases that ran out, by batch_lease. Only what was open may have been sent; nobody knows, and it says so.
	for b in
		select *
		from kept.batch
		where lease_until < at
		order by lease_until
		limit most
		for update skip locked
	loop
		insert into kept.attempt (district_id, message_id, number, outcome, worker_id)
		select b.district_id, open.id, 1 + kept.attempts_of(b.district_id, open.id), 'unknown', b.worker_id
		from unnest(b.messages[b.settled + 1:b.opened]) as open (id)
		where not exists (
			select
			from kept.delivery d
			where d.district_id = b.district_id
			and d.message_id = open.id);
		get diagnostics unknown = row_count;
		select l.paused_until > at, l.channel
		into paused, way
		from kept.lane l
		where l.district_id = b.district_id
		and l.id = b.lane_id;
		if unknown > 0 then
			perform kept.outcome_count('unknown', way, null, unknown);
		end if;
		if paused then
			update kept.batch
			set slot = null, lease_id = null, lease_until = null, worker_id = null
			where batch.district_id = b.district_id
			and batch.id = b.id;
		else
			update kept.batch
			set lease_id = gen_random_uuid(), lease_until = at + interval '30 seconds', worker_id = rescue.worker
			where batch.district_id = b.district_id
			and batch.id = b.id;
			district_id := b.district_id;
			batch_id := b.id;
			return next;
		end if;
	end loop;
end
$$;
comment on function kept.rescue(uuid, int) is 'Takes over at most so many batches whose lease ran out; what they had open is recorded as unknown and sent again.';
grant execute on function kept.rescue(uuid, int) to kept_worker;
