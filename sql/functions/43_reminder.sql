-- 43: reminding by hand, and what was and will be reminded of a commitment.

-- Served by the primary keys of party and of those it names.
create or replace function kept.commitment_reachable(c kept.commitment)
returns table (recipient_id uuid, recipient_kind text, party_role text, local_day date, channel text, contact_id uuid, dropped text)
language sql stable
rows 4
as $$
	-- One row for each owner or helper and channel.
	with recipient as (
		select distinct on (coalesce(p.person_id, p.organisation_id, md5(concat(p.group_code, '/', p.school_id))::uuid))
			coalesce(p.person_id, p.organisation_id, md5(concat(p.group_code, '/', p.school_id))::uuid) as recipient_id,
			case when p.person_id is not null then 'person' when p.organisation_id is not null then 'organisation' else 'group' end as recipient_kind,
			p.role as party_role,
			p.person_id, p.organisation_id,
			kept.today_in(coalesce(person.time_zone, organisation.time_zone,
				kept.zone_of(c.district_id, case when p.organisation_id is not null then organisation.school_id when p.group_code is not null then c.school_id end))) as local_day
		from kept.party p
		left join kept.person on person.district_id = p.district_id and person.id = p.person_id
		left join kept.organisation on organisation.district_id = p.district_id and organisation.id = p.organisation_id
		where p.district_id = c.district_id
		and p.commitment_id = c.id
		and p.role in ('owner', 'helper')
		order by 1, p.role desc
	)
	select r.recipient_id, r.recipient_kind, r.party_role, r.local_day, coalesce(k.channel, 'none'), k.contact_id,
		case when k.contact_id is null then 'no_contact' when not k.usable then 'paused' end
	from recipient r
	left join lateral kept.contact_choice(c.district_id, r.person_id, r.organisation_id) k on true
$$;
comment on function kept.commitment_reachable(kept.commitment) is
	'Owner and helpers of a commitment with today''s date where they are, and the contact of each channel; dropped: no_contact or paused.';
grant execute on function kept.commitment_reachable(kept.commitment) to kept_api;

-- Served by the primary key of reminder.
create or replace function kept.commitment_remind(request jsonb, id uuid, body jsonb) returns kept.reply
language plpgsql volatile
as $$
declare
	reply kept.reply;
	c kept.commitment;
	r record;
	message uuid;
	rows bigint;
	asked boolean := false;
	asked_by text;
	told jsonb := '[]';
begin
	reply := kept.once(request);
	if reply.status is not null then
		return reply;
	end if;
	c := kept.commitment_lock(commitment_remind.id);
	if kept.commitment_closed(c.status) then
		perform kept.refuse(409, format('It is %s: there is nothing to remind of.', c.status));
	elsif c.due_on is null then
		perform kept.refuse(409, 'It has no due date yet. Set one, then remind.');
	end if;
	asked_by := kept.see_as('admin');
	for r in
		select *
		from kept.commitment_reachable(c) x
		order by x.recipient_id, x.channel
	loop
		message := case when r.dropped is null then kept.uuid7() end;
		-- Once a day, also when the due date was moved in between.
		insert into kept.reminder (district_id, commitment_id, due_on, rung, recipient_id, channel, recipient_kind, party_role, contact_id, due_at,
			message_id, dropped, traceparent, tracestate)
		select c.district_id, c.id, c.due_on, today.rung, r.recipient_id, r.channel, r.recipient_kind, r.party_role,
			r.contact_id, kept.now(), message, r.dropped, kept.traceparent(), kept.tracestate()
		from (values ('NOW-' || to_char(r.local_day, 'YYYY-MM-DD'))) as today (rung)
		where not exists (
			select
			from kept.reminder x
			where x.district_id = c.district_id
			and x.commitment_id = c.id
			and x.rung = today.rung
			and x.recipient_id = r.recipient_id
			and x.channel = r.channel)
		on conflict do nothing;
		get diagnostics rows = row_count;
		if rows > 0 and message is not null then
			insert into kept.waiting (district_id, message_id, lane_id, ready_at, why)
			values (c.district_id, message, kept.lane_for(c.district_id, r.channel, r.contact_id, null), kept.now(), 'asked');
		end if;
		asked := asked or rows > 0;
		told := told || jsonb_build_object(
			'recipient_id', r.recipient_id,
			'recipient_kind', r.recipient_kind,
			'role', r.party_role,
			'channel', r.channel,
			'queued', rows > 0 and message is not null,
			'reason', case when rows = 0 then 'already_reminded' else r.dropped end);
	end loop;
	perform kept.see_as(asked_by);
	if not asked then
		perform kept.refuse(409, 'Everybody was asked today already. Once a day is enough: try again tomorrow.', null, 'already-reminded');
	end if;
	reply.status := 202;
	reply.body := jsonb_build_object('commitment_id', c.id, 'recipients', told);
	return kept.once_store(request, reply, c.id);
