-- Windows: the last look at the truth, the freezing of a message, and what is sent next.

create or replace function kept.utc_text(at timestamptz) returns text
language sql stable parallel safe
as $$ select to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') $$;
comment on function kept.utc_text(timestamptz) is 'An instant as payloads and mail facts write it.';
grant execute on function kept.utc_text(timestamptz) to kept_worker;

create or replace function kept.payload(type text, at timestamptz, data jsonb, public_url text) returns text
language sql stable parallel safe
as $$
	select concat(
		'{"type":', to_json(type),
		',"timestamp":', to_json(kept.utc_text(at)),
		',"data":', case
			when data ->> 'link' like '/%' then jsonb_set(data, '{link}', to_jsonb(public_url || (data ->> 'link')))
			else data
		end, '}')
$$;
comment on function kept.payload(text, timestamptz, jsonb, text) is 'The exact bytes of a webhook: type, timestamp and data, the path in link made a whole address.';
grant execute on function kept.payload(text, timestamptz, jsonb, text) to kept_worker;

-- What it answers has grown since its first release.
drop function if exists kept.reminder_now(uuid, uuid[], text);
create or replace function kept.reminder_now(district uuid, messages uuid[], public_url text)
returns table (
	message_id uuid,
	reason text,
	useful_until timestamptz,
	channel text,
	contact_id uuid,
	destination text,
	secret text,
	content jsonb,
	body text,
	traceparent text,
	tracestate text
)
language sql stable
rows 64
as $$
	-- By reminder_message and primary keys; party and contact of one commitment and recipient.
	select r.message_id,
		case
			when c.id is null then 'commitment_removed'
			when c.status in ('completed', 'verified') then 'completed'
			when c.status in ('declined', 'withdrawn') then 'no_longer_due'
			when not rung.asked and c.due_on is distinct from r.due_on then 'moved'
			when not rung.asked and c.status = 'proposed' and rung.days >= 0 then 'no_longer_due'
			when r.party_role = 'escalation' and not coalesce(r.recipient_id in (school.coordinator_id, d.coordinator_id), false) then 'party_removed'
			when party.role is null and r.party_role is distinct from 'escalation' and (not rung.asked or handed.over is not null) then 'party_removed'
			when k.id is null then 'contact_removed'
			when k.gone_at is not null then 'contact_gone'
			when k.paused then 'contact_paused'
			when kept.now() >= useful.until then 'stale'
		end,
		useful.until, r.channel, r.contact_id, k.address, k.secret,
		case when r.channel = 'email' then
			jsonb_build_object(
				'kind', 'reminder',
				'rung', r.rung,
				'ask', c.status = 'proposed',
				'language', reader.language,
				'time_zone', reader.zone,
				'date', to_char(kept.now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
				'to', jsonb_build_object('name', coalesce(reader.name, ''), 'address', k.address),
				'reply_to', case when reply.address is not null then
					jsonb_build_object('name', coalesce(reply.name, ''), 'address', reply.address) end,
				'sender', jsonb_build_object('district', d.name, 'school', school.name),
				'commitment', jsonb_build_object(
					'id', c.id,
					'title', c.title,
					'group', c.group_code,
					'group_name', coalesce(kept.group_name(c.group_code, reader.languages), c.group_code),
					'due_on', c.due_on,
					'days', c.due_on - (kept.now() at time zone reader.zone)::date,
					'owner', owner.name,
					'role', case when r.party_role = 'escalation' then r.party_role else coalesce(party.role, r.party_role) end,
					'when_where_how', c.when_where_how,
					'link', public_url || '/v1/commitments/' || c.id))
		end,
		case when r.channel = 'webhook' then
			kept.payload('reminder.due', kept.now(), kept.event_data(r.district_id, r.commitment_id, r.rung), public_url)
		end,
		r.traceparent, r.tracestate
	from unnest(reminder_now.messages) as wanted (id)
	cross join lateral (
		select *
		from kept.reminder x
		where x.district_id = reminder_now.district
		and x.message_id = wanted.id
		limit 1) r
	join kept.district d on d.id = r.district_id
	cross join lateral (
		select r.rung like 'NOW-%' as asked, coalesce(substring(r.rung from '^P([+-]?[0-9]{1,5})D')::int, 1) as days) rung
	left join kept.commitment c on c.district_id = r.district_id and c.id = r.commitment_id
	left join kept.school on school.district_id = c.district_id and school.id = c.school_id
	left join kept.contact k on k.district_id = r.district_id and k.id = r.contact_id
		and coalesce(k.person_id, k.organisation_id) = r.recipient_id
	left join kept.person on person.district_id = k.district_id and person.id = k.person_id
	left join kept.organisation o on o.district_id = k.district_id and o.id = k.organisation_id
	left join kept.school home on home.district_id = o.district_id and home.id = o.school_id
	cross join lateral (
		select coalesce(person.name, o.name) as name,
			coalesce(person.language, o.language, d.locale) as language,
			array[
				coalesce(person.language, o.language, d.locale),
				split_part(coalesce(person.language, o.language, d.locale), '-', 1),
				'en'] as languages,
			coalesce(person.time_zone, o.time_zone, home.time_zone, d.time_zone) as zone) reader
	cross join lateral (
		-- A reminder before the date is of use until that day ends; one after it for a week.
		select case when rung.days <= 0 then kept.local_instant(r.due_on + 1, '00:00', reader.zone) else r.due_at + interval '7 days' end as until) useful
	left join lateral (
		select p.role
		from kept.party p
		where p.district_id = c.district_id
		and p.commitment_id = c.id
		and (p.person_id = r.recipient_id or p.organisation_id = r.recipient_id)
		and (p.role in ('owner', 'helper') or (p.role = 'accountable' and rung.days > 0))
		order by case p.role when 'owner' then 1 when 'helper' then 2 else 3 end
		limit 1) party on true
	left join lateral (
		-- What was asked for by hand goes out, but not to who has handed it over since. By handover_commitment.
		select true as over
		from kept.handover h
		where h.district_id = c.district_id
		and h.commitment_id = c.id
		and h.from_person_id = r.recipient_id
		and h.created_at >= r.planned_at
		limit 1) handed on true
	left join lateral (
		select coalesce(own.name, whose.name, kept.group_name(p.group_code, reader.languages), p.group_code) as name
		from kept.party p
		left join kept.person own on own.district_id = p.district_id and own.id = p.person_id
		left join kept.organisation whose on whose.district_id = p.district_id and whose.id = p.organisation_id
		where p.district_id = c.district_id
		and p.commitment_id = c.id
		and p.role = 'owner'
		and (o.id is null or p.person_id is null)) owner on true
	left join lateral (
		-- Who gets an answer: who answers for the promise, else its owner, else the coordinator of the school, of the district;
		-- never the reader. An organisation's box is outside: no owner's name or address goes there.
		select answers.name, box.address
		from (
			select case p.role when 'accountable' then 1 else 2 end as place, p.person_id
			from kept.party p
			where p.district_id = c.district_id
			and p.commitment_id = c.id
			and (p.role = 'accountable' or (p.role = 'owner' and o.id is null))
			union all
			select 3, school.coordinator_id
			union all
			select 4, d.coordinator_id) near
		join kept.person answers on answers.district_id = r.district_id and answers.id = near.person_id
		join kept.contact box on box.district_id = answers.district_id and box.person_id = answers.id
			and box.channel = 'email' and box.gone_at is null
		where near.person_id <> r.recipient_id
		order by near.place, near.person_id, box.position, box.id
		limit 1) reply on true
$$;
comment on function kept.reminder_now(uuid, uuid[], text) is
	'Reminders as the truth stands now: why one is not to be sent any more (NULL: it is), and what it would say.';
grant execute on function kept.reminder_now(uuid, uuid[], text) to kept_worker;

create or replace function kept.window_open(district uuid, of_batch uuid, public_url text)
returns setof kept.sending
language plpgsql volatile
rows 64
as $$
#variable_conflict use_column
declare
	at timestamptz := kept.now();
	b kept.batch;
	l kept.lane;
	most int;
	stop int;
	open_ids uuid[];
	reminders uuid[];
	notices uuid[];
begin
	select *
	into strict b
	from kept.batch
	where batch.district_id = district
	and batch.id = of_batch;
	select *
	into strict l
	from kept.lane
	where lane.district_id = b.district_id
	and lane.id = b.lane_id;
	most := case when l.ordered or l.failures >= 5 then 1 else 64 end;
	-- A window of which nothing is left to send gives way to the next one.
	while b.settled < cardinality(b.messages) loop
		-- A window that is open already, taken over or not told of, is opened again as it was.
		stop := case when b.opened > b.settled then b.opened else least(b.settled + most, cardinality(b.messages)) end;
		open_ids := b.messages[b.settled + 1:stop];
		-- Reminders and notices are looked at again, whatever their message says; events are facts. By primary keys and
		-- notice_message.
		-- One by one through LATERAL and LIMIT: a plan made while a table was small would else read a district's whole history.
		select array_agg(o.id) filter (where n.told is null), array_agg(o.id) filter (where n.told)
		into reminders, notices
		from unnest(open_ids) as o (id)
		left join lateral (
			select x.kind
			from kept.message x
			where x.district_id = b.district_id
			and x.id = o.id
			limit 1) m on true
		left join lateral (
			select true as told
			from kept.notice x
			where coalesce(m.kind, 'notice') = 'notice'
			and x.district_id = b.district_id
			and x.message_id = o.id
			limit 1) n on true
		where m.kind is distinct from 'event';
		return query
		with truth as materialized (
			select 'reminder' as kind, r.*
			from kept.reminder_now(b.district_id, reminders, public_url) r
			union all
			select 'notice', n.*
			from kept.notice_now(b.district_id, notices, public_url) n
		),
		judged as materialized (
			select o.id, b.settled + o.n::int as position, m.id is not null as frozen,
				coalesce(m.kind, now.kind) as kind,
				coalesce(m.channel, now.channel) as channel,
				now.contact_id,
				coalesce(e.url, now.destination) as destination,
				coalesce(e.secret, now.secret) as secret,
				case when m.id is null then now.content else m.content end as content,
				case when m.id is null then now.body else m.body end as body,
				case when m.id is null then now.traceparent else m.traceparent end as traceparent,
				case when m.id is null then now.tracestate else m.tracestate end as tracestate,
				now.useful_until,
				case
					when m.kind = 'event' and e.id is null then 'endpoint_removed'
					when m.kind = 'event' and e.state = 'disabled' then 'endpoint_disabled'
					when m.kind = 'event' then null
					when now.message_id is null then 'no_longer_due'
					when now.reason is not null then now.reason
					when m.content #>> '{to,address}' <> now.destination then 'contact_changed'
				end as reason,
				coalesce(m.kind = 'event' and e.state = 'paused', false) as held
			from unnest(open_ids) with ordinality as o (id, n)
			left join lateral (
				select *
				from kept.message x
				where x.district_id = b.district_id
				and x.id = o.id
				limit 1) m on true
			left join lateral (
				select *
				from kept.endpoint x
				where x.district_id = m.district_id
				and x.id = m.endpoint_id
				limit 1) e on true
			left join lateral (
				select true as recorded
				from kept.delivery x
				where x.district_id = b.district_id
				and x.message_id = o.id
				limit 1) done on true
			left join truth now on now.message_id = o.id
			where done.recorded is null
		),
		rerouted as (
			-- Still true, but its contact is not: it goes to the next one that may be used, as a message of its own.
			update kept.reminder r
			set message_id = kept.uuid7(), contact_id = next.contact_id
			from judged j
			cross join lateral (
				select *
				from kept.reminder x
				where x.district_id = b.district_id
				and x.message_id = j.id
				limit 1) old
			cross join lateral kept.contact_choice(old.district_id, old.recipient_id, old.recipient_id) next
			where j.kind = 'reminder'
			and j.reason like 'contact\_%'
			and next.usable
			and next.channel = old.channel
			and r.district_id = old.district_id
			and r.commitment_id = old.commitment_id
			and r.due_on = old.due_on
			and r.rung = old.rung
			and r.recipient_id = old.recipient_id
			and r.channel = old.channel
			returning j.id as superseded, r.message_id, r.channel, r.contact_id
		),
		led_on as materialized (
			select *
			from rerouted
			union all
			select j.id, n.*
			from judged j
			cross join lateral kept.notice_reroute(b.district_id, j.id) n
			where j.kind = 'notice'
			and j.reason like 'contact\_%'
		),
		queued as (
			insert into kept.waiting (district_id, message_id, lane_id, ready_at, why)
			select b.district_id, n.message_id, kept.lane_for(b.district_id, n.channel, n.contact_id, null), at, 'retry'
			from led_on n
		),
		ended as (
			insert into kept.delivery (district_id, message_id, outcome, reason, attempts)
			select b.district_id, j.id,
				case when exists (select from led_on n where n.superseded = j.id) then 'superseded' else 'dropped' end,
				j.reason, kept.attempts_of(b.district_id, j.id)
			from judged j
			where j.reason is not null
			on conflict do nothing
			returning kept.outcome_count(outcome, l.channel, reason)
		),
		held as (
			insert into kept.waiting (district_id, message_id, lane_id, ready_at, why)
			select b.district_id, j.id, b.lane_id, 'infinity', 'held'
			from judged j
			where j.reason is null
			and j.held
			on conflict do nothing
		),
		written as (
			insert into kept.message (district_id, id, kind, channel, lane_id, contact_id, content, body, useful_until, traceparent,
				tracestate)
			select b.district_id, j.id, j.kind, j.channel, b.lane_id, j.contact_id, j.content, j.body, j.useful_until, j.traceparent,
				j.tracestate
			from judged j
			where j.reason is null
			and not j.frozen
			on conflict do nothing
		)
		-- What is written only now was never tried.
		select b.id, b.lease_id, j.position, j.id, 1 + case when j.frozen then kept.attempts_of(b.district_id, j.id) else 0 end,
			j.channel, j.destination,
			j.secret, 'secret', d.demonstration, j.content, j.body,
			coalesce(extract(epoch from j.useful_until - at)::float8, -1),
			l.rate::float8 / case when l.ordered then 1 else l.slots end,
			j.traceparent, j.tracestate
		from judged j
		join kept.district d on d.id = b.district_id
		where j.reason is null
		and not j.held
		order by j.position;
		if found then
			update kept.batch
			set settled = b.settled, opened = stop
			where batch.district_id = b.district_id
			and batch.id = b.id;
			return;
		end if;
		b.settled := stop;
		b.opened := stop;
	end loop;
	delete from kept.batch
	where batch.district_id = b.district_id
	and batch.id = b.id;
end
$$;
comment on function kept.window_open(uuid, uuid, text) is
	'Opens the next window of a batch whose lock or lease the caller holds, and answers what is to be sent; without any row the batch is done and gone.';
grant execute on function kept.window_open(uuid, uuid, text) to kept_worker;

create or replace function kept.window_try(district uuid, of_batch uuid, public_url text)
returns setof kept.sending
language plpgsql volatile
rows 64
as $$
#variable_conflict use_column
declare
	at timestamptz := kept.now();
	tries constant int := 5;
	b kept.batch;
	number int;
begin
	return query
	select *
	from kept.window_open(window_try.district, of_batch, window_try.public_url);
exception
	when others then
		perform kept.raise_passing(sqlstate, sqlerrm);
		raise warning 'batch % of district % cannot be opened: %', of_batch, window_try.district, sqlerrm;
		select *
		into strict b
		from kept.batch
		where batch.district_id = window_try.district
		and batch.id = of_batch;
		delete from kept.batch
		where batch.district_id = b.district_id
		and batch.id = b.id;
		if cardinality(b.messages) - b.settled > 1 then
			-- Each message on its own, so that the one at fault stops no other.
			insert into kept.batch (district_id, id, lane_id, messages, ready_at)
			select b.district_id, kept.uuid7(), b.lane_id, array[m.id], at
			from unnest(b.messages[b.settled + 1:]) as m (id);
			return;
		end if;
		number := kept.attempts_of(b.district_id, b.messages[b.settled + 1]) + 1;
		insert into kept.attempt (district_id, message_id, number, outcome, error, next_at, worker_id)
		values (b.district_id, b.messages[b.settled + 1], number, case when number < tries then 'retry' else 'failed' end, 'compose',
			case when number < tries then at + interval '15 minutes' end, b.worker_id);
		perform kept.outcome_count(case when number < tries then 'retry' else 'failed' end, l.channel, 'compose')
		from kept.lane l
		where l.district_id = b.district_id
		and l.id = b.lane_id;
		if number < tries then
			insert into kept.waiting (district_id, message_id, lane_id, ready_at, why)
			values (b.district_id, b.messages[b.settled + 1], b.lane_id, at + interval '15 minutes', 'retry')
			on conflict do nothing;
		else
			insert into kept.delivery (district_id, message_id, outcome, reason, attempts)
			values (b.district_id, b.messages[b.settled + 1], 'failed', 'compose', number)
			on conflict do nothing;
		end if;
end
$$;
comment on function kept.window_try(uuid, uuid, text) is
	'As kept.window_open; a message that cannot be made is parted from the others, tried again, and after its tries recorded as failed.';
grant execute on function kept.window_try(uuid, uuid, text) to kept_worker;
