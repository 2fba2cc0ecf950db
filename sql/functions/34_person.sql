-- 34: people. A person may be in several groups and schools; contacts are erasable, commitments stay.

create or replace function kept.person_json(p kept.person, with_secret boolean default false) returns json
language plpgsql stable
as $$
begin
	return (
		select json_build_object(
			'id', p.id,
			'name', p.name,
			'groups', (
				select coalesce(json_agg(g.group_code order by s.position), '[]')
				from kept.person_group g
				join kept.stakeholder_group s on s.code = g.group_code
				where g.district_id = p.district_id
				and g.person_id = p.id),
			'school_ids', (
				select coalesce(json_agg(s.school_id order by s.school_id), '[]')
				from kept.person_school s
				where s.district_id = p.district_id
				and s.person_id = p.id),
			'language', p.language,
			'time_zone', p.time_zone,
			'contacts', kept.contacts_json(p.id, null, with_secret),
			'version', p.version,
			'created_at', kept.instant(p.created_at),
			'updated_at', kept.instant(p.updated_at)));
end
$$;
comment on function kept.person_json(kept.person, boolean) is 'A person as the API shows them.';
grant execute on function kept.person_json(kept.person, boolean) to kept_api;

create or replace function kept.person_reply(status int, id uuid) returns kept.reply
language plpgsql stable
as $$
begin
	return (
		select row(person_reply.status, j.body, kept.etag(j.version, j.body), '/v1/people/' || person_reply.id, null)::kept.reply
		from (
			select kept.person_json(p, person_reply.status = 201)::text as body, p.version
			from kept.person p
			where p.district_id = kept.district()
			and p.id = person_reply.id) j);
end
$$;
comment on function kept.person_reply(int, uuid) is 'The reply that shows a person; a new one with their contacts'' sealed secrets.';
grant execute on function kept.person_reply(int, uuid) to kept_api;

create or replace function kept.person_errors(body jsonb) returns jsonb
language plpgsql stable
as $$
begin
	return (
		select kept.check_members(body)
			|| coalesce((
				select jsonb_agg(jsonb_build_object('pointer', '/groups/' || (wanted.n - 1), 'detail', 'is not one of the eight stakeholder groups') order by wanted.n)
				from jsonb_array_elements_text(coalesce(body -> 'groups', '[]')) with ordinality as wanted (code, n)
				where not exists (select from kept.stakeholder_group g where g.code = wanted.code)), '[]')
			|| kept.contact_errors(body -> 'contacts', '/contacts'));
end
$$;
comment on function kept.person_errors(jsonb) is 'Field errors of a person''s members, as far as they are there.';
grant execute on function kept.person_errors(jsonb) to kept_api;

-- A scoped key adds and changes people of its school and group only.
create or replace function kept.person_scope(schools jsonb, groups jsonb) returns void
language plpgsql stable
as $$
begin
	if kept.scope_school() is not null and not coalesce(schools, '[]') ? kept.scope_school()::text then
		perform kept.refuse(403, 'This key is for one school. The person must belong to it.');
	end if;
	if kept.scope_group() is not null and not coalesce(groups, '[]') ? kept.scope_group() then
		perform kept.refuse(403, 'This key is for one stakeholder group. The person must belong to it.');
	end if;
end
$$;
comment on function kept.person_scope(jsonb, jsonb) is 'Refuses with 403 where a person would not be within the caller''s scope.';
grant execute on function kept.person_scope(jsonb, jsonb) to kept_api;

create or replace function kept.person_places(id uuid, groups jsonb, schools jsonb) returns void
language plpgsql volatile
as $$
begin
	if groups is not null then
		delete from kept.person_group g
		where g.district_id = kept.district()
		and g.person_id = id
		and not groups ? g.group_code;
		insert into kept.person_group (district_id, person_id, group_code)
		select kept.district(), id, code
		from jsonb_array_elements_text(groups) as code
		on conflict do nothing;
	end if;
	if schools is not null then
		delete from kept.person_school s
		where s.district_id = kept.district()
		and s.person_id = id
		and not schools ? s.school_id::text;
		insert into kept.person_school (district_id, person_id, school_id)
		select kept.district(), id, school::uuid
		from jsonb_array_elements_text(schools) as school
		on conflict do nothing;
	end if;
end
$$;
comment on function kept.person_places(uuid, jsonb, jsonb) is 'Makes a person''s groups and schools what the arrays say; NULL leaves them.';
grant execute on function kept.person_places(uuid, jsonb, jsonb) to kept_api;

create or replace function kept.person_create(request jsonb, body jsonb, secrets jsonb) returns kept.reply
language plpgsql volatile
as $$
declare
	reply kept.reply := kept.once(request);
	made uuid := kept.uuid7();
	errors jsonb;
