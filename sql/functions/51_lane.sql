-- Lanes: the queue of a destination. Their names, their making, and how messages are put into batches.

create or replace function kept.lane_destination(channel text, address text, contact_id uuid) returns text
language sql immutable parallel safe
as $$
	select case channel
		when 'email' then coalesce(lower(left(substring(address from '@([^@]*)$'), 300)), '')
		else 'contact:' || contact_id
	end
$$;
comment on function kept.lane_destination(text, text, uuid) is 'The lane of a contact: its mail domain, or the contact itself.';
grant execute on function kept.lane_destination(text, text, uuid) to kept_api, kept_worker;

create or replace function kept.lane_for(district uuid, channel text, contact_id uuid, endpoint_id uuid) returns uuid
language plpgsql volatile
as $$
declare
	wanted text;
	found_id uuid;
begin
	if lane_for.endpoint_id is not null then
		wanted := 'endpoint:' || lane_for.endpoint_id;
	else
		select kept.lane_destination(k.channel, k.address, k.id)
		into strict wanted
		from kept.contact k
		where k.district_id = lane_for.district
		and k.id = lane_for.contact_id;
	end if;
	-- By the unique key of district, channel and destination.
	loop
		select l.id
		into found_id
		from kept.lane l
		where l.district_id = lane_for.district
		and l.channel = lane_for.channel
		and l.destination = wanted;
		if found then
			return found_id;
		end if;
		insert into kept.lane (district_id, channel, destination)
		values (lane_for.district, lane_for.channel, wanted)
		on conflict do nothing;
	end loop;
end
$$;
comment on function kept.lane_for(uuid, text, uuid, uuid) is 'The lane of a contact or an endpoint, made if there is none.';
grant execute on function kept.lane_for(uuid, text, uuid, uuid) to kept_api, kept_worker;

create or replace function kept.lanes_ensure(districts uuid[], channels text[], destinations text[]) returns void
language plpgsql volatile
as $$
begin
	insert into kept.lane (district_id, channel, destination)
	select distinct a.district_id, a.channel, a.destination
	from unnest(districts, channels, destinations) as a (district_id, channel, destination)
	where not exists (
		select
		from kept.lane l
		where l.district_id = a.district_id
		and l.channel = a.channel
		and l.destination = a.destination)
	order by 1, 2, 3
	on conflict do nothing;
end
$$;
comment on function kept.lanes_ensure(uuid[], text[], text[]) is 'Makes the lanes that are missing.';
grant execute on function kept.lanes_ensure(uuid[], text[], text[]) to kept_api, kept_worker;

create or replace function kept.enqueue_lanes(districts uuid[], lanes uuid[], messages uuid[]) returns void
language plpgsql volatile
as $$
begin
	-- A batch is what its lane sends in about five seconds, so that a lease is never held for long.
	-- All have one instant: a counter in rand_a (RFC 9562, section 6.2, method 1) keeps the batches of a lane in order.
	insert into kept.batch (district_id, id, lane_id, messages)
	select placed.district_id,
		overlay(kept.uuid7()::text placing '7' || lpad(to_hex(least(placed.part, 4095)), 3, '0') from 15 for 4)::uuid,
		placed.lane_id, array_agg(placed.message_id order by placed.n)
	from (
		select a.district_id, a.lane_id, a.message_id, a.n,
			(row_number() over (partition by a.district_id, a.lane_id order by a.n) - 1)
				/ least(500, greatest(1, floor(l.rate * 5)))::int as part
		from unnest(districts, lanes, messages) with ordinality as a (district_id, lane_id, message_id, n)
		join kept.lane l on l.district_id = a.district_id and l.id = a.lane_id) placed
	group by placed.district_id, placed.lane_id, placed.part
	order by placed.district_id, placed.lane_id, placed.part;
end
$$;
comment on function kept.enqueue_lanes(uuid[], uuid[], uuid[]) is 'Puts messages into new batches of their lanes, in the order given.';
grant execute on function kept.enqueue_lanes(uuid[], uuid[], uuid[]) to kept_worker;

create or replace function kept.enqueue(districts uuid[], channels text[], destinations text[], messages uuid[]) returns void
language plpgsql volatile
as $$
declare
	tenants uuid[];
	lanes uuid[];
	ordered uuid[];
