-- 11: what an operator's commands do: the catalogue, districts, first keys. Run by the owner; the API may call none of them.

create or replace function kept.catalogue_actions_missing() returns void
language sql volatile
as $$
	insert into kept.action (district_id, group_code, catalogue_code, position)
	select d.id, a.group_code, a.code, a.position
	from kept.district d
	cross join kept.catalogue_action a
	on conflict (district_id, catalogue_code) do nothing
$$;
comment on function kept.catalogue_actions_missing() is 'Gives each district the catalogue''s actions that it does not have yet.';
revoke execute on function kept.catalogue_actions_missing() from public;

create or replace function kept.catalogue_frameworks_missing() returns void
language sql volatile
as $$
	insert into kept.framework (district_id, catalogue_code)
	select d.id, f.code
	from kept.district d
	cross join kept.catalogue_framework f
	order by d.id, f.position
	on conflict (district_id, catalogue_code) do nothing
$$;
comment on function kept.catalogue_frameworks_missing() is 'Gives each district the catalogue''s frameworks that it does not have yet.';
revoke execute on function kept.catalogue_frameworks_missing() from public;

create or replace function kept.catalogue_load_frameworks(tag text, frameworks jsonb) returns void
language plpgsql volatile
as $$
begin
	insert into kept.catalogue_framework as t (code, position)
	select f.value ->> 'code', f.place
	from jsonb_array_elements(frameworks) with ordinality as f (value, place)
	on conflict (code) do update
	set position = excluded.position
	where t.position <> excluded.position;

	insert into kept.catalogue_framework_text as t (code, language, name, description)
	select f.value ->> 'code', tag, f.value ->> 'name', f.value ->> 'description'
	from jsonb_array_elements(frameworks) as f (value)
	on conflict (code, language) do update
	set name = excluded.name, description = excluded.description
	where (t.name, t.description) is distinct from (excluded.name, excluded.description);

	insert into kept.catalogue_framework_group as t (code, group_code, necessity, only_secondary)
	select f.value ->> 'code', g.value ->> 'code', g.value ->> 'necessity', coalesce((g.value ->> 'only_secondary')::boolean, false)
	from jsonb_array_elements(frameworks) as f (value)
	cross join jsonb_array_elements(f.value -> 'groups') as g (value)
	on conflict (code, group_code) do update
	set necessity = excluded.necessity, only_secondary = excluded.only_secondary
	where (t.necessity, t.only_secondary) is distinct from (excluded.necessity, excluded.only_secondary);

	insert into kept.catalogue_clause as t (framework_code, code, group_code, position, citation)
	select f.value ->> 'code', c.value ->> 'code', c.value ->> 'group', c.place, c.value ->> 'citation'
	from jsonb_array_elements(frameworks) as f (value)
	cross join jsonb_array_elements(f.value -> 'clauses') with ordinality as c (value, place)
	on conflict (framework_code, code) do update
	set group_code = excluded.group_code, position = excluded.position, citation = excluded.citation
	where (t.group_code, t.position, t.citation) is distinct from (excluded.group_code, excluded.position, excluded.citation);

	insert into kept.catalogue_clause_text as t (framework_code, code, language, title, description)
	select f.value ->> 'code', c.value ->> 'code', tag, c.value ->> 'title', c.value ->> 'description'
	from jsonb_array_elements(frameworks) as f (value)
	cross join jsonb_array_elements(f.value -> 'clauses') as c (value)
	on conflict (framework_code, code, language) do update
	set title = excluded.title, description = excluded.description
	where (t.title, t.description) is distinct from (excluded.title, excluded.description);

	perform kept.catalogue_frameworks_missing();
end
$$;
comment on function kept.catalogue_load_frameworks(text, jsonb) is
	'Takes the frameworks of one language of the catalogue: [{"code","name","description","groups":[{"code","necessity","only_secondary"}],"clauses":[{"code","group","citation","title","description"}]}].';
