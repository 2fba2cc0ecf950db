-- 65: what anybody says of a group's list, and what should be added to it.

create or replace function kept.comment_json(c kept.plan_comment) returns json
language plpgsql stable
as $$
begin
	return json_build_object(
		'id', c.id,
		'plan_id', c.plan_id,
		'plan_version', c.version_number,
		'item_id', c.item_id,
		'kind', c.kind,
		'group', c.group_code,
		'from_group', c.from_group,
		'text', c.text,
		'by', kept.speaker_json(c.district_id, c.person_id, c.organisation_id, null),
		'identified_by', c.identified_by,
		'recorded_by', c.recorded_by,
		'resolution', c.resolution,
		'resolution_reason', c.resolution_reason,
		'taken_as', c.taken_as,
		'version', c.version,
		'created_at', kept.instant(c.created_at),
		'updated_at', kept.instant(c.updated_at));
end
$$;
comment on function kept.comment_json(kept.plan_comment) is 'A comment or a proposed addition as the API shows it.';
grant execute on function kept.comment_json(kept.plan_comment) to kept_api;

create or replace function kept.comment_reply(status int, c kept.plan_comment) returns kept.reply
language sql stable
as $$
	select row(comment_reply.status, shown.body, kept.etag(c.version, shown.body),
		case when comment_reply.status = 201 then '/v1/plans/' || c.plan_id || '/comments/' || c.id end, null)::kept.reply
	from (select kept.comment_json(c)::text as body) shown
$$;
comment on function kept.comment_reply(int, kept.plan_comment) is 'The reply that shows a comment.';
grant execute on function kept.comment_reply(int, kept.plan_comment) to kept_api;

-- Served by the primary keys of plan_item and plan_version.
create or replace function kept.comment_version(p kept.plan, item uuid, group_code text) returns int
language plpgsql volatile
as $$
declare
	i kept.plan_item;
	number int;
begin
	if item is not null then
		i := kept.response_item(p.id, item);
		if i.group_code <> group_code then
			perform kept.refuse_fields(kept.field_error('/item_id', format('is on the list of the group %s', i.group_code)));
		end if;
		number := i.version_number;
	else
		number := (kept.plan_version_current(p.district_id, p.id)).number;
	end if;
	if kept.plan_version_hold(p.id, number) = 'archived' then
		perform kept.refuse(409, format('Version %s is archived. Nothing is added to it; comment on the current version.', number));
	end if;
	return number;
end
$$;
comment on function kept.comment_version(kept.plan, uuid, text) is
	'The version that a comment is about: its item''s, else the current one; 422 for an item of another plan or list, 409 for an archived version.';
grant execute on function kept.comment_version(kept.plan, uuid, text) to kept_api;

create or replace function kept.comment_create(request jsonb, plan uuid, body jsonb) returns kept.reply
language plpgsql volatile
as $$
declare
	reply kept.reply := kept.once(request);
	p kept.plan;
	c kept.plan_comment;
