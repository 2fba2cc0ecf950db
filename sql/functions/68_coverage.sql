-- 68: who is at a plan's table: committed, responded, took part, invited, missing; and who cannot be reached.

-- The nearest that holds, for each of the eight groups. Served by commitment_plan, the unique key of plan_item and
-- plan_response_item, meeting_plan and the primary key of meeting_headcount, invitation_list.
create or replace function kept.coverage_states(plan uuid) returns table (group_code text, state text)
language sql stable
rows 8
as $$
	select g.code, case
		when exists (
			select
			from kept.commitment c
			where c.district_id = (select kept.district())
			and c.plan_id = coverage_states.plan
			and c.group_code = g.code
			and c.status in ('agreed', 'in_progress', 'completed', 'verified', 'deferred')) then 'committed'
		when exists (
			select
			from kept.plan_item i
			join kept.plan_response r on r.district_id = i.district_id and r.item_id = i.id and r.replaced_by is null
			where i.district_id = (select kept.district())
			and i.plan_id = coverage_states.plan
			and i.group_code = g.code) then 'responded'
		when exists (
			select
			from kept.meeting m
			join kept.meeting_headcount h on h.district_id = m.district_id and h.meeting_id = m.id and h.group_code = g.code and h.count > 0
			where m.district_id = (select kept.district())
			and m.plan_id = coverage_states.plan
			and m.status = 'held') then 'took_part'
		when exists (
			select
			from kept.invitation i
			where i.district_id = (select kept.district())
			and i.plan_id = coverage_states.plan
			and i.group_code = g.code
			and i.status = 'sent'
			and i.recipients > 0) then 'invited'
		else 'missing'
	end
	from kept.stakeholder_group g
$$;
comment on function kept.coverage_states(uuid) is 'How near each of the eight groups is to a plan''s table, over what the caller may read: see kept.coverage().';
grant execute on function kept.coverage_states(uuid) to kept_api;

-- Whom an invitation could go to: people and organisations of the plan's school, and those of the whole district.
-- Served by person_group_group, primary keys, contact_person and contact_organisation.
create or replace function kept.group_recipients(group_code text, school uuid)
returns table (person_id uuid, organisation_id uuid, language text, reachable boolean)
language sql stable
rows 100
as $$
	select p.id, null::uuid, p.language, exists (
		select
		from kept.contact k
		where k.district_id = p.district_id
		and k.person_id = p.id
		and not k.paused
		and k.gone_at is null)
	from kept.person_group g
	join kept.person p on p.district_id = g.district_id and p.id = g.person_id and p.erased_at is null
	where g.district_id = (select kept.district())
	and g.group_code = group_recipients.group_code
	and (
		school is null
		or not exists (
			select
			from kept.person_school s
			where s.district_id = p.district_id
			and s.person_id = p.id)
		or exists (
			select
			from kept.person_school s
			where s.district_id = p.district_id
			and s.person_id = p.id
			and s.school_id = school))
	union all
	select null, o.id, o.language, exists (
		select
		from kept.contact k
		where k.district_id = o.district_id
		and k.organisation_id = o.id
		and not k.paused
		and k.gone_at is null)
	from kept.organisation o
	where o.district_id = (select kept.district())
	and o.group_code = group_recipients.group_code
	and (school is null or o.school_id is null or o.school_id = school)
$$;
comment on function kept.group_recipients(text, uuid) is
	'The people and organisations of a group at a school (NULL: of the district), with those who belong to no school; their language, and whether a contact of theirs may be used.';
grant execute on function kept.group_recipients(text, uuid) to kept_api;

-- kept.group_recipients() counted for all groups in one go. Who has a school and who a usable contact is gathered once, not
-- asked of each person. Served by person_group_group, primary keys, contact_person and contact_organisation.
create or replace function kept.group_people(school uuid)
returns table (group_code text, reachable int, people int)
language sql stable
rows 8
as $$
	with placed as materialized (
		select s.person_id
		from kept.person_school s
		where school is not null
		and s.district_id = (select kept.district())
		group by s.person_id
		having not bool_or(s.school_id = school)
	),
	usable as materialized (
		select distinct k.person_id, k.organisation_id
		from kept.contact k
		where k.district_id = (select kept.district())
		and not k.paused
		and k.gone_at is null
	),
	-- in (...): looked up in a hash, however few the planner expects.
	somebody as (
		select g.group_code, p.id in (select k.person_id from usable k where k.person_id is not null) as reachable
		from kept.person_group g
		join kept.person p on p.district_id = (select kept.district()) and p.id = g.person_id and p.erased_at is null
		where g.district_id = (select kept.district())
		and p.id not in (select s.person_id from placed s)
		union all
		select o.group_code, o.id in (select k.organisation_id from usable k where k.organisation_id is not null)
		from kept.organisation o
		where o.district_id = (select kept.district())
		and (school is null or o.school_id is null or o.school_id = school)
	)
	select w.group_code, count(*) filter (where w.reachable)::int, count(*)::int
	from somebody w
	group by w.group_code
