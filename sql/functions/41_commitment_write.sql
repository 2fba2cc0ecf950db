-- 41: registering, changing and removing a commitment.

-- Served by primary keys.
create or replace function kept.party_errors(party jsonb, pointer text) returns jsonb
language plpgsql stable
as $$
declare
	errors jsonb := '[]';
begin
	if num_nonnulls(party ->> 'person_id', party ->> 'organisation_id', party ->> 'group') <> 1 then
		return kept.field_error(pointer, 'must have exactly one of person_id, organisation_id and group');
	end if;
	if party ->> 'school_id' is not null and party ->> 'group' is null then
		errors := errors || kept.field_error(pointer || '/school_id', 'goes with group only');
	end if;
	if party ->> 'person_id' is not null and not exists (
		select
		from kept.person p
		where p.district_id = kept.district()
		and p.id = (party ->> 'person_id')::uuid
		and p.erased_at is null) then
		errors := errors || kept.field_error(pointer || '/person_id', 'is not a person that this key knows');
	end if;
	if party ->> 'organisation_id' is not null and not exists (
		select
		from kept.organisation o
		where o.district_id = kept.district()
		and o.id = (party ->> 'organisation_id')::uuid) then
		errors := errors || kept.field_error(pointer || '/organisation_id', 'is not an organisation of this district');
	end if;
	if party ->> 'group' is not null and not exists (select from kept.stakeholder_group g where g.code = party ->> 'group') then
		errors := errors || kept.field_error(pointer || '/group', 'is not one of the eight stakeholder groups');
	end if;
	if party ->> 'school_id' is not null and not exists (
		select
		from kept.school s
		where s.district_id = kept.district()
		and s.id = (party ->> 'school_id')::uuid) then
		errors := errors || kept.field_error(pointer || '/school_id', 'is not a school of this district');
	end if;
	return errors;
end
$$;
comment on function kept.party_errors(jsonb, text) is 'Field errors of an owner or a party of a request''s body.';
grant execute on function kept.party_errors(jsonb, text) to kept_api;

create or replace function kept.commitment_errors(body jsonb, group_code text) returns jsonb
language plpgsql stable
as $$
declare
	errors jsonb := '[]';
	action_group text;
	party record;
begin
	if not exists (select from kept.stakeholder_group g where g.code = group_code) then
		errors := errors || kept.field_error('/group', 'is not one of the eight stakeholder groups');
	end if;
	if body ->> 'school_id' is not null and not exists (
		select
		from kept.school s
		where s.district_id = kept.district()
		and s.id = (body ->> 'school_id')::uuid) then
		errors := errors || kept.field_error('/school_id', 'is not a school of this district');
	end if;
	if body ->> 'action_id' is not null then
		select a.group_code into action_group
		from kept.action a
		where a.district_id = kept.district()
		and a.id = (body ->> 'action_id')::uuid;
		if action_group is null then
			errors := errors || kept.field_error('/action_id', 'is not an action of this district');
		elsif action_group <> group_code then
			errors := errors || kept.field_error('/action_id', format('is an action of the group %s', action_group));
		end if;
	end if;
	if body ->> 'plan_id' is not null and not exists (
		select
		from kept.plan p
		join kept.plan_version v on v.district_id = p.district_id and v.plan_id = p.id and v.status <> 'archived'
		where p.district_id = kept.district()
		and p.id = (body ->> 'plan_id')::uuid) then
		errors := errors || kept.field_error('/plan_id', 'is not a plan that this key knows, or all its versions are archived');
	end if;
	if body ->> 'due_on' is not null and (body ->> 'due_on')::date not between '1900-01-01' and '2200-12-31' then
		errors := errors || kept.field_error('/due_on', 'must be between 1900-01-01 and 2200-12-31');
	end if;
	if body ->> 'visibility' = 'private' and kept.role() <> 'admin' then
		errors := errors || kept.field_error('/visibility', 'may be private for admin keys only');
	end if;
	if body ->> 'owner' is not null then
		errors := errors || kept.party_errors(body -> 'owner', '/owner');
	end if;
	for party in
		select p.value, p.place - 1 as place,
			row_number() over (partition by p.value order by p.place) as nth
		from jsonb_array_elements(coalesce(nullif(body -> 'parties', 'null'), '[]')) with ordinality as p (value, place)
		order by p.place
	loop
		errors := errors || kept.party_errors(party.value, '/parties/' || party.place);
		if party.nth > 1 then
			errors := errors || kept.field_error('/parties/' || party.place, 'is in the list twice');
		end if;
	end loop;
	return errors;
