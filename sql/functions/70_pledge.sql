-- 70: together: collective commitments, and what units pledge of them. Never who, and to outsiders no count under five.

create or replace function kept.pledge_keeper(c kept.commitment) returns boolean
language sql stable
as $$
	select kept.role() = 'admin'
		or (kept.role() = 'steward'
			and (kept.scope_school() is null or c.school_id is not distinct from kept.scope_school())
			and (kept.scope_group() is null or c.group_code = kept.scope_group()))
$$;
comment on function kept.pledge_keeper(kept.commitment) is
	'Whether the caller keeps the register of this commitment''s pledges: admins, and stewards in whose scope it is.';
grant execute on function kept.pledge_keeper(kept.commitment) to kept_api;

-- Served by pledge_list. An outsider's numbers are a sum over units of what kept.count_blurred() tells of each: a unit with less
-- than five adds nothing, whichever of 0 to 4 it is. So the numbers do not depend on any count under five, and whatever is
-- subtracted from whatever, at whatever time, cannot find one. Nobody outside learns at which count a unit's share changes,
-- nor do units that talk to each other: each has a secret of its own, that its pledge's end does not change.
create or replace function kept.commitment_together(c kept.commitment) returns json
language plpgsql stable
as $$
declare
	keeps boolean := kept.pledge_keeper(c);
	asked_by text;
	told json;
begin
	if c.kind is distinct from 'collective' then
		return null;
	end if;
	asked_by := kept.see_as('admin');
	select json_build_object(
		'units', count(*),
		'units_done', count(*) filter (where p.done = p.pledged),
		'pledged', case
			when keeps then coalesce(sum(p.pledged), 0)
			else nullif(sum(kept.count_blurred(coalesce(p.organisation_id, p.school_id), c.id::text, 'pledged', p.pledged)), 0) end,
		'done', case
			when keeps then coalesce(sum(p.done), 0)
			else nullif(sum(kept.count_blurred(coalesce(p.organisation_id, p.school_id), c.id::text, 'done', p.done)), 0) end,
		'suppressed', not keeps)
	into told
	from kept.pledge p
	where p.district_id = c.district_id
	and p.commitment_id = c.id;
	perform kept.see_as(asked_by);
	return told;
end
$$;
comment on function kept.commitment_together(kept.commitment) is
	'How far a collective commitment is: units exactly; people exactly to those who keep its register, to all others "at least", and nothing that depends on a count under five. NULL: it is not collective.';
grant execute on function kept.commitment_together(kept.commitment) to kept_api;

create or replace function kept.pledge_json(p kept.pledge) returns json
language sql stable
as $$
	select json_build_object(
		'id', p.id,
		'commitment_id', p.commitment_id,
		'organisation_id', p.organisation_id,
		'school_id', p.school_id,
		'name', coalesce(
			(select o.name from kept.organisation o where o.district_id = p.district_id and o.id = p.organisation_id),
			(select s.name from kept.school s where s.district_id = p.district_id and s.id = p.school_id)),
		'pledged', p.pledged,
		'done', p.done,
		'version', p.version,
		'created_at', kept.instant(p.created_at),
		'updated_at', kept.instant(p.updated_at))
$$;
comment on function kept.pledge_json(kept.pledge) is 'A pledge as the API tells it to those who may see it.';
grant execute on function kept.pledge_json(kept.pledge) to kept_api;

create or replace function kept.pledge_reply(status int, p kept.pledge) returns kept.reply
language sql stable
as $$
	select row(pledge_reply.status, j.body, kept.etag(p.version, j.body), '/v1/commitments/' || p.commitment_id || '/pledges/' || p.id, null)::kept.reply
	from (select kept.pledge_json(p)::text as body) j
$$;
comment on function kept.pledge_reply(int, kept.pledge) is 'The reply that shows a pledge.';
grant execute on function kept.pledge_reply(int, kept.pledge) to kept_api;

-- Served by the primary key of commitment.
create or replace function kept.pledge_commitment(id uuid, what text) returns kept.commitment
language plpgsql stable
as $$
declare
	c kept.commitment;
begin
	select * into c
	from kept.commitment t
	where t.district_id = kept.district()
	and t.id = pledge_commitment.id;
	if c.id is null then
		perform kept.not_found(what);
	end if;
	if kept.role() <> 'partner' and not kept.pledge_keeper(c) then
		perform kept.refuse(403, 'This key may read this commitment and not its pledges: it is for another school or group. The commitment''s member together says how far it is.');
	end if;
	return c;
end
$$;
comment on function kept.pledge_commitment(uuid, text) is
	'The commitment whose pledges are asked for: 404 where it may not be read, 403 where its register is another''s. A partner goes on: it sees its own unit only.';