begin
	perform kept.lanes_ensure(districts, channels, destinations);
	select array_agg(a.district_id order by a.n), array_agg(l.id order by a.n), array_agg(a.message_id order by a.n)
	into tenants, lanes, ordered
	from unnest(districts, channels, destinations, messages) with ordinality as a (district_id, channel, destination, message_id, n)
	join kept.lane l on l.district_id = a.district_id and l.channel = a.channel and l.destination = a.destination;
	perform kept.enqueue_lanes(tenants, lanes, ordered);
end
$$;
comment on function kept.enqueue(uuid[], text[], text[], uuid[]) is 'Puts messages into new batches of the lanes of these destinations.';
grant execute on function kept.enqueue(uuid[], text[], text[], uuid[]) to kept_worker;

create or replace function kept.waiting_ready(since timestamptz, most int) returns int
language plpgsql volatile
as $$
declare
	tenants uuid[];
	lanes uuid[];
	messages uuid[];
	replayed uuid[];
begin
	-- What has waited long enough, by waiting_ready from a lower bound as in kept.plan_due. Lanes that are paused get their
	-- batches too: they are leased when the pause is over.
	with ready as (
		delete from kept.waiting w
		using (
			select r.district_id, r.message_id
			from kept.waiting r
			where r.ready_at >= waiting_ready.since
			and r.ready_at <= kept.now()
			order by r.ready_at
			limit most
			for update skip locked) r
		where w.district_id = r.district_id
		and w.message_id = r.message_id
		returning w.*
	)
	select array_agg(ready.district_id order by ready.ready_at, ready.message_id),
		array_agg(ready.lane_id order by ready.ready_at, ready.message_id),
		array_agg(ready.message_id order by ready.ready_at, ready.message_id),
		array_agg(ready.message_id) filter (where ready.why = 'replay')
	into tenants, lanes, messages, replayed
	from ready;
	if messages is null then
		return 0;
	end if;
	if replayed is not null then
		-- A replay takes the message up again under its old id; its attempts stay.
		delete from kept.delivery d
		using unnest(tenants, messages) as a (district_id, message_id)
		where d.district_id = a.district_id
		and d.message_id = a.message_id
		and a.message_id = any (replayed);
	end if;
	perform kept.enqueue_lanes(tenants, lanes, messages);
	return cardinality(messages);
end
$$;
comment on function kept.waiting_ready(timestamptz, int) is 'Turns waiting messages that became ready since then into batches, at most so many; answers how many.';
grant execute on function kept.waiting_ready(timestamptz, int) to kept_worker;

create or replace function kept.lane_queue()
returns table (
	district_id uuid,
	lane_id uuid,
	opens_at timestamptz,
	free int,
	ordered boolean
)
language plpgsql volatile
rows 100
as $$
#variable_conflict use_column
begin
	-- One step of index batch_lane for each lane with batches that nobody has; at most 2,000 lanes in one look.
	return query
	with recursive queue (district_id, lane_id, ready_at) as (
		(
			select b.district_id, b.lane_id, b.ready_at
			from kept.batch b
			where b.slot is null
			order by b.district_id, b.lane_id, b.ready_at
			limit 1)
		union all
		select further.district_id, further.lane_id, further.ready_at
		from queue q
		cross join lateral (
			select b.district_id, b.lane_id, b.ready_at
			from kept.batch b
			where b.slot is null
			and (b.district_id, b.lane_id) > (q.district_id, q.lane_id)
			order by b.district_id, b.lane_id, b.ready_at
			limit 1) further
	)
	select q.district_id, q.lane_id,
		greatest(
			l.paused_until,
			case
				when l.ordered then (
					select b.ready_at
					from kept.batch b
					where b.district_id = q.district_id
					and b.lane_id = q.lane_id
					order by b.id
					limit 1)
				else q.ready_at
			end),
		-- After a breaker's pause one batch tries the way for all.
		case when l.ordered or l.failures >= 5 then 1 else l.slots end - (
			select count(*)
			from kept.batch b
			where b.district_id = q.district_id
			and b.lane_id = q.lane_id
			and b.slot is not null)::int,
		l.ordered
	from (select * from queue limit 2000) q
	join kept.lane l on l.district_id = q.district_id and l.id = q.lane_id;
end
$$;
comment on function kept.lane_queue() is 'Lanes with batches that nobody has: when the first may be taken, and how many slots are free.';
grant execute on function kept.lane_queue() to kept_worker;
