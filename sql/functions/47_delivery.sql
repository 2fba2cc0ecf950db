-- 47: events, and what became of each message.

create or replace function kept.event_json(e kept.event) returns json
language sql stable
as $$
	select json_build_object(
		'id', e.id,
		'type', e.type,
		'commitment_id', e.commitment_id,
		'school_id', e.school_id,
		'group', e.group_code,
		'data', e.data,
		'actor', e.actor,
		'created_at', kept.instant(e.created_at))
$$;
comment on function kept.event_json(kept.event) is 'An event as the API tells it.';
grant execute on function kept.event_json(kept.event) to kept_api;

-- Served by the primary keys of event and commitment.
create or replace function kept.event_read(id uuid) returns kept.reply
language plpgsql stable
as $$
declare
	e kept.event;
begin
	select * into e
	from kept.event t
	where t.district_id = kept.district()
	and t.id = event_read.id
	and (
		kept.role() = 'admin'
		or exists (
			select
			from kept.commitment c
			where c.district_id = t.district_id
			and c.id = t.commitment_id));
	return kept.found(case when e.id is not null then kept.event_json(e)::text end, 1, 'event');
end
$$;
comment on function kept.event_read(uuid) is 'GET /v1/events/{id}: an event is told to whom its commitment is told, and to admins.';
grant execute on function kept.event_read(uuid) to kept_api;

-- Messages, and reminders and notices that have an id and no message yet: they are frozen at their first attempt.
-- Served by the primary keys of message, delivery, waiting and by reminder_message and notice_message.
create or replace view kept.outgoing with (security_invoker = true) as
	select
		m.district_id, m.id, m.kind, m.channel, m.endpoint_id, m.contact_id, m.event_id,
		e.type as event_type,
		coalesce(r.commitment_id, e.commitment_id, case when n.kind <> 'invitation' then n.subject_id end) as commitment_id,
		r.rung, r.due_on,
		coalesce(r.recipient_id, n.recipient_id) as recipient_id,
		coalesce(r.recipient_kind, n.recipient_kind) as recipient_kind,
		case when d.outcome is not null then d.outcome when w.why = 'retry' then 'retrying' else 'pending' end as state,
		d.reason,
		coalesce(d.attempts, (select count(*) from kept.attempt a where a.district_id = m.district_id and a.message_id = m.id)::int) as attempts,
		w.ready_at as next_attempt_at,
		d.settled_at,
		m.created_at,
		n.kind as notice,
		case when n.kind = 'invitation' then n.subject_id end as invitation_id
	from kept.message m
	left join kept.event e on e.district_id = m.district_id and e.id = m.event_id
	left join kept.reminder r on r.district_id = m.district_id and r.message_id = m.id
	left join kept.notice n on n.district_id = m.district_id and n.message_id = m.id
	left join kept.delivery d on d.district_id = m.district_id and d.message_id = m.id
	left join kept.waiting w on w.district_id = m.district_id and w.message_id = m.id
	union all
	select
		r.district_id, r.message_id, 'reminder', r.channel, null, r.contact_id, null,
		null,
		r.commitment_id,
		r.rung, r.due_on, r.recipient_id, r.recipient_kind,
		coalesce(d.outcome, 'pending'),
		d.reason,
		coalesce(d.attempts, 0),
		w.ready_at,
		d.settled_at,
		r.planned_at,
		null,
		null
	from kept.reminder r
	left join kept.delivery d on d.district_id = r.district_id and d.message_id = r.message_id
	left join kept.waiting w on w.district_id = r.district_id and w.message_id = r.message_id
	where r.message_id is not null
	and r.channel in ('email', 'webhook')
	and not exists (
		select
		from kept.message m
		where m.district_id = r.district_id
		and m.id = r.message_id)
	union all
	select
		n.district_id, n.message_id, 'notice', n.channel, null, n.contact_id, null,
		null,
		case when n.kind <> 'invitation' then n.subject_id end,
		null, null, n.recipient_id, n.recipient_kind,
		coalesce(d.outcome, 'pending'),
		d.reason,
		coalesce(d.attempts, 0),
		w.ready_at,
		d.settled_at,
		n.created_at,
		n.kind,
		case when n.kind = 'invitation' then n.subject_id end
	from kept.notice n
	left join kept.delivery d on d.district_id = n.district_id and d.message_id = n.message_id
	left join kept.waiting w on w.district_id = n.district_id and w.message_id = n.message_id
	where n.message_id is not null
	and not exists (
		select
		from kept.message m
		where m.district_id = n.district_id
		and m.id = n.message_id);
