-- Notices in their windows: the last look at the truth of what is told beside the ladder, and what it would say.

-- By notice_message and primary keys; in plpgsql, so that a window of reminders does not pay for its plan.
create or replace function kept.notice_now(district uuid, messages uuid[], public_url text)
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
language plpgsql stable
rows 64
as $$
#variable_conflict use_column
begin
	if messages is null then
		return;
	end if;
	return query
	select n.message_id,
		case
			when n.kind = 'invitation' and i.id is null then 'invitation_removed'
			when n.kind = 'invitation' and meeting.status = 'cancelled' then 'meeting_cancelled'
			when n.kind <> 'invitation' and c.id is null then 'commitment_removed'
			when n.kind = 'kept' and c.status not in ('completed', 'verified') then 'no_longer_completed'
			when n.kind in ('late', 'handover') and c.status in ('completed', 'verified') then 'completed'
			when n.kind in ('late', 'handover') and c.status in ('declined', 'withdrawn') then 'no_longer_due'
			when n.kind = 'late' and to_char(c.due_on, 'YYYY-MM-DD') is distinct from n.occurrence then 'moved'
			when n.kind = 'late' and c.status = 'proposed' then 'no_longer_due'
			when n.kind <> 'invitation' and party.role is null then 'party_removed'
			when k.id is null then 'contact_removed'
			when k.gone_at is not null then 'contact_gone'
			when k.paused then 'contact_paused'
			when kept.now() >= useful.until then 'stale'
		end,
		useful.until, n.channel, n.contact_id, k.address, k.secret,
		case when n.channel = 'email' then
			jsonb_build_object(
				'kind', 'notice',
				'notice', n.kind,
				'language', coalesce(i.language, reader.language),
				'time_zone', reader.zone,
				'date', to_char(kept.now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
				'to', jsonb_build_object('name', coalesce(reader.name, ''), 'address', k.address),
				'reply_to', case when reply.address is not null then
					jsonb_build_object('name', coalesce(reply.name, ''), 'address', reply.address) end,
				'sender', jsonb_build_object('district', d.name, 'school', school.name))
			|| case
				when i.id is not null then
					jsonb_build_object('invitation', jsonb_build_object('id', i.id, 'subject', i.subject,
						'text', replace(i.text, '{sheet}', public_url || '/s/' || plan.sheet_code)))
				else
					jsonb_build_object('commitment', jsonb_build_object(
						'id', c.id,
						'title', c.title,
						'group', c.group_code,
						'group_name', coalesce(kept.group_name(c.group_code, reader.languages), c.group_code),
						'due_on', c.due_on,
						'completed_on', c.completed_on,
						'days', c.due_on - (kept.now() at time zone reader.zone)::date,
						'owner', owner.name,
						'role', party.role,
						'when_where_how', case when n.kind = 'handover' then c.when_where_how end))
			end
		end,
		case when n.channel = 'webhook' then
			case n.kind
				when 'invitation' then
					kept.payload('plan.invitation', kept.now(), jsonb_build_object(
						'invitation_id', i.id,
						'plan_id', i.plan_id,
						'meeting_id', i.meeting_id,
						'title', plan.title,
						'group', i.group_code,
						'language', i.language,
						'school_id', school.id,
						'school', school.name,
						'meeting_on', meeting.held_on,
						'link', '/v1/plans/' || i.plan_id), public_url)
				else
					kept.payload(
						case n.kind when 'kept' then 'commitment.kept' when 'late' then 'commitment.late' else 'commitment.handed_over' end,
						kept.now(), kept.event_data(n.district_id, n.subject_id), public_url)
			end
		end,
		n.traceparent, n.tracestate
	from unnest(notice_now.messages) as wanted (id)
	cross join lateral (
		select *
		from kept.notice x
		where x.district_id = notice_now.district
		and x.message_id = wanted.id
		limit 1) n
	join kept.district d on d.id = n.district_id
	left join kept.invitation i on n.kind = 'invitation' and i.district_id = n.district_id and i.id = n.subject_id
	left join kept.plan plan on plan.district_id = i.district_id and plan.id = i.plan_id
	left join kept.meeting meeting on meeting.district_id = i.district_id and meeting.id = i.meeting_id
	left join kept.commitment c on n.kind <> 'invitation' and c.district_id = n.district_id and c.id = n.subject_id
	left join kept.school school on school.district_id = n.district_id
		and school.id = coalesce(meeting.school_id, plan.school_id, c.school_id)
	left join kept.contact k on k.district_id = n.district_id and k.id = n.contact_id
		and coalesce(k.person_id, k.organisation_id) = n.recipient_id
	left join kept.person person on person.district_id = k.district_id and person.id = k.person_id
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
		-- An invitation is of use until the meeting's day ends; other news for a week or two.
		select case
			when meeting.id is not null then
				kept.local_instant(meeting.held_on + 1, '00:00', coalesce(school.time_zone, d.time_zone))
			when n.kind in ('invitation', 'handover') then n.created_at + interval '14 days'
			else n.created_at + interval '7 days'
		end as until) useful
	left join lateral (
		-- To whom it is owed hears of a promise kept or late; who has a part in it, that it was handed over.
		select p.role
		from kept.party p
		where p.district_id = c.district_id
		and p.commitment_id = c.id
		and (p.person_id = n.recipient_id or p.organisation_id = n.recipient_id)
		and (p.role = 'beneficiary') = (n.kind <> 'handover')
		order by case p.role when 'owner' then 1 when 'helper' then 2 else 3 end
		limit 1) party on true
	left join lateral (
		-- Institutions and groups are named, never a person.
		select coalesce(whose.name, kept.group_name(p.group_code, reader.languages), p.group_code) as name
		from kept.party p
		left join kept.organisation whose on whose.district_id = p.district_id and whose.id = p.organisation_id
		where p.district_id = c.district_id
		and p.commitment_id = c.id
		and p.role = 'owner'
		and p.person_id is null
		limit 1) owner on true
	left join lateral (
		-- Who gets an answer: the coordinator of the school, else of the district; of what was handed over, first who answers
		-- for it. Never the reader, and never who owes.
		select answers.name, box.address
		from (
			select 1 as place, p.person_id
			from kept.party p
			where n.kind = 'handover'
			and o.id is null
			and p.district_id = c.district_id
			and p.commitment_id = c.id
			and p.role = 'accountable'
			union all
			select 2, school.coordinator_id
			union all
			select 3, d.coordinator_id) near
		join kept.person answers on answers.district_id = n.district_id and answers.id = near.person_id
		join kept.contact box on box.district_id = answers.district_id and box.person_id = answers.id
			and box.channel = 'email' and box.gone_at is null
		where near.person_id <> n.recipient_id
		order by near.place, near.person_id, box.position, box.id
		limit 1) reply on true;