begin
	if reply.status is not null then
		return reply;
	end if;
	p := kept.plan_seen(plan);
	perform kept.speaker_scope(body, body ->> 'from_group');
	c.version_number := kept.comment_version(p, (body ->> 'item_id')::uuid, body ->> 'group');
	perform kept.refuse_fields(kept.speaker_errors(body, body ->> 'from_group', 'a comment comes from one of them'));
	insert into kept.plan_comment (district_id, plan_id, version_number, item_id, kind, group_code, from_group, text, person_id, organisation_id,
		identified_by, recorded_by)
	values (p.district_id, p.id, c.version_number, (body ->> 'item_id')::uuid, body ->> 'kind', body ->> 'group', body ->> 'from_group',
		body ->> 'text', (body #>> '{by,person_id}')::uuid, (body #>> '{by,organisation_id}')::uuid, body ->> 'identified_by', kept.actor())
	returning * into c;
	return kept.once_store(request, kept.comment_reply(201, c), c.id);
end
$$;
comment on function kept.comment_create(jsonb, uuid, jsonb) is 'POST /v1/plans/{id}/comments';
grant execute on function kept.comment_create(jsonb, uuid, jsonb) to kept_api;

-- Served by the primary key of plan_comment and the unique index on plan_item (district_id, plan_id, version_number, line).
create or replace function kept.comment_errors(c kept.plan_comment) returns jsonb
language plpgsql stable
as $$
declare
	errors jsonb := '[]';
begin
	if c.taken_as is not null then
		if c.resolution <> 'taken' then
			errors := errors || kept.field_error('/taken_as', 'goes with the resolution taken only');
		elsif not exists (
			select
			from kept.plan_item i
			where i.district_id = c.district_id
			and i.plan_id = c.plan_id
			and i.line = c.taken_as
			and i.group_code = c.group_code) then
			errors := errors || kept.field_error('/taken_as', format('is not the line of an item of this plan on the list of the group %s', c.group_code));
		end if;
	end if;
	if c.resolution = 'not_taken' and c.resolution_reason is null then
		errors := errors || kept.field_error('/resolution_reason', 'is needed: who proposed it will ask why not');
	end if;
	return errors;
end
$$;
comment on function kept.comment_errors(kept.plan_comment) is 'Field errors of what became of a comment.';
grant execute on function kept.comment_errors(kept.plan_comment) to kept_api;

-- Served by the primary keys of plan and plan_comment.
create or replace function kept.comment_change(request jsonb, plan uuid, id uuid, body jsonb) returns kept.reply
language plpgsql volatile
as $$
declare
	reply kept.reply := kept.once(request);
	p kept.plan;
	old kept.plan_comment;
	c kept.plan_comment;
begin
	if reply.status is not null then
		return reply;
	end if;
	select x.* into p
	from kept.plan x
	where x.district_id = kept.district()
	and x.id = plan;
	select x.* into old
	from kept.plan_comment x
	where x.district_id = p.district_id
	and x.plan_id = p.id
	and x.id = comment_change.id
	for update;
	if not found then
		perform kept.not_found('comment');
	end if;
	perform kept.match(request, old.version);
	perform kept.require_scope(p.school_id, array[old.group_code]);
	c := old;
	c.resolution := coalesce(body ->> 'resolution', c.resolution);
	c.resolution_reason := case when body ? 'resolution_reason' then body ->> 'resolution_reason' else c.resolution_reason end;
	c.taken_as := case
		when body ? 'taken_as' then (body ->> 'taken_as')::uuid
		when c.resolution = 'taken' then c.taken_as end;
	perform kept.refuse_fields(kept.comment_errors(c));
	-- What says nothing new leaves version and history alone.
	if c is distinct from old then
		update kept.plan_comment x
		set resolution = c.resolution, resolution_reason = c.resolution_reason, taken_as = c.taken_as, version = x.version + 1,
			updated_at = kept.now()
		where x.district_id = c.district_id
		and x.id = c.id
		returning x.* into c;
	end if;
	return kept.once_store(request, kept.comment_reply(200, c), c.id);
end
$$;
comment on function kept.comment_change(jsonb, uuid, uuid, jsonb) is 'PATCH /v1/plans/{id}/comments/{comment_id}: what became of it';
grant execute on function kept.comment_change(jsonb, uuid, uuid, jsonb) to kept_api;

create or replace function kept.comment_read(plan uuid, id uuid) returns kept.reply
language plpgsql stable
as $$
declare
	c kept.plan_comment;
begin
	select x.* into c
	from kept.plan_comment x
	join kept.plan p on p.district_id = x.district_id and p.id = x.plan_id
	where x.district_id = kept.district()
	and x.plan_id = plan
	and x.id = comment_read.id;
	return kept.found(case when c.id is not null then kept.comment_json(c)::text end, c.version, 'comment');
end
$$;
comment on function kept.comment_read(uuid, uuid) is 'GET /v1/plans/{id}/comments/{comment_id}';
grant execute on function kept.comment_read(uuid, uuid) to kept_api;

-- Served by plan_comment_list.
create or replace function kept.comment_list(plan uuid, version int, group_code text, kind text, resolution text, after text, page_size int)
returns kept.reply
language plpgsql stable
as $$
declare
	items json;
	last_id uuid;
	many boolean;
begin
	perform kept.plan_seen(plan);
	with found as (
		select c, row_number() over (order by c.id) as n
		from kept.plan_comment c
		where c.district_id = kept.district()
		and c.plan_id = plan
		and (comment_list.version is null or c.version_number = comment_list.version)
		and (comment_list.group_code is null or c.group_code = comment_list.group_code)
		and (comment_list.kind is null or c.kind = comment_list.kind)
		and (comment_list.resolution is null or c.resolution = comment_list.resolution)
		and (after is null or c.id > kept.keyset_part(after, 0)::uuid)
		order by c.id
		limit page_size + 1
	)
	select json_agg(kept.comment_json(f.c) order by f.n) filter (where f.n <= page_size), count(*) > page_size,
		max((f.c).id::text) filter (where f.n = page_size)
	into items, many, last_id
	from found f;
	return kept.page(items, many, kept.keyset(last_id::text));
end
$$;
comment on function kept.comment_list(uuid, int, text, text, text, text, int) is 'GET /v1/plans/{id}/comments, in the order in which they were recorded.';
grant execute on function kept.comment_list(uuid, int, text, text, text, text, int) to kept_api;
