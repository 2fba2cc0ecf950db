-- 74: handing over what somebody promised who leaves, and whom nobody can reach.

-- Served by party_person and the primary key of commitment.
create or replace function kept.handover_parts(person uuid)
returns table (c kept.commitment, role text, party_id uuid)
language sql stable
rows 50
as $$
	select c, p.role, p.id
	from kept.party p
	join kept.commitment c on c.district_id = p.district_id and c.id = p.commitment_id
	where p.district_id = (select kept.district())
	and p.person_id = person
	and p.role in ('owner', 'accountable', 'helper')
	and c.status in ('proposed', 'agreed', 'in_progress', 'deferred')
$$;
comment on function kept.handover_parts(uuid) is 'The parts that a person has in open commitments, as far as the caller sees these; not what is owed to them.';
grant execute on function kept.handover_parts(uuid) to kept_api;

-- Served by the primary keys of school, district; a district has some hundred schools.
create or replace function kept.coordinator_of(person uuid) returns table (school_id uuid, name text, mine boolean)
language sql stable
rows 2
as $$
	select null::uuid, d.name, kept.role() = 'admin'
	from kept.district d
	where d.id = (select kept.district())
	and d.coordinator_id = person
	union all
	select s.id, s.name, kept.scope_group() is null and (kept.scope_school() is null or s.id = kept.scope_school())
	from kept.school s
	where s.district_id = (select kept.district())
	and s.coordinator_id = person
$$;
comment on function kept.coordinator_of(uuid) is
	'The schools (NULL: the whole district) whose coordinator a person is, and whether the caller may change that.';
grant execute on function kept.coordinator_of(uuid) to kept_api;

-- Also of one who was erased: what they promised stays, and somebody may be asked for it. Served by the primary key.
create or replace function kept.handover_person(id uuid) returns kept.person
language plpgsql stable
as $$
declare
	person kept.person;
begin
	select p.* into person
	from kept.person p
	where p.district_id = kept.district()
	and p.id = handover_person.id;
	if person.id is null then
		perform kept.not_found('person');
	end if;
	return person;
end
$$;
comment on function kept.handover_person(uuid) is 'The person, also one who was erased; 404 where there is none.';
grant execute on function kept.handover_person(uuid) to kept_api;

create or replace function kept.handover_list(id uuid, after text, page_size int) returns kept.reply
language plpgsql stable
as $$
declare
	person kept.person := kept.handover_person(id);
	reply kept.reply;
begin
	reply.status := 200;
	select coalesce(json_agg(p.item order by p.nth) filter (where p.nth <= page_size)::text, '[]'),
		case when count(*) > page_size then max(p.keyset) filter (where p.nth = page_size) end
	into reply.body, reply.next
	from (
		select part.item, row_number() over (order by part.day, part.subject, part.role) as nth,
			kept.keyset(part.day::text, part.subject::text, part.role) as keyset
		from (
			select '-infinity'::date as day, coalesce(k.school_id, kept.district()) as subject, 'coordinator' as role,
				json_build_object(
					'role', 'coordinator',
					'commitment_id', null,
					'title', null,
					'group', null,
					'school_id', k.school_id,
					'status', null,
					'due_on', null,
					'due_state', null) as item
			from kept.coordinator_of(person.id) k
			union all
			select (x.c).due_order, (x.c).id, x.role,
				json_build_object(
					'role', x.role,
					'commitment_id', (x.c).id,
					'title', (x.c).title,
					'group', (x.c).group_code,
					'school_id', (x.c).school_id,
					'status', (x.c).status,
					'due_on', (x.c).due_on,
					'due_state', kept.due_state((x.c).status, (x.c).due_on, kept.today_in(kept.zone_of((x.c).district_id, (x.c).school_id))))
			from kept.handover_parts(person.id) x) part
		where after is null
		or (part.day, part.subject, part.role) > (
			kept.keyset_part(after, 0)::date, kept.keyset_part(after, 1)::uuid, kept.keyset_part(after, 2))
		order by part.day, part.subject, part.role
		limit page_size + 1) p;
	return reply;
