-- Settling: what came of a window is recorded once, by whoever holds the lease, and the next window is opened.

create or replace function kept.lane_judge(district uuid, lane uuid, sent int, against int, pause_seconds float8) returns void
language plpgsql volatile
as $$
declare
	at timestamptz := kept.now();
	l kept.lane;
begin
	select *
	into strict l
	from kept.lane x
	where x.district_id = lane_judge.district
	and x.id = lane_judge.lane
	for no key update;
	if sent > 0 then
		l.failures := 0;
		if l.pause_reason = 'breaker' then
			l.paused_until := null;
			l.pause_reason := null;
		end if;
	elsif against > 0 and (l.paused_until is null or l.paused_until <= at) then
		-- Five in a row open the breaker; then each try that fails doubles the pause, from 30 s to 15 min.
		l.failures := case when l.failures < 5 then least(l.failures + against, 5) else l.failures + 1 end;
		if l.failures >= 5 then
			l.paused_until := at + make_interval(secs => least(900, 30 * 2 ^ least(l.failures - 5, 10)));
			l.pause_reason := 'breaker';
		end if;
	end if;
	if pause_seconds > 0 and (l.paused_until is null or l.paused_until < at + make_interval(secs => pause_seconds)) then
		l.paused_until := at + make_interval(secs => pause_seconds);
		l.pause_reason := 'peer';
	end if;
	update kept.lane x
	set failures = l.failures, paused_until = l.paused_until, pause_reason = l.pause_reason
	where x.district_id = lane_judge.district
	and x.id = lane_judge.lane
	and (x.failures, x.paused_until, x.pause_reason) is distinct from (l.failures, l.paused_until, l.pause_reason);
end
$$;
comment on function kept.lane_judge(uuid, uuid, int, int, float8) is 'What a settled window says of its lane: breaker, pause asked by the peer.';
grant execute on function kept.lane_judge(uuid, uuid, int, int, float8) to kept_worker;

create or replace function kept.destinations_judge(district uuid, window_results jsonb) returns void
language plpgsql volatile
as $$
declare
	at timestamptz := kept.now();
begin
	-- Contacts that are gone for good, by primary keys.
	update kept.contact k
	set gone_at = at
	from jsonb_to_recordset(window_results) as w (message_id uuid, endpoint_gone boolean)
	join kept.message m on m.district_id = destinations_judge.district and m.id = w.message_id and m.kind in ('reminder', 'notice')
	where w.endpoint_gone
	and k.district_id = m.district_id
	and k.id = m.contact_id
	and k.gone_at is null;
	-- Endpoints: gone, failing, failing for too long, or well again.
	update kept.endpoint e
	set failing_since = judged.failing_since,
		state = judged.state,
		state_reason = case when judged.state = e.state then e.state_reason else judged.reason end,
		version = e.version + (judged.state <> e.state)::int,
		updated_at = case when judged.state = e.state then e.updated_at else at end
	from (
		select x.district_id, x.id,
			case when seen.sent then null else coalesce(x.failing_since, at) end as failing_since,
			case
				when seen.gone or (not seen.sent and x.failing_since < at - interval '5 days') then 'disabled'
				else x.state
			end as state,
			case
				when seen.gone then 'It answered 410 Gone.'
				else 'It failed for five days.'
			end as reason
		from (
			select m.endpoint_id, bool_or(w.outcome = 'sent') as sent, bool_or(coalesce(w.endpoint_gone, false)) as gone
			from jsonb_to_recordset(window_results) as w (message_id uuid, outcome text, endpoint_gone boolean)
			join kept.message m on m.district_id = destinations_judge.district and m.id = w.message_id and m.kind = 'event'
			where w.outcome in ('sent', 'retry', 'failed', 'expired')
			group by m.endpoint_id) seen
		join kept.endpoint x on x.district_id = destinations_judge.district and x.id = seen.endpoint_id) judged
	where e.district_id = judged.district_id
	and e.id = judged.id
	and (e.failing_since is distinct from judged.failing_since or e.state <> judged.state);
