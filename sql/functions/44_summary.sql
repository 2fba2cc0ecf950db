-- 44: who promised what, by stakeholder group.

drop function if exists kept.summary_readable(uuid, date, date);
drop function if exists kept.summary_all(uuid, date, date);
drop function if exists kept.count_told(bigint, bigint);

-- Whoever knows some of what is counted could find out the rest: so with `unknown` nothing that a key from outside (partner,
-- reader) may read, made, or has a part in through its organisation. Asked in FROM, it becomes part of the statement that
-- asks: what that one wants besides is looked up by its own index, so nothing may be added that forbids that.
create or replace function kept.commitments_counted(unknown boolean) returns setof kept.commitment
language sql stable
rows 1000
as $$
	with outside as materialized (
		select k.id, k.school_id, k.group_code, k.organisation_id
		from kept.key k
		where unknown
		and k.district_id = (select kept.district())
		and k.role in ('partner', 'reader')
		and k.revoked_at is null
	)
	select c.*
	from kept.commitment c
	where c.district_id = (select kept.district())
	and (
		not unknown
		or (
			c.visibility in ('private', 'group')
			and not (
				c.visibility = 'group'
				and exists (
					select
					from outside o
					where o.group_code = c.group_code
					and (o.school_id is null or o.school_id = c.school_id)))
			and c.created_by not in (select 'key:' || o.id from outside o)
			and c.id not in (
				select party.commitment_id
				from kept.party
				join outside o on o.organisation_id = party.organisation_id
				where party.district_id = (select kept.district()))))
$$;
comment on function kept.commitments_counted(boolean) is
	'The commitments that the caller may read; with unknown, of those only what nobody outside knows of.';
grant execute on function kept.commitments_counted(boolean) to kept_api;

-- Served by commitment_list.
create or replace function kept.summary_counts(school uuid, due_from date, due_to date, unknown boolean)
returns table (group_code text, proposed bigint, agreed bigint, in_progress bigint, completed bigint, overdue bigint)
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
		count(*) filter (where c.due_on < p.today and c.status in ('proposed', 'agreed', 'in_progress', 'deferred'))
	from kept.commitments_counted(unknown) c
	join place p on p.school_id = coalesce(c.school_id, '00000000-0000-0000-0000-000000000000'::uuid)
	where (school is null or c.school_id = school)
	and (due_from is null or c.due_on >= due_from)
	and (due_to is null or c.due_on <= due_to)
	group by c.group_code
$$;
comment on function kept.summary_counts(uuid, date, date, boolean) is
	'Counts by group over the commitments that the caller may read; with unknown, of those only what nobody outside knows of.';
grant execute on function kept.summary_counts(uuid, date, date, boolean) to kept_api;

-- What the caller may not read. Partners and readers all get the same: two of them have nothing to compare.
create or replace function kept.summary_hidden(school uuid)
returns table (group_code text, proposed bigint, agreed bigint, in_progress bigint, completed bigint, overdue bigint)
language plpgsql stable
rows 8
as $$
#variable_conflict use_column
declare
	asked_by text := kept.role();
begin
	perform kept.see_as('admin');
	if asked_by in ('partner', 'reader') then
		return query select * from kept.summary_counts(school, null, null, true);
	else
		return query select * from kept.summary_counts(school, null, null, false);
	end if;
	perform kept.see_as(asked_by);
	if asked_by not in ('partner', 'reader') then
		return query
		select r.group_code, -r.proposed, -r.agreed, -r.in_progress, -r.completed, -r.overdue
		from kept.summary_counts(school, null, null, false) r;
	end if;
end
$$;
comment on function kept.summary_hidden(uuid) is
	'Counts by group, to be added up, over commitments that the caller may not read: kept.count_blurred() decides what of them is told.';
grant execute on function kept.summary_hidden(uuid) to kept_api;

create or replace function kept.count_blurred(school uuid, group_code text, status text, hidden bigint) returns bigint
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	digest bytea;
begin
	select sha256(s.salt || convert_to(concat_ws('/', coalesce(school::text, 'all'), group_code, status), 'UTF8'))
	into digest
	from kept.district_secret s
	where s.district_id = kept.district();
	if not found or hidden is null then
		return 0;
	end if;
	return greatest(hidden - (get_byte(digest, 0) * 256 + get_byte(digest, 1)) % 5, 0) / 5 * 5;
end
$$;
comment on function kept.count_blurred(uuid, text, text, bigint) is
	'What is told of a count of hidden commitments: less a secret 0 to 4 that is always the same for this school, group and status, then rounded down to a multiple of 5. So never more than the truth, nothing of 1 to 4, and nobody can see at which count it changes.';
grant execute on function kept.count_blurred(uuid, text, text, bigint) to kept_api;

create or replace function kept.summary(school uuid, due_from date, due_to date, languages text default null) returns kept.reply
language plpgsql stable
as $$
declare
	reply kept.reply;
	choice text[] := kept.language_choice(languages);
	reads_all boolean := kept.role() = 'admin';
	-- A window of dates that moves by a day would count what is hidden, one by one.
	hides boolean := not reads_all and due_from is null and due_to is null;
begin
	if school is not null and not exists (select from kept.school s where s.district_id = kept.district() and s.id = school) then
		perform kept.not_found('school');
	end if;
	reply.status := 200;
	with readable as materialized (
		select *
		from kept.summary_counts(school, due_from, due_to, false)
	),
	hidden as materialized (
		select h.group_code, sum(h.proposed)::bigint as proposed, sum(h.agreed)::bigint as agreed, sum(h.in_progress)::bigint as in_progress,
			sum(h.completed)::bigint as completed, sum(h.overdue)::bigint as overdue
		from kept.summary_hidden(school) h
		where hides
		group by h.group_code
	),
	told as (
		select g.code, g.position,
			coalesce(r.proposed, 0) + kept.count_blurred(school, g.code, 'proposed', h.proposed) as proposed,
			coalesce(r.agreed, 0) + kept.count_blurred(school, g.code, 'agreed', h.agreed) as agreed,
			coalesce(r.in_progress, 0) + kept.count_blurred(school, g.code, 'in_progress', h.in_progress) as in_progress,
			coalesce(r.completed, 0) + kept.count_blurred(school, g.code, 'completed', h.completed) as completed,
			coalesce(r.overdue, 0) + kept.count_blurred(school, g.code, 'overdue', h.overdue) as overdue
		from kept.stakeholder_group g
		left join readable r on r.group_code = g.code
		left join hidden h on h.group_code = g.code
	)
	select json_build_object(
		'items', json_agg(json_build_object(
			'group', t.code,
			'name', kept.group_name(t.code, choice),
			'proposed', t.proposed,
			'agreed', t.agreed,
			'in_progress', t.in_progress,
			'completed', t.completed,
			'overdue', t.overdue,
			'none', t.proposed + t.agreed + t.in_progress + t.completed = 0) order by t.position),
		'coverage', kept.coverage_summary(school),
		'exact', reads_all,
		'readable_only', not reads_all and not hides)::text
	into reply.body
	from told t;
	reply.etag := kept.etag(1, reply.body);
	return reply;
end
$$;
comment on function kept.summary(uuid, date, date, text) is
	'GET /v1/summary: the eight groups in their order, zeros too. For all but admins the numbers are "at least": see kept.count_blurred(). Between dates only what the key may read is counted.';
grant execute on function kept.summary(uuid, date, date, text) to kept_api;