grant execute on function kept.pledge_commitment(uuid, text) to kept_api;

-- Served by pledge_list.
create or replace function kept.pledge_list(id uuid, after text, page_size int) returns kept.reply
language plpgsql stable
as $$
declare
	c kept.commitment := kept.pledge_commitment(pledge_list.id, 'commitment');
	reply kept.reply;
begin
	select r.* into reply
	from (
		select json_agg(kept.pledge_json(f.p) order by f.n) filter (where f.n <= page_size) as items,
			count(*) > page_size as more,
			max(kept.keyset((f.p).id::text)) filter (where f.n = page_size) as keyset
		from (
			select p, row_number() over (order by p.id) as n
			from kept.pledge p
			where p.district_id = c.district_id
			and p.commitment_id = c.id
			and (after is null or p.id > kept.keyset_part(after, 0)::uuid)
			order by p.id
			limit page_size + 1) f) page
	cross join lateral kept.page(page.items, page.more, page.keyset) r;
	return reply;
end
$$;
comment on function kept.pledge_list(uuid, text, int) is 'GET /v1/commitments/{id}/pledges, in the order in which they were registered.';
grant execute on function kept.pledge_list(uuid, text, int) to kept_api;

create or replace function kept.pledge_read(id uuid, pledge uuid) returns kept.reply
language plpgsql stable
as $$
declare
	c kept.commitment := kept.pledge_commitment(pledge_read.id, 'pledge');
	p kept.pledge;
begin
	select * into p
	from kept.pledge t
	where t.district_id = c.district_id
	and t.commitment_id = c.id
	and t.id = pledge_read.pledge;
	return kept.found(case when p.id is not null then kept.pledge_json(p)::text end, p.version, 'pledge');
end
$$;
comment on function kept.pledge_read(uuid, uuid) is 'GET /v1/commitments/{id}/pledges/{pledge_id}.';
grant execute on function kept.pledge_read(uuid, uuid) to kept_api;

-- Served by primary keys.
create or replace function kept.pledge_errors(p kept.pledge, wanted boolean) returns jsonb
language plpgsql stable
as $$
declare
	errors jsonb := '[]';
	unit record;
begin
	select o.members into unit from kept.organisation o where o.district_id = p.district_id and o.id = p.organisation_id
	union all
	select s.members from kept.school s where s.district_id = p.district_id and s.id = p.school_id;
	if not found and p.organisation_id is not null then
		errors := errors || kept.field_error('/organisation_id', 'is not an organisation of this district');
	elsif not found then
		errors := errors || kept.field_error('/school_id', 'is not a school of this district');
	elsif wanted and unit.members is null then
		errors := errors || kept.field_error('/pledged', 'cannot be judged: set members of the school or organisation first');
	elsif wanted and p.pledged > unit.members then
		errors := errors || kept.field_error('/pledged', format('is more than the %s people of the unit', unit.members));
	end if;
	if p.done > p.pledged then
		errors := errors || kept.field_error('/done', 'is more than was pledged');
	end if;
	return errors;
end
$$;
comment on function kept.pledge_errors(kept.pledge, boolean) is 'Field errors of a pledge; wanted: how many will do it is said now.';
grant execute on function kept.pledge_errors(kept.pledge, boolean) to kept_api;

-- Only what everybody may know of makes an event: one at each change of a count would tell how many changes there were.
create or replace function kept.pledge_tell(c kept.commitment, before json) returns void
language plpgsql volatile
as $$
declare
	after json := kept.commitment_together(c);
	units constant text[] := array['units', 'units_done'];
begin
	if exists (select from unnest(units) name where before ->> name <> after ->> name) then
		perform kept.emit('commitment.units_changed', c.id, kept.event_data(c.district_id, c.id)
			|| jsonb_build_object('units', after -> 'units', 'units_done', after -> 'units_done'));
	end if;
end
$$;
comment on function kept.pledge_tell(kept.commitment, json) is 'Emits commitment.units_changed where the units that pledged, or that are done, are more or fewer than before.';
grant execute on function kept.pledge_tell(kept.commitment, json) to kept_api;

-- Served by pledge_organisation and pledge_school.
create or replace function kept.pledge_create(request jsonb, id uuid, body jsonb) returns kept.reply
language plpgsql volatile
as $$
declare
	reply kept.reply := kept.once(request);
	c kept.commitment;
	p kept.pledge;
	before json;
