-- 31: schools.

create or replace function kept.school_json(s kept.school) returns json
language sql stable
as $$
	select json_build_object(
		'id', s.id,
		'name', s.name,
		'time_zone', s.time_zone,
		'level', s.level,
		'coordinator_id', s.coordinator_id,
		'members', kept.members_told(s.members, null),
		'version', s.version,
		'created_at', kept.instant(s.created_at),
		'updated_at', kept.instant(s.updated_at))
$$;
comment on function kept.school_json(kept.school) is 'A school as the API shows it.';
grant execute on function kept.school_json(kept.school) to kept_api;

create or replace function kept.school_reply(status int, id uuid) returns kept.reply
language sql stable
as $$
	select row(school_reply.status, j.body, kept.etag(j.version, j.body), '/v1/schools/' || school_reply.id, null)::kept.reply
	from (
		select kept.school_json(s)::text as body, s.version
		from kept.school s
		where s.district_id = kept.district()
		and s.id = school_reply.id) j
$$;
comment on function kept.school_reply(int, uuid) is 'The reply that shows a school.';
grant execute on function kept.school_reply(int, uuid) to kept_api;

create or replace function kept.school_create(request jsonb, body jsonb) returns kept.reply
language plpgsql volatile
as $$
declare
	reply kept.reply := kept.once(request);
	made uuid := kept.uuid7();
begin
	if reply.status is not null then
		return reply;
	end if;
	perform kept.refuse_fields(kept.check_members(body));
	insert into kept.school (district_id, id, name, time_zone, level, coordinator_id, members)
	values (kept.district(), made, body ->> 'name', body ->> 'time_zone', body ->> 'level', (body ->> 'coordinator_id')::uuid, (body ->> 'members')::numeric::int);
	return kept.once_store(request, kept.school_reply(201, made), made);
end
$$;
comment on function kept.school_create(jsonb, jsonb) is 'POST /v1/schools';
grant execute on function kept.school_create(jsonb, jsonb) to kept_api;

create or replace function kept.school_lock(request jsonb, id uuid) returns kept.school
language plpgsql volatile
as $$
declare
	school kept.school;
begin
	select s.* into school
	from kept.school s
	where s.district_id = kept.district()
	and s.id = school_lock.id
	for update;
	if not found then
		perform kept.not_found('school');
	end if;
	perform kept.match(request, school.version);
	perform kept.require_scope(school.id, array[]::text[]);
	return school;
end
$$;
comment on function kept.school_lock(jsonb, uuid) is 'The school, locked for a change: 404 where absent, 412 where the version is another, 403 out of scope.';
grant execute on function kept.school_lock(jsonb, uuid) to kept_api;

create or replace function kept.school_change(request jsonb, id uuid, body jsonb) returns kept.reply
language plpgsql volatile
as $$
declare
	reply kept.reply := kept.once(request);
	school kept.school;
begin
	if reply.status is not null then
		return reply;
	end if;
	school := kept.school_lock(request, id);
	perform kept.refuse_fields(kept.check_members(body));
	update kept.school s
	set name = coalesce(body ->> 'name', s.name),
		time_zone = case when body ? 'time_zone' then body ->> 'time_zone' else s.time_zone end,
		level = case when body ? 'level' then body ->> 'level' else s.level end,
		coordinator_id = case when body ? 'coordinator_id' then (body ->> 'coordinator_id')::uuid else s.coordinator_id end,
		members = case when body ? 'members' then (body ->> 'members')::numeric::int else s.members end,
		version = s.version + 1,
		updated_at = kept.now()
	where s.district_id = kept.district()
	and s.id = school.id;
	-- Due dates of the school are in its zone; what is late goes up to its coordinator.
	if body ? 'time_zone' and body ->> 'time_zone' is distinct from school.time_zone
	or body ? 'coordinator_id' and (body ->> 'coordinator_id')::uuid is distinct from school.coordinator_id then
		perform kept.replan();
	end if;
	return kept.once_store(request, kept.school_reply(200, school.id), school.id);
end
$$;
comment on function kept.school_change(jsonb, uuid, jsonb) is 'PATCH /v1/schools/{id}';
grant execute on function kept.school_change(jsonb, uuid, jsonb) to kept_api;

create or replace function kept.school_remove(request jsonb, id uuid) returns kept.reply
language plpgsql volatile
as $$
declare
	reply kept.reply := kept.once(request);
	school kept.school;
begin
	if reply.status is not null then
		return reply;
	end if;
	school := kept.school_lock(request, id);
	begin
		-- A revoked key stays for the record; it must not hold the school.
		update kept.key k
		set school_id = null
		where k.district_id = kept.district()
		and k.school_id = school.id
		and k.revoked_at is not null;
		delete from kept.school s
		where s.district_id = kept.district()
		and s.id = school.id;
	exception
		when foreign_key_violation then
			perform kept.refuse(409, 'Commitments, people, organisations, plans, closed days, policies or keys belong to this school. Move them first.');
	end;
	return kept.once_store(request, row(204, null, null, null, null)::kept.reply, school.id);
end
$$;
comment on function kept.school_remove(jsonb, uuid) is 'DELETE /v1/schools/{id}';
grant execute on function kept.school_remove(jsonb, uuid) to kept_api;
