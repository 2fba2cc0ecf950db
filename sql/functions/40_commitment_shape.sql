-- 40: what a commitment looks like: its due state, its outcome, its parties, its JSON.

create or replace function kept.commitment_closed(status text) returns boolean
language sql immutable parallel safe
as $$ select status in ('completed', 'verified', 'declined', 'withdrawn') $$;
comment on function kept.commitment_closed(text) is 'Whether nothing is due any more in this status.';
grant execute on function kept.commitment_closed(text) to kept_api, kept_worker;

create or replace function kept.due_state(status text, due_on date, today date) returns text
language sql immutable parallel safe
as $$
	select case
		when status in ('completed', 'verified', 'declined', 'withdrawn') then 'closed'
		when due_on is null then 'not_set'
		when due_on < today then 'overdue'
		when due_on = today then 'due_today'
		when due_on <= today + 7 then 'due_soon'
		else 'set'
	end
$$;
comment on function kept.due_state(text, date, date) is 'closed, not_set, overdue, due_today, due_soon (within 7 days) or set; today is a date in the commitment''s zone.';
grant execute on function kept.due_state(text, date, date) to kept_api, kept_worker;

-- Bounds that hold in every zone, so that an index serves a list of one due state.
create or replace function kept.due_floor(state text) returns date
language sql stable parallel safe
as $$
	select case state
		when 'not_set' then 'infinity'
		when 'due_today' then kept.today_in('UTC') - 1
		when 'due_soon' then kept.today_in('UTC')
		when 'set' then kept.today_in('UTC') + 7
		else '-infinity'
	end::date
$$;
comment on function kept.due_floor(text) is 'The earliest due date in that state in any zone; infinity stands for no date.';
grant execute on function kept.due_floor(text) to kept_api;

create or replace function kept.due_ceiling(state text) returns date
language sql stable parallel safe
as $$
	select case state
		when 'overdue' then kept.today_in('UTC')
		when 'due_today' then kept.today_in('UTC') + 1
		when 'due_soon' then kept.today_in('UTC') + 8
		else 'infinity'
	end::date
$$;
comment on function kept.due_ceiling(text) is 'The latest due date in that state in any zone; infinity stands for no date.';
grant execute on function kept.due_ceiling(text) to kept_api;

create or replace function kept.commitment_outcome(status text, completed_on date, first_due_on date, due_on date) returns text
language sql immutable parallel safe
as $$
	select case
		when status in ('declined', 'withdrawn') then 'let_go'
		when status not in ('completed', 'verified') or first_due_on is null then null
		when completed_on <= first_due_on then 'kept'
		when completed_on <= due_on then 'kept_later'
		else 'late'
	end
$$;
comment on function kept.commitment_outcome(text, date, date, date) is
	'kept: completed by the first due date; kept_later: by the date it was moved to; late; let_go: declined or withdrawn; NULL: open, or without a date.';
grant execute on function kept.commitment_outcome(text, date, date, date) to kept_api, kept_worker;

-- Served by the primary keys of person, organisation, school.
create or replace function kept.party_json(p kept.party, languages text default null) returns json
language plpgsql stable
as $$
begin
	if p.person_id is not null then
		return json_build_object(
			'person_id', p.person_id,
			'name', (select n.name from kept.person n where n.district_id = p.district_id and n.id = p.person_id));
	elsif p.organisation_id is not null then
		return json_build_object(
			'organisation_id', p.organisation_id,
			'name', (select n.name from kept.organisation n where n.district_id = p.district_id and n.id = p.organisation_id));
	end if;
	return json_build_object(
		'group', p.group_code,
		'school_id', p.school_id,
		'name', concat_ws(', ', kept.group_name(p.group_code, kept.language_choice(languages)),
			(select s.name from kept.school s where s.district_id = p.district_id and s.id = p.school_id)));
end
$$;
comment on function kept.party_json(kept.party, text) is 'Who a party is: person_id, organisation_id or group and school_id, and a name to show.';
grant execute on function kept.party_json(kept.party, text) to kept_api;

-- For a whole page at once, which takes a tenth of the time of one by one. Served by the primary keys of reminder_clock,
-- party, reminder. The clock is never later than the truth: nothing on the clock, nothing to come.
create or replace function kept.next_reminders(commitments uuid[]) returns table (commitment_id uuid, next_at timestamptz)
language plpgsql stable
rows 50
as $$
#variable_conflict use_column
declare
	open uuid[];
	asked_by text;