revoke execute on function kept.catalogue_load_frameworks(text, jsonb) from public;

create or replace function kept.catalogue_load(catalogue jsonb) returns void
language plpgsql volatile
as $$
begin
	insert into kept.stakeholder_group (code, position)
	select g.value ->> 'code', g.place
	from jsonb_array_elements(catalogue -> 'groups') with ordinality as g (value, place)
	on conflict (code) do nothing;

	insert into kept.stakeholder_group_text as t (code, language, name)
	select g.value ->> 'code', catalogue ->> 'language', g.value ->> 'name'
	from jsonb_array_elements(catalogue -> 'groups') as g (value)
	on conflict (code, language) do update
	set name = excluded.name
	where t.name <> excluded.name;

	insert into kept.catalogue_action as t (code, group_code, position)
	select a.value ->> 'code', g.value ->> 'code', a.place
	from jsonb_array_elements(catalogue -> 'groups') as g (value)
	cross join jsonb_array_elements(g.value -> 'actions') with ordinality as a (value, place)
	on conflict (code) do update
	set position = excluded.position
	where t.position <> excluded.position;

	insert into kept.catalogue_action_text as t (code, language, title, description)
	select a.value ->> 'code', catalogue ->> 'language', a.value ->> 'title', a.value ->> 'description'
	from jsonb_array_elements(catalogue -> 'groups') as g (value)
	cross join jsonb_array_elements(g.value -> 'actions') as a (value)
	on conflict (code, language) do update
	set title = excluded.title, description = excluded.description
	where (t.title, t.description) is distinct from (excluded.title, excluded.description);

	insert into kept.catalogue_text as t (key, language, text)
	select word.key, catalogue ->> 'language', word.value
	from jsonb_each_text(coalesce(catalogue -> 'texts', '{}')) as word (key, value)
	on conflict (key, language) do update
	set text = excluded.text
	where t.text <> excluded.text;
	delete from kept.catalogue_text t
	where t.language = catalogue ->> 'language'
	and catalogue ? 'texts'
	and not catalogue -> 'texts' ? t.key;

	perform kept.catalogue_actions_missing();
	perform kept.catalogue_load_frameworks(catalogue ->> 'language', coalesce(catalogue -> 'frameworks', '[]'));
end
$$;
comment on function kept.catalogue_load(jsonb) is
	'Takes one language of the catalogue: {"language","groups":[{"code","name","actions":[{"code","title","description"}]}],"frameworks":[…],"texts":{key: words}}, see kept.catalogue_load_frameworks. A second time changes nothing.';
revoke execute on function kept.catalogue_load(jsonb) from public;

create or replace function kept.district_add(name text, time_zone text, locale text, kind text default 'district', demonstration boolean default false)
returns uuid
language plpgsql volatile
as $$
declare
	made uuid := kept.uuid7();
begin
	if coalesce(district_add.name, '') !~ '\S' or char_length(district_add.name) > 200 then
		perform kept.refuse(422, 'The name must be 1 to 200 characters.');
	end if;
	if coalesce(district_add.kind, '') not in ('district', 'association', 'school', 'network') then
		perform kept.refuse(422, format('There is no kind "%s". It is district, association, school or network.', district_add.kind));
	end if;
	if not coalesce(kept.zone_exists(district_add.time_zone), false) then
		perform kept.refuse(422, format('There is no time zone "%s". Give an IANA name, for instance America/New_York.', district_add.time_zone));
	end if;
	if not coalesce(kept.language_valid(district_add.locale), false) then
		perform kept.refuse(422, format('"%s" is no language tag. Give one like en or es-MX.', district_add.locale));
	end if;
	insert into kept.district (id, name, kind, time_zone, locale, demonstration)
	values (made, district_add.name, district_add.kind, district_add.time_zone, district_add.locale, district_add.demonstration);
	insert into kept.reminder_policy (district_id, name, offsets, send_at)
	values (made, 'Default', '{-7,-2,1,7}', '08:00');
	perform kept.catalogue_actions_missing();
	perform kept.catalogue_frameworks_missing();
	return made;
