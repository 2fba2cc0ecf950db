-- 60: frameworks: what a plan is made by, and who belongs at its table.

-- Served by the primary keys of framework, framework_group and catalogue_framework_group.
create or replace function kept.framework_groups(framework uuid, level text) returns table (group_code text, necessity text)
language sql stable
rows 8
as $$
	select g.code, case
		when w.necessity is null or (w.only_secondary and framework_groups.level is distinct from 'secondary') then 'may'
		else w.necessity
	end
	from kept.stakeholder_group g
	left join (
		select o.group_code, o.necessity, o.only_secondary
		from kept.framework_group o
		where o.district_id = (select kept.district())
		and o.framework_id = framework_groups.framework
		union all
		select c.group_code, c.necessity, c.only_secondary
		from kept.framework f
		join kept.catalogue_framework_group c on c.code = f.catalogue_code
		where f.district_id = (select kept.district())
		and f.id = framework_groups.framework) w on w.group_code = g.code
	order by g.position
$$;
comment on function kept.framework_groups(uuid, text) is
	'How much a framework wants each of the eight groups at the table of a school of that level: must, should or may; a group that it does not name may.';
grant execute on function kept.framework_groups(uuid, text) to kept_api, kept_worker;

-- Served by the primary key of catalogue_framework_text. Tags are the same in upper and lower case.
create or replace function kept.framework_text(f kept.framework, choice text[]) returns kept.catalogue_framework_text
language sql stable
as $$
	select t
	from kept.catalogue_framework_text t
	where t.code = f.catalogue_code
	order by array_position(choice, lower(t.language)) nulls last, t.language
	limit 1
$$;
comment on function kept.framework_text(kept.framework, text[]) is
	'The words of a framework that comes with Kept in the first language of the choice that has them, else in any; NULL for a district''s own.';
grant execute on function kept.framework_text(kept.framework, text[]) to kept_api;

create or replace function kept.framework_name(f kept.framework, choice text[]) returns text
language sql stable
as $$ select coalesce(f.name, (kept.framework_text(f, choice)).name) $$;
comment on function kept.framework_name(kept.framework, text[]) is 'What a framework is called.';
grant execute on function kept.framework_name(kept.framework, text[]) to kept_api;

-- Served by the primary keys of catalogue_clause and catalogue_clause_text.
create or replace function kept.framework_clauses(f kept.framework, choice text[])
returns table (code text, group_code text, citation text, title text, description text)
language sql stable
rows 10
as $$
	select c.code, c.group_code, c.citation, t.title, t.description
	from kept.catalogue_clause c
	left join lateral (
		select w.title, w.description
		from kept.catalogue_clause_text w
		where w.framework_code = c.framework_code
		and w.code = c.code
		order by array_position(choice, lower(w.language)) nulls last, w.language
		limit 1) t on true
	where c.framework_code = f.catalogue_code
	order by c.position
$$;
comment on function kept.framework_clauses(kept.framework, text[]) is
	'What a plan by this framework must say, in their order, each in the first language of the choice that has it, else in any.';
grant execute on function kept.framework_clauses(kept.framework, text[]) to kept_api;

-- Served by the primary keys of framework_group and catalogue_framework_group.
create or replace function kept.framework_json(f kept.framework, choice text[]) returns json
language sql stable
as $$
	select json_build_object(
		'id', f.id,
		'code', f.catalogue_code,
		'name', coalesce(f.name, t.name),
		'description', case when f.catalogue_code is null then f.description else t.description end,
		'language', t.language,
		'groups', (
			select coalesce(json_agg(json_build_object('group', w.group_code, 'necessity', w.necessity, 'only_secondary', w.only_secondary)
				order by g.position), '[]')
			from (
				select o.group_code, o.necessity, o.only_secondary
				from kept.framework_group o
				where o.district_id = f.district_id
				and o.framework_id = f.id
				union all
				select c.group_code, c.necessity, c.only_secondary
				from kept.catalogue_framework_group c
				where c.code = f.catalogue_code) w
			join kept.stakeholder_group g on g.code = w.group_code),
		'clauses', (
			select coalesce(json_agg(json_build_object('code', c.code, 'group', c.group_code, 'citation', c.citation, 'title', c.title,
				'description', c.description)), '[]')
			from kept.framework_clauses(f, choice) c),
		'retired', f.retired,
		'version', f.version,
		'created_at', kept.instant(f.created_at),
		'updated_at', kept.instant(f.updated_at))
	from kept.framework_text(f, choice) t
$$;
comment on function kept.framework_json(kept.framework, text[]) is 'A framework in the first language of the choice that it is written in, else in any.';
grant execute on function kept.framework_json(kept.framework, text[]) to kept_api;

create or replace function kept.framework_reply(status int, id uuid) returns kept.reply
language sql stable
as $$
	select row(framework_reply.status, j.body, kept.etag(j.version, j.body), '/v1/frameworks/' || framework_reply.id, null)::kept.reply
	from (
		select kept.framework_json(f, kept.language_choice(''))::text as body, f.version
		from kept.framework f
		where f.district_id = kept.district()
		and f.id = framework_reply.id) j
$$;
comment on function kept.framework_reply(int, uuid) is 'The reply that shows a framework, in the district''s language.';
grant execute on function kept.framework_reply(int, uuid) to kept_api;

