-- 61: plans: what a school or district sets out to do together in a school year.

-- Served by the primary key of plan_version.
create or replace function kept.plan_version_current(district uuid, plan uuid) returns kept.plan_version
language sql stable
as $$
	select v
	from kept.plan_version v
	where v.district_id = plan_version_current.district
	and v.plan_id = plan_version_current.plan
	order by case v.status when 'draft' then 3 when 'archived' then 2 else 1 end, v.number desc
	limit 1
$$;
comment on function kept.plan_version_current(uuid, uuid) is
	'The version that a plan is read by: the highest that is neither a draft nor archived, else the highest that is no draft, else the draft.';
grant execute on function kept.plan_version_current(uuid, uuid) to kept_api, kept_worker;

-- Drafts are for those who write them.
create or replace function kept.plan_json(p kept.plan, languages text default null) returns json
language plpgsql stable
as $$
declare
	insider boolean := kept.role() in ('admin', 'steward');
	current kept.plan_version := kept.plan_version_current(p.district_id, p.id);
	framework kept.framework;
begin
	select f.* into framework
	from kept.framework f
	where f.district_id = p.district_id
	and f.id = p.framework_id;
	return json_build_object(
		'id', p.id,
		'title', p.title,
		'framework_id', p.framework_id,
		'framework', kept.framework_name(framework, kept.language_choice(languages)),
		'school_id', p.school_id,
		'school_year', p.school_year,
		'starts_on', p.starts_on,
		'ends_on', p.ends_on,
		'review_on', p.review_on,
		'current', kept.plan_version_json(current),
		'versions', (
			select coalesce(json_agg(kept.plan_version_json(v) order by v.number), '[]')
			from kept.plan_version v
			where v.district_id = p.district_id
			and v.plan_id = p.id
			and (insider or v.status <> 'draft')),
		'slug', p.slug,
		'published', p.published,
		'page_url', case when p.published then '/plans/' || p.slug end,
		'sheet_url', case when current.status <> 'draft' then '/s/' || p.sheet_code end,
		'copied_from', p.copied_from,
		'version', p.version,
		'created_at', kept.instant(p.created_at),
		'updated_at', kept.instant(p.updated_at));
end
$$;
comment on function kept.plan_json(kept.plan, text) is
	'A plan as the API tells it, its framework named in the best of these languages; page_url and sheet_url are paths under the public URL.';
grant execute on function kept.plan_json(kept.plan, text) to kept_api;

create or replace function kept.plan_lock(request jsonb, id uuid) returns kept.plan
language plpgsql volatile
as $$
declare
	plan kept.plan;
begin
	select p.* into plan
	from kept.plan p
	where p.district_id = kept.district()
	and p.id = plan_lock.id
	-- Not FOR UPDATE: commitments and responses that point at it need not wait.
	for no key update;
	if not found then
		perform kept.not_found('plan');
	end if;
	perform kept.match(request, plan.version);
	perform kept.require_scope(plan.school_id, array[]::text[]);
	return plan;
end
$$;
comment on function kept.plan_lock(jsonb, uuid) is
	'The plan, locked for a change of it, its versions or its items: 404 where absent, 412 where the version is another, 403 for a key of one group or another school.';
grant execute on function kept.plan_lock(jsonb, uuid) to kept_api;

create or replace function kept.plan_touch(p kept.plan) returns kept.plan
language plpgsql volatile
as $$
begin
	update kept.plan t
	set version = t.version + 1, updated_at = kept.now()
	where t.district_id = p.district_id
	and t.id = p.id
	returning t.* into p;
	return p;
end
$$;
comment on function kept.plan_touch(kept.plan) is 'Raises the version of a plan that plan_lock() gave; answers it as it is now.';
grant execute on function kept.plan_touch(kept.plan) to kept_api;

create or replace function kept.sheet_code() returns text
language sql volatile
as $$
	-- Fourteen of 31 letters that no hand confuses: 69 bits.
	select string_agg(substr('abcdefghjkmnpqrstuvwxyz23456789', get_byte(random.bytes, n) % 31 + 1, 1), '' order by n)
	from (select sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())) as bytes) random
	cross join generate_series(0, 13) as n
$$;
comment on function kept.sheet_code() is 'A new code for the address of a printable sheet: it cannot be guessed.';
grant execute on function kept.sheet_code() to kept_api;

create or replace function kept.plan_reply(status int, p kept.plan, languages text) returns kept.reply
language plpgsql stable
as $$
declare
	body text := kept.plan_json(p, languages);
begin
	return row(plan_reply.status, body, kept.etag(p.version, body), '/v1/plans/' || p.id, null)::kept.reply;
end
$$;
comment on function kept.plan_reply(int, kept.plan, text) is 'The reply that shows a plan.';
grant execute on function kept.plan_reply(int, kept.plan, text) to kept_api;

