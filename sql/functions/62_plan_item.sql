-- 62: the items of a plan: what each group answers for.

create or replace function kept.plan_item_hash(i kept.plan_item) returns text
language sql immutable parallel safe
as $$
	select encode(sha256(convert_to(jsonb_build_object(
		'group', i.group_code,
		'title', i.title,
		'description', i.description,
		'due_on', to_char(i.due_on, 'YYYY-MM-DD'),
		'owed_to_group', i.owed_to_group)::text, 'UTF8')), 'hex')
$$;
comment on function kept.plan_item_hash(kept.plan_item) is
	'SHA-256, as hexadecimal, of the exact text that a group agrees to: the jsonb text of group, title, description, due_on and owed_to_group.';
grant execute on function kept.plan_item_hash(kept.plan_item) to kept_api;

create or replace function kept.plan_item_add(i kept.plan_item) returns kept.plan_item
language plpgsql volatile
as $$
begin
	i.id := kept.uuid7();
	i.line := coalesce(i.line, i.id);
	i.text_hash := kept.plan_item_hash(i);
	i.commitment_id := null;
	i.created_at := kept.now();
	i.updated_at := i.created_at;
	insert into kept.plan_item select i.*;
	return i;
end
$$;
comment on function kept.plan_item_add(kept.plan_item) is
	'Adds an item to a draft; line NULL: it is new, not one of an earlier version. Answers it as it is stored.';
grant execute on function kept.plan_item_add(kept.plan_item) to kept_api;

-- Served by the primary keys of action and catalogue_clause.
create or replace function kept.plan_template(p kept.plan) returns void
language plpgsql volatile
as $$
declare
	choice text[] := kept.language_choice('');
	f kept.framework;
	i kept.plan_item;
	wanted record;
begin
	select x.* into f
	from kept.framework x
	where x.district_id = p.district_id
	and x.id = p.framework_id;
	i.district_id := p.district_id;
	i.plan_id := p.id;
	i.version_number := 1;
	for wanted in
		select a.group_code, null as clause_code, a.id as action_id, j.shown ->> 'title' as title, j.shown ->> 'description' as description, a.position
		from kept.action a
		cross join lateral (select kept.action_json(a, choice) as shown) j
		where f.catalogue_code = 'guide'
		and a.district_id = p.district_id
		and a.catalogue_code is not null
		and not a.retired
		union all
		select c.group_code, c.code, null, c.title, c.description, c.place::int
		from kept.framework_clauses(f, choice) with ordinality as c (code, group_code, citation, title, description, place)
		join kept.framework_groups(f.id, (
			select s.level
			from kept.school s
			where s.district_id = p.district_id
			and s.id = p.school_id)) g on g.group_code = c.group_code and g.necessity <> 'may'
		order by position
	loop
		i.group_code := wanted.group_code;
		i.clause_code := wanted.clause_code;
		i.action_id := wanted.action_id;
		i.title := wanted.title;
		i.description := wanted.description;
		i.position := wanted.position * 10;
		perform kept.plan_item_add(i);
	end loop;
end
$$;
comment on function kept.plan_template(kept.plan) is
	'Fills the first draft of a plan with what its framework asks for, in the district''s language: the actions of the guide, the clauses of others for those groups that it wants at the table of such a school.';
grant execute on function kept.plan_template(kept.plan) to kept_api;

-- Of many: kept.plan_item_standings() is asked once for all. Served by the primary key of catalogue_clause.
create or replace function kept.plan_item_json(i kept.plan_item, plan_version bigint, stands record) returns json
language plpgsql stable
as $$
declare
	counted boolean := kept.role() in ('admin', 'steward');
begin
	return json_build_object(
		'id', i.id,
		'plan_id', i.plan_id,
		'number', i.version_number,
		'line', i.line,
		'group', i.group_code,
		'position', i.position,
		'action_id', i.action_id,
		'clause', i.clause_code,
		'citation', (
			select c.citation
			from kept.plan p
			join kept.framework f on f.district_id = p.district_id and f.id = p.framework_id
			join kept.catalogue_clause c on c.framework_code = f.catalogue_code and c.code = i.clause_code
			where p.district_id = i.district_id
			and p.id = i.plan_id),
		'title', i.title,
		'description', i.description,
		'due_on', i.due_on,
		'owed_to_group', i.owed_to_group,
		'text_hash', i.text_hash,
		'standing', stands.standing,
		'counts', case when counted then json_build_object('agree', stands.agree, 'amend', stands.amend, 'decline', stands.decline,
			'abstain', stands.abstain) end,
		'commitment_id', i.commitment_id,
		'version', plan_version,
		'created_at', kept.instant(i.created_at),
		'updated_at', kept.instant(i.updated_at));