begin
	if reply.status is not null then
		return reply;
	end if;
	c := kept.commitment_lock(pledge_create.id);
	if kept.role() = 'partner' and not coalesce((body ->> 'organisation_id')::uuid = kept.scope_organisation(), false) then
		perform kept.refuse(403, 'A partner''s key pledges for its own organisation only.');
	end if;
	if c.kind <> 'collective' then
		perform kept.refuse(409, 'It is not a collective commitment: no unit pledges a share of it. Change its kind to collective first.');
	elsif c.status in ('declined', 'withdrawn') then
		perform kept.refuse(409, format('It is %s: nobody pledges a share of it.', c.status));
	end if;
	p := row(c.district_id, kept.uuid7(), c.id, (body ->> 'organisation_id')::uuid, (body ->> 'school_id')::uuid, (body ->> 'pledged')::int,
		coalesce((body ->> 'done')::int, 0), 1, kept.actor(), kept.now(), kept.now());
	perform kept.refuse_fields(kept.pledge_errors(p, true));
	before := kept.commitment_together(c);
	begin
		insert into kept.pledge select p.*;
	exception
		when unique_violation then
			perform kept.refuse(409, 'This unit has pledged already. Change its pledge.');
	end;
	perform kept.pledge_tell(c, before);
	return kept.once_store(request, kept.pledge_reply(201, p), p.id);
end
$$;
comment on function kept.pledge_create(jsonb, uuid, jsonb) is 'POST /v1/commitments/{id}/pledges.';
grant execute on function kept.pledge_create(jsonb, uuid, jsonb) to kept_api;

create or replace function kept.pledge_lock(request jsonb, c kept.commitment, id uuid) returns kept.pledge
language plpgsql volatile
as $$
declare
	p kept.pledge;
	seen boolean := exists (
		select
		from kept.pledge t
		where t.district_id = c.district_id
		and t.commitment_id = c.id
		and t.id = pledge_lock.id);
begin
	-- The commitment first, as whoever removes it does: units that change at the same time are counted one after the other.
	if seen then
		perform kept.commitment_lock(c.id);
	end if;
	select * into p
	from kept.pledge t
	where t.district_id = c.district_id
	and t.commitment_id = c.id
	and t.id = pledge_lock.id
	for update;
	if p.id is null then
		perform kept.not_found('pledge');
	end if;
	perform kept.match(request, p.version);
	return p;
end
$$;
comment on function kept.pledge_lock(jsonb, kept.commitment, uuid) is 'The pledge, locked for a change: 404, 412.';
grant execute on function kept.pledge_lock(jsonb, kept.commitment, uuid) to kept_api;

create or replace function kept.pledge_change(request jsonb, id uuid, pledge uuid, body jsonb) returns kept.reply
language plpgsql volatile
as $$
declare
	reply kept.reply := kept.once(request);
	c kept.commitment;
	old kept.pledge;
	p kept.pledge;
	before json;
begin
	if reply.status is not null then
		return reply;
	end if;
	c := kept.pledge_commitment(pledge_change.id, 'pledge');
	old := kept.pledge_lock(request, c, pledge_change.pledge);
	p := old;
	p.pledged := coalesce((body ->> 'pledged')::int, p.pledged);
	p.done := coalesce((body ->> 'done')::int, p.done);
	perform kept.refuse_fields(kept.pledge_errors(p, p.pledged > old.pledged));
	if p is distinct from old then
		before := kept.commitment_together(c);
		p.version := old.version + 1;
		p.updated_at := kept.now();
		update kept.pledge t
		set pledged = p.pledged, done = p.done, version = p.version, updated_at = p.updated_at
		where t.district_id = p.district_id
		and t.id = p.id;
		perform kept.pledge_tell(c, before);
	end if;
	return kept.once_store(request, kept.pledge_reply(200, p), p.id);
end
$$;
comment on function kept.pledge_change(jsonb, uuid, uuid, jsonb) is 'PATCH /v1/commitments/{id}/pledges/{pledge_id}.';
grant execute on function kept.pledge_change(jsonb, uuid, uuid, jsonb) to kept_api;

create or replace function kept.pledge_remove(request jsonb, id uuid, pledge uuid) returns kept.reply
language plpgsql volatile
as $$
declare
	reply kept.reply := kept.once(request);
	c kept.commitment;
	p kept.pledge;
	before json;
begin
	if reply.status is not null then
		return reply;
	end if;
	c := kept.pledge_commitment(pledge_remove.id, 'pledge');
	p := kept.pledge_lock(request, c, pledge_remove.pledge);
	before := kept.commitment_together(c);
	delete from kept.pledge t where t.district_id = p.district_id and t.id = p.id;
	delete from kept.idempotency i where i.district_id = p.district_id and i.subject_id = p.id;
	perform kept.pledge_tell(c, before);
	return kept.once_store(request, row(204, null, null, null, null)::kept.reply, null);
end
$$;
comment on function kept.pledge_remove(jsonb, uuid, uuid) is 'DELETE /v1/commitments/{id}/pledges/{pledge_id}.';
grant execute on function kept.pledge_remove(jsonb, uuid, uuid) to kept_api;