end
$$;
comment on function kept.destinations_judge(uuid, jsonb) is 'What settled results say of contacts and endpoints: 410 ends them, days of failures disable an endpoint.';
grant execute on function kept.destinations_judge(uuid, jsonb) to kept_worker;

create or replace function kept.reminders_failed(district uuid, messages uuid[]) returns void
language plpgsql volatile
as $$
declare
	r record;
begin
	-- By reminder_message. Only reminders: an event that cannot be delivered makes no new event.
	for r in
		select reminder.commitment_id, reminder.rung, reminder.channel, d.reason
		from kept.reminder
		join kept.delivery d on d.district_id = reminder.district_id and d.message_id = reminder.message_id
		where reminder.district_id = reminders_failed.district
		and reminder.message_id = any (messages)
		and reminder.channel <> 'event'
	loop
		perform kept.emit_in(reminders_failed.district, 'reminder.failed', r.commitment_id,
			kept.event_data(reminders_failed.district, r.commitment_id, r.rung)
				|| jsonb_build_object('channel', r.channel, 'reason', r.reason));
	end loop;
end
$$;
comment on function kept.reminders_failed(uuid, uuid[]) is 'Tells endpoints of reminders that could not be delivered; never to whom.';
grant execute on function kept.reminders_failed(uuid, uuid[]) to kept_worker;

-- Plans as in kept.tick.
create or replace function kept.settle(batch uuid, lease uuid, results jsonb, give_back boolean, public_url text)
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
	b kept.batch;
	l kept.lane;
	window_ids uuid[];
	settled_ids uuid[];
	failed_ids uuid[];
	left_ids uuid[];
	sent int;
	against int;
	pause_seconds float8;
	judge boolean;
	again_at timestamptz;