end
$$;
comment on function kept.commitment_errors(jsonb, text) is 'All wrong references and dates of a new or changed commitment, each with its JSON pointer.';
grant execute on function kept.commitment_errors(jsonb, text) to kept_api;

-- Served by the primary key of party.
create or replace function kept.parties_set(commitment uuid, roles text[], parties jsonb) returns boolean
language plpgsql volatile
as $$
declare
	changed boolean;
	rows bigint;
begin
	delete from kept.party p
	where p.district_id = kept.district()
	and p.commitment_id = parties_set.commitment
	and p.role = any (roles)
	and not exists (
		select
		from jsonb_array_elements(parties) w (value)
		where w.value ->> 'role' = p.role
		and (w.value ->> 'person_id')::uuid is not distinct from p.person_id
		and (w.value ->> 'organisation_id')::uuid is not distinct from p.organisation_id
		and w.value ->> 'group' is not distinct from p.group_code
		and (w.value ->> 'school_id')::uuid is not distinct from p.school_id);
	get diagnostics rows = row_count;
	changed := rows > 0;
	insert into kept.party (district_id, commitment_id, role, person_id, organisation_id, group_code, school_id)
	select kept.district(), parties_set.commitment, w.value ->> 'role', (w.value ->> 'person_id')::uuid, (w.value ->> 'organisation_id')::uuid,
		w.value ->> 'group', (w.value ->> 'school_id')::uuid
	from jsonb_array_elements(parties) w (value)
	where not exists (
		select
		from kept.party p
		where p.district_id = kept.district()
		and p.commitment_id = parties_set.commitment
		and p.role = w.value ->> 'role'
		and (w.value ->> 'person_id')::uuid is not distinct from p.person_id
		and (w.value ->> 'organisation_id')::uuid is not distinct from p.organisation_id
		and w.value ->> 'group' is not distinct from p.group_code
		and (w.value ->> 'school_id')::uuid is not distinct from p.school_id);
	get diagnostics rows = row_count;
	return changed or rows > 0;
end
$$;
comment on function kept.parties_set(uuid, text[], jsonb) is 'Makes the parties of these roles exactly those given; true where that changed something.';
grant execute on function kept.parties_set(uuid, text[], jsonb) to kept_api;

-- Served by key_organisation.
create or replace function kept.visibility_unless_said(owner jsonb) returns text
language plpgsql volatile
as $$
declare
	asked_by text := kept.see_as('admin');
	partner boolean := exists (
		select
		from kept.key k
		where k.district_id = kept.district()
		and k.organisation_id = (owner ->> 'organisation_id')::uuid
		and k.role = 'partner'
		and k.revoked_at is null);
begin
	perform kept.see_as(asked_by);
	return case when partner then 'plan' else 'group' end;
end
$$;
comment on function kept.visibility_unless_said(jsonb) is
	'group; plan where the owner is an organisation that a partner''s key speaks for: hidden, it would not even be counted.';
grant execute on function kept.visibility_unless_said(jsonb) to kept_api;

create or replace function kept.commitment_add(body jsonb) returns kept.commitment
language plpgsql volatile
as $$
declare
	c kept.commitment;
begin
	perform kept.require_scope((body ->> 'school_id')::uuid, array[body ->> 'group']);
	perform kept.refuse_fields(kept.commitment_errors(body, body ->> 'group'));

	-- The id is made first: INSERT … RETURNING would ask whether the caller sees the row before its parties are there.
	c.id := kept.uuid7();
	insert into kept.commitment (district_id, id, group_code, school_id, action_id, title, description, when_where_how, due_on, first_due_on,
		status, visibility, kind, plan_id, plan_item_id, created_by)
	values (kept.district(), c.id, body ->> 'group', (body ->> 'school_id')::uuid, (body ->> 'action_id')::uuid, body ->> 'title',
		body ->> 'description', body ->> 'when_where_how', (body ->> 'due_on')::date, (body ->> 'due_on')::date,
		coalesce(body ->> 'status', 'agreed'), coalesce(body ->> 'visibility', kept.visibility_unless_said(body -> 'owner')),
		coalesce(body ->> 'kind', 'single'), (body ->> 'plan_id')::uuid, (body ->> 'plan_item_id')::uuid, kept.actor());
	perform kept.parties_set(c.id, array['owner', 'accountable', 'helper', 'beneficiary'],
		jsonb_build_array(jsonb_build_object('role', 'owner') || (body -> 'owner')) || coalesce(nullif(body -> 'parties', 'null'), '[]'));
	select * into c from kept.commitment where commitment.district_id = kept.district() and commitment.id = c.id;
	perform kept.emit('commitment.created', c.id, null);
	if c.status = 'agreed' then
		perform kept.emit('commitment.agreed', c.id, null);
	end if;
	return c;
