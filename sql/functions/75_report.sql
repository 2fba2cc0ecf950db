-- 75: what became of a plan: its responsibilities, who is at its table, what was kept, kept later, is late, was let go.

-- Served by the unique key of plan_item (plan, version). The same for everybody who may read the plan: standing is told to all.
create or replace function kept.report_items(p kept.plan, number int)
returns table (item kept.plan_item, standing text)
language plpgsql stable
as $$
declare
	asked_by text := kept.see_as('admin');
begin
	return query
	with listed as materialized (
		select i
		from kept.plan_item i
		where i.district_id = p.district_id
		and i.plan_id = p.id
		and i.version_number = report_items.number
	)
	select l.i, coalesce(s.standing, 'agreed')
	from listed l
	left join kept.plan_item_standings(array(
		select (x.i).id
		from listed x
		where (x.i).commitment_id is null)) s on s.item_id = (l.i).id;
	perform kept.see_as(asked_by);
end
$$;
comment on function kept.report_items(kept.plan, int) is 'The items of a version of a plan and where each stands with its group; what became a promise is agreed.';
grant execute on function kept.report_items(kept.plan, int) to kept_api;

-- kept.coverage() without its counts of people, which nobody is told here and which take long.
create or replace function kept.report_coverage(p kept.plan) returns table (group_code text, necessity text, state text)
language plpgsql stable
rows 8
as $$
#variable_conflict use_column
declare
	asked_by text := kept.see_as('admin');
begin
	return query
	select s.group_code, n.necessity, s.state
	from kept.coverage_states(p.id) s
	join kept.framework_groups(p.framework_id, (
		select h.level
		from kept.school h
		where h.district_id = p.district_id
		and h.id = p.school_id)) n on n.group_code = s.group_code;
	perform kept.see_as(asked_by);
end
$$;
comment on function kept.report_coverage(kept.plan) is 'How much a plan''s framework wants each of the eight groups at the table, and how near each is.';
grant execute on function kept.report_coverage(kept.plan) to kept_api;

create or replace function kept.report_outcome(c kept.commitment) returns text
language sql stable
as $$
	select case
		when kept.commitment_outcome(c.status, c.completed_on, c.first_due_on, c.due_on) is not null
			then kept.commitment_outcome(c.status, c.completed_on, c.first_due_on, c.due_on)
		-- Nothing was due: what is done is kept.
		when c.status in ('completed', 'verified') then 'kept'
		when c.due_on < kept.today_in(kept.zone_of(c.district_id, c.school_id)) then 'late'
		when c.status <> 'proposed' then 'under_way'
	end
$$;
comment on function kept.report_outcome(kept.commitment) is
	'kept, kept_later, late (not done though it was due, or done after it), let_go, or under_way; NULL: proposed, nobody took it on yet.';
grant execute on function kept.report_outcome(kept.commitment) to kept_api;

-- Served by commitment_plan.
create or replace function kept.report_counts(plan uuid, unknown boolean)
returns table (group_code text, kept bigint, kept_later bigint, late bigint, let_go bigint, under_way bigint)
language sql stable
rows 8
as $$
	select c.group_code,
		count(*) filter (where o.outcome = 'kept'),
		count(*) filter (where o.outcome = 'kept_later'),
		count(*) filter (where o.outcome = 'late'),
		count(*) filter (where o.outcome = 'let_go'),
		count(*) filter (where o.outcome = 'under_way')
	from kept.commitments_counted(unknown) c
	cross join lateral kept.report_outcome(c) o (outcome)
	where c.plan_id = report_counts.plan
	group by c.group_code
$$;
comment on function kept.report_counts(uuid, boolean) is
	'Counts by group over a plan''s commitments that the caller may read; with unknown, of those only what nobody outside knows of.';
grant execute on function kept.report_counts(uuid, boolean) to kept_api;

-- As kept.summary_hidden(). A page without a key tells nothing of what it may not show.
create or replace function kept.report_hidden(plan uuid)
returns table (group_code text, kept bigint, kept_later bigint, late bigint, let_go bigint, under_way bigint)
language plpgsql stable
rows 8
as $$
#variable_conflict use_column
declare
	asked_by text := kept.role();
begin
	if asked_by not in ('steward', 'partner', 'reader') then
		return;
	end if;
	perform kept.see_as('admin');
	return query select * from kept.report_counts(plan, asked_by <> 'steward');
	perform kept.see_as(asked_by);
	if asked_by = 'steward' then
		return query
		select r.group_code, -r.kept, -r.kept_later, -r.late, -r.let_go, -r.under_way
		from kept.report_counts(plan, false) r;
	end if;
end
$$;
comment on function kept.report_hidden(uuid) is
	'Counts by group, to be added up, over a plan''s commitments that the caller may not read: kept.count_blurred() decides what of them is told.';
grant execute on function kept.report_hidden(uuid) to kept_api;

