-- 36: API keys of a district.

create or replace function kept.key_json(k kept.key, sealed text default null) returns json
language sql stable
as $$
	select case
		when sealed is null then shown
		else (shown::jsonb || jsonb_build_object('key', sealed))::json
	end
	from (
		select json_build_object(
			'id', k.id,
			'name', k.name,
			'prefix', k.prefix,
			'role', k.role,
			'school_id', k.school_id,
			'group', k.group_code,
			'organisation_id', k.organisation_id,
			'person_id', k.person_id,
			'expires_at', kept.instant(k.expires_at),
			'previous_expires_at', kept.instant(k.previous_expires_at),
			'last_used_at', (
				select kept.instant(u.used_at)
				from kept.key_use u
				where u.district_id = k.district_id
				and u.key_id = k.id),
			'revoked_at', kept.instant(k.revoked_at),
			'version', k.version,
			'created_at', kept.instant(k.created_at),
			'updated_at', kept.instant(k.updated_at)) as shown) s
$$;
comment on function kept.key_json(kept.key, text) is 'A key as the API shows it; when it is made or rotated, with its sealed text, which C opens on its way out.';
grant execute on function kept.key_json(kept.key, text) to kept_api;

create or replace function kept.key_create(request jsonb, body jsonb, secrets jsonb) returns kept.reply
language plpgsql volatile
as $$
declare
	reply kept.reply := kept.once(request);
	made kept.key;
	shown text;
	errors jsonb;
begin
	if reply.status is not null then
		return reply;
	end if;
	errors := kept.check_members(body);
	if (body ->> 'expires_at')::timestamptz <= kept.now() then
		errors := errors || kept.field_error('/expires_at', 'lies in the past');
	end if;
	if body ->> 'organisation_id' is not null and body ->> 'role' <> 'partner' then
		errors := errors || kept.field_error('/organisation_id', 'goes with the role partner only');
	end if;
	if body ->> 'role' = 'admin' and coalesce(body ->> 'school_id', body ->> 'group') is not null then
		errors := errors || kept.field_error('/role', 'of an admin is for the whole district: leave out school and group, or take the role steward');
	end if;
	if body ->> 'person_id' is not null and body ->> 'role' not in ('admin', 'steward') then
		errors := errors || kept.field_error('/person_id', 'goes with the roles admin and steward only');
	end if;
	perform kept.refuse_fields(errors);
	insert into kept.key (district_id, name, prefix, hash, role, school_id, group_code, organisation_id, person_id, expires_at)
	values (kept.district(), coalesce(body ->> 'name', ''), secrets -> 0 ->> 'prefix', secrets -> 0 ->> 'hash', body ->> 'role',
		(body ->> 'school_id')::uuid, body ->> 'group', (body ->> 'organisation_id')::uuid, (body ->> 'person_id')::uuid,
		(body ->> 'expires_at')::timestamptz)
	returning * into made;
	shown := kept.key_json(made, secrets -> 0 ->> 'secret')::text;
	return kept.once_store(request, row(201, shown, kept.etag(made.version, shown), '/v1/keys/' || made.id, null)::kept.reply, made.id);
end
$$;
comment on function kept.key_create(jsonb, jsonb, jsonb) is 'POST /v1/keys';
grant execute on function kept.key_create(jsonb, jsonb, jsonb) to kept_api;

create or replace function kept.key_lock(request jsonb, id uuid) returns kept.key
language plpgsql volatile
as $$
declare
	key kept.key;
begin
	select k.* into key
	from kept.key k
	where k.district_id = kept.district()
	and k.id = key_lock.id
	for update;
	if not found then
		perform kept.not_found('key');
	end if;
	perform kept.match(request, key.version);
	return key;
end
$$;
comment on function kept.key_lock(jsonb, uuid) is 'The key, locked for a change: 404 where absent, 412 where the version is another.';
grant execute on function kept.key_lock(jsonb, uuid) to kept_api;

create or replace function kept.key_change(request jsonb, id uuid, body jsonb) returns kept.reply
language plpgsql volatile
as $$
declare
	reply kept.reply := kept.once(request);
	key kept.key;
	shown text;
