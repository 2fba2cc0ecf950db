-- 63: the versions of a plan: drafted, put to the groups, adopted, in force, under review, archived.

create or replace function kept.plan_version_json(v kept.plan_version) returns json
language sql stable
as $$
	select case when v.number is not null then json_build_object(
		'number', v.number,
		'status', v.status,
		'reason', v.reason,
		'text_hash', v.text_hash,
		'consulted_at', kept.instant(v.consulted_at),
		'adopted_at', kept.instant(v.adopted_at),
		'created_at', kept.instant(v.created_at),
		'updated_at', kept.instant(v.updated_at))
	end
$$;
comment on function kept.plan_version_json(kept.plan_version) is 'A version as a plan tells it, without its items.';
grant execute on function kept.plan_version_json(kept.plan_version) to kept_api;

-- The one place that says which moves there are. A draft that was put to the groups is a draft no more.
create or replace function kept.plan_version_moves() returns table (from_status text, to_status text)
language sql immutable parallel safe
rows 10
as $$
	values
		('draft', 'consultation'),
		('consultation', 'adopted'),
		('consultation', 'archived'),
		('adopted', 'in_force'),
		('adopted', 'archived'),
		('in_force', 'under_review'),
		('in_force', 'archived'),
		('under_review', 'in_force'),
		('under_review', 'archived')
$$;
comment on function kept.plan_version_moves() is 'The moves between the statuses of a version of a plan; the table''s trigger knows the same.';
grant execute on function kept.plan_version_moves() to kept_api;

-- Served by plan_version_draft.
create or replace function kept.plan_draft(p kept.plan) returns int
language plpgsql stable
as $$
declare
	open int;
begin
	select v.number into open
	from kept.plan_version v
	where v.district_id = p.district_id
	and v.plan_id = p.id
	and v.status = 'draft';
	if open is null then
		perform kept.refuse(409, format('A published version never changes, and no draft is open. Make one: POST to /v1/plans/%s/versions.', p.id));
	end if;
	return open;
end
$$;
comment on function kept.plan_draft(kept.plan) is 'The number of the plan''s open draft; 409 where there is none.';
grant execute on function kept.plan_draft(kept.plan) to kept_api;

-- Served by primary keys.
create or replace function kept.plan_version_asked(plan uuid, number int) returns kept.plan_version
language plpgsql stable
as $$
declare
	v kept.plan_version;
begin
	if not exists (select from kept.plan p where p.district_id = kept.district() and p.id = plan_version_asked.plan) then
		perform kept.not_found('plan');
	end if;
	if plan_version_asked.number is null then
		return kept.plan_version_current(kept.district(), plan_version_asked.plan);
	end if;
	select x.* into v
	from kept.plan_version x
	where x.district_id = kept.district()
	and x.plan_id = plan_version_asked.plan
	and x.number = plan_version_asked.number
	and (kept.role() in ('admin', 'steward') or x.status <> 'draft');
	if v.number is null then
		perform kept.not_found('version of this plan');
	end if;
	return v;
end
$$;
comment on function kept.plan_version_asked(uuid, int) is
	'The version of that number, or the current one (NULL); 404 where the caller knows no such plan or version.';
grant execute on function kept.plan_version_asked(uuid, int) to kept_api;

-- Served by the unique index on plan_item (district_id, plan_id, version_number, line).
create or replace function kept.plan_version_whole(v kept.plan_version, plan_version bigint) returns json
language sql stable
as $$
	with item as materialized (
		select i, g.position as group_position
		from kept.plan_item i
		join kept.stakeholder_group g on g.code = i.group_code
		where i.district_id = v.district_id
		and i.plan_id = v.plan_id
		and i.version_number = v.number
	)
	select (kept.plan_version_json(v)::jsonb || jsonb_build_object(
		'plan_id', v.plan_id,
		'version', plan_version_whole.plan_version,
		'items', (
			select coalesce(jsonb_agg(kept.plan_item_json(x.i, plan_version_whole.plan_version, s)::jsonb
				order by x.group_position, (x.i).position, (x.i).id), '[]')
			from item x
			join kept.plan_item_standings(array(select (item.i).id from item)) s on s.item_id = (x.i).id)))::json
