-- 73: a plan for the next school year.

-- Dates by kept.working_day_shift: the same working day, counted from the first day of the year.
create or replace function kept.plan_copy_items(source kept.plan, p kept.plan) returns void
language plpgsql volatile
as $$
declare
	v kept.plan_version := kept.plan_version_current(source.district_id, source.id);
	closed datemultirange := kept.closed_days(p.school_id);
	i kept.plan_item;
begin
	for i in
		select x.*
		from kept.plan_item x
		where x.district_id = source.district_id
		and x.plan_id = source.id
		and x.version_number = v.number
		order by x.group_code, x.position, x.id
	loop
		i.plan_id := p.id;
		i.version_number := 1;
		i.due_on := kept.working_day_shift(i.due_on, source.starts_on, source.ends_on, p.starts_on, p.ends_on, closed, closed);
		perform kept.plan_item_add(i);
	end loop;
end
$$;
comment on function kept.plan_copy_items(kept.plan, kept.plan) is
	'Fills the first draft of a plan with the lines of another''s current version, their dates moved to its year.';
grant execute on function kept.plan_copy_items(kept.plan, kept.plan) to kept_api;

create or replace function kept.plan_copy_errors(source kept.plan, p kept.plan) returns jsonb
language plpgsql stable
as $$
begin
	return kept.school_year_errors(p)
		|| case when p.school_year <= source.school_year then
			kept.field_error('/school_year', format('must be after %s, the school year of the plan that is copied', source.school_year))
		else '[]' end
		|| case when p.starts_on <= source.starts_on then
			kept.field_error('/starts_on', format('must be after %s, the first day of the plan that is copied', to_char(source.starts_on, 'YYYY-MM-DD')))
		else '[]' end;
end
$$;
comment on function kept.plan_copy_errors(kept.plan, kept.plan) is 'Field errors of a copy of the first plan.';
grant execute on function kept.plan_copy_errors(kept.plan, kept.plan) to kept_api;

-- Served by plan_list: a district has some hundred plans.
create or replace function kept.plan_copy(request jsonb, id uuid, body jsonb, languages text) returns kept.reply
language plpgsql volatile
as $$
declare
	reply kept.reply := kept.once(request);
	source kept.plan;
	p kept.plan;
begin
	if reply.status is not null then
		return reply;
	end if;
	source := kept.plan_lock(request, plan_copy.id);
	p := kept.plan_merge(null, body);
	p.title := coalesce(p.title, left(replace(source.title, source.school_year, p.school_year), 200));
	p.framework_id := source.framework_id;
	p.school_id := source.school_id;
	p.copied_from := source.id;
	perform kept.refuse_fields(kept.plan_copy_errors(source, p));
	if exists (
		select
		from kept.plan x
		where x.district_id = source.district_id
		and x.copied_from = source.id
		and x.school_year = p.school_year) then
		perform kept.refuse(409, format('It was copied to %s already. Change that plan, or remove it first.', p.school_year));
	elsif exists (
		select
		from kept.framework f
		where f.district_id = source.district_id
		and f.id = source.framework_id
		and f.retired) then
		perform kept.refuse(409, 'Its framework is retired: no new plan is made by it. Make a plan by another framework.');
	end if;
	p.review_on := kept.working_day_shift(source.review_on, source.starts_on, source.ends_on, p.starts_on, p.ends_on,
		kept.closed_days(p.school_id), kept.closed_days(p.school_id));
	p := kept.plan_add(p);
	perform kept.plan_copy_items(source, p);
	return kept.once_store(request, kept.plan_reply(201, p, languages), p.id);
end
$$;
comment on function kept.plan_copy(jsonb, uuid, jsonb, text) is
	'POST /v1/plans/{id}/copy: a new plan for another year with the lines of the current version as its first draft; once for each year.';
grant execute on function kept.plan_copy(jsonb, uuid, jsonb, text) to kept_api;
