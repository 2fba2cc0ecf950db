-- 49: notices: what is told once beside the ladder: an invitation, a promise kept or late, a promise handed over.

-- Served by contact_person and contact_organisation and by primary keys, one row after the other through LATERAL and LIMIT:
-- a plan made while a table was small would read all of it for each recipient.
create or replace function kept.notice_send_many(district uuid, kind text, subject uuid, occurrence text, persons uuid[], organisations uuid[])
returns table (recipient_id uuid, result text)
language plpgsql volatile
rows 10
as $$
#variable_conflict use_column
declare
	asked_by text := kept.see_as('admin');
	recipients uuid[] := array(
		select distinct x
		from unnest(persons || organisations) as x
		where x is not null);
	channels text[];
	destinations text[];
	messages uuid[];
begin
	-- Its key is its meaning: of two that tell the same only one writes it, and only what was written goes on.
	with chosen as (
		select r.recipient_id, r.recipient_kind, coalesce(k.channel, 'none') as channel, k.contact_id,
			case when k.contact_id is null then 'no_contact' when not k.usable then 'paused' end as dropped
		from (
			select p.id, 'person', p.id, null::uuid
			from unnest(persons) as p (id)
			union all
			select o.id, 'organisation', null, o.id
			from unnest(organisations) as o (id)) as r (recipient_id, recipient_kind, person_id, organisation_id)
		left join lateral kept.contact_choice(notice_send_many.district, r.person_id, r.organisation_id) k on true
		where r.recipient_id is not null
	),
	recorded as (
		insert into kept.notice (district_id, kind, subject_id, occurrence, recipient_id, recipient_kind, channel, contact_id,
			message_id, dropped, traceparent, tracestate)
		select notice_send_many.district, notice_send_many.kind, notice_send_many.subject, notice_send_many.occurrence,
			c.recipient_id, c.recipient_kind, c.channel, c.contact_id, case when c.dropped is null then kept.uuid7() end, c.dropped,
			kept.traceparent(), kept.tracestate()
		from chosen c
		order by c.recipient_id, c.channel
		on conflict do nothing
		returning *
	)
	select array_agg(r.channel), array_agg(kept.lane_destination(r.channel, k.address, k.id)), array_agg(r.message_id)
	into channels, destinations, messages
	from recorded r
	cross join lateral (
		select *
		from kept.contact x
		where x.district_id = r.district_id
		and x.id = r.contact_id
		limit 1) k
	where r.message_id is not null;
	if messages is not null then
		perform kept.lanes_ensure(array_fill(notice_send_many.district, array[cardinality(messages)]), channels, destinations);
		insert into kept.waiting (district_id, message_id, lane_id, ready_at, why)
		select l.district_id, a.message_id, l.id, kept.now(), 'asked'
		from unnest(channels, destinations, messages) as a (channel, destination, message_id)
		cross join lateral (
			select *
			from kept.lane x
			where x.district_id = notice_send_many.district
			and x.channel = a.channel
			and x.destination = a.destination
			limit 1) l;
	end if;
	return query
	select n.recipient_id,
		case
			when bool_or(n.message_id = any (messages)) then 'queued'
			when bool_or(n.message_id is not null) then 'told_already'
			else max(n.dropped)
		end
	from kept.notice n
	where n.district_id = notice_send_many.district
	and n.kind = notice_send_many.kind
	and n.subject_id = notice_send_many.subject
	and n.occurrence = notice_send_many.occurrence
	and n.recipient_id = any (recipients)
	group by n.recipient_id;
	perform kept.see_as(asked_by);
end
$$;
comment on function kept.notice_send_many(uuid, text, uuid, text, uuid[], uuid[]) is
	'Tells people and organisations something once for each subject and occurrence, by every channel that they have: queued, told_already, paused, no_contact.';
grant execute on function kept.notice_send_many(uuid, text, uuid, text, uuid[], uuid[]) to kept_api, kept_worker;

create or replace function kept.notice_send(kind text, subject uuid, occurrence text, person uuid, organisation uuid) returns text
language plpgsql volatile
as $$
begin
	return (
		select told.result
		from kept.notice_send_many(kept.district(), notice_send.kind, notice_send.subject, notice_send.occurrence,
			array[notice_send.person], array[notice_send.organisation]) told);
end
$$;
comment on function kept.notice_send(text, uuid, text, uuid, uuid) is 'As kept.notice_send_many, for one recipient in the caller''s district.';
grant execute on function kept.notice_send(text, uuid, text, uuid, uuid) to kept_api, kept_worker;
