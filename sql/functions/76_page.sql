-- 76: what people see without a key: a plan's page, its sheet of paper, and the plans of this register.

-- A page is found before anybody is known. What is absent, not published or only a draft answers the same. Served by plan_slug,
-- the unique key of sheet_code and the primary key of plan_version.
create or replace function kept.enter_page(kind text, name text)
returns table (district_id uuid, key_id uuid, role text, locale text)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
	district uuid;
begin
	select p.district_id into district
	from kept.plan p
	where (
		(enter_page.kind = 'page' and p.slug = enter_page.name and p.published)
		or (enter_page.kind = 'sheet' and p.sheet_code = enter_page.name))
	and exists (
		select
		from kept.plan_version v
		where v.district_id = p.district_id
		and v.plan_id = p.id
		and v.status <> 'draft');
	if not found then
		perform kept.not_found('page');
	end if;
	perform set_config('kept.district', district::text, true),
		set_config('kept.actor', enter_page.kind, true),
		set_config('kept.role', 'public', true),
		set_config('kept.school', '', true),
		set_config('kept.group', '', true),
		set_config('kept.organisation', '', true),
		set_config('kept.person', '', true),
		set_config('transaction_read_only', 'on', true);
	return query
	select d.id, null::uuid, 'public', d.locale
	from kept.district d
	where d.id = district;
end
$$;
comment on function kept.enter_page(text, text) is
	'Lets everybody in where a plan is shown: kind page by the slug of a published plan, sheet by its code; for reading only. Absent, unpublished and drafts: 404, the same words.';
revoke execute on function kept.enter_page(text, text) from public;

-- The pages' words and the languages that there are. Served by the primary key of catalogue_text.
create or replace function kept.page_words(choice text[]) returns jsonb
language sql stable
as $$
	with chosen as (
		select t.language
		from unnest(choice || 'en'::text) with ordinality as wanted (tag, n)
		join kept.catalogue_text t on t.key = 'language.name' and lower(t.language) = lower(wanted.tag)
		order by wanted.n
		limit 1
	)
	select jsonb_build_object(
		'language', (select language from chosen),
		'languages', (
			select jsonb_agg(jsonb_build_object('tag', t.language, 'name', t.text) order by t.language)
			from kept.catalogue_text t
			where t.key = 'language.name'),
		'words', (
			select jsonb_object_agg(t.key, coalesce(own.text, t.text))
			from kept.catalogue_text t
			left join kept.catalogue_text own on own.key = t.key and own.language = (select language from chosen)
			where t.language = 'en'
			and t.key not like 'invitation.%'))
$$;
comment on function kept.page_words(text[]) is 'The language that a page is in, the languages that it could be in, and its words by key.';
grant execute on function kept.page_words(text[]) to kept_api;

-- Who took the catalogue's words as they are reads them in another language too; what a district wrote stays as it is written.
-- Served by the primary keys of action, action_text, catalogue_action_text and catalogue_clause_text.
create or replace function kept.item_words(i kept.plan_item, choice text[], out title text, out description text, out language text)
language sql stable
as $$
	with known as (
		select w.title, w.description, w.language
		from kept.action a
		cross join lateral (
			select o.title, o.description, o.language
			from kept.action_text o
			where o.district_id = a.district_id
			and o.action_id = a.id
			union all
			select c.title, c.description, c.language
			from kept.catalogue_action_text c
			where c.code = a.catalogue_code) w
		where a.district_id = i.district_id
		and a.id = i.action_id
		union all
		select w.title, w.description, w.language
		from kept.plan p
		join kept.framework f on f.district_id = p.district_id and f.id = p.framework_id
		join kept.catalogue_clause_text w on w.framework_code = f.catalogue_code and w.code = i.clause_code
		where p.district_id = i.district_id
		and p.id = i.plan_id
	)
	select coalesce(k.title, i.title), case when k.title is null then i.description else k.description end, k.language
	from (values (1)) as one (row)
	left join lateral (
		select k.*
		from known k
		where array_position(choice, lower(k.language)) is not null
		and exists (
			select
			from known same
			where same.title = i.title
			and same.description is not distinct from i.description)
		order by array_position(choice, lower(k.language))
		limit 1) k on true
