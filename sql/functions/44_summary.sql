-- 44: who promised what, by stakeholder group.

-- What the caller may read. Served by commitment_list.
create or replace function kept.summary_readable(school uuid, due_from date, due_to date)
returns table (group_code text, proposed bigint, agreed bigint, in_progress bigint, completed bigint, overdue bigint, total bigint)
language sql stable
rows 8
as $$
	with place as (
		select '00000000-0000-0000-0000-000000000000'::uuid as school_id, kept.today_in(d.time_zone) as today
		from kept.district d
		where d.id = (select kept.district())
		union all
		select s.id, kept.today_in(coalesce(s.time_zone, d.time_zone))
		from kept.school s
		join kept.district d on d.id = s.district_id
		where s.district_id = (select kept.district())
	)
	select c.group_code,
		count(*) filter (where c.status = 'proposed'),
		count(*) filter (where c.status in ('agreed', 'deferred')),
		count(*) filter (where c.status = 'in_progress'),
		count(*) filter (where c.status in ('completed', 'verified')),
		count(*) filter (where c.due_on < p.today and c.status in ('proposed', 'agreed', 'in_progress', 'deferred')),
		count(*) filter (where c.status not in ('declined', 'withdrawn'))
	from kept.commitment c
	join place p on p.school_id = coalesce(c.school_id, '00000000-0000-0000-0000-000000000000'::uuid)
	where c.district_id = (select kept.district())
	and (school is null or c.school_id = school)
	and (due_from is null or c.due_on >= due_from)
	and (due_to is null or c.due_on <= due_to)
	group by c.group_code
$$;
comment on function kept.summary_readable(uuid, date, date) is 'Counts by group over the commitments that the caller may read.';
grant execute on function kept.summary_readable(uuid, date, date) to kept_api;

-- The same as an admin sees it, so over the whole district: kept.summary() decides what of it is told.
create or replace function kept.summary_all(school uuid, due_from date, due_to date)
returns table (group_code text, proposed bigint, agreed bigint, in_progress bigint, completed bigint, overdue bigint, total bigint)
language plpgsql stable
rows 8
as $$
declare
	asked_by text := kept.see_as('admin');
begin
	return query select * from kept.summary_readable(school, due_from, due_to);
	perform kept.see_as(asked_by);
end
$$;
comment on function kept.summary_all(uuid, date, date) is 'Counts by group over all commitments of the caller''s district, whoever may read them.';
grant execute on function kept.summary_all(uuid, date, date) to kept_api;

create or replace function kept.count_told(total bigint, readable bigint) returns bigint
language sql immutable parallel safe
as $$ select case when coalesce(total, 0) - coalesce(readable, 0) between 1 and 4 then null else coalesce(total, 0) end $$;
comment on function kept.count_told(bigint, bigint) is
	'The count, or NULL where it would tell of one to four commitments that the caller may not read.';
grant execute on function kept.count_told(bigint, bigint) to kept_api;

create or replace function kept.summary(school uuid, due_from date, due_to date, languages text default null) returns kept.reply
language plpgsql stable
as $$
declare
	reply kept.reply;
	choice text[] := kept.language_choice(languages);
begin
	if school is not null and not exists (select from kept.school s where s.district_id = kept.district() and s.id = school) then
		perform kept.not_found('school');
	end if;
	reply.status := 200;
	with readable as materialized (
		select *
		from kept.summary_readable(school, due_from, due_to)
	),
	whole as (
		-- An admin reads all: one count is enough.
		select *
		from readable
		where kept.role() = 'admin'
		union all
		select *
		from kept.summary_all(school, due_from, due_to)
		where kept.role() <> 'admin'
	)
	select json_build_object('items', json_agg(json_build_object(
		'group', g.code,
		'name', kept.group_name(g.code, choice),
		'proposed', kept.count_told(a.proposed, r.proposed),
		'agreed', kept.count_told(a.agreed, r.agreed),
		'in_progress', kept.count_told(a.in_progress, r.in_progress),
		'completed', kept.count_told(a.completed, r.completed),
		'overdue', kept.count_told(a.overdue, r.overdue),
		'none', kept.count_told(a.total, r.total) = 0) order by g.position))::text
	into reply.body
	from kept.stakeholder_group g
	left join whole a on a.group_code = g.code
	left join readable r on r.group_code = g.code;
	reply.etag := kept.etag(1, reply.body);
	return reply;
end
$$;
comment on function kept.summary(uuid, date, date, text) is
	'GET /v1/summary: the eight groups in their order, zeros too. NULL is a number that would tell of a few commitments that the key may not read.';
grant execute on function kept.summary(uuid, date, date, text) to kept_api;