begin
	if reply.status is not null then
		return reply;
	end if;
	errors := kept.person_errors(body);
	if body -> 'groups' ? 'students' and jsonb_array_length(coalesce(body -> 'contacts', '[]')) > 0 then
		errors := errors || kept.field_error('/contacts', 'is not kept for students; make an adult a helper of the commitment, the adult is reminded');
	end if;
	perform kept.refuse_fields(errors);
	perform kept.person_scope(body -> 'school_ids', body -> 'groups');
	insert into kept.person (district_id, id, name, language, time_zone)
	values (kept.district(), made, body ->> 'name', body ->> 'language', body ->> 'time_zone');
	perform kept.person_places(made, body -> 'groups', body -> 'school_ids');
	perform kept.contacts_add(made, null, body -> 'contacts', secrets);
	return kept.once_store(request, kept.person_reply(201, made), made);
end
$$;
comment on function kept.person_create(jsonb, jsonb, jsonb) is 'POST /v1/people';
grant execute on function kept.person_create(jsonb, jsonb, jsonb) to kept_api;

-- Reckons the clocks of all commitments that a person or organisation has a part in; many go to the worker.
create or replace function kept.reckon_party(person uuid, organisation uuid) returns void
language plpgsql volatile
as $$
declare
	commitments uuid[];
	commitment uuid;
begin
	select array_agg(distinct p.commitment_id) into commitments
	from kept.party p
	where p.district_id = kept.district()
	and (p.person_id = person or p.organisation_id = organisation);
	if cardinality(commitments) > 50 then
		perform kept.replan();
	elsif commitments is not null then
		foreach commitment in array commitments loop
			perform kept.reckon(kept.district(), commitment);
		end loop;
	end if;
end
$$;
comment on function kept.reckon_party(uuid, uuid) is 'Reckons anew the clocks of the commitments of a person or organisation whose zone changed.';
grant execute on function kept.reckon_party(uuid, uuid) to kept_api;

create or replace function kept.person_lock(request jsonb, id uuid) returns kept.person
language plpgsql volatile
as $$
declare
	person kept.person;
begin
	select p.* into person
	from kept.person p
	where p.district_id = kept.district()
	and p.id = person_lock.id
	and p.erased_at is null
	for update;
	if not found then
		perform kept.not_found('person');
	end if;
	perform kept.match(request, person.version);
	return person;
end
$$;
comment on function kept.person_lock(jsonb, uuid) is 'The person, locked for a change: 404 where absent or erased, 412 where the version is another.';
grant execute on function kept.person_lock(jsonb, uuid) to kept_api;

create or replace function kept.person_change(request jsonb, id uuid, body jsonb) returns kept.reply
language plpgsql volatile
as $$
declare
	reply kept.reply := kept.once(request);
	person kept.person;
	errors jsonb;
	before jsonb;
	wanted jsonb;
begin
	if reply.status is not null then
		return reply;
	end if;
	person := kept.person_lock(request, id);
	errors := kept.person_errors(body);
	if body -> 'groups' ? 'students'
	and exists (select from kept.contact c where c.district_id = kept.district() and c.person_id = person.id) then
		errors := errors || kept.field_error('/groups', 'cannot be students while the person has contacts; remove those first');
	end if;
	perform kept.refuse_fields(errors);
	before := kept.person_json(person);
	wanted := before || body;
	if body ? 'groups' or body ? 'school_ids' then
		perform kept.person_scope(wanted -> 'school_ids', wanted -> 'groups');
	end if;
	-- What says nothing new leaves version and history alone. Groups and schools have no order.
	if wanted - '{groups,school_ids}'::text[] = before - '{groups,school_ids}'::text[]
	and wanted -> 'groups' @> (before -> 'groups') and wanted -> 'groups' <@ (before -> 'groups')
	and wanted -> 'school_ids' @> (before -> 'school_ids') and wanted -> 'school_ids' <@ (before -> 'school_ids') then
		return kept.once_store(request, kept.person_reply(200, person.id), person.id);
	end if;
	update kept.person p
	set name = coalesce(body ->> 'name', p.name),
		language = case when body ? 'language' then body ->> 'language' else p.language end,
		time_zone = case when body ? 'time_zone' then body ->> 'time_zone' else p.time_zone end,
		version = p.version + 1,
		updated_at = kept.now()
	where p.district_id = kept.district()
	and p.id = person.id;
	perform kept.person_places(person.id, body -> 'groups', body -> 'school_ids');
	if body ? 'time_zone' then
		perform kept.reckon_party(person.id, null);
	end if;
	return kept.once_store(request, kept.person_reply(200, person.id), person.id);
end
$$;
comment on function kept.person_change(jsonb, uuid, jsonb) is 'PATCH /v1/people/{id}';
grant execute on function kept.person_change(jsonb, uuid, jsonb) to kept_api;

-- Served by party_person, reminder_recipient and the primary keys of reminder and message.
create or replace function kept.person_unname(person kept.person, addresses text[]) returns void
language plpgsql volatile
as $$
declare
	promises uuid[];
	owned uuid[];