$$;
comment on function kept.item_words(kept.plan_item, text[]) is
	'Title and description of an item in the first language of the choice that the catalogue has it in, and that language; as it is written (language NULL) where it is the plan''s own text.';
grant execute on function kept.item_words(kept.plan_item, text[]) to kept_api;

create or replace function kept.page_plan(p kept.plan, v kept.plan_version, choice text[]) returns jsonb
language sql stable
as $$
	select jsonb_build_object(
		'title', p.title,
		'district', d.name,
		'school', s.name,
		'school_year', p.school_year,
		'starts_on', p.starts_on,
		'ends_on', p.ends_on,
		'review_on', p.review_on,
		'framework', kept.framework_name(f, choice),
		'number', v.number,
		'status', v.status,
		'text_hash', v.text_hash,
		'sheet_code', p.sheet_code,
		'slug', case when p.published then p.slug end)
	from kept.district d
	join kept.framework f on f.district_id = p.district_id and f.id = p.framework_id
	left join kept.school s on s.district_id = p.district_id and s.id = p.school_id
	where d.id = p.district_id
$$;
comment on function kept.page_plan(kept.plan, kept.plan_version, text[]) is 'What stands at the head of a plan''s page and of its sheet.';
grant execute on function kept.page_plan(kept.plan, kept.plan_version, text[]) to kept_api;

-- What everybody may know of each responsibility: the plan's text, and the promises that are plan or public. A promise of families or
-- students is never shown as late: it is under way. Served by the unique key of plan_item and commitment_plan.
create or replace function kept.page_promises(p kept.plan, number int, choice text[])
returns table (group_code text, place bigint, title text, description text, language text, due_on date, owed_to text, standing text, outcome text)
language sql stable
as $$
	select i.group_code, row_number() over (order by i.own, i.position, i.id), i.title, i.description, i.language, i.due_on, i.owed_to, i.standing,
		case
			when i.outcome <> 'late' or i.group_code not in ('families', 'students') then i.outcome
			when i.done then 'kept_later'
			when not i.proposed then 'under_way'
		end
	from (
		select 0 as own, (r.item).position, (r.item).id, (r.item).group_code as group_code, coalesce(own.title, w.title) as title,
			case when own.title is null then w.description else own.description end as description,
			case when own.title is null then w.language end as language, coalesce(c.due_on, (r.item).due_on) as due_on,
			kept.group_name((r.item).owed_to_group, choice) as owed_to,
			r.standing,
			case when c.id is not null then kept.report_outcome(c) end as outcome, c.completed_on is not null as done, c.status = 'proposed' as proposed
		from kept.report_items(p, page_promises.number) r
		cross join lateral kept.item_words(r.item, choice) w
		left join kept.commitment c on c.district_id = p.district_id and c.id = (r.item).commitment_id and c.visibility in ('plan', 'public')
		-- Somebody wrote it anew after it was adopted.
		left join lateral (select c.title, c.description where c.title <> (r.item).title) own on true
		union all
		select 1, 0, c.id, c.group_code, c.title, c.description, null, c.due_on, null, case when c.status = 'proposed' then 'open' end,
			kept.report_outcome(c), c.completed_on is not null, c.status = 'proposed'
		from kept.commitment c
		where c.district_id = p.district_id
		and c.plan_id = p.id
		and c.visibility in ('plan', 'public')
		and not exists (
			select
			from kept.plan_item i
			where i.district_id = p.district_id
			and i.plan_id = p.id
			and i.version_number = page_promises.number
			and i.commitment_id = c.id)) i
$$;
comment on function kept.page_promises(kept.plan, int, text[]) is 'The responsibilities of a plan as its page shows them, group by group: never a person, a unit or a count of people.';
grant execute on function kept.page_promises(kept.plan, int, text[]) to kept_api;

create or replace function kept.page(slug text, language text, languages text) returns kept.reply
language plpgsql stable
as $$
declare
	p kept.plan;
	v kept.plan_version;
	choice text[] := kept.language_choice(concat_ws(',', page.language, nullif(page.languages, '')));