end
$$;
comment on function kept.notice_now(uuid, uuid[], text) is
	'Notices as the truth stands now: why one is not to be sent any more (NULL: it is), and what it would say.';
grant execute on function kept.notice_now(uuid, uuid[], text) to kept_worker;

create or replace function kept.notice_reroute(district uuid, message uuid)
returns table (message_id uuid, channel text, contact_id uuid)
language plpgsql volatile
rows 1
as $$
#variable_conflict use_column
begin
	-- Still true, but its contact is not: it goes to the next one that may be used, as a message of its own. By notice_message.
	return query
	update kept.notice n
	set message_id = kept.uuid7(), contact_id = next.contact_id
	from (
		select *
		from kept.notice x
		where x.district_id = notice_reroute.district
		and x.message_id = notice_reroute.message
		limit 1) old
	cross join lateral kept.contact_choice(old.district_id, old.recipient_id, old.recipient_id) next
	where next.usable
	and next.channel = old.channel
	and n.district_id = old.district_id
	and n.kind = old.kind
	and n.subject_id = old.subject_id
	and n.occurrence = old.occurrence
	and n.recipient_id = old.recipient_id
	and n.channel = old.channel
	returning n.message_id, n.channel, n.contact_id;
end
$$;
comment on function kept.notice_reroute(uuid, uuid) is
	'Gives a notice whose contact changed to the recipient''s next contact of the channel: its new message; no row where there is none.';
grant execute on function kept.notice_reroute(uuid, uuid) to kept_worker;

create or replace function kept.notices_failed(district uuid, messages uuid[]) returns void
language plpgsql volatile
as $$
declare
	n record;
begin
	-- By notice_message.
	for n in
		select notice.kind, notice.subject_id, notice.channel, d.reason,
			case
				when notice.kind = 'invitation' then (
					select jsonb_build_object('invitation_id', i.id, 'plan_id', i.plan_id, 'group', i.group_code,
						'link', '/v1/plans/' || i.plan_id)
					from kept.invitation i
					where i.district_id = notice.district_id
					and i.id = notice.subject_id)
				else kept.event_data(notice.district_id, notice.subject_id)
			end as data
		from unnest(notices_failed.messages) as failed (id)
		cross join lateral (
			select *
			from kept.notice x
			where x.district_id = notices_failed.district
			and x.message_id = failed.id
			limit 1) notice
		join kept.delivery d on d.district_id = notice.district_id and d.message_id = notice.message_id
	loop
		perform kept.emit_in(notices_failed.district, 'notice.failed', case when n.kind <> 'invitation' then n.subject_id end,
			coalesce(n.data, '{}') || jsonb_build_object('notice', n.kind, 'channel', n.channel, 'reason', n.reason));
	end loop;
end
$$;
comment on function kept.notices_failed(uuid, uuid[]) is 'Tells endpoints of notices that could not be delivered; never to whom.';
grant execute on function kept.notices_failed(uuid, uuid[]) to kept_worker;
