-- 30: which language a reader gets, and what a scoped key may touch.

create or replace function kept.language_choice(accept text) returns text[]
language sql stable parallel safe
as $$
	-- 'es-MX,fr' in a district of locale en-US: {es-mx,es,fr,en-us,en}
	select array_agg(choice order by place)
	from (
		select choice, min(place) as place
		from (
			select unnest(array[tag, split_part(tag, '-', 1)]) as choice, generate_series(n * 2, n * 2 + 1) as place
			from unnest(string_to_array(coalesce(accept, ''), ',')
				|| coalesce((select d.locale from kept.district d where d.id = (select kept.district())), 'en')
				|| 'en'::text) with ordinality as asked (written, n)
			cross join lateral lower(written) as tag
			where tag <> '') as choices
		group by choice) as once
$$;
comment on function kept.language_choice(text) is
	'Languages to try, best first and in lower case: those of the reader (a comma list of tags, best first) with their base languages, the district''s, English.';
grant execute on function kept.language_choice(text) to kept_api, kept_worker;

create or replace function kept.group_name(code text, choice text[]) returns text
language sql stable parallel safe
as $$
	-- Tags are the same in upper and lower case (RFC 5646, section 2.1.1).
	select t.name
	from unnest(choice) with ordinality as wanted (tag, n)
	join kept.stakeholder_group_text t on t.code = group_name.code and lower(t.language) = lower(wanted.tag)
	order by wanted.n
	limit 1
$$;
comment on function kept.group_name(text, text[]) is 'Name of a stakeholder group in the first language of the choice that has one.';
grant execute on function kept.group_name(text, text[]) to kept_api, kept_worker;

-- Served by the primary key of catalogue_text. What is filled in is not looked at again: a title may hold braces.
create or replace function kept.text_for(key text, languages text[], fills jsonb default '{}') returns text
language sql stable parallel safe
as $$
	select string_agg(case when piece.part like '{%}' then coalesce(fills ->> btrim(piece.part, '{}'), piece.part) else piece.part end, '' order by piece.place)
	from (
		select t.text
		from unnest(languages || 'en'::text) with ordinality as wanted (tag, n)
		join kept.catalogue_text t on t.key = text_for.key and lower(t.language) = lower(wanted.tag)
		order by wanted.n
		limit 1) as found
	cross join lateral (
		select m.part[1] as part, m.place
		from regexp_matches(found.text, '\{[a-z_]+\}|[^{]+|\{', 'g') with ordinality as m (part, place)) as piece
$$;
comment on function kept.text_for(text, text[], jsonb) is
	'What the catalogue says under a key in the first of the languages that has it, else in English; {name} is filled from fills. NULL: no such key.';
grant execute on function kept.text_for(text, text[], jsonb) to kept_api, kept_worker;

create or replace function kept.require_scope(school uuid, groups text[]) returns void
language plpgsql stable
as $$
begin
	if kept.scope_school() is not null and school is distinct from kept.scope_school() then
		perform kept.refuse(403, 'This key is for one school. It may not change what belongs to another or to the whole district.');
	end if;
	if kept.scope_group() is not null and not coalesce(kept.scope_group() = any (groups), false) then
		perform kept.refuse(403, 'This key is for one stakeholder group. It may not change what belongs to another.');
	end if;
end
$$;
comment on function kept.require_scope(uuid, text[]) is 'Refuses with 403 where a key for one school or group would write elsewhere.';
grant execute on function kept.require_scope(uuid, text[]) to kept_api;

-- Errors of the members that several resources share; absent members are no errors.
create or replace function kept.check_members(body jsonb) returns jsonb
language plpgsql stable
as $$
declare
	errors jsonb := '[]';
begin
	if body ->> 'time_zone' is not null and not kept.zone_exists(body ->> 'time_zone') then
		errors := errors || kept.field_error('/time_zone', 'is not a time zone of the IANA database, like America/New_York');
	end if;
	if body ->> 'language' is not null and not kept.language_valid(body ->> 'language') then
		errors := errors || kept.field_error('/language', 'is not a language tag, like es or en-US');
	end if;
	if body ->> 'school_id' is not null
	and not exists (select from kept.school s where s.district_id = kept.district() and s.id = (body ->> 'school_id')::uuid) then
		errors := errors || kept.field_error('/school_id', 'is not a school of this district');
	end if;
	if body ->> 'group' is not null
	and not exists (select from kept.stakeholder_group g where g.code = body ->> 'group') then
		errors := errors || kept.field_error('/group', 'is not one of the eight stakeholder groups');
	end if;
	if body ->> 'organisation_id' is not null
	and not exists (select from kept.organisation o where o.district_id = kept.district() and o.id = (body ->> 'organisation_id')::uuid) then
		errors := errors || kept.field_error('/organisation_id', 'is not an organisation of this district');
	end if;
	if body ->> 'coordinator_id' is not null
	and not exists (
		select
		from kept.person p
		where p.district_id = kept.district()
		and p.id = (body ->> 'coordinator_id')::uuid
		and p.erased_at is null) then
		errors := errors || kept.field_error('/coordinator_id', 'is not a person of this district');
	end if;
	if body ->> 'person_id' is not null
	and not exists (
		select
		from kept.person p
		where p.district_id = kept.district()
		and p.id = (body ->> 'person_id')::uuid
		and p.erased_at is null) then
		errors := errors || kept.field_error('/person_id', 'is not a person of this district');
	end if;
	if jsonb_typeof(body -> 'school_ids') = 'array' then
		errors := errors || coalesce((
			select jsonb_agg(jsonb_build_object('pointer', '/school_ids/' || (wanted.n - 1), 'detail', 'is not a school of this district') order by wanted.n)
			from jsonb_array_elements_text(body -> 'school_ids') with ordinality as wanted (id, n)
			where not exists (select from kept.school s where s.district_id = kept.district() and s.id = wanted.id::uuid)), '[]');
	end if;
	return errors;
end
$$;
comment on function kept.check_members(jsonb) is
	'Field errors of time_zone, language, school_id, school_ids, coordinator_id, person_id, group and organisation_id of a body, as far as they are there.';
grant execute on function kept.check_members(jsonb) to kept_api;

create or replace function kept.members_told(members int, organisation uuid) returns int
language sql stable
as $$ select case when kept.role() in ('admin', 'steward') or members >= 5 or organisation = kept.scope_organisation() then members end $$;
comment on function kept.members_told(int, uuid) is 'How many people a school or organisation has; under five only to admins, stewards and the organisation itself.';
grant execute on function kept.members_told(int, uuid) to kept_api;
