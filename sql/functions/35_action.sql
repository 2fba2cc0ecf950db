-- 35: actions: the catalogue as a district offers it, and its own.

create or replace function kept.action_json(a kept.action, choice text[]) returns json
language sql stable
as $$
	select json_build_object(
		'id', a.id,
		'group', a.group_code,
		'catalogue_code', a.catalogue_code,
		'title', t.title,
		'description', t.description,
		'language', t.language,
		'retired', a.retired,
		'version', a.version,
		'created_at', kept.instant(a.created_at),
		'updated_at', kept.instant(a.updated_at))
	from (values (1)) as one (row)
	left join lateral (
		select w.title, w.description, w.language
		from (
			select o.title, o.description, o.language
			from kept.action_text o
			where o.district_id = a.district_id
			and o.action_id = a.id
			union all
			select c.title, c.description, c.language
			from kept.catalogue_action_text c
			where c.code = a.catalogue_code) w
		order by array_position(choice, lower(w.language)) nulls last, w.language
		limit 1) t on true
$$;
comment on function kept.action_json(kept.action, text[]) is 'An action in the first language of the choice that it is written in, else in any.';
grant execute on function kept.action_json(kept.action, text[]) to kept_api;

create or replace function kept.action_reply(status int, id uuid) returns kept.reply
language sql stable
as $$
	select row(action_reply.status, j.body, kept.etag(j.version, j.body), '/v1/actions/' || action_reply.id, null)::kept.reply
	from (
		select kept.action_json(a, kept.language_choice(''))::text as body, a.version
		from kept.action a
		where a.district_id = kept.district()
		and a.id = action_reply.id) j
$$;
comment on function kept.action_reply(int, uuid) is 'The reply that shows an action, in the district''s language.';
grant execute on function kept.action_reply(int, uuid) to kept_api;

create or replace function kept.action_texts(id uuid, texts jsonb) returns void
language plpgsql volatile
as $$
begin
	perform kept.refuse_fields((
		select coalesce(jsonb_agg(e order by e ->> 'pointer'), '[]')
		from (
			select jsonb_build_object('pointer', '/texts/' || (n - 1) || '/language', 'detail', case
				when not kept.language_valid(t ->> 'language') then 'is not a language tag, like es or en-US'
				else 'is there twice' end) as e
			from jsonb_array_elements(texts) with ordinality as given (t, n)
			where not kept.language_valid(t ->> 'language')
			or exists (
				select
				from jsonb_array_elements(texts) with ordinality as other (t, n)
				where other.n < given.n
				and lower(other.t ->> 'language') = lower(given.t ->> 'language'))) wrong));
	delete from kept.action_text o
	where o.district_id = kept.district()
	and o.action_id = id;
	insert into kept.action_text (district_id, action_id, language, title, description)
	select kept.district(), id, t ->> 'language', t ->> 'title', t ->> 'description'
	from jsonb_array_elements(texts) as t;
end
$$;
comment on function kept.action_texts(uuid, jsonb) is 'Makes the words of a district''s own action what the array says.';
grant execute on function kept.action_texts(uuid, jsonb) to kept_api;

create or replace function kept.action_create(request jsonb, body jsonb) returns kept.reply
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
	perform kept.require_scope(null, array[body ->> 'group']);
	insert into kept.action (district_id, id, group_code)
	values (kept.district(), made, body ->> 'group');
	perform kept.action_texts(made, body -> 'texts');
	return kept.once_store(request, kept.action_reply(201, made), made);
end
$$;
comment on function kept.action_create(jsonb, jsonb) is 'POST /v1/actions';
grant execute on function kept.action_create(jsonb, jsonb) to kept_api;

create or replace function kept.action_lock(request jsonb, id uuid) returns kept.action
language plpgsql volatile
as $$
declare
	action kept.action;
begin
	select a.* into action
	from kept.action a
	where a.district_id = kept.district()
	and a.id = action_lock.id
	for update;
	if not found then
		perform kept.not_found('action');
	end if;
	perform kept.match(request, action.version);
	perform kept.require_scope(null, array[action.group_code]);
	return action;
end
$$;
comment on function kept.action_lock(jsonb, uuid) is 'The action, locked for a change: 404 where absent, 412 where the version is another, 403 out of scope.';
grant execute on function kept.action_lock(jsonb, uuid) to kept_api;

create or replace function kept.action_change(request jsonb, id uuid, body jsonb) returns kept.reply
language plpgsql volatile
as $$
declare
	reply kept.reply := kept.once(request);
	action kept.action;
begin
	if reply.status is not null then
		return reply;
	end if;
	action := kept.action_lock(request, id);
	if body ? 'texts' then
		if action.catalogue_code is not null then
			perform kept.refuse_fields(kept.field_error('/texts', 'of a catalogue action cannot be changed; retire it and add your own'));
		end if;
		perform kept.action_texts(action.id, body -> 'texts');
	end if;
	update kept.action a
	set retired = coalesce((body ->> 'retired')::boolean, a.retired),
		version = a.version + 1,
		updated_at = kept.now()
	where a.district_id = kept.district()
	and a.id = action.id;
	return kept.once_store(request, kept.action_reply(200, action.id), action.id);
end
$$;
comment on function kept.action_change(jsonb, uuid, jsonb) is 'PATCH /v1/actions/{id}';
grant execute on function kept.action_change(jsonb, uuid, jsonb) to kept_api;

create or replace function kept.action_remove(request jsonb, id uuid) returns kept.reply
language plpgsql volatile
as $$
declare
	reply kept.reply := kept.once(request);
	action kept.action;
begin
	if reply.status is not null then
		return reply;
	end if;
	action := kept.action_lock(request, id);
	if action.catalogue_code is not null then
		perform kept.refuse(409, 'An action of the catalogue cannot be removed. Retire it: PATCH it with {"retired":true}.');
	end if;
	begin
		delete from kept.action a
		where a.district_id = kept.district()
		and a.id = action.id;
	exception
		when foreign_key_violation then
			perform kept.refuse(409, 'Commitments carry out this action, or plans have it. Retire it instead: PATCH it with {"retired":true}.');
	end;
	return kept.once_store(request, row(204, null, null, null, null)::kept.reply, action.id);
end
$$;
comment on function kept.action_remove(jsonb, uuid) is 'DELETE /v1/actions/{id}';
grant execute on function kept.action_remove(jsonb, uuid) to kept_api;