end
$$;
comment on function kept.commitment_add(jsonb) is 'Registers a commitment with its parties and events; the caller reckons its clock and refreshes its plan''s coverage in the same transaction.';
grant execute on function kept.commitment_add(jsonb) to kept_api;

create or replace function kept.commitment_create(request jsonb, body jsonb, languages text default null) returns kept.reply
language plpgsql volatile
as $$
declare
	reply kept.reply;
	c kept.commitment;
begin
	reply := kept.once(request);
	if reply.status is not null then
		return reply;
	end if;
	c := kept.commitment_add(body);
	perform kept.reckon(c.district_id, c.id);
	perform kept.coverage_refresh(c.plan_id);
	reply.status := 201;
	reply.body := kept.commitment_json(c, languages);
	reply.etag := kept.etag(c.version, reply.body);
	reply.location := '/v1/commitments/' || c.id;
	return kept.once_store(request, reply, c.id);
end
$$;
comment on function kept.commitment_create(jsonb, jsonb, text) is 'POST /v1/commitments.';
grant execute on function kept.commitment_create(jsonb, jsonb, text) to kept_api;

create or replace function kept.commitment_lock(id uuid) returns kept.commitment
language plpgsql volatile
as $$
declare
	c kept.commitment;
begin
	select * into c
	from kept.commitment
	where commitment.district_id = kept.district()
	and commitment.id = commitment_lock.id
	-- Not FOR UPDATE: the foreign key of a clock that a look touches twice asks for the commitment, which we hold, while
	-- we wait for the clock.
	for no key update;
	if c.id is null then
		-- Seen but not locked: the caller may read it and not write it.
		if exists (select from kept.commitment where commitment.district_id = kept.district() and commitment.id = commitment_lock.id) then
			perform kept.refuse(403, 'This key may read this commitment and not change it: it is for another school or group.');
		end if;
		perform kept.not_found('commitment');
	end if;
	return c;
end
$$;
comment on function kept.commitment_lock(uuid) is 'The commitment, locked for a change; 404, or 403 where the caller may only read it.';
grant execute on function kept.commitment_lock(uuid) to kept_api;

create or replace function kept.commitment_date(c kept.commitment, due_on date) returns kept.commitment
language plpgsql stable
as $$
begin
	if due_on is distinct from c.due_on then
		c.times_moved := c.times_moved + (c.first_due_on is not null)::int;
		c.first_due_on := coalesce(c.first_due_on, due_on);
		c.due_on := due_on;
		c.remindable_since := kept.now();
	end if;
	return c;
end
$$;
comment on function kept.commitment_date(kept.commitment, date) is 'The commitment with a new due date: the first is remembered, the ladder starts anew.';
grant execute on function kept.commitment_date(kept.commitment, date) to kept_api;

create or replace function kept.commitment_change(request jsonb, id uuid, body jsonb, languages text default null) returns kept.reply
language plpgsql volatile
as $$
declare
	reply kept.reply;
	old kept.commitment;
	c kept.commitment;
	regrouped boolean := false;