comment on view kept.outgoing is 'Every message with what became of it, reminders and notices that wait for their first attempt included.';
comment on column kept.outgoing.district_id is 'The tenant.';
comment on column kept.outgoing.id is 'The message.';
comment on column kept.outgoing.kind is 'Reminder, notice or event.';
comment on column kept.outgoing.channel is 'How it goes.';
comment on column kept.outgoing.endpoint_id is 'Kind event: the subscription.';
comment on column kept.outgoing.contact_id is 'Kinds reminder and notice: the contact.';
comment on column kept.outgoing.event_id is 'Kind event: the event.';
comment on column kept.outgoing.event_type is 'Kind event: its type.';
comment on column kept.outgoing.commitment_id is 'What it is about.';
comment on column kept.outgoing.rung is 'Kind reminder: which rung of the ladder.';
comment on column kept.outgoing.due_on is 'Kind reminder: the due date reminded of.';
comment on column kept.outgoing.recipient_id is 'Kinds reminder and notice: person or organisation.';
comment on column kept.outgoing.recipient_kind is 'What recipient_id is.';
comment on column kept.outgoing.state is 'Pending, retrying, or how it ended.';
comment on column kept.outgoing.reason is 'Why, where it was not sent.';
comment on column kept.outgoing.attempts is 'How often it was tried.';
comment on column kept.outgoing.next_attempt_at is 'When it will be tried, where that is known.';
comment on column kept.outgoing.settled_at is 'When it ended.';
comment on column kept.outgoing.created_at is 'When it was frozen or planned.';
comment on column kept.outgoing.notice is 'Kind notice: invitation, kept, late or handover.';
comment on column kept.outgoing.invitation_id is 'Notice invitation: which.';
grant select on kept.outgoing to kept_api;

create or replace function kept.delivery_json(o kept.outgoing) returns json
language sql stable
as $$
	select json_build_object(
		'id', o.id,
		'kind', o.kind,
		'channel', o.channel,
		'state', o.state,
		'reason', o.reason,
		'notice', o.notice,
		'invitation_id', o.invitation_id,
		'commitment_id', o.commitment_id,
		'rung', o.rung,
		'due_on', o.due_on,
		'recipient_id', o.recipient_id,
		'recipient_kind', o.recipient_kind,
		'contact_id', o.contact_id,
		'endpoint_id', o.endpoint_id,
		'event_id', o.event_id,
		'event_type', o.event_type,
		'attempt_count', o.attempts,
		'next_attempt_at', kept.instant(o.next_attempt_at),
		'created_at', kept.instant(o.created_at),
		'settled_at', kept.instant(o.settled_at))
$$;
comment on function kept.delivery_json(kept.outgoing) is 'A delivery as the API tells it: recipients by id only, never an address.';
grant execute on function kept.delivery_json(kept.outgoing) to kept_api;

-- Served by attempt_message.
create or replace function kept.delivery_read(id uuid) returns kept.reply
language plpgsql stable
as $$
declare
	o kept.outgoing;
	body text;
begin
	select * into o
	from kept.outgoing t
	where t.district_id = kept.district()
	and t.id = delivery_read.id;
	if o.id is null then
		perform kept.not_found('delivery');
	end if;
	body := jsonb_set(kept.delivery_json(o)::jsonb, '{attempts}', coalesce((
		select jsonb_agg(jsonb_build_object(
			'number', a.number,
			'outcome', a.outcome,
			'status', a.status,
			'error', a.error,
			'answer', a.answer,
			'duration_ms', a.duration_ms,
			'next_at', kept.instant(a.next_at),
			'created_at', kept.instant(a.created_at)) order by a.number, a.id)
		from kept.attempt a
		where a.district_id = kept.district()
		and a.message_id = delivery_read.id), '[]'));
	return kept.found(body, 1 + o.attempts, 'delivery');
end
$$;
comment on function kept.delivery_read(uuid) is 'GET /v1/deliveries/{id}: with its attempts.';
grant execute on function kept.delivery_read(uuid) to kept_api;
