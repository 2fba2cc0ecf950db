-- 33: organisations: chapters, classes, councils, chambers, departments.

create or replace function kept.organisation_json(o kept.organisation, with_secret boolean default false) returns json
language plpgsql stable
as $$
begin
	return (
		select json_build_object(
			'id', o.id,
			'name', o.name,
			'kind', o.kind,
			'group', o.group_code,
			'school_id', o.school_id,
			'language', o.language,
			'time_zone', o.time_zone,
			'members', kept.members_told(o.members, o.id),
			'contacts', kept.contacts_json(null, o.id, with_secret),
			'version', o.version,
			'created_at', kept.instant(o.created_at),
			'updated_at', kept.instant(o.updated_at)));
end
$$;
comment on function kept.organisation_json(kept.organisation, boolean) is 'An organisation as the API shows it.';
grant execute on function kept.organisation_json(kept.organisation, boolean) to kept_api;

create or replace function kept.organisation_reply(status int, id uuid) returns kept.reply
language plpgsql stable
as $$
begin
	return (
		select row(organisation_reply.status, j.body, kept.etag(j.version, j.body), '/v1/organisations/' || organisation_reply.id, null)::kept.reply
		from (
			select kept.organisation_json(o, organisation_reply.status = 201)::text as body, o.version
			from kept.organisation o
			where o.district_id = kept.district()
			and o.id = organisation_reply.id) j);
end
$$;
comment on function kept.organisation_reply(int, uuid) is 'The reply that shows an organisation; a new one with its contacts'' sealed secrets.';
grant execute on function kept.organisation_reply(int, uuid) to kept_api;

create or replace function kept.organisation_scope(id uuid) returns void
language plpgsql stable
as $$
declare
	organisation kept.organisation;
begin
	select o.* into organisation
	from kept.organisation o
	where o.district_id = kept.district()
	and o.id = organisation_scope.id;
	if not found then
		perform kept.not_found('organisation');
	end if;
	if kept.role() = 'partner' then
		if organisation.id is distinct from kept.scope_organisation() then
			perform kept.refuse(403, 'A partner''s key changes its own organisation only.');
		end if;
	else
		perform kept.require_scope(organisation.school_id, array[organisation.group_code]);
	end if;
end
$$;
comment on function kept.organisation_scope(uuid) is 'Refuses where the organisation is absent or not the caller''s to change.';
grant execute on function kept.organisation_scope(uuid) to kept_api;

create or replace function kept.organisation_create(request jsonb, body jsonb, secrets jsonb) returns kept.reply
language plpgsql volatile
as $$
declare
	reply kept.reply := kept.once(request);
	made uuid := kept.uuid7();
begin
	if reply.status is not null then
		return reply;
	end if;
	perform kept.refuse_fields(kept.check_members(body) || kept.contact_errors(body -> 'contacts', '/contacts'));
	perform kept.require_scope((body ->> 'school_id')::uuid, array[body ->> 'group']);
	insert into kept.organisation (district_id, id, name, kind, group_code, school_id, language, time_zone, members)
	values (kept.district(), made, body ->> 'name', body ->> 'kind', body ->> 'group', (body ->> 'school_id')::uuid,
		body ->> 'language', body ->> 'time_zone', (body ->> 'members')::numeric::int);
	perform kept.contacts_add(null, made, body -> 'contacts', secrets);
	return kept.once_store(request, kept.organisation_reply(201, made), made);
end
$$;
comment on function kept.organisation_create(jsonb, jsonb, jsonb) is 'POST /v1/organisations';
grant execute on function kept.organisation_create(jsonb, jsonb, jsonb) to kept_api;

create or replace function kept.organisation_lock(request jsonb, id uuid) returns kept.organisation
language plpgsql volatile
as $$
declare
	organisation kept.organisation;
begin
	select o.* into organisation
	from kept.organisation o
	where o.district_id = kept.district()
	and o.id = organisation_lock.id
	for update;
	if not found then
		perform kept.not_found('organisation');
	end if;
	perform kept.match(request, organisation.version);
	perform kept.organisation_scope(organisation.id);
	return organisation;
end
$$;
comment on function kept.organisation_lock(jsonb, uuid) is
	'The organisation, locked for a change: 404 where absent, 412 where the version is another, 403 out of scope.';
grant execute on function kept.organisation_lock(jsonb, uuid) to kept_api;

create or replace function kept.organisation_change(request jsonb, id uuid, body jsonb) returns kept.reply
language plpgsql volatile
as $$
declare
	reply kept.reply := kept.once(request);
	organisation kept.organisation;
begin
	if reply.status is not null then
		return reply;
	end if;
	organisation := kept.organisation_lock(request, id);
	perform kept.refuse_fields(kept.check_members(body));
	-- What says nothing new leaves version and history alone.
	if kept.organisation_json(organisation)::jsonb @> body then
		return kept.once_store(request, kept.organisation_reply(200, organisation.id), organisation.id);
	end if;
	update kept.organisation o
	set name = coalesce(body ->> 'name', o.name),
		kind = coalesce(body ->> 'kind', o.kind),
		group_code = coalesce(body ->> 'group', o.group_code),
		school_id = case when body ? 'school_id' then (body ->> 'school_id')::uuid else o.school_id end,
		language = case when body ? 'language' then body ->> 'language' else o.language end,
		time_zone = case when body ? 'time_zone' then body ->> 'time_zone' else o.time_zone end,
		members = case when body ? 'members' then (body ->> 'members')::numeric::int else o.members end,
		version = o.version + 1,
		updated_at = kept.now()
	where o.district_id = kept.district()
	and o.id = organisation.id;
	-- Where it went must be within the key's scope, too.
	perform kept.organisation_scope(organisation.id);
	if body ? 'time_zone' or body ? 'school_id' then
		perform kept.reckon_party(null, organisation.id);
	end if;
	return kept.once_store(request, kept.organisation_reply(200, organisation.id), organisation.id);
end
$$;
comment on function kept.organisation_change(jsonb, uuid, jsonb) is 'PATCH /v1/organisations/{id}';
grant execute on function kept.organisation_change(jsonb, uuid, jsonb) to kept_api;

create or replace function kept.organisation_remove(request jsonb, id uuid) returns kept.reply
language plpgsql volatile
as $$
declare
	reply kept.reply := kept.once(request);
	organisation kept.organisation;
begin
	if reply.status is not null then
		return reply;
	end if;
	organisation := kept.organisation_lock(request, id);
	begin
		-- A revoked key stays for the record; it must not hold the organisation.
		update kept.key k
		set organisation_id = null
		where k.district_id = kept.district()
		and k.organisation_id = organisation.id
		and k.revoked_at is not null;
		delete from kept.organisation o
		where o.district_id = kept.district()
		and o.id = organisation.id;
	exception
		when foreign_key_violation then
			perform kept.refuse(409, 'The organisation has a part in commitments, or keys speak for it. Withdraw or hand over those first.');
	end;
	delete from kept.idempotency i
	where i.district_id = kept.district()
	and i.subject_id = organisation.id;
	return kept.once_store(request, row(204, null, null, null, null)::kept.reply, organisation.id);
end
$$;
comment on function kept.organisation_remove(jsonb, uuid) is 'DELETE /v1/organisations/{id}';
grant execute on function kept.organisation_remove(jsonb, uuid) to kept_api;