end
$$;
comment on function kept.commitment_remind(jsonb, uuid, jsonb) is
	'POST /v1/commitments/{id}/remind, its body is an empty object: queues one message a channel for owner and helpers, once a day each; the reminder rows are the record.';
grant execute on function kept.commitment_remind(jsonb, uuid, jsonb) to kept_api;

-- Served by the primary keys of reminder, delivery, waiting.
create or replace function kept.commitment_reminders(commitment kept.commitment)
returns table (due_at timestamptz, due_on date, rung text, recipient_id uuid, channel text, item json)
language plpgsql stable
rows 50
as $$
#variable_conflict use_column
declare
	asked_by text := kept.see_as('admin');
	own uuid := kept.scope_organisation();
begin
	return query
	select x.due_at, x.due_on, x.rung, x.recipient_id, x.channel,
		json_build_object(
			'rung', x.rung,
			'due_on', x.due_on,
			'due_at', kept.instant(x.due_at),
			'recipient_id', case when asked_by <> 'partner' or x.recipient_id = own then x.recipient_id end,
			'recipient_kind', x.recipient_kind,
			'role', x.party_role,
			'channel', x.channel,
			'state', x.state,
			'reason', x.reason,
			'settled_at', kept.instant(x.settled_at),
			'message_id', case when asked_by <> 'partner' or x.recipient_id = own then x.message_id end)
	from (
		select r.due_at, r.due_on, r.rung, r.recipient_id, r.recipient_kind, r.party_role, r.channel, r.message_id, d.settled_at,
			case
				when r.dropped is not null then 'not_sent'
				when d.outcome = 'sent' then 'sent'
				when d.outcome is not null then 'not_sent'
				when w.why = 'retry' then 'retrying'
				else 'queued'
			end as state,
			case
				when r.dropped is not null then r.dropped
				when d.outcome <> 'sent' then concat_ws(': ', d.outcome, d.reason)
			end as reason
		from kept.reminder r
		left join kept.delivery d on d.district_id = r.district_id and d.message_id = r.message_id
		left join kept.waiting w on w.district_id = r.district_id and w.message_id = r.message_id
		where r.district_id = commitment.district_id
		and r.commitment_id = commitment.id
		and r.channel <> 'event'
		and r.party_role is distinct from 'beneficiary'
		union all
		select l.due_at, l.due_on, l.rung, l.recipient_id, l.recipient_kind, l.party_role, l.channel, null, null, 'to_come',
			l.dropped
		from kept.ladder_many(array[commitment.district_id], array[commitment.id]) l
		where l.channel <> 'event'
		and l.party_role is distinct from 'beneficiary'
		and l.local_day >= l.starts_on
		and not exists (
			select
			from kept.reminder r
			where r.district_id = l.district_id
			and r.commitment_id = l.commitment_id
			and r.due_on = l.due_on
			and r.rung = l.rung
			and r.recipient_id is not distinct from l.recipient_id)) x;
	perform kept.see_as(asked_by);
end
$$;
comment on function kept.commitment_reminders(kept.commitment) is
	'What was and will be reminded of a commitment, by person and channel: sent, retrying, queued, not_sent with its reason, to_come.';
grant execute on function kept.commitment_reminders(kept.commitment) to kept_api;

create or replace function kept.reminder_list(id uuid, after text, page_size int) returns kept.reply
language plpgsql stable
as $$
declare
	c kept.commitment;
	reply kept.reply;
begin
	select * into c
	from kept.commitment
	where commitment.district_id = kept.district()
	and commitment.id = reminder_list.id;
	if c.id is null then
		perform kept.not_found('commitment');
	end if;
	reply.status := 200;
	select coalesce(json_agg(p.item order by p.place) filter (where p.place <= page_size)::text, '[]'),
		case when count(*) > page_size then max(p.keyset) filter (where p.place = page_size) end
	into reply.body, reply.next
	from (
		select r.item, row_number() over (order by r.due_at, r.due_on, r.rung, r.recipient_id, r.channel) as place,
			kept.keyset(r.due_at::text, r.due_on::text, r.rung, r.recipient_id::text, r.channel) as keyset
		from kept.commitment_reminders(c) r
		where after is null
		or (r.due_at, r.due_on, r.rung, r.recipient_id, r.channel) > (
			kept.keyset_part(after, 0)::timestamptz, kept.keyset_part(after, 1)::date, kept.keyset_part(after, 2), kept.keyset_part(after, 3)::uuid,
			kept.keyset_part(after, 4))
		order by r.due_at, r.due_on, r.rung, r.recipient_id, r.channel
		limit page_size + 1) p;
	return reply;
end
$$;
comment on function kept.reminder_list(uuid, text, int) is 'GET /v1/commitments/{id}/reminders, by when they were or will be due.';
grant execute on function kept.reminder_list(uuid, text, int) to kept_api;