create or replace function kept.plan_read(id uuid, languages text) returns kept.reply
language plpgsql stable
as $$
declare
	p kept.plan;
begin
	select * into p
	from kept.plan t
	where t.district_id = kept.district()
	and t.id = plan_read.id;
	return kept.found(case when p.id is not null then kept.plan_json(p, languages)::text end, p.version, 'plan');
end
$$;
comment on function kept.plan_read(uuid, text) is 'GET /v1/plans/{id}';
grant execute on function kept.plan_read(uuid, text) to kept_api;

create or replace function kept.school_year_errors(p kept.plan) returns jsonb
language plpgsql immutable
as $$
declare
	errors jsonb := '[]';
begin
	if right(p.school_year, 2)::int <> (left(p.school_year, 4)::int + 1) % 100 then
		errors := errors || kept.field_error('/school_year', 'must be a year and the next one, like 2026-27');
	end if;
	if p.starts_on not between '1900-01-01' and '2200-12-31' then
		errors := errors || kept.field_error('/starts_on', 'must be between 1900-01-01 and 2200-12-31');
	end if;
	if p.ends_on <= p.starts_on or p.ends_on > p.starts_on + 731 then
		errors := errors || kept.field_error('/ends_on', 'must be after starts_on, and at most two years later');
	end if;
	if p.review_on not between p.starts_on and p.starts_on + 1096 then
		errors := errors || kept.field_error('/review_on', 'must not be before starts_on, and at most three years later');
	end if;
	return errors;
end
$$;
comment on function kept.school_year_errors(kept.plan) is 'Field errors of a plan''s school year and its days.';
grant execute on function kept.school_year_errors(kept.plan) to kept_api;

create or replace function kept.plan_errors(p kept.plan) returns jsonb
language plpgsql stable
as $$
declare
	errors jsonb := kept.school_year_errors(p);
	framework_retired boolean;
begin
	select f.retired into framework_retired
	from kept.framework f
	where f.district_id = p.district_id
	and f.id = p.framework_id;
	if framework_retired is null then
		errors := errors || kept.field_error('/framework_id', 'is not a framework of this district');
	elsif framework_retired and p.version is null then
		errors := errors || kept.field_error('/framework_id', 'is retired: no new plan is made by it');
	end if;
	if p.school_id is not null and not exists (
		select
		from kept.school s
		where s.district_id = p.district_id
		and s.id = p.school_id) then
		errors := errors || kept.field_error('/school_id', 'is not a school of this district');
	end if;
	if p.published and p.slug is null then
		errors := errors || kept.field_error('/published', 'needs a slug: the address of its page');
	end if;
	return errors;
end
$$;
comment on function kept.plan_errors(kept.plan) is 'Field errors of a plan that is new (version NULL) or changed.';
grant execute on function kept.plan_errors(kept.plan) to kept_api;

-- What the body says put over what there is.
create or replace function kept.plan_merge(p kept.plan, body jsonb) returns kept.plan
language plpgsql immutable
as $$
begin
	p.title := coalesce(body ->> 'title', p.title);
	p.school_year := coalesce(body ->> 'school_year', p.school_year);
	p.starts_on := coalesce((body ->> 'starts_on')::date, p.starts_on);
	p.ends_on := coalesce((body ->> 'ends_on')::date, p.ends_on);
	p.review_on := case when body ? 'review_on' then (body ->> 'review_on')::date else p.review_on end;
	p.slug := case when body ? 'slug' then body ->> 'slug' else p.slug end;
	p.published := coalesce((body ->> 'published')::boolean, p.published, false);
	return p;
end
$$;
comment on function kept.plan_merge(kept.plan, jsonb) is 'A plan with those members of a body that may change.';
grant execute on function kept.plan_merge(kept.plan, jsonb) to kept_api;

create or replace function kept.plan_event(p kept.plan, type text, v kept.plan_version default null) returns void
language plpgsql volatile
as $$
begin
	perform kept.emit(plan_event.type, null, jsonb_build_object(
		'plan_id', p.id,
		'title', p.title,
		'school_id', p.school_id,
		'school_year', p.school_year,
		'link', case when plan_event.type = 'plan.published' then '/plans/' || p.slug else '/v1/plans/' || p.id end)
		|| case when v.number is not null then jsonb_build_object(
			'number', v.number,
			'status', v.status,
			'link', '/v1/plans/' || p.id || '/versions/' || v.number) else '{}' end);
end
$$;
comment on function kept.plan_event(kept.plan, text, kept.plan_version) is 'Tells endpoints of a plan, and of a version of it that moved.';
grant execute on function kept.plan_event(kept.plan, text, kept.plan_version) to kept_api;