end
$$;
comment on function kept.district_add(text, text, text, text, boolean) is
	'Adds a district with its default reminder policy and the catalogue''s actions and frameworks; answers its id. Refuses an unknown kind, zone or language.';
revoke execute on function kept.district_add(text, text, text, text, boolean) from public;

create or replace function kept.key_add(district uuid, role text, prefix text, hash text, school uuid default null, group_code text default null,
	expires_on date default null, name text default '', organisation uuid default null)
returns uuid
language plpgsql volatile
as $$
#variable_conflict use_column
declare
	made uuid := kept.uuid7();
	zone text;
begin
	select d.time_zone into zone from kept.district d where d.id = district;
	if zone is null then
		perform kept.refuse(422, format('There is no district %s.', district));
	end if;
	if coalesce(key_add.role, '') not in ('admin', 'steward', 'partner', 'reader') then
		perform kept.refuse(422, format('There is no role "%s". It is admin, steward, partner or reader.', key_add.role));
	end if;
	if key_add.group_code is not null and not exists (select from kept.stakeholder_group g where g.code = key_add.group_code) then
		perform kept.refuse(422, format('There is no stakeholder group "%s".', key_add.group_code));
	end if;
	if key_add.role = 'admin' and (key_add.school is not null or key_add.group_code is not null) then
		perform kept.refuse(422, 'An admin key is for the whole district: leave out school and group, or take the role steward.');
	end if;
	if key_add.expires_on is not null and key_add.expires_on not between '1900-01-01' and '2200-12-31' then
		perform kept.refuse(422, 'The day on which the key expires must be between 1900 and 2200.');
	end if;
	insert into kept.key (district_id, id, name, prefix, hash, role, school_id, group_code, organisation_id, expires_at)
	values (district, made, coalesce(key_add.name, ''), key_add.prefix, key_add.hash, key_add.role, key_add.school, key_add.group_code,
		key_add.organisation, kept.local_instant(key_add.expires_on, '00:00', zone));
	return made;
exception
	when foreign_key_violation then
		perform kept.refuse(422, 'There is no such school or organisation in this district.');
		return null;
end
$$;
comment on function kept.key_add(uuid, text, text, text, uuid, text, date, text, uuid) is
	'Adds a key by the SHA-256 of its text; it is refused from the start of the day expires_on in the district''s zone. Answers its id.';
revoke execute on function kept.key_add(uuid, text, text, text, uuid, text, date, text, uuid) from public;

create or replace function kept.key_rotate_by_operator(key uuid, prefix text, hash text, overlap_hours int default 24) returns uuid
language plpgsql volatile
as $$
begin
	if not coalesce(overlap_hours between 0 and 336, false) then
		perform kept.refuse(422, 'The overlap must be 0 to 336 hours.');
	end if;
	update kept.key k
	set hash = key_rotate_by_operator.hash,
		prefix = key_rotate_by_operator.prefix,
		previous_hash = case when overlap_hours > 0 then k.hash end,
		previous_expires_at = case when overlap_hours > 0 then kept.now() + make_interval(hours => overlap_hours) end,
		version = k.version + 1,
		updated_at = kept.now()
	where k.id = key_rotate_by_operator.key
	and k.revoked_at is null
	and (k.expires_at is null or k.expires_at > kept.now());
	if not found then
		perform kept.refuse(422, format('There is no key %s, or it was revoked or has expired.', key_rotate_by_operator.key));
	end if;
	return key_rotate_by_operator.key;
end
$$;
comment on function kept.key_rotate_by_operator(uuid, text, text, int) is
	'Gives a key a new text by its SHA-256; the old one is good for so many hours more. Answers its id.';
revoke execute on function kept.key_rotate_by_operator(uuid, text, text, int) from public;