begin
	reply := kept.once(request);
	if reply.status is not null then
		return reply;
	end if;
	old := kept.commitment_lock(commitment_change.id);
	perform kept.match(request, old.version);
	c := old;
	if body ? 'due_on' and kept.commitment_closed(c.status) and (body ->> 'due_on')::date is distinct from c.due_on then
		perform kept.refuse(409, format('It is %s: its due date stays as it is. Move it to another status first.', c.status));
	end if;
	if (body ->> 'plan_id')::uuid is not distinct from c.plan_id then
		-- As it is, though the plan be archived since.
		body := body - 'plan_id';
	elsif body ? 'plan_id' and c.plan_item_id is not null then
		perform kept.refuse_fields(kept.field_error('/plan_id', 'stays as it is: the commitment carries out an item of its plan'));
	end if;
	perform kept.refuse_fields(kept.commitment_errors(body, c.group_code));
	if body ->> 'kind' = 'single' and exists (
		select
		from kept.pledge p
		where p.district_id = c.district_id
		and p.commitment_id = c.id) then
		perform kept.refuse(409, 'Units have pledged shares of it, so it stays collective. Remove their pledges first.');
	end if;

	c.title := case when body ? 'title' then body ->> 'title' else c.title end;
	c.description := case when body ? 'description' then body ->> 'description' else c.description end;
	c.when_where_how := case when body ? 'when_where_how' then body ->> 'when_where_how' else c.when_where_how end;
	c.visibility := case when body ? 'visibility' then body ->> 'visibility' else c.visibility end;
	c.school_id := case when body ? 'school_id' then (body ->> 'school_id')::uuid else c.school_id end;
	c.plan_id := case when body ? 'plan_id' then (body ->> 'plan_id')::uuid else c.plan_id end;
	c.kind := coalesce(body ->> 'kind', c.kind);
	c.action_id := case when body ? 'action_id' then (body ->> 'action_id')::uuid else c.action_id end;
	perform kept.require_scope(c.school_id, array[c.group_code]);
	if body ? 'due_on' then
		c := kept.commitment_date(c, (body ->> 'due_on')::date);
	end if;
	if body ? 'owner' then
		regrouped := kept.parties_set(c.id, array['owner'], jsonb_build_array(jsonb_build_object('role', 'owner') || (body -> 'owner')));
	end if;
	if body ? 'parties' then
		regrouped := kept.parties_set(c.id, array['accountable', 'helper', 'beneficiary'], coalesce(nullif(body -> 'parties', 'null'), '[]')) or regrouped;
	end if;

	if regrouped or c is distinct from old then
		c.version := old.version + 1;
		c.updated_at := kept.now();
		update kept.commitment t
		set title = c.title, description = c.description, when_where_how = c.when_where_how, visibility = c.visibility, school_id = c.school_id,
			plan_id = c.plan_id, action_id = c.action_id, kind = c.kind, due_on = c.due_on, first_due_on = c.first_due_on, times_moved = c.times_moved,
			remindable_since = c.remindable_since, version = c.version, updated_at = c.updated_at
		where t.district_id = c.district_id
		and t.id = c.id;
		if regrouped or c.due_on is distinct from old.due_on or c.school_id is distinct from old.school_id then
			perform kept.reckon(c.district_id, c.id);
		end if;
		if c.plan_id is distinct from old.plan_id then
			perform kept.coverage_refresh_all(array[old.plan_id, c.plan_id]);
		end if;
	end if;
	reply.status := 200;
	reply.body := kept.commitment_json(c, languages);
	reply.etag := kept.etag(c.version, reply.body);
	return kept.once_store(request, reply, c.id);
end
$$;
comment on function kept.commitment_change(jsonb, uuid, jsonb, text) is 'PATCH /v1/commitments/{id}: a merge-patch; owner and parties are replaced whole.';
grant execute on function kept.commitment_change(jsonb, uuid, jsonb, text) to kept_api;

-- Served by the primary key of reminder and idempotency_subject.
create or replace function kept.commitment_remove(request jsonb, id uuid) returns kept.reply
language plpgsql volatile
as $$
declare
	reply kept.reply;
	c kept.commitment;
begin
	reply := kept.once(request);
	if reply.status is not null then
		return reply;
	end if;
	c := kept.commitment_lock(commitment_remove.id);
	perform kept.match(request, c.version);
	if exists (
		select
		from kept.reminder r
		where r.district_id = c.district_id
		and r.commitment_id = c.id
		and r.channel in ('email', 'webhook')
		and r.message_id is not null) then
		perform kept.refuse(409, 'Somebody has been reminded of it, so it stays in the register. Move it to the status withdrawn instead.');
	end if;
	perform kept.emit('commitment.removed', c.id, null);
	delete from kept.commitment t where t.district_id = c.district_id and t.id = c.id;
	delete from kept.idempotency i where i.district_id = c.district_id and i.subject_id = c.id;
	perform kept.coverage_refresh(c.plan_id);
	reply.status := 204;
	return kept.once_store(request, reply, null);
end
$$;
comment on function kept.commitment_remove(jsonb, uuid) is 'DELETE /v1/commitments/{id}: for what was registered by mistake, as long as nobody was reminded of it.';
grant execute on function kept.commitment_remove(jsonb, uuid) to kept_api;