create or replace function kept.framework_groups_set(id uuid, groups jsonb) returns void
language plpgsql volatile
as $$
declare
	errors jsonb;
begin
	select coalesce(jsonb_agg(jsonb_build_object('pointer', '/groups/' || (w.n - 1) || '/group', 'detail', 'is there twice') order by w.n), '[]')
	into errors
	from (
		select n, row_number() over (partition by g ->> 'group' order by n) as nth
		from jsonb_array_elements(groups) with ordinality as given (g, n)) w
	where w.nth > 1;
	if not exists (
		select
		from jsonb_array_elements(groups) as g
		where g ->> 'necessity' in ('must', 'should')) then
		errors := errors || kept.field_error('/groups', 'must name at least one group that must or should be at the table');
	end if;
	perform kept.refuse_fields(errors);
	delete from kept.framework_group o
	where o.district_id = kept.district()
	and o.framework_id = framework_groups_set.id;
	insert into kept.framework_group (district_id, framework_id, group_code, necessity, only_secondary)
	select kept.district(), framework_groups_set.id, g ->> 'group', g ->> 'necessity', coalesce((g ->> 'only_secondary')::boolean, false)
	from jsonb_array_elements(groups) as g;
end
$$;
comment on function kept.framework_groups_set(uuid, jsonb) is 'Makes the groups of a district''s own framework what the array says; refuses one without a group.';
grant execute on function kept.framework_groups_set(uuid, jsonb) to kept_api;

create or replace function kept.framework_create(request jsonb, body jsonb) returns kept.reply
language plpgsql volatile
as $$
declare
	reply kept.reply := kept.once(request);
	made uuid := kept.uuid7();
begin
	if reply.status is not null then
		return reply;
	end if;
	insert into kept.framework (district_id, id, name, description)
	values (kept.district(), made, body ->> 'name', body ->> 'description');
	perform kept.framework_groups_set(made, body -> 'groups');
	return kept.once_store(request, kept.framework_reply(201, made), made);
end
$$;
comment on function kept.framework_create(jsonb, jsonb) is 'POST /v1/frameworks';
grant execute on function kept.framework_create(jsonb, jsonb) to kept_api;

create or replace function kept.framework_lock(request jsonb, id uuid) returns kept.framework
language plpgsql volatile
as $$
declare
	framework kept.framework;
begin
	select f.* into framework
	from kept.framework f
	where f.district_id = kept.district()
	and f.id = framework_lock.id
	for update;
	if not found then
		perform kept.not_found('framework');
	end if;
	perform kept.match(request, framework.version);
	return framework;
end
$$;
comment on function kept.framework_lock(jsonb, uuid) is 'The framework, locked for a change: 404 where absent, 412 where the version is another.';
grant execute on function kept.framework_lock(jsonb, uuid) to kept_api;

create or replace function kept.framework_change(request jsonb, id uuid, body jsonb) returns kept.reply
language plpgsql volatile
as $$
declare
	reply kept.reply := kept.once(request);
	framework kept.framework;
begin
	if reply.status is not null then
		return reply;
	end if;
	framework := kept.framework_lock(request, id);
	if framework.catalogue_code is not null and body - 'retired' <> '{}' then
		perform kept.refuse(409, 'A framework that comes with Kept cannot be changed, only retired. Add one of your own.');
	end if;
	if body ? 'groups' then
		perform kept.framework_groups_set(framework.id, body -> 'groups');
	end if;
	update kept.framework f
	set name = coalesce(body ->> 'name', f.name),
		description = case when body ? 'description' then body ->> 'description' else f.description end,
		retired = coalesce((body ->> 'retired')::boolean, f.retired),
		version = f.version + 1,
		updated_at = kept.now()
	where f.district_id = kept.district()
	and f.id = framework.id;
	return kept.once_store(request, kept.framework_reply(200, framework.id), framework.id);
end
$$;
comment on function kept.framework_change(jsonb, uuid, jsonb) is 'PATCH /v1/frameworks/{id}: groups are given whole.';
grant execute on function kept.framework_change(jsonb, uuid, jsonb) to kept_api;

create or replace function kept.framework_remove(request jsonb, id uuid) returns kept.reply
language plpgsql volatile
as $$
declare
	reply kept.reply := kept.once(request);
	framework kept.framework;
begin
	if reply.status is not null then
		return reply;
	end if;
	framework := kept.framework_lock(request, id);
	if framework.catalogue_code is not null then
		perform kept.refuse(409, 'A framework that comes with Kept cannot be removed. Retire it: PATCH it with {"retired":true}.');
	end if;
	begin
		delete from kept.framework f
		where f.district_id = kept.district()
		and f.id = framework.id;
	exception
		when foreign_key_violation then
			perform kept.refuse(409, 'Plans are made by this framework. Retire it instead: PATCH it with {"retired":true}.');
	end;
	return kept.once_store(request, row(204, null, null, null, null)::kept.reply, framework.id);
end
$$;
comment on function kept.framework_remove(jsonb, uuid) is 'DELETE /v1/frameworks/{id}';
grant execute on function kept.framework_remove(jsonb, uuid) to kept_api;