-- Writes a plan that is new in this transaction; the caller looked for errors.
create or replace function kept.plan_add(p kept.plan) returns kept.plan
language plpgsql volatile
as $$
begin
	p.district_id := kept.district();
	p.id := kept.uuid7();
	p.published := coalesce(p.published, false);
	p.sheet_code := kept.sheet_code();
	p.created_by := kept.actor();
	p.version := 1;
	p.created_at := kept.now();
	p.updated_at := p.created_at;
	insert into kept.plan select p.*;
	insert into kept.plan_version (district_id, plan_id, number, created_by)
	values (p.district_id, p.id, 1, p.created_by);
	return p;
exception
	when unique_violation then
		perform kept.refuse(409, format('There is a page at /plans/%s already. Choose another slug.', p.slug));
		return null;
end
$$;
comment on function kept.plan_add(kept.plan) is 'Adds a plan with an empty draft; 409 where its slug is taken. Answers it as it is stored.';
grant execute on function kept.plan_add(kept.plan) to kept_api;

create or replace function kept.plan_create(request jsonb, body jsonb, languages text) returns kept.reply
language plpgsql volatile
as $$
declare
	reply kept.reply := kept.once(request);
	p kept.plan;
begin
	if reply.status is not null then
		return reply;
	end if;
	p := kept.plan_merge(p, body);
	p.district_id := kept.district();
	p.framework_id := (body ->> 'framework_id')::uuid;
	p.school_id := (body ->> 'school_id')::uuid;
	perform kept.refuse_fields(kept.plan_errors(p));
	perform kept.require_scope(p.school_id, array[]::text[]);
	p := kept.plan_add(p);
	if coalesce((body ->> 'template')::boolean, true) then
		perform kept.plan_template(p);
	end if;
	if p.published then
		perform kept.plan_event(p, 'plan.published');
	end if;
	return kept.once_store(request, kept.plan_reply(201, p, languages), p.id);
end
$$;
comment on function kept.plan_create(jsonb, jsonb, text) is 'POST /v1/plans: with a first draft, filled from the framework unless template is false.';
grant execute on function kept.plan_create(jsonb, jsonb, text) to kept_api;

create or replace function kept.plan_change(request jsonb, id uuid, body jsonb, languages text) returns kept.reply
language plpgsql volatile
as $$
declare
	reply kept.reply := kept.once(request);
	old kept.plan;
	p kept.plan;
begin
	if reply.status is not null then
		return reply;
	end if;
	old := kept.plan_lock(request, plan_change.id);
	p := kept.plan_merge(old, body);
	perform kept.refuse_fields(kept.plan_errors(p));
	begin
		update kept.plan t
		set title = p.title, school_year = p.school_year, starts_on = p.starts_on, ends_on = p.ends_on, review_on = p.review_on,
			slug = p.slug, published = p.published
		where t.district_id = p.district_id
		and t.id = p.id;
	exception
		when unique_violation then
			perform kept.refuse(409, format('There is a page at /plans/%s already. Choose another slug.', p.slug));
	end;
	p := kept.plan_touch(p);
	if p.published and not old.published then
		perform kept.plan_event(p, 'plan.published');
	end if;
	return kept.once_store(request, kept.plan_reply(200, p, languages), p.id);
end
$$;
comment on function kept.plan_change(jsonb, uuid, jsonb, text) is 'PATCH /v1/plans/{id}';
grant execute on function kept.plan_change(jsonb, uuid, jsonb, text) to kept_api;

-- Served by the primary key of plan_version and by idempotency_subject.
create or replace function kept.plan_remove(request jsonb, id uuid) returns kept.reply
language plpgsql volatile
as $$
declare
	reply kept.reply := kept.once(request);
	p kept.plan;
begin
	if reply.status is not null then
		return reply;
	end if;
	p := kept.plan_lock(request, plan_remove.id);
	if exists (
		select
		from kept.plan_version v
		where v.district_id = p.district_id
		and v.plan_id = p.id
		and v.status <> 'draft') then
		perform kept.refuse(409, 'It was put to the groups, so it stays in the register. Move its version to the status archived instead.');
	end if;
	begin
		delete from kept.plan t
		where t.district_id = p.district_id
		and t.id = p.id;
	exception
		when foreign_key_violation then
			perform kept.refuse(409, 'Meetings, commitments or a later plan belong to it. Remove them first.');
	end;
	delete from kept.idempotency i
	where i.district_id = p.district_id
	and i.subject_id = p.id;
	return kept.once_store(request, row(204, null, null, null, null)::kept.reply, null);
end
$$;
comment on function kept.plan_remove(jsonb, uuid) is 'DELETE /v1/plans/{id}: only while it is nothing but a draft.';
grant execute on function kept.plan_remove(jsonb, uuid) to kept_api;
