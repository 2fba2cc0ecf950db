-- 60: frameworks: what a plan is made by, and who belongs at its table.

-- Served by the primary keys of framework, framework_group and catalogue_framework_group.
create or replace function kept.framework_groups(framework uuid, level text) returns table (group_code text, necessity text)
language sql stable
rows 8
as $$
	select g.code, case
		when w.necessity is null or (w.only_secondary and framework_groups.level is distinct from 'secondary') then 'may'
		else w.necessity
	end
	from kept.stakeholder_group g
	left join (
		select o.group_code, o.necessity, o.only_secondary
		from kept.framework_group o
		where o.district_id = (select kept.district())
		and o.framework_id = framework_groups.framework
		union all
		select c.group_code, c.necessity, c.only_secondary
		from kept.framework f
		join kept.catalogue_framework_group c on c.code = f.catalogue_code
		where f.district_id = (select kept.district())
		and f.id = framework_groups.framework) w on w.group_code = g.code
	order by g.position
$$;
comment on function kept.framework_groups(uuid, text) is
	'How much a framework wants each of the eight groups at the table of a school of that level: must, should or may; a group that it does not name may.';
grant execute on function kept.framework_groups(uuid, text) to kept_api, kept_worker;

-- Served by the primary key of catalogue_framework_text. Tags are the same in upper and lower case.
create or replace function kept.framework_text(f kept.framework, choice text[]) returns kept.catalogue_framework_text
language sql stable
as $$
	select t
	from kept.catalogue_framework_text t
	where t.code = f.catalogue_code
	order by array_position(choice, lower(t.language)) nulls last, t.language
	limit 1
$$;
comment on function kept.framework_text(kept.framework, text[]) is
	'The words of a framework that comes with Kept in the first language of the choice that has them, else in any; NULL for a district''s own.';
grant execute on function kept.framework_text(kept.framework, text[]) to kept_api;

create or replace function kept.framework_name(f kept.framework, choice text[]) returns text
language sql stable
as $$ select coalesce(f.name, (kept.framework_text(f, choice)).name) $$;
comment on function kept.framework_name(kept.framework, text[]) is 'What a framework is called.';
grant execute on function kept.framework_name(kept.framework, text[]) to kept_api;