begin
	-- Mails to others name the owner, and who gets their answers. Whoever had a part in it once was reminded then.
	select array_agg(distinct part.commitment_id), array_agg(distinct part.commitment_id) filter (where part.owns)
	into promises, owned
	from (
		select p.commitment_id, p.role = 'owner' as owns
		from kept.party p
		where p.district_id = person.district_id
		and p.person_id = person.id
		union all
		select r.commitment_id, false
		from kept.reminder r
		where r.district_id = person.district_id
		and r.recipient_id = person.id) part;
	update kept.message m
	set content = m.content
		|| case when named.replies then '{"reply_to": null}'::jsonb else '{}' end
		|| case when named.owns then jsonb_build_object('commitment', (m.content -> 'commitment') || '{"owner": null}') else '{}' end
	from (
		select o.id,
			o.content #>> '{reply_to,address}' = any (addresses) or o.content #>> '{reply_to,name}' = person.name as replies,
			coalesce(promise.id = any (owned) or o.content #>> '{commitment,owner}' = person.name, false) as owns
		from unnest(promises) as promise (id)
		join kept.reminder r on r.district_id = person.district_id and r.commitment_id = promise.id
		join kept.message o on o.district_id = r.district_id and o.id = r.message_id
		where o.channel = 'email') named
	where m.district_id = person.district_id
	and m.id = named.id
	and (named.replies or named.owns)
	and m.content ? 'commitment';
	-- A coordinator is named in the mails of a whole school or district: too many for one transaction.
	insert into kept.erasure (district_id, person_id, name, addresses)
	values (person.district_id, person.id, person.name, addresses);
end
$$;
comment on function kept.person_unname(kept.person, text[]) is
	'Takes a person''s name and addresses out of the mails about their commitments, and asks the worker to look through all others.';
grant execute on function kept.person_unname(kept.person, text[]) to kept_api;

-- Served by the primary key of message and attempt_message.
create or replace function kept.person_unwrite(messages uuid[]) returns void
language plpgsql volatile
as $$
begin
	update kept.message m
	set content = '{"erased": true}'
	where m.district_id = kept.district()
	and m.id = any (messages)
	and m.content is not null;
	update kept.attempt a
	set answer = null
	where a.district_id = kept.district()
	and a.message_id = any (messages)
	and a.answer is not null;
end
$$;
comment on function kept.person_unwrite(uuid[]) is 'Takes out what messages say, and what was answered to them.';
grant execute on function kept.person_unwrite(uuid[]) to kept_api;

create or replace function kept.person_remove(request jsonb, id uuid) returns kept.reply
language plpgsql volatile
as $$
declare
	reply kept.reply := kept.once(request);
	person kept.person;
	addresses text[];
begin
	if reply.status is not null then
		return reply;
	end if;
	person := kept.person_lock(request, id);
	select coalesce(array_agg(c.address), '{}') into addresses
	from kept.contact c
	where c.district_id = kept.district()
	and c.person_id = person.id;
	-- What was written to the person goes as well; that it was written stays.
	perform kept.person_unwrite(array(
		select r.message_id
		from kept.reminder r
		where r.district_id = kept.district()
		and r.recipient_id = person.id
		and r.message_id is not null
		union all
		select n.message_id
		from kept.notice n
		where n.district_id = kept.district()
		and n.recipient_id = person.id
		and n.message_id is not null));
	perform kept.person_unname(person, addresses);
	perform kept.person_unsay(person);
	delete from kept.contact c
	where c.district_id = kept.district()
	and c.person_id = person.id;
	update kept.school s
	set coordinator_id = null,
		version = s.version + 1,
		updated_at = kept.now()
	where s.district_id = kept.district()
	and s.coordinator_id = person.id;
	update kept.district d
	set coordinator_id = null,
		version = d.version + 1
	where d.id = kept.district()
	and d.coordinator_id = person.id;
	-- A key that the person held ends with them; what it was called may be their name.
	delete from kept.idempotency i
	using kept.key k
	where k.district_id = kept.district()
	and k.person_id = person.id
	and i.district_id = k.district_id
	and i.subject_id = k.id;
	update kept.key k
	set revoked_at = coalesce(k.revoked_at, kept.now()),
		name = '',
		version = k.version + 1,
		updated_at = kept.now()
	where k.district_id = kept.district()
	and k.person_id = person.id;
	-- Stored replies of a day at most; those about commitments name the owner.
	delete from kept.idempotency i
	where i.district_id = kept.district()
	and (i.subject_id = person.id or strpos(i.body, person.id::text) > 0);
	update kept.person p
	set name = null,
		language = null,
		time_zone = null,
		erased_at = kept.now(),
		version = p.version + 1,
		updated_at = kept.now()
	where p.district_id = kept.district()
	and p.id = person.id;
	-- The hours of their reminders are the district's now.
	if person.time_zone is not null then
		perform kept.reckon_party(person.id, null);
	end if;
	return kept.once_store(request, row(204, null, null, null, null)::kept.reply, person.id);
end
$$;
comment on function kept.person_remove(jsonb, uuid) is
	'DELETE /v1/people/{id}: erases name, language, zone, contacts, stored replies, what was written to the person, and the name in mails to others, and revokes the keys that the person held; commitments, group and school stay.';
grant execute on function kept.person_remove(jsonb, uuid) to kept_api;