$$;
comment on function kept.group_people(uuid) is
	'How many people and organisations each group has at a school (NULL: in the district), as in kept.group_recipients(), and how many of them can be reached; no row: nobody.';
grant execute on function kept.group_people(uuid) to kept_api;

-- The same for everybody who asks, so it sees what an admin sees; what is told of it is decided where it is told.
create or replace function kept.coverage(plan uuid)
returns table (group_code text, necessity text, state text, committed int, responded int, took_part int, invited int, reachable int, people int)
language plpgsql stable
rows 8
as $$
#variable_conflict use_column
declare
	asked_by text := kept.see_as('admin');
	p kept.plan;
	level text;
begin
	select * into p
	from kept.plan x
	where x.district_id = kept.district()
	and x.id = coverage.plan;
	select s.level into level
	from kept.school s
	where s.district_id = p.district_id
	and s.id = p.school_id;
	return query
	select g.code, coalesce(n.necessity, 'may'), t.state,
		(select count(*)::int
		from kept.commitment c
		where c.district_id = p.district_id
		and c.plan_id = p.id
		and c.group_code = g.code
		and c.status in ('agreed', 'in_progress', 'completed', 'verified', 'deferred')),
		(select count(*)::int
		from kept.plan_response r
		where r.district_id = p.district_id
		and r.plan_id = p.id
		and r.group_code = g.code
		and r.replaced_by is null),
		-- Of the meeting to which most came: the same people come again.
		coalesce((
			select sum(h.count)::int
			from kept.meeting m
			join kept.meeting_headcount h on h.district_id = m.district_id and h.meeting_id = m.id and h.group_code = g.code
			where m.district_id = p.district_id
			and m.plan_id = p.id
			and m.status = 'held'
			group by m.id
			order by 1 desc
			limit 1), 0),
		coalesce((
			select sum(i.recipients)::int
			from kept.invitation i
			where i.district_id = p.district_id
			and i.plan_id = p.id
			and i.group_code = g.code
			and i.status = 'sent'), 0),
		coalesce(r.reachable, 0), coalesce(r.people, 0)
	from kept.stakeholder_group g
	join kept.coverage_states(p.id) t on t.group_code = g.code
	left join kept.framework_groups(p.framework_id, level) n on n.group_code = g.code
	left join kept.group_people(p.school_id) r on r.group_code = g.code
	where p.id is not null
	order by g.position;
	perform kept.see_as(asked_by);
end
$$;
comment on function kept.coverage(uuid) is
	'Coverage of a plan''s table by group, in their order: how much the framework wants it, its state, the counts behind it, and how many people and organisations of the group there are and can be reached.';
grant execute on function kept.coverage(uuid) to kept_api;

create or replace function kept.coverage_refresh(plan uuid) returns void
language plpgsql volatile
as $$
declare
	held text := current_setting('kept.coverage_held', true);
	asked_by text;
	moved record;
begin
	if plan is null then
		return;
	end if;
	if held <> '' then
		if strpos(held, plan::text) = 0 then
			perform set_config('kept.coverage_held', held || ',' || plan, true);
		end if;
		return;
	end if;
	-- One after another: of two that add and remove at once the second must see what the first did.
	perform pg_advisory_xact_lock(hashtextextended('coverage ' || plan, 0));
	asked_by := kept.see_as('admin');
	-- Served by the primary key of plan_coverage; no row: missing.
	for moved in
		with old as (
			select g.code, g.position, coalesce(c.state, 'missing') as state
			from kept.stakeholder_group g
			left join kept.plan_coverage c on c.district_id = kept.district() and c.plan_id = coverage_refresh.plan and c.group_code = g.code
		),
		changed as (
			insert into kept.plan_coverage as c (district_id, plan_id, group_code, state)
			select kept.district(), coverage_refresh.plan, s.group_code, s.state
			from kept.coverage_states(coverage_refresh.plan) s
			join old on old.code = s.group_code and old.state <> s.state
			on conflict (district_id, plan_id, group_code) do update
			set state = excluded.state, since = kept.now()
			returning c.group_code, c.state
		)
		select changed.group_code, old.state as was, changed.state
		from changed
		join old on old.code = changed.group_code
		order by old.position
	loop
		perform kept.emit('coverage.changed', null, jsonb_build_object(
			'plan_id', coverage_refresh.plan,
			'group', moved.group_code,
			'from', moved.was,
			'to', moved.state,
			'link', '/v1/plans/' || coverage_refresh.plan || '/coverage'));
	end loop;
	perform kept.see_as(asked_by);
end
$$;
comment on function kept.coverage_refresh(uuid) is
	'Compares a plan''s coverage with what was told last, keeps it, and tells endpoints of each group that moved (coverage.changed). The last lock of a transaction; NULL: nothing to do.';
grant execute on function kept.coverage_refresh(uuid) to kept_api;

create or replace function kept.coverage_refresh_all(plans uuid[]) returns void
language plpgsql volatile
as $$
declare
	plan uuid;
