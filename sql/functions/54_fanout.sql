-- Fan-out: an event becomes a message for each endpoint that asked for it.

create or replace function kept.event_matches(events text[], type text) returns boolean
language sql immutable parallel safe
as $$
	select type = any (events)
	or '*' = any (events)
	or split_part(type, '.', 1) || '.*' = any (events)
$$;
comment on function kept.event_matches(text[], text) is 'Whether a subscription covers a type: commitment.created, commitment.*, *.';
grant execute on function kept.event_matches(text[], text) to kept_api, kept_worker;

create or replace function kept.fan_out(most int, public_url text) returns int
language plpgsql volatile
as $$
declare
	tenants uuid[];
	events uuid[];
	districts uuid[];
	destinations text[];
	lanes uuid[];
	messages uuid[];
begin
	-- Rows that nobody else has, never those after the last id seen: a late commit would be lost.
	with taken as (
		delete from kept.event_pending p
		using (
			select x.district_id, x.event_id
			from kept.event_pending x
			limit most
			for update skip locked) x
		where p.district_id = x.district_id
		and p.event_id = x.event_id
		returning p.district_id, p.event_id
	)
	select array_agg(taken.district_id), array_agg(taken.event_id)
	into tenants, events
	from taken;
	if events is null then
		return 0;
	end if;
	select array_agg(e.district_id), array_agg('endpoint:' || e.id)
	into districts, destinations
	from kept.endpoint e
	where e.district_id = any (tenants)
	and e.state <> 'disabled';
	if destinations is null then
		return cardinality(events);
	end if;
	perform kept.lanes_ensure(districts, array_fill('webhook'::text, array[cardinality(destinations)]), destinations);
	-- An event is a fact: its bytes are made now. A paused endpoint's message waits until it is active again.
	with made as (
		insert into kept.message (district_id, id, kind, channel, lane_id, endpoint_id, event_id, body, traceparent, tracestate)
		select v.district_id, kept.uuid7(), 'event', 'webhook', l.id, e.id, v.id, kept.payload(v.type, v.created_at, v.data, public_url),
			v.traceparent, v.tracestate
		from unnest(tenants, events) as a (district_id, event_id)
		join kept.event v on v.district_id = a.district_id and v.id = a.event_id
		join kept.endpoint e on e.district_id = v.district_id and e.state <> 'disabled' and kept.event_matches(e.events, v.type)
			and v.created_at >= e.created_at
		join kept.lane l on l.district_id = e.district_id and l.channel = 'webhook' and l.destination = 'endpoint:' || e.id
		returning district_id, id, lane_id, endpoint_id, event_id
	),
	held as (
		insert into kept.waiting (district_id, message_id, lane_id, ready_at, why)
		select m.district_id, m.id, m.lane_id, 'infinity', 'held'
		from made m
		join kept.endpoint e on e.district_id = m.district_id and e.id = m.endpoint_id
		where e.state = 'paused'
	)
	select array_agg(m.district_id order by m.event_id), array_agg(m.lane_id order by m.event_id), array_agg(m.id order by m.event_id)
	into districts, lanes, messages
	from made m
	join kept.endpoint e on e.district_id = m.district_id and e.id = m.endpoint_id
	where e.state <> 'paused';
	if messages is not null then
		perform kept.enqueue_lanes(districts, lanes, messages);
	end if;
	return cardinality(events);
end
$$;
comment on function kept.fan_out(int, text) is 'Gives at most so many events to the endpoints that asked for them; answers how many events it took.';
grant execute on function kept.fan_out(int, text) to kept_worker;

create or replace function kept.endpoint_release(district uuid, endpoint_id uuid) returns void
language plpgsql volatile
as $$
begin
	update kept.waiting w
	set ready_at = kept.now()
	from kept.lane l
	where l.district_id = endpoint_release.district
	and l.channel = 'webhook'
	and l.destination = 'endpoint:' || endpoint_release.endpoint_id
	and w.district_id = l.district_id
	and w.lane_id = l.id
	and w.why = 'held'
	and w.ready_at = 'infinity';
end
$$;
comment on function kept.endpoint_release(uuid, uuid) is 'Lets the held messages of an endpoint go; called when it is active again.';
grant execute on function kept.endpoint_release(uuid, uuid) to kept_api, kept_worker;