end
$$;
comment on function kept.plan_item_json(kept.plan_item, bigint, record) is
	'An item as the API tells it, with its row of kept.plan_item_standings(); its version is its plan''s. Counts are for admins and stewards.';
grant execute on function kept.plan_item_json(kept.plan_item, bigint, record) to kept_api;

create or replace function kept.plan_item_json(i kept.plan_item, plan_version bigint) returns json
language plpgsql stable
as $$
begin
	return (
		select kept.plan_item_json(i, plan_version, s)
		from kept.plan_item_standings(array[i.id]) s);
end
$$;
comment on function kept.plan_item_json(kept.plan_item, bigint) is 'One item as the API tells it.';
grant execute on function kept.plan_item_json(kept.plan_item, bigint) to kept_api;

create or replace function kept.plan_item_reply(status int, i kept.plan_item, plan_version bigint) returns kept.reply
language plpgsql stable
as $$
declare
	body text := kept.plan_item_json(i, plan_version);
begin
	return row(plan_item_reply.status, body, kept.etag(plan_version, body), '/v1/plans/' || i.plan_id || '/items/' || i.id, null)::kept.reply;
end
$$;
comment on function kept.plan_item_reply(int, kept.plan_item, bigint) is 'The reply that shows an item.';
grant execute on function kept.plan_item_reply(int, kept.plan_item, bigint) to kept_api;

create or replace function kept.plan_item_read(plan uuid, id uuid) returns kept.reply
language plpgsql stable
as $$
declare
	i kept.plan_item;
	seen bigint;
begin
	select p.version into seen
	from kept.plan p
	where p.district_id = kept.district()
	and p.id = plan_item_read.plan;
	if seen is null then
		perform kept.not_found('plan');
	end if;
	select x.* into i
	from kept.plan_item x
	where x.district_id = kept.district()
	and x.plan_id = plan_item_read.plan
	and x.id = plan_item_read.id;
	return kept.found(case when i.id is not null then kept.plan_item_json(i, seen)::text end, seen, 'item of this plan');
end
$$;
comment on function kept.plan_item_read(uuid, uuid) is 'GET /v1/plans/{id}/items/{item_id}';
grant execute on function kept.plan_item_read(uuid, uuid) to kept_api;

create or replace function kept.plan_item_errors(i kept.plan_item, body jsonb) returns jsonb
language plpgsql stable
as $$
declare
	errors jsonb := '[]';
	action record;
begin
	if i.action_id is not null then
		select a.group_code, a.retired into action
		from kept.action a
		where a.district_id = i.district_id
		and a.id = i.action_id;
		if action.group_code is null then
			errors := errors || kept.field_error('/action_id', 'is not an action of this district');
		elsif action.group_code <> i.group_code then
			errors := errors || kept.field_error('/action_id', format('is an action of the group %s', action.group_code));
		elsif action.retired and body ? 'action_id' then
			errors := errors || kept.field_error('/action_id', 'is retired');
		end if;
	elsif i.title is null then
		errors := errors || kept.field_error('/title', 'is needed where there is no action_id');
	end if;
	if i.due_on not between '1900-01-01' and '2200-12-31' then
		errors := errors || kept.field_error('/due_on', 'must be between 1900-01-01 and 2200-12-31');
	end if;
	return errors;
end
$$;
comment on function kept.plan_item_errors(kept.plan_item, jsonb) is 'Field errors of an item that is new or changed by that body.';
grant execute on function kept.plan_item_errors(kept.plan_item, jsonb) to kept_api;

-- What the body says put over what there is; a new item's words are its action's where it says none.
create or replace function kept.plan_item_merge(i kept.plan_item, body jsonb) returns kept.plan_item
language plpgsql stable
as $$
declare
	action json;
begin
	if body ->> 'title' is null and i.title is null and i.action_id is not null then
		select kept.action_json(a, kept.language_choice('')) into action
		from kept.action a
		where a.district_id = i.district_id
		and a.id = i.action_id;
	end if;
	i.title := coalesce(body ->> 'title', i.title, action ->> 'title');
	i.description := case when body ? 'description' then body ->> 'description' else coalesce(i.description, action ->> 'description') end;
	i.due_on := case when body ? 'due_on' then (body ->> 'due_on')::date else i.due_on end;
	i.owed_to_group := case when body ? 'owed_to_group' then body ->> 'owed_to_group' else i.owed_to_group end;
	i.position := coalesce((body ->> 'position')::numeric::int, i.position);
	return i;
end
$$;
comment on function kept.plan_item_merge(kept.plan_item, jsonb) is 'An item with the members of a body.';
grant execute on function kept.plan_item_merge(kept.plan_item, jsonb) to kept_api;