create or replace function kept.report_groups(p kept.plan, number int, choice text[]) returns json
language sql stable
as $$
	with hidden as materialized (
		select h.group_code, sum(h.kept)::bigint as kept, sum(h.kept_later)::bigint as kept_later, sum(h.late)::bigint as late,
			sum(h.let_go)::bigint as let_go, sum(h.under_way)::bigint as under_way
		from kept.report_hidden(p.id) h
		group by h.group_code
	),
	responsibility as materialized (
		select (i.item).group_code as group_code,
			count(*) filter (where i.standing = 'agreed') as agreed,
			count(*) filter (where i.standing = 'declined') as declined,
			count(*) filter (where i.standing in ('open', 'amended')) as open
		from kept.report_items(p, report_groups.number) i
		group by 1
	)
	select json_agg(json_build_object(
		'group', g.code,
		'name', kept.group_name(g.code, choice),
		'necessity', c.necessity,
		'coverage', c.state,
		'agreed', coalesce(i.agreed, 0),
		'open', coalesce(i.open, 0),
		'declined', coalesce(i.declined, 0),
		'kept', coalesce(r.kept, 0) + kept.count_blurred(p.id, g.code, 'kept', h.kept),
		'kept_later', coalesce(r.kept_later, 0) + kept.count_blurred(p.id, g.code, 'kept_later', h.kept_later),
		'late', coalesce(r.late, 0) + kept.count_blurred(p.id, g.code, 'late', h.late),
		'let_go', coalesce(r.let_go, 0) + kept.count_blurred(p.id, g.code, 'let_go', h.let_go),
		'under_way', coalesce(r.under_way, 0) + kept.count_blurred(p.id, g.code, 'under_way', h.under_way)) order by g.position)
	from kept.stakeholder_group g
	join kept.report_coverage(p) c on c.group_code = g.code
	left join responsibility i on i.group_code = g.code
	left join kept.report_counts(p.id, false) r on r.group_code = g.code
	left join hidden h on h.group_code = g.code
$$;
comment on function kept.report_groups(kept.plan, int, text[]) is 'The eight groups in their order: how near each is to the table, its responsibilities, what became of its promises.';
grant execute on function kept.report_groups(kept.plan, int, text[]) to kept_api;

-- Never who: the group whose it is, and the group to whom it is owed. What is promised beside the items comes after them.
create or replace function kept.report_responsibilities(p kept.plan, number int) returns json
language sql stable
as $$
	select coalesce(json_agg(json_build_object(
		'group', r.group_code,
		'item_id', r.item_id,
		'commitment_id', r.commitment_id,
		'title', r.title,
		'due_on', r.due_on,
		'owed_to_group', r.owed_to_group,
		'standing', r.standing,
		'outcome', r.outcome) order by r.group_position, r.item_id is null, r.position, r.id), '[]')
	from (
		select g.position as group_position, (i.item).position as position, (i.item).id, (i.item).group_code as group_code,
			(i.item).id as item_id, c.id as commitment_id, coalesce(c.title, (i.item).title) as title, coalesce(c.due_on, (i.item).due_on) as due_on,
			(i.item).owed_to_group as owed_to_group, i.standing,
			case when c.id is not null then kept.report_outcome(c) end as outcome
		from kept.report_items(p, report_responsibilities.number) i
		join kept.stakeholder_group g on g.code = (i.item).group_code
		left join kept.commitment c on c.district_id = p.district_id and c.id = (i.item).commitment_id
		union all
		select g.position, 0, c.id, c.group_code, null, c.id, c.title, c.due_on, null, null, kept.report_outcome(c)
		from kept.commitment c
		join kept.stakeholder_group g on g.code = c.group_code
		where c.district_id = p.district_id
		and c.plan_id = p.id
		and not exists (
			select
			from kept.plan_item i
			where i.district_id = p.district_id
			and i.plan_id = p.id
			and i.version_number = report_responsibilities.number
			and i.commitment_id = c.id)) r
$$;
comment on function kept.report_responsibilities(kept.plan, int) is
	'The items of a version, and the promises of the plan that the caller may read, with what became of each.';
grant execute on function kept.report_responsibilities(kept.plan, int) to kept_api;

create or replace function kept.plan_report(plan uuid, languages text) returns kept.reply
language plpgsql stable
as $$
declare
	p kept.plan;
	current kept.plan_version;
	choice text[] := kept.language_choice(languages);
	body text;
begin
	select x.* into p
	from kept.plan x
	where x.district_id = kept.district()
	and x.id = plan_report.plan;
	if not found then
		perform kept.not_found('plan');
	end if;
	current := kept.plan_version_current(p.district_id, p.id);
	body := json_build_object(
		'plan_id', p.id,
		'title', p.title,
		'school_id', p.school_id,
		'school', (select s.name from kept.school s where s.district_id = p.district_id and s.id = p.school_id),
		'school_year', p.school_year,
		'number', current.number,
		'status', current.status,
		'groups', kept.report_groups(p, current.number, choice),
		'responsibilities', kept.report_responsibilities(p, current.number),
		'exact', kept.role() = 'admin')::text;
	return kept.found(body, p.version, 'plan');
end
$$;
comment on function kept.plan_report(uuid, text) is
	'GET /v1/plans/{id}/report. For all but admins the counts of promises are "at least", as in kept.summary().';
grant execute on function kept.plan_report(uuid, text) to kept_api;