$$;
comment on function kept.plan_version_whole(kept.plan_version, bigint) is 'A version with its items; its version is its plan''s.';
grant execute on function kept.plan_version_whole(kept.plan_version, bigint) to kept_api;

create or replace function kept.plan_version_read(plan uuid, number int) returns kept.reply
language plpgsql stable
as $$
declare
	v kept.plan_version := kept.plan_version_asked(plan, number);
	seen bigint := (
		select p.version
		from kept.plan p
		where p.district_id = v.district_id
		and p.id = v.plan_id);
begin
	return kept.found(kept.plan_version_whole(v, seen)::text, seen, 'version of this plan');
end
$$;
comment on function kept.plan_version_read(uuid, int) is 'GET /v1/plans/{id}/versions/{number}';
grant execute on function kept.plan_version_read(uuid, int) to kept_api;

create or replace function kept.plan_version_reply(status int, p kept.plan, v kept.plan_version) returns kept.reply
language plpgsql stable
as $$
declare
	body text := kept.plan_version_whole(v, p.version);
begin
	return row(plan_version_reply.status, body, kept.etag(p.version, body), '/v1/plans/' || p.id || '/versions/' || v.number, null)::kept.reply;
end
$$;
comment on function kept.plan_version_reply(int, kept.plan, kept.plan_version) is 'The reply that shows a version with its items.';
grant execute on function kept.plan_version_reply(int, kept.plan, kept.plan_version) to kept_api;

create or replace function kept.plan_version_create(request jsonb, plan uuid, body jsonb) returns kept.reply
language plpgsql volatile
as $$
declare
	reply kept.reply := kept.once(request);
	p kept.plan;
	source int := (body ->> 'from')::numeric::int;
	v kept.plan_version;
begin
	if reply.status is not null then
		return reply;
	end if;
	p := kept.plan_lock(request, plan_version_create.plan);
	select max(x.number) + 1, coalesce(max(x.number) filter (where source is null or x.number = source), 0)
	into v.number, source
	from kept.plan_version x
	where x.district_id = p.district_id
	and x.plan_id = p.id;
	if source = 0 then
		perform kept.refuse_fields(kept.field_error('/from', 'is not the number of a version of this plan'));
	end if;
	begin
		insert into kept.plan_version (district_id, plan_id, number, created_by)
		values (p.district_id, p.id, v.number, kept.actor())
		returning * into v;
	exception
		when unique_violation then
			perform kept.refuse(409, 'A draft is open already. Change that one, or put it to the groups.');
	end;
	insert into kept.plan_item (district_id, plan_id, version_number, line, group_code, position, action_id, clause_code, title, description,
		due_on, owed_to_group, text_hash)
	select i.district_id, i.plan_id, v.number, i.line, i.group_code, i.position, i.action_id, i.clause_code, i.title, i.description,
		i.due_on, i.owed_to_group, i.text_hash
	from kept.plan_item i
	where i.district_id = p.district_id
	and i.plan_id = p.id
	and i.version_number = source;
	p := kept.plan_touch(p);
	return kept.once_store(request, kept.plan_version_reply(201, p, v), p.id);
end
$$;
comment on function kept.plan_version_create(jsonb, uuid, jsonb) is 'POST /v1/plans/{id}/versions: a new draft with the same lines.';
grant execute on function kept.plan_version_create(jsonb, uuid, jsonb) to kept_api;

-- Served by the unique index on plan_item (district_id, plan_id, version_number, line).
create or replace function kept.plan_version_hash(v kept.plan_version) returns text
language sql stable
as $$
	select encode(sha256(convert_to(string_agg(i.line || ' ' || i.text_hash, e'\n' order by i.line), 'UTF8')), 'hex')
	from kept.plan_item i
	where i.district_id = v.district_id
	and i.plan_id = v.plan_id
	and i.version_number = v.number