begin
	if reply.status is not null then
		return reply;
	end if;
	key := kept.key_lock(request, id);
	if (body ->> 'expires_at')::timestamptz <= kept.now() then
		perform kept.refuse_fields(kept.field_error('/expires_at', 'lies in the past; to end the key now, delete it'));
	end if;
	perform kept.refuse_fields(kept.check_members(body));
	if body ->> 'person_id' is not null and key.role not in ('admin', 'steward') then
		perform kept.refuse_fields(kept.field_error('/person_id', 'goes with the roles admin and steward only'));
	end if;
	update kept.key k
	set name = coalesce(body ->> 'name', k.name),
		person_id = case when body ? 'person_id' then (body ->> 'person_id')::uuid else k.person_id end,
		expires_at = case when body ? 'expires_at' then (body ->> 'expires_at')::timestamptz else k.expires_at end,
		version = k.version + 1,
		updated_at = kept.now()
	where k.district_id = kept.district()
	and k.id = key.id
	returning k.* into key;
	shown := kept.key_json(key)::text;
	return kept.once_store(request, row(200, shown, kept.etag(key.version, shown), null, null)::kept.reply, key.id);
end
$$;
comment on function kept.key_change(jsonb, uuid, jsonb) is 'PATCH /v1/keys/{id}: name, expiry and holder';
grant execute on function kept.key_change(jsonb, uuid, jsonb) to kept_api;

create or replace function kept.key_rotate(request jsonb, id uuid, body jsonb, secrets jsonb) returns kept.reply
language plpgsql volatile
as $$
declare
	reply kept.reply := kept.once(request);
	key kept.key;
	overlap interval := make_interval(hours => coalesce((body ->> 'overlap_hours')::int, 24));
	shown text;
begin
	if reply.status is not null then
		return reply;
	end if;
	key := kept.key_lock(request, id);
	if key.revoked_at is not null then
		perform kept.refuse(409, 'The key was revoked. Make a new one.');
	elsif key.expires_at <= kept.now() then
		perform kept.refuse(409, 'The key has expired. Give it a later expiry first, or make a new one.');
	end if;
	-- There is one text before, never two: what an earlier rotation left ends here.
	update kept.key k
	set hash = secrets -> 0 ->> 'hash',
		prefix = secrets -> 0 ->> 'prefix',
		previous_hash = case when overlap > interval '0' then k.hash end,
		previous_expires_at = case when overlap > interval '0' then kept.now() + overlap end,
		version = k.version + 1,
		updated_at = kept.now()
	where k.district_id = kept.district()
	and k.id = key.id
	returning k.* into key;
	shown := kept.key_json(key, secrets -> 0 ->> 'secret')::text;
	return kept.once_store(request, row(200, shown, kept.etag(key.version, shown), null, null)::kept.reply, key.id);
end
$$;
comment on function kept.key_rotate(jsonb, uuid, jsonb, jsonb) is
	'POST /v1/keys/{id}/rotate: a new text for the same key; the old one is good for so many hours more';
grant execute on function kept.key_rotate(jsonb, uuid, jsonb, jsonb) to kept_api;

create or replace function kept.key_revoke(request jsonb, id uuid) returns kept.reply
language plpgsql volatile
as $$
declare
	reply kept.reply := kept.once(request);
	key kept.key;
begin
	if reply.status is not null then
		return reply;
	end if;
	key := kept.key_lock(request, id);
	update kept.key k
	set revoked_at = coalesce(k.revoked_at, kept.now()),
		version = k.version + 1,
		updated_at = kept.now()
	where k.district_id = kept.district()
	and k.id = key.id;
	-- A reply that could still show the key goes with it.
	delete from kept.idempotency i
	where i.district_id = kept.district()
	and i.subject_id = key.id;
	return kept.once_store(request, row(204, null, null, null, null)::kept.reply, key.id);
end
$$;
comment on function kept.key_revoke(jsonb, uuid) is 'DELETE /v1/keys/{id}: the key is refused from this moment on; its row stays for the record';
grant execute on function kept.key_revoke(jsonb, uuid) to kept_api;