begin
	select x.* into p
	from kept.plan x
	where x.district_id = kept.district()
	and x.slug = page.slug
	and x.published;
	if not found then
		perform kept.not_found('page');
	end if;
	v := kept.plan_version_current(p.district_id, p.id);
	return row(200, (
		kept.page_words(choice) || jsonb_build_object(
			'plan', kept.page_plan(p, v, choice),
			'groups', (
				with promises as materialized (
					select i.*
					from kept.page_promises(p, v.number, choice) i
				)
				select jsonb_agg(jsonb_build_object(
					'code', g.code,
					'name', kept.group_name(g.code, choice),
					'necessity', c.necessity,
					'coverage', c.state,
					'items', (
						select coalesce(jsonb_agg(to_jsonb(i) - 'group_code' - 'place' order by i.place), '[]')
						from promises i
						where i.group_code = g.code)) order by g.position)
				from kept.stakeholder_group g
				join kept.report_coverage(p) c on c.group_code = g.code)))::text, null, null, null)::kept.reply;
end
$$;
comment on function kept.page(text, text, text) is 'GET /plans/{slug}: what the page shows, made into HTML by the program.';
grant execute on function kept.page(text, text, text) to kept_api;

create or replace function kept.sheet(code text, language text, group_code text, languages text) returns kept.reply
language plpgsql stable
as $$
declare
	p kept.plan;
	v kept.plan_version;
	choice text[] := kept.language_choice(concat_ws(',', sheet.language, nullif(sheet.languages, '')));
begin
	select x.* into p
	from kept.plan x
	where x.district_id = kept.district()
	and x.sheet_code = sheet.code;
	if not found then
		perform kept.not_found('page');
	end if;
	v := kept.plan_version_current(p.district_id, p.id);
	return row(200, (
		kept.page_words(choice) || jsonb_build_object(
			'plan', kept.page_plan(p, v, choice),
			'group', sheet.group_code,
			'groups', (
				select jsonb_agg(jsonb_build_object(
					'code', g.code,
					'name', kept.group_name(g.code, choice),
					'items', (
						select coalesce(jsonb_agg(jsonb_build_object(
							'title', w.title,
							'description', w.description,
							'language', w.language,
							'due_on', i.due_on,
							'owed_to', kept.group_name(i.owed_to_group, choice)) order by i.position, i.id), '[]')
						from kept.plan_item i
						cross join lateral kept.item_words(i, choice) w
						where i.district_id = p.district_id
						and i.plan_id = p.id
						and i.version_number = v.number
						and i.group_code = g.code)) order by g.position)
				from kept.stakeholder_group g
				where sheet.group_code is null
				or g.code = sheet.group_code)))::text, null, null, null)::kept.reply;
end
$$;
comment on function kept.sheet(text, text, text, text) is 'GET /s/{code}: what the printable sheet asks, of all groups or of one, made into HTML by the program.';
grant execute on function kept.sheet(text, text, text, text) to kept_api;

-- Over all districts of this register, so with the owner's rights: only what /plans/{slug} shows to everybody. Coverage is the one last
-- told. Served by plan_slug and the primary keys of plan_version and plan_coverage.
create or replace function kept.plans_published() returns json
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
	p kept.plan;
	shown jsonb := '[]';
	-- Once, not for each plan: anybody may ask for this as often as they like.
	names jsonb := (select jsonb_object_agg(g.code, kept.group_name(g.code, '{en}')) from kept.stakeholder_group g);
begin
	for p in
		select x.*
		from kept.plan x
		where x.slug is not null
		and x.published
		and exists (
			select
			from kept.plan_version v
			where v.district_id = x.district_id
			and v.plan_id = x.id
			and v.status not in ('draft', 'archived'))
		order by x.starts_on desc, x.slug
		limit 50
	loop
		perform set_config('kept.district', p.district_id::text, true);
		shown := shown || (
			select jsonb_build_object(
				'slug', p.slug,
				'title', p.title,
				'school_year', p.school_year,
				'district', d.name,
				'school', (select s.name from kept.school s where s.district_id = p.district_id and s.id = p.school_id),
				'missing', (
					select coalesce(jsonb_agg(names -> m.code order by m.place), '[]')
					from unnest(kept.coverage_missing(p)) with ordinality m (code, place)))
			from kept.district d
			where d.id = p.district_id);
	end loop;
	perform set_config('kept.district', '', true);
	return shown;
end
$$;
comment on function kept.plans_published() is
	'The plans of this register that everybody may read, newest first, at most 50, and the groups missing from each table: for the first page.';
revoke execute on function kept.plans_published() from public;
grant execute on function kept.plans_published() to kept_api;