-- Served by the unique index on plan_item (district_id, plan_id, version_number, line).
create or replace function kept.plan_item_create(request jsonb, plan uuid, body jsonb) returns kept.reply
language plpgsql volatile
as $$
declare
	reply kept.reply := kept.once(request);
	p kept.plan;
	i kept.plan_item;
	items int;
begin
	if reply.status is not null then
		return reply;
	end if;
	p := kept.plan_lock(request, plan_item_create.plan);
	i.district_id := p.district_id;
	i.plan_id := p.id;
	i.version_number := kept.plan_draft(p);
	i.group_code := body ->> 'group';
	i.action_id := (body ->> 'action_id')::uuid;
	select count(*), coalesce(max(x.position) filter (where x.group_code = i.group_code), 0) + 10
	into items, i.position
	from kept.plan_item x
	where x.district_id = i.district_id
	and x.plan_id = i.plan_id
	and x.version_number = i.version_number;
	if items >= 120 then
		perform kept.refuse(409, 'A version holds at most 120 items.');
	end if;
	i := kept.plan_item_merge(i, body);
	perform kept.refuse_fields(kept.plan_item_errors(i, body));
	i := kept.plan_item_add(i);
	p := kept.plan_touch(p);
	return kept.once_store(request, kept.plan_item_reply(201, i, p.version), p.id);
end
$$;
comment on function kept.plan_item_create(jsonb, uuid, jsonb) is 'POST /v1/plans/{id}/items: into the open draft.';
grant execute on function kept.plan_item_create(jsonb, uuid, jsonb) to kept_api;

-- The plan is locked before, so nothing else changes the item.
create or replace function kept.plan_item_of_draft(p kept.plan, id uuid) returns kept.plan_item
language plpgsql stable
as $$
declare
	i kept.plan_item;
	status text;
begin
	select x.* into i
	from kept.plan_item x
	where x.district_id = p.district_id
	and x.plan_id = p.id
	and x.id = plan_item_of_draft.id;
	if i.id is null then
		perform kept.not_found('item of this plan');
	end if;
	select v.status into status
	from kept.plan_version v
	where v.district_id = i.district_id
	and v.plan_id = i.plan_id
	and v.number = i.version_number;
	if status <> 'draft' then
		perform kept.refuse(409, format('Version %s is %s: a published version never changes. Make a new draft: POST to /v1/plans/%s/versions.',
			i.version_number, replace(status, '_', ' '), p.id));
	end if;
	return i;
end
$$;
comment on function kept.plan_item_of_draft(kept.plan, uuid) is 'An item that may be changed: 404 where the plan has none such, 409 where its version is no draft.';
grant execute on function kept.plan_item_of_draft(kept.plan, uuid) to kept_api;

create or replace function kept.plan_item_change(request jsonb, plan uuid, id uuid, body jsonb) returns kept.reply
language plpgsql volatile
as $$
declare
	reply kept.reply := kept.once(request);
	p kept.plan;
	i kept.plan_item;
begin
	if reply.status is not null then
		return reply;
	end if;
	p := kept.plan_lock(request, plan_item_change.plan);
	i := kept.plan_item_merge(kept.plan_item_of_draft(p, plan_item_change.id), body);
	perform kept.refuse_fields(kept.plan_item_errors(i, body));
	update kept.plan_item x
	set title = i.title, description = i.description, due_on = i.due_on, owed_to_group = i.owed_to_group, position = i.position,
		text_hash = kept.plan_item_hash(i), updated_at = kept.now()
	where x.district_id = i.district_id
	and x.id = i.id
	returning x.* into i;
	p := kept.plan_touch(p);
	return kept.once_store(request, kept.plan_item_reply(200, i, p.version), p.id);
end
$$;
comment on function kept.plan_item_change(jsonb, uuid, uuid, jsonb) is 'PATCH /v1/plans/{id}/items/{item_id}';
grant execute on function kept.plan_item_change(jsonb, uuid, uuid, jsonb) to kept_api;

create or replace function kept.plan_item_remove(request jsonb, plan uuid, id uuid) returns kept.reply
language plpgsql volatile
as $$
declare
	reply kept.reply := kept.once(request);
	p kept.plan;
	i kept.plan_item;
begin
	if reply.status is not null then
		return reply;
	end if;
	p := kept.plan_lock(request, plan_item_remove.plan);
	i := kept.plan_item_of_draft(p, plan_item_remove.id);
	delete from kept.plan_item x
	where x.district_id = i.district_id
	and x.id = i.id;
	perform kept.plan_touch(p);
	return kept.once_store(request, row(204, null, null, null, null)::kept.reply, p.id);
end
$$;
comment on function kept.plan_item_remove(jsonb, uuid, uuid) is 'DELETE /v1/plans/{id}/items/{item_id}';
grant execute on function kept.plan_item_remove(jsonb, uuid, uuid) to kept_api;
