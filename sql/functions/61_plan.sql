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