$$;
comment on function kept.plan_version_hash(kept.plan_version) is
	'SHA-256, as hexadecimal, of the lines of a version: each its line and its item''s text_hash, in the order of the lines; NULL where there are none.';
grant execute on function kept.plan_version_hash(kept.plan_version) to kept_api;

-- Served by the primary key of plan_version.
create or replace function kept.plan_version_supersede(p kept.plan, v kept.plan_version) returns void
language plpgsql volatile
as $$
declare
	older kept.plan_version;
begin
	for older in
		update kept.plan_version x
		set status = 'archived', reason = null, updated_at = kept.now()
		where x.district_id = v.district_id
		and x.plan_id = v.plan_id
		and x.number <> v.number
		and (
			(v.status = 'consultation' and x.status = 'consultation')
			or (v.status = 'adopted' and x.status in ('adopted', 'in_force', 'under_review')))
		returning x.*
	loop
		perform kept.plan_event(p, 'plan.archived', older);
	end loop;
end
$$;
comment on function kept.plan_version_supersede(kept.plan, kept.plan_version) is
	'Archives the versions whose place a version takes that has just moved: one is put to the groups, and one is agreed to.';
grant execute on function kept.plan_version_supersede(kept.plan, kept.plan_version) to kept_api;

create or replace function kept.plan_version_allow(v kept.plan_version, target text) returns void
language plpgsql stable
as $$
declare
	allowed text;
begin
	select string_agg(m.to_status, ', ' order by m.to_status) into allowed
	from kept.plan_version_moves() m
	where m.from_status = v.status;
	if not coalesce(target = any (string_to_array(allowed, ', ')), false) then
		perform kept.refuse(409, format('Version %s is %s and cannot become %s. %s', v.number, v.status, target,
			coalesce(format('From here it can become: %s.', allowed), 'It stays as it is; a new draft can be made of it.')), null, 'move-not-allowed');
	end if;
	if v.status = 'draft' and kept.plan_version_hash(v) is null then
		perform kept.refuse(409, 'There is nothing in it yet. Add what each group answers for, then put it to the groups.');
	end if;
end
$$;
comment on function kept.plan_version_allow(kept.plan_version, text) is 'Refuses with 409 a move that there is not, and an empty version.';
grant execute on function kept.plan_version_allow(kept.plan_version, text) to kept_api;

create or replace function kept.plan_version_move(request jsonb, plan uuid, number int, body jsonb) returns kept.reply
language plpgsql volatile
as $$
declare
	reply kept.reply := kept.once(request);
	target text := body ->> 'status';
	p kept.plan;
	v kept.plan_version;
begin
	if reply.status is not null then
		return reply;
	end if;
	p := kept.plan_lock(request, plan_version_move.plan);
	v := kept.plan_version_asked(p.id, plan_version_move.number);
	perform kept.plan_version_allow(v, target);
	update kept.plan_version x
	set status = target,
		reason = body ->> 'reason',
		text_hash = coalesce(x.text_hash, kept.plan_version_hash(v)),
		consulted_at = case when target = 'consultation' then kept.now() else x.consulted_at end,
		adopted_at = case when target = 'adopted' then kept.now() else x.adopted_at end,
		adopted_by = case when target = 'adopted' then kept.actor() else x.adopted_by end,
		updated_at = kept.now()
	where x.district_id = p.district_id
	and x.plan_id = p.id
	and x.number = v.number
	returning x.* into v;
	p := kept.plan_touch(p);
	perform kept.plan_version_supersede(p, v);
	if target = 'adopted' then
		perform kept.plan_adopt(p, v);
	end if;
	perform kept.plan_event(p, 'plan.' || target, v);
	perform kept.coverage_refresh(p.id);
	return kept.once_store(request, kept.plan_version_reply(200, p, v), p.id);
end
$$;
comment on function kept.plan_version_move(jsonb, uuid, int, jsonb) is
	'POST /v1/plans/{id}/versions/{number}/status: leaving draft freezes its text; adopting makes commitments of what was agreed to.';