begin
	select array_agg(k.commitment_id) into open
	from kept.reminder_clock k
	where k.district_id = kept.district()
	and k.commitment_id = any (commitments)
	and k.next_at is not null;
	if open is null then
		return;
	end if;
	asked_by := kept.see_as('admin');
	return query
	select l.commitment_id, min(l.due_at)
	from kept.ladder_many(array_fill(kept.district(), array[cardinality(open)]), open) l
	where l.channel in ('email', 'webhook')
	and l.dropped is null
	and l.local_day >= l.starts_on
	and not exists (
		select
		from kept.reminder r
		where r.district_id = l.district_id
		and r.commitment_id = l.commitment_id
		and r.due_on = l.due_on
		and r.rung = l.rung
		and r.recipient_id is not distinct from l.recipient_id)
	group by l.commitment_id;
	perform kept.see_as(asked_by);
end
$$;
comment on function kept.next_reminders(uuid[]) is 'When somebody is next reminded of each of these commitments; those without a reminder to come are left out.';
grant execute on function kept.next_reminders(uuid[]) to kept_api;

-- For a plan's commitments only: what was agreed by a group still needs somebody who does it.
create or replace function kept.commitment_asks(c kept.commitment, of_group boolean) returns text[]
language sql immutable parallel safe
as $$
	select case
		when c.plan_item_id is null or kept.commitment_closed(c.status) then '{}'
		else array_remove(array[
			case when of_group then 'owner' end,
			case when c.due_on is null then 'due_on' end,
			case when c.when_where_how is null then 'when_where_how' end], null)
	end
$$;
comment on function kept.commitment_asks(kept.commitment, boolean) is
	'What an open commitment of a plan still asks for: owner (while that is a whole group), due_on, when_where_how.';
grant execute on function kept.commitment_asks(kept.commitment, boolean) to kept_api, kept_worker;

create or replace function kept.commitment_json(c kept.commitment, languages text, next_reminder_at timestamptz) returns json
language plpgsql stable
as $$
declare
	owner json;
	others json;
begin
	if c.id is null then
		return null;
	end if;
	select p.owner -> 0, coalesce(p.others, '[]')
	into owner, others
	from (
		select
			json_agg(kept.party_json(party, languages)) filter (where party.role = 'owner') as owner,
			json_agg(jsonb_build_object('role', party.role) || kept.party_json(party, languages)::jsonb order by party.role, party.id)
				filter (where party.role <> 'owner') as others
		from kept.party
		where party.district_id = c.district_id
		and party.commitment_id = c.id) p;
	return json_build_object(
		'id', c.id,
		'group', c.group_code,
		'title', c.title,
		'description', c.description,
		'when_where_how', c.when_where_how,
		'school_id', c.school_id,
		'action_id', c.action_id,
		'status', c.status,
		'status_reason', c.status_reason,
		'due_on', c.due_on,
		'first_due_on', c.first_due_on,
		'times_moved', c.times_moved,
		'due_state', kept.due_state(c.status, c.due_on, kept.today_in(kept.zone_of(c.district_id, c.school_id))),
		'completed_on', c.completed_on,
		'outcome', kept.commitment_outcome(c.status, c.completed_on, c.first_due_on, c.due_on),
		'visibility', c.visibility,
		'owner', owner,
		'parties', others,
		'series', c.series,
		'plan_id', c.plan_id,
		'plan_item_id', c.plan_item_id,
		'kind', c.kind,
		'together', kept.commitment_together(c),
		'asks', kept.commitment_asks(c, owner ->> 'group' is not null),
		'next_reminder_at', kept.instant(next_reminder_at),
		'version', c.version,
		'created_at', kept.instant(c.created_at),
		'updated_at', kept.instant(c.updated_at));
end
$$;
comment on function kept.commitment_json(kept.commitment, text, timestamptz) is 'A commitment as the API tells it; names of groups in the best of these languages.';
grant execute on function kept.commitment_json(kept.commitment, text, timestamptz) to kept_api;

create or replace function kept.commitment_json(c kept.commitment, languages text default null) returns json
language plpgsql stable
as $$
begin
	return kept.commitment_json(c, languages, (select n.next_at from kept.next_reminders(array[c.id]) n));
end
$$;
comment on function kept.commitment_json(kept.commitment, text) is 'The same for one commitment: looks up its next reminder.';
grant execute on function kept.commitment_json(kept.commitment, text) to kept_api;

create or replace function kept.commitment_read(id uuid, languages text default null) returns kept.reply
language plpgsql stable
as $$
declare
	c kept.commitment;
begin
	select * into c
	from kept.commitment
	where commitment.district_id = kept.district()
	and commitment.id = commitment_read.id;
	return kept.found(kept.commitment_json(c, languages)::text, c.version, 'commitment');
end
$$;
comment on function kept.commitment_read(uuid, text) is 'GET /v1/commitments/{id}.';
grant execute on function kept.commitment_read(uuid, text) to kept_api;