begin
	-- In one order, so that two that touch the same plans wait for each other.
	for plan in select distinct p.id from unnest(plans) p (id) where p.id is not null order by p.id loop
		perform kept.coverage_refresh(plan);
	end loop;
end
$$;
comment on function kept.coverage_refresh_all(uuid[]) is 'kept.coverage_refresh() for several plans; NULLs are passed over.';
grant execute on function kept.coverage_refresh_all(uuid[]) to kept_api;

-- Many commitments at once: each plan is looked at once, at the end.
create or replace function kept.coverage_hold() returns void
language plpgsql volatile
as $$
begin
	perform set_config('kept.coverage_held', 'held', true);
end
$$;
comment on function kept.coverage_hold() is 'From now on kept.coverage_refresh() only notes the plans, until kept.coverage_let_go().';
grant execute on function kept.coverage_hold() to kept_api;

create or replace function kept.coverage_let_go() returns void
language plpgsql volatile
as $$
declare
	plans uuid[] := (string_to_array(current_setting('kept.coverage_held', true), ','))[2:];
begin
	perform set_config('kept.coverage_held', '', true);
	perform kept.coverage_refresh_all(plans);
end
$$;
comment on function kept.coverage_let_go() is 'Refreshes the plans that were noted since kept.coverage_hold().';
grant execute on function kept.coverage_let_go() to kept_api;

-- Counts are for those who keep the register; others learn where each group stands.
create or replace function kept.coverage_reply(plan uuid, languages text default null) returns kept.reply
language plpgsql stable
as $$
declare
	p kept.plan := kept.plan_seen(plan);
	choice text[] := kept.language_choice(languages);
	exact boolean := kept.role() in ('admin', 'steward');
	body text;
begin
	select json_build_object(
		'plan_id', p.id,
		'title', p.title,
		'groups', json_agg(json_build_object(
			'group', c.group_code,
			'name', kept.group_name(c.group_code, choice),
			'necessity', c.necessity,
			'state', c.state,
			'unreachable', c.reachable = 0,
			'committed', case when exact then c.committed end,
			'responded', case when exact then c.responded end,
			'took_part', case when exact then c.took_part end,
			'invited', case when exact then c.invited end,
			'reachable', case when exact then c.reachable end,
			'people', case when exact then c.people end) order by c.place),
		'missing', coalesce(json_agg(c.group_code order by c.place) filter (where c.state = 'missing' and c.necessity <> 'may'), '[]'),
		'unreachable', coalesce(json_agg(c.group_code order by c.place) filter (where c.reachable = 0 and c.necessity <> 'may'), '[]'))::text
	into body
	from kept.coverage(p.id) with ordinality c (group_code, necessity, state, committed, responded, took_part, invited, reachable, people, place);
	return row(200, body, kept.etag(p.version, body), null, null)::kept.reply;
end
$$;
comment on function kept.coverage_reply(uuid, text) is 'GET /v1/plans/{id}/coverage: counts for admins and stewards only.';
grant execute on function kept.coverage_reply(uuid, text) to kept_api;

-- As last told, which is the truth: every write that moves it tells. Served by primary keys.
-- In plpgsql, which keeps its plans: the first page asks for fifty plans, and anybody asks for the first page.
create or replace function kept.coverage_missing(p kept.plan) returns text[]
language plpgsql stable
as $$
declare
	level text := (
		select s.level
		from kept.school s
		where s.district_id = p.district_id
		and s.id = p.school_id);
begin
	return coalesce((
		select array_agg(g.code order by g.position)
		from kept.framework_groups(p.framework_id, level) n
		join kept.stakeholder_group g on g.code = n.group_code
		left join kept.plan_coverage c on c.district_id = p.district_id and c.plan_id = p.id and c.group_code = n.group_code
		where n.necessity <> 'may'
		and coalesce(c.state, 'missing') = 'missing'), '{}');
end
$$;
comment on function kept.coverage_missing(kept.plan) is 'The groups that must or should be at a plan''s table and have not been asked yet.';
grant execute on function kept.coverage_missing(kept.plan) to kept_api;

-- Served by plan_list, of a school by plan_school.
create or replace function kept.coverage_summary(school uuid) returns json
language sql stable
as $$
	select coalesce(json_agg(json_build_object('plan_id', c.id, 'title', c.title, 'school_id', c.school_id, 'missing', to_json(c.missing))
		order by c.title, c.id), '[]')
	from (
		select p.id, p.title, p.school_id, kept.coverage_missing(p) as missing
		from kept.plan p
		where p.district_id = (select kept.district())
		and (school is null or p.school_id = school)
		and kept.today_in('UTC') between p.starts_on and p.ends_on
		and (kept.plan_version_current(p.district_id, p.id)).status in ('consultation', 'adopted', 'in_force', 'under_review')
		order by p.title, p.id
		limit 200) c
$$;
comment on function kept.coverage_summary(uuid) is 'Of each plan of this school year that the caller may read, the first 200 by title: who is missing.';
grant execute on function kept.coverage_summary(uuid) to kept_api;