grant execute on function kept.plan_version_move(jsonb, uuid, int, jsonb) to kept_api;

create or replace function kept.plan_line_json(i kept.plan_item) returns jsonb
language sql immutable parallel safe
as $$
	select jsonb_build_object(
		'line', i.line,
		'group', i.group_code,
		'title', i.title,
		'description', i.description,
		'due_on', i.due_on,
		'owed_to_group', i.owed_to_group,
		'text_hash', i.text_hash)
$$;
comment on function kept.plan_line_json(kept.plan_item) is 'The text of an item, as a comparison tells it.';
grant execute on function kept.plan_line_json(kept.plan_item) to kept_api;

-- Served by the unique index on plan_item (district_id, plan_id, version_number, line).
create or replace function kept.plan_lines_compared(earlier kept.plan_version, later kept.plan_version)
returns table (kind text, lines jsonb)
language sql stable
rows 4
as $$
	with before as (
		select i
		from kept.plan_item i
		where i.district_id = earlier.district_id
		and i.plan_id = earlier.plan_id
		and i.version_number = earlier.number
	),
	after as (
		select i
		from kept.plan_item i
		where i.district_id = later.district_id
		and i.plan_id = later.plan_id
		and i.version_number = later.number
	),
	compared as (
		select b.i as was, a.i as is_now, coalesce((a.i).group_code, (b.i).group_code) as group_code, coalesce((a.i).position, (b.i).position) as position,
			coalesce((a.i).line, (b.i).line) as line,
			case
				when (b.i).id is null then 'added'
				when (a.i).id is null then 'removed'
				when (a.i).text_hash <> (b.i).text_hash then 'changed'
				else 'same'
			end as kind
		from before b
		full join after a on (a.i).line = (b.i).line
	)
	select c.kind, jsonb_agg(case
		when c.kind = 'changed' then jsonb_build_object('line', c.line, 'from', kept.plan_line_json(c.was), 'to', kept.plan_line_json(c.is_now))
		when c.kind = 'removed' then kept.plan_line_json(c.was)
		else kept.plan_line_json(c.is_now)
	end order by g.position, c.position, c.line)
	from compared c
	join kept.stakeholder_group g on g.code = c.group_code
	group by c.kind
$$;
comment on function kept.plan_lines_compared(kept.plan_version, kept.plan_version) is 'What was added, removed, changed and left as it was between two versions, by line.';
grant execute on function kept.plan_lines_compared(kept.plan_version, kept.plan_version) to kept_api;

create or replace function kept.plan_compare(plan uuid, from_number int, to_number int) returns kept.reply
language plpgsql stable
as $$
declare
	newest int := (
		select max(v.number)
		from kept.plan_version v
		where v.district_id = kept.district()
		and v.plan_id = plan_compare.plan
		and (kept.role() in ('admin', 'steward') or v.status <> 'draft'));
	later kept.plan_version := kept.plan_version_asked(plan, coalesce(to_number, newest));
	earlier kept.plan_version := kept.plan_version_asked(plan, coalesce(from_number, greatest(later.number - 1, 1)));
	seen bigint := (
		select p.version
		from kept.plan p
		where p.district_id = later.district_id
		and p.id = later.plan_id);
	compared jsonb;
begin
	select jsonb_build_object(
		'plan_id', plan_compare.plan,
		'from', kept.plan_version_json(earlier),
		'to', kept.plan_version_json(later),
		'added', '[]'::jsonb, 'removed', '[]'::jsonb, 'changed', '[]'::jsonb, 'same', '[]'::jsonb) || coalesce(jsonb_object_agg(c.kind, c.lines), '{}')
	into compared
	from kept.plan_lines_compared(earlier, later) c;
	return kept.found(compared::text, seen, 'plan');
end
$$;
comment on function kept.plan_compare(uuid, int, int) is
	'GET /v1/plans/{id}/comparison: two versions, without numbers the newest and the one before it.';
grant execute on function kept.plan_compare(uuid, int, int) to kept_api;