end
$$;
comment on function kept.handover_list(uuid, text, int) is 'GET /v1/people/{id}/handover: what would be handed over, the most urgent first.';
grant execute on function kept.handover_list(uuid, text, int) to kept_api;

create or replace function kept.handover_errors(person uuid, body jsonb) returns jsonb
language plpgsql stable
as $$
declare
	errors jsonb := kept.party_errors(body -> 'to', '/to');
begin
	if (body #>> '{to,person_id}')::uuid = person then
		errors := errors || kept.field_error('/to/person_id', 'is the person who hands over');
	end if;
	if (body ->> 'coordinator')::boolean and body #> '{to,organisation_id}' is not null then
		errors := errors || kept.field_error('/coordinator', 'goes with a person only: an organisation cannot coordinate');
	end if;
	return errors || coalesce((
		select jsonb_agg(jsonb_build_object('pointer', '/commitment_ids/' || (wanted.n - 1),
			'detail', 'is not an open commitment in which the person has a part') order by wanted.n)
		from jsonb_array_elements_text(coalesce(body -> 'commitment_ids', '[]')) with ordinality as wanted (id, n)
		where not exists (select from kept.handover_parts(person) x where (x.c).id = wanted.id::uuid)), '[]');
end
$$;
comment on function kept.handover_errors(uuid, jsonb) is 'Field errors of a handover.';
grant execute on function kept.handover_errors(uuid, jsonb) to kept_api;

-- Both at once and in one order, so that two who hand over to each other do not wait for each other; not FOR UPDATE, for
-- which those would wait who write a party. The first of two who hand over the same has all of it.
create or replace function kept.handover_lock(from_person uuid, to_person uuid) returns void
language plpgsql volatile
as $$
begin
	perform
	from kept.person p
	where p.district_id = kept.district()
	and p.id in (from_person, to_person)
	order by p.id
	for no key update;
end
$$;
comment on function kept.handover_lock(uuid, uuid) is 'Locks who hands over and who takes over.';
grant execute on function kept.handover_lock(uuid, uuid) to kept_api;

-- Served by primary keys. Answers those that are locked: out of scope none is.
create or replace function kept.handover_commitments(person uuid, wanted uuid[]) returns uuid[]
language plpgsql volatile
as $$
declare
	ids uuid[] := wanted;
	id uuid;
begin
	if wanted is not null then
		-- Somebody means these: each must be the caller's to change.
		foreach id in array array(select distinct w.id from unnest(wanted) as w (id) order by 1) loop
			perform kept.commitment_lock(id);
		end loop;
	else
		ids := array(select distinct (x.c).id from kept.handover_parts(person) x);
	end if;
	if cardinality(ids) > 200 then
		perform kept.refuse(409, format('There are %s open commitments, and at most 200 are handed over at once. Name some of them in commitment_ids.',
			cardinality(ids)));
	end if;
	return array(
		select locked.id
		from (
			select c.id
			from kept.commitment c
			where c.district_id = kept.district()
			and c.id = any (ids)
			order by c.id
			for no key update) locked);
end
$$;
comment on function kept.handover_commitments(uuid, uuid[]) is
	'The commitments that are to be handed over, locked: those that were named, else all in the caller''s scope; 403 where one that was named is not.';
grant execute on function kept.handover_commitments(uuid, uuid[]) to kept_api;

-- Served by party_person, party_owner and primary keys.
create or replace function kept.handover_move(from_person uuid, to_person uuid, to_organisation uuid, commitments uuid[])
returns setof kept.handover
language plpgsql volatile
rows 50
as $$
declare
	made uuid[];
begin
	-- Looked at again under the lock.
	with part as (
		select (x.c).id as commitment_id, (x.c).status, x.role
		from kept.handover_parts(from_person) x
		where (x.c).id = any (commitments)
	),
	written as (
		insert into kept.handover (district_id, commitment_id, role, from_person_id, to_person_id, to_organisation_id, status_before, handed_by)
		select kept.district(), part.commitment_id, part.role, from_person, to_person, to_organisation, part.status, kept.actor()
		from part
		order by part.commitment_id, part.role
		returning id
	)
	select array_agg(written.id) into made
	from written;
	delete from kept.party p
	using kept.handover h
	where h.district_id = kept.district()
	and h.id = any (made)
	and p.district_id = h.district_id
	and p.commitment_id = h.commitment_id
	and p.role = h.role
	and p.person_id = from_person;
	-- Who has that part already has it once.
	insert into kept.party (district_id, commitment_id, role, person_id, organisation_id)
	select distinct h.district_id, h.commitment_id, h.role, to_person, to_organisation
	from kept.handover h
	where h.district_id = kept.district()
	and h.id = any (made)
	and not exists (
		select
		from kept.party p
		where p.district_id = h.district_id
		and p.commitment_id = h.commitment_id
		and p.role = h.role
		and (p.person_id = to_person or p.organisation_id = to_organisation));
	-- It is a question to the new owner.
	update kept.commitment c
	set status = case when 'owner' = any (h.roles) then 'proposed' else c.status end,
		status_reason = case when 'owner' = any (h.roles) then null else c.status_reason end,
		version = c.version + 1,
		updated_at = kept.now()
	from (
		select x.district_id, x.commitment_id, array_agg(x.role) as roles
		from kept.handover x
		where x.district_id = kept.district()
		and x.id = any (made)
		group by x.district_id, x.commitment_id) h
	where c.district_id = h.district_id
	and c.id = h.commitment_id;
	return query
	select h.*
	from kept.handover h
	where h.district_id = kept.district()
	and h.id = any (made)
	order by h.commitment_id, h.role;
end
$$;
comment on function kept.handover_move(uuid, uuid, uuid, uuid[]) is
	'Moves a person''s parts in these commitments, which the caller has locked; what is owned is proposed again. Answers the history that it wrote.';
grant execute on function kept.handover_move(uuid, uuid, uuid, uuid[]) to kept_api;

-- The events, the notices, the clocks, the tables.
create or replace function kept.handover_tell(moved kept.handover[]) returns void
language plpgsql volatile
as $$
declare
	asked_by text;
	h kept.handover;
	plan uuid;
	commitments uuid[] := array(select distinct x.commitment_id from unnest(moved) x);
begin
	foreach h in array moved loop
		if h.role = 'owner' then
			perform kept.emit('commitment.handed_over', h.commitment_id, null);
			if h.status_before <> 'proposed' then
				perform kept.emit('commitment.status_changed', h.commitment_id, null);
			end if;
			perform kept.notice_send('handover', h.commitment_id, h.id::text, h.to_person_id, h.to_organisation_id);
		end if;
	end loop;
	asked_by := kept.see_as('admin');
	perform kept.reckon_many(array_fill(kept.district(), array[cardinality(commitments)]), commitments);
	perform kept.see_as(asked_by);
	for plan in
		select distinct c.plan_id
		from kept.commitment c
		where c.district_id = kept.district()
		and c.id = any (commitments)
		and c.plan_id is not null
		order by c.plan_id
	loop
		perform kept.coverage_refresh(plan);
	end loop;
end
$$;
comment on function kept.handover_tell(kept.handover[]) is 'Tells of what was handed over: events, notices to new owners, and the reminders follow.';
grant execute on function kept.handover_tell(kept.handover[]) to kept_api;

create or replace function kept.coordinator_move(from_person uuid, to_person uuid) returns json
language plpgsql volatile
as $$
declare
	places record;
begin
	select coalesce(json_agg(json_build_object('school_id', k.school_id, 'name', k.name) order by k.name, k.school_id), '[]') as told,
		array_agg(k.school_id) as schools,
		coalesce(bool_or(k.school_id is null), false) as district
	into places
	from kept.coordinator_of(from_person) k
	where k.mine;
	update kept.school s
	set coordinator_id = to_person,
		version = s.version + 1,
		updated_at = kept.now()
	where s.district_id = kept.district()
	and s.id = any (places.schools);
	if places.district then
		update kept.district d
		set coordinator_id = to_person,
			version = d.version + 1
		where d.id = kept.district();
	end if;
	-- What is late goes up to the coordinator.
	if json_array_length(places.told) > 0 then
		perform kept.replan();
	end if;
	return places.told;
end
$$;
comment on function kept.coordinator_move(uuid, uuid) is 'Makes somebody coordinator where another was, as far as the caller may; answers where.';
grant execute on function kept.coordinator_move(uuid, uuid) to kept_api;

create or replace function kept.handover_create(request jsonb, id uuid, body jsonb) returns kept.reply
language plpgsql volatile
as $$
declare
	reply kept.reply := kept.once(request);
	person kept.person;
	to_person uuid := (body #>> '{to,person_id}')::uuid;
	to_organisation uuid := (body #>> '{to,organisation_id}')::uuid;
	moved kept.handover[];
	places json := '[]';
begin
	if reply.status is not null then
		return reply;
	end if;
	person := kept.handover_person(handover_create.id);
	perform kept.handover_lock(person.id, to_person);
	perform kept.refuse_fields(kept.handover_errors(person.id, body));
	if to_organisation is not null then
		perform kept.organisation_scope(to_organisation);
	end if;
	select array_agg(h) into moved
	from kept.handover_move(person.id, to_person, to_organisation, kept.handover_commitments(person.id,
		case when body -> 'commitment_ids' is not null then array(select jsonb_array_elements_text(body -> 'commitment_ids')::uuid) end)) h;
	if moved is not null then
		perform kept.handover_tell(moved);
	end if;
	-- Last: it locks the district, for which others wait.
	if to_person is not null and coalesce((body ->> 'coordinator')::boolean, body -> 'commitment_ids' is null) then
		places := kept.coordinator_move(person.id, to_person);
	end if;
	if moved is null and json_array_length(places) = 0 then
		perform kept.refuse(409, 'There is nothing to hand over: the person has no part in an open commitment of this key''s and coordinates nothing, or somebody has just handed it over.');
	end if;
	reply.status := 202;
	reply.body := json_build_object(
		'handed_over', coalesce((
			select json_agg(kept.handover_json(h) order by h.commitment_id, h.role)
			from unnest(moved) h), '[]'),
		'coordinator_of', places,
		'left', (select count(*) from kept.handover_parts(person.id)) + (select count(*) from kept.coordinator_of(person.id)))::text;
	return kept.once_store(request, reply, person.id);
end
$$;
comment on function kept.handover_create(jsonb, uuid, jsonb) is
	'POST /v1/people/{id}/handover: all open commitments of one who leaves, or those that are named, to another person or an organisation; all or nothing.';
grant execute on function kept.handover_create(jsonb, uuid, jsonb) to kept_api;

-- Served by primary keys.
create or replace function kept.handover_json(h kept.handover) returns json
language sql stable
as $$
	select json_build_object(
		'id', h.id,
		'commitment_id', h.commitment_id,
		'role', h.role,
		'from_person_id', h.from_person_id,
		'from_name', (select p.name from kept.person p where p.district_id = h.district_id and p.id = h.from_person_id),
		'to_person_id', h.to_person_id,
		'to_organisation_id', h.to_organisation_id,
		'to_name', coalesce(
			(select p.name from kept.person p where p.district_id = h.district_id and p.id = h.to_person_id),
			(select o.name from kept.organisation o where o.district_id = h.district_id and o.id = h.to_organisation_id)),
		'status_before', h.status_before,
		'created_at', kept.instant(h.created_at))
$$;
comment on function kept.handover_json(kept.handover) is 'A handover as the API tells it; names of who is erased, or not this key''s to know, are null.';
grant execute on function kept.handover_json(kept.handover) to kept_api;

-- Served by handover_commitment.
create or replace function kept.commitment_handovers(id uuid, after text, page_size int) returns kept.reply
language plpgsql stable
as $$
declare
	reply kept.reply;
begin
	if not exists (select from kept.commitment c where c.district_id = kept.district() and c.id = commitment_handovers.id) then
		perform kept.not_found('commitment');
	end if;
	reply.status := 200;
	select coalesce(json_agg(kept.handover_json(p.h) order by p.nth) filter (where p.nth <= page_size)::text, '[]'),
		case when count(*) > page_size then max(p.keyset) filter (where p.nth = page_size) end
	into reply.body, reply.next
	from (
		select h, row_number() over (order by h.created_at, h.id) as nth, kept.keyset(h.created_at::text, h.id::text) as keyset
		from kept.handover h
		where h.district_id = kept.district()
		and h.commitment_id = commitment_handovers.id
		and (after is null or (h.created_at, h.id) > (kept.keyset_part(after, 0)::timestamptz, kept.keyset_part(after, 1)::uuid))
		order by h.created_at, h.id
		limit page_size + 1) p;
	return reply;
end
$$;
comment on function kept.commitment_handovers(uuid, text, int) is 'GET /v1/commitments/{id}/handovers, the oldest first.';
grant execute on function kept.commitment_handovers(uuid, text, int) to kept_api;

-- Served by the primary keys of party and person, contact_person and contact_organisation.
create or replace function kept.unreachable_reason(owner kept.party) returns text
language plpgsql stable
as $$
begin
	if owner.group_code is not null then
		return 'whole_group';
	elsif exists (
		select
		from kept.person p
		where p.district_id = owner.district_id
		and p.id = owner.person_id
		and p.erased_at is not null) then
		return 'gone';
	end if;
	return (
		select case
			when count(*) = 0 then 'no_contact'
			when bool_or(k.gone_at is null) then 'paused'
			else 'gone'
		end
		from kept.contact k
		where k.district_id = owner.district_id
		and (k.person_id = owner.person_id or k.organisation_id = owner.organisation_id));
end
$$;
comment on function kept.unreachable_reason(kept.party) is
	'Why an owner without a usable contact has none: whole_group, no_contact, paused, gone (also a person who was erased).';
grant execute on function kept.unreachable_reason(kept.party) to kept_api;

create or replace function kept.unreachable_json(c kept.commitment, languages text) returns json
language plpgsql stable
as $$
declare
	owner kept.party;
	shown json;
	asked_by text;
	told json;
begin
	select * into owner
	from kept.party p
	where p.district_id = c.district_id
	and p.commitment_id = c.id
	and p.role = 'owner';
	shown := kept.party_json(owner, languages);
	-- Whether somebody is reached does not depend on who asks.
	asked_by := kept.see_as('admin');
	told := json_build_object(
		'commitment_id', c.id,
		'title', c.title,
		'group', c.group_code,
		'school_id', c.school_id,
		'status', c.status,
		'due_on', c.due_on,
		'due_state', kept.due_state(c.status, c.due_on, kept.today_in(kept.zone_of(c.district_id, c.school_id))),
		'owner', shown,
		'reason', kept.unreachable_reason(owner),
		'helper_reached', exists (
			select
			from kept.party p
			cross join lateral kept.contact_choice(p.district_id, p.person_id, p.organisation_id) k
			where p.district_id = c.district_id
			and p.commitment_id = c.id
			and p.role = 'helper'
			and k.usable));
	perform kept.see_as(asked_by);
	return told;
end
$$;
comment on function kept.unreachable_json(kept.commitment, text) is 'An open commitment whose owner nobody can reach, and why.';
grant execute on function kept.unreachable_json(kept.commitment, text) to kept_api;