begin
	perform set_config('kept.actor', 'worker', true);
	-- The lock comes first: whoever takes the batch over changes its lease, and then nothing here happens. By batch_lease_id.
	select *
	into b
	from kept.batch x
	where x.lease_id = settle.lease
	and x.id = settle.batch
	for no key update;
	if not found then
		perform kept.refuse(409, 'The lease is lost: another worker has this batch.');
	end if;
	select *
	into strict l
	from kept.lane x
	where x.district_id = b.district_id
	and x.id = b.lane_id;
	window_ids := b.messages[b.settled + 1:b.opened];

	with told as materialized (
		select distinct on (w.message_id) w.*, nullif(w.status, 0) as code, 1 + kept.attempts_of(b.district_id, w.message_id) as number
		from jsonb_to_recordset(settle.results) as w (message_id uuid, outcome text, error text, status int, retry_seconds float8,
			lane_pause_seconds float8, endpoint_gone boolean, duration_ms int, answer text)
		left join lateral (
			select true as recorded
			from kept.delivery x
			where x.district_id = b.district_id
			and x.message_id = w.message_id
			limit 1) done on true
		where w.message_id = any (window_ids)
		and done.recorded is null
	),
	tried as (
		insert into kept.attempt (district_id, message_id, number, outcome, status, error, answer, duration_ms, next_at, worker_id)
		select b.district_id, t.message_id, t.number, t.outcome, t.code, nullif(left(t.error, 60), ''), left(t.answer, 16384), t.duration_ms,
			case when t.outcome = 'retry' then at + make_interval(secs => t.retry_seconds) end, b.worker_id
		from told t
	),
	ended as (
		insert into kept.delivery (district_id, message_id, outcome, reason, attempts)
		select b.district_id, t.message_id, t.outcome,
			case when t.outcome <> 'sent' then nullif(concat_ws(' ', nullif(t.error, ''), t.code), '') end, t.number
		from told t
		where t.outcome in ('sent', 'failed', 'expired')
		on conflict do nothing
	),
	later as (
		insert into kept.waiting (district_id, message_id, lane_id, ready_at, why)
		select b.district_id, t.message_id, b.lane_id, at + make_interval(secs => t.retry_seconds), 'retry'
		from told t
		where t.outcome = 'retry'
		and not l.ordered
		on conflict do nothing
	)
	select array_agg(t.message_id) filter (where t.outcome in ('sent', 'failed', 'expired') or (t.outcome = 'retry' and not l.ordered)),
		array_agg(t.message_id) filter (where t.outcome in ('failed', 'expired')),
		count(*) filter (where t.outcome = 'sent'),
		-- Failures that speak against the destination: no answer, or one that says that it cannot.
		count(*) filter (where t.outcome <> 'sent' and (
			t.error in ('name', 'connect', 'tls', 'timeout', 'broken', 'auth')
			or (l.channel = 'webhook' and (t.code >= 500 or t.code = 429))
			or (l.channel = 'email' and t.code = 421))),
		coalesce(max(t.lane_pause_seconds), 0),
		min(at + make_interval(secs => t.retry_seconds)) filter (where t.outcome = 'retry' and l.ordered),
		bool_or(t.outcome <> 'sent')
	into settled_ids, failed_ids, sent, against, pause_seconds, again_at, judge
	from told t;

	if failed_ids is not null then
		perform kept.reminders_failed(b.district_id, failed_ids);
		perform kept.notices_failed(b.district_id, failed_ids);
	end if;
	if judge or l.channel = 'webhook' then
		perform kept.destinations_judge(b.district_id, settle.results);
	end if;
	if against > 0 or pause_seconds > 0 or (sent > 0 and l.failures > 0) then
		perform kept.lane_judge(b.district_id, b.lane_id, sent, against, pause_seconds);
	end if;
	select x.paused_until
	into l.paused_until
	from kept.lane x
	where x.district_id = b.district_id
	and x.id = b.lane_id;

	-- What has no result, or an unknown one, stays at the head of the batch.
	select array_agg(w.id order by w.n)
	into left_ids
	from unnest(window_ids) with ordinality as w (id, n)
	where w.id <> all (coalesce(settled_ids, '{}'));
	if left_ids is null then
		b.settled := b.opened;
	else
		b.messages := left_ids || b.messages[b.opened + 1:];
		b.settled := 0;
		b.opened := 0;
	end if;
	if b.settled = cardinality(b.messages) then
		delete from kept.batch x
		where x.district_id = b.district_id
		and x.id = b.id;
		return;
	end if;
	if give_back or again_at is not null or l.paused_until > at then
		b.slot := null;
		b.lease_id := null;
		b.lease_until := null;
		b.worker_id := null;
		b.ready_at := coalesce(again_at, at);
	else
		b.lease_until := at + interval '30 seconds';
	end if;
	update kept.batch x
	set messages = case when left_ids is null then x.messages else b.messages end,
		settled = b.settled, opened = b.opened, ready_at = b.ready_at,
		slot = b.slot, lease_id = b.lease_id, lease_until = b.lease_until, worker_id = b.worker_id
	where x.district_id = b.district_id
	and x.id = b.id;
	if b.slot is not null then
		return query
		select *
		from kept.window_try(b.district_id, b.id, settle.public_url);
	end if;
end
$$;
comment on function kept.settle(uuid, uuid, jsonb, boolean, text) is
	'Records what came of the open window and opens the next one, or gives the batch back. A lost lease is refused with 409 and nothing is recorded.';
grant execute on function kept.settle(uuid, uuid, jsonb, boolean, text) to kept_worker;

create or replace function kept.renew(batch uuid, lease uuid) returns boolean
language plpgsql volatile
as $$
begin
	update kept.batch x
	set lease_until = kept.now() + interval '30 seconds'
	where x.lease_id = renew.lease
	and x.id = renew.batch;
	return found;
end
$$;
comment on function kept.renew(uuid, uuid) is 'Holds a batch for 30 seconds more; false: another worker has it.';
grant execute on function kept.renew(uuid, uuid) to kept_worker;
