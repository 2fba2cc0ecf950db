-- 32: contacts of people and organisations.

create or replace function kept.contact_json(c kept.contact, with_secret boolean default false) returns json
language sql stable
as $$
	-- The sealed secret is shown when the contact is made; C opens it on its way out.
	select case
		when with_secret and c.secret is not null then json_build_object(
			'id', c.id, 'channel', c.channel, 'address', c.address, 'paused', c.paused, 'gone_at', kept.instant(c.gone_at), 'version', c.version,
			'secret', c.secret)
		else json_build_object(
			'id', c.id, 'channel', c.channel, 'address', c.address, 'paused', c.paused, 'gone_at', kept.instant(c.gone_at), 'version', c.version)
	end
$$;
comment on function kept.contact_json(kept.contact, boolean) is 'A contact as the API shows it.';
grant execute on function kept.contact_json(kept.contact, boolean) to kept_api;

-- Served by contact_person and contact_organisation: one condition for both would read all contacts of the district.
create or replace function kept.contacts_json(person uuid, organisation uuid, with_secret boolean default false) returns json
language plpgsql stable
as $$
begin
	if person is not null then
		return (
			select coalesce(json_agg(kept.contact_json(c, with_secret) order by c.position, c.id), '[]')
			from kept.contact c
			where c.district_id = kept.district()
			and c.person_id = person);
	end if;
	return (
		select coalesce(json_agg(kept.contact_json(c, with_secret) order by c.position, c.id), '[]')
		from kept.contact c
		where c.district_id = kept.district()
		and c.organisation_id = organisation);
end
$$;
comment on function kept.contacts_json(uuid, uuid, boolean) is 'The contacts of a person or an organisation, in order of use.';
grant execute on function kept.contacts_json(uuid, uuid, boolean) to kept_api;

create or replace function kept.contacts_add(person uuid, organisation uuid, contacts jsonb, secrets jsonb) returns void
language plpgsql volatile
as $$
declare
	item jsonb;
	made int := 0;
	first int;
begin
	select coalesce(max(c.position), 0) into first
	from (
		select k.position
		from kept.contact k
		where k.district_id = kept.district()
		and k.person_id = person
		union all
		select k.position
		from kept.contact k
		where k.district_id = kept.district()
		and k.organisation_id = organisation) c;
	for item in select value from jsonb_array_elements(coalesce(contacts, '[]')) loop
		first := first + 1;
		insert into kept.contact (district_id, person_id, organisation_id, channel, address, secret, paused, position)
		values (kept.district(), person, organisation, item ->> 'channel', item ->> 'address',
			case when item ->> 'channel' = 'webhook' then secrets -> made ->> 'secret' end,
			coalesce((item ->> 'paused')::boolean, false), first);
		if item ->> 'channel' = 'webhook' then
			made := made + 1;
		end if;
	end loop;
end
$$;
comment on function kept.contacts_add(uuid, uuid, jsonb, jsonb) is
	'Adds contacts to a person or an organisation; secrets holds a sealed secret for each webhook among them, in order.';
grant execute on function kept.contacts_add(uuid, uuid, jsonb, jsonb) to kept_api;

create or replace function kept.contact_errors(contacts jsonb, place text) returns jsonb
language plpgsql immutable
as $$
begin
	return (
		select coalesce(jsonb_agg(jsonb_build_object('pointer', place || '/' || (n - 1) || '/address', 'detail', case
				when item ->> 'channel' = 'email' then 'is not a mail address'
				else 'is not an http or https URL without user name and fragment' end) order by n), '[]')
		from jsonb_array_elements(coalesce(contacts, '[]')) with ordinality as c (item, n)
		where (item ->> 'channel' = 'email' and item ->> 'address' !~ '^[^@[:space:][:cntrl:]"<>(),:;\\\[\]]{1,64}@[^@[:space:][:cntrl:]"<>(),:;\\\[\]]{1,189}$')
		or (item ->> 'channel' = 'webhook' and item ->> 'address' !~ '^https?://[^/@#?[:space:][:cntrl:]]+([/?][^#[:space:][:cntrl:]]*)?$'));
end
$$;
comment on function kept.contact_errors(jsonb, text) is 'Field errors of addresses that do not fit their channel; place is the pointer of the array.';
grant execute on function kept.contact_errors(jsonb, text) to kept_api;

-- The person or organisation of a contact, checked for being the caller's to change.
create or replace function kept.contact_owner_check(person uuid, organisation uuid) returns void
language plpgsql volatile
as $$
begin
	if person is not null then
		-- Locked, so that nobody who is being erased, or becomes a student, gets a contact meanwhile.
		perform
		from kept.person p
		where p.district_id = kept.district()
		and p.id = person
		and p.erased_at is null
		for share;
		if not found then
			perform kept.not_found('person');
		end if;
		if exists (
			select
			from kept.person_group g
			where g.district_id = kept.district()
			and g.person_id = person
			and g.group_code = 'students') then
			perform kept.refuse(422, 'Students have no contact in Kept. Make an adult a helper of the commitment: the adult is reminded.');
		end if;
	else
		perform kept.organisation_scope(organisation);
	end if;
end
$$;
comment on function kept.contact_owner_check(uuid, uuid) is 'Refuses contacts of a person or organisation that is not there, not in scope, or a student.';
grant execute on function kept.contact_owner_check(uuid, uuid) to kept_api;

create or replace function kept.contact_create(request jsonb, person uuid, organisation uuid, body jsonb, secrets jsonb) returns kept.reply
language plpgsql volatile
as $$
declare
	reply kept.reply := kept.once(request);
	made kept.contact;
	shown text;
begin
	if reply.status is not null then
		return reply;
	end if;
	perform kept.contact_owner_check(person, organisation);
	perform kept.refuse_fields((
		select coalesce(jsonb_agg(e || '{"pointer":"/address"}'), '[]')
		from jsonb_array_elements(kept.contact_errors(jsonb_build_array(body), '')) e));
	if (select count(*) from kept.contact c
		where c.district_id = kept.district() and (c.person_id = person or c.organisation_id = organisation)) >= 10 then
		perform kept.refuse(409, 'There are ten contacts already. Remove one first.');
	end if;
	perform kept.contacts_add(person, organisation, jsonb_build_array(body), secrets);
	select c.* into made
	from kept.contact c
	where c.district_id = kept.district()
	and (c.person_id = person or c.organisation_id = organisation)
	order by c.position desc, c.id desc
	limit 1;
	shown := kept.contact_json(made, true)::text;
	return kept.once_store(request, row(201, shown, kept.etag(made.version, shown), '/v1/contacts/' || made.id, null)::kept.reply,
		coalesce(person, organisation));
end
$$;
comment on function kept.contact_create(jsonb, uuid, uuid, jsonb, jsonb) is 'POST /v1/people/{id}/contacts and /v1/organisations/{id}/contacts';
grant execute on function kept.contact_create(jsonb, uuid, uuid, jsonb, jsonb) to kept_api;

-- It did not compare versions at first.
drop function if exists kept.contact_lock(uuid);
create or replace function kept.contact_lock(request jsonb, id uuid) returns kept.contact
language plpgsql volatile
as $$
declare
	contact kept.contact;
begin
	select c.* into contact
	from kept.contact c
	where c.district_id = kept.district()
	and c.id = contact_lock.id
	for update;
	-- A contact of somebody whom the caller may not see is as an absent one.
	if not found
	or contact.person_id is not null
	and not exists (select from kept.person p where p.district_id = kept.district() and p.id = contact.person_id) then
		perform kept.not_found('contact');
	end if;
	perform kept.match(request, contact.version);
	if contact.organisation_id is not null then
		perform kept.organisation_scope(contact.organisation_id);
	end if;
	return contact;
end
$$;
comment on function kept.contact_lock(jsonb, uuid) is
	'The contact, locked for a change: 404 where it is absent or not the caller''s to see, 412 where the version is another, 403 out of scope.';
grant execute on function kept.contact_lock(jsonb, uuid) to kept_api;

create or replace function kept.contact_change(request jsonb, id uuid, body jsonb) returns kept.reply
language plpgsql volatile
as $$
declare
	reply kept.reply := kept.once(request);
	contact kept.contact;
	shown text;
begin
	if reply.status is not null then
		return reply;
	end if;
	contact := kept.contact_lock(request, id);
	perform kept.refuse_fields((
		select coalesce(jsonb_agg(e || '{"pointer":"/address"}'), '[]')
		from jsonb_array_elements(kept.contact_errors(
			jsonb_build_array(jsonb_build_object('channel', contact.channel, 'address', coalesce(body ->> 'address', contact.address))), '')) e));
	update kept.contact c
	set address = coalesce(body ->> 'address', c.address),
		paused = coalesce((body ->> 'paused')::boolean, c.paused),
		gone_at = case when body ? 'address' or body ->> 'paused' = 'false' then null else c.gone_at end,
		version = c.version + 1
	where c.district_id = kept.district()
	and c.id = contact.id
	returning c.* into contact;
	shown := kept.contact_json(contact)::text;
	return kept.once_store(request, row(200, shown, kept.etag(contact.version, shown), null, null)::kept.reply,
		coalesce(contact.person_id, contact.organisation_id));
end
$$;
comment on function kept.contact_change(jsonb, uuid, jsonb) is 'PATCH /v1/contacts/{id}: pause, resume, correct the address';
grant execute on function kept.contact_change(jsonb, uuid, jsonb) to kept_api;

create or replace function kept.contact_remove(request jsonb, id uuid) returns kept.reply
language plpgsql volatile
as $$
declare
	reply kept.reply := kept.once(request);
	contact kept.contact;
begin
	if reply.status is not null then
		return reply;
	end if;
	contact := kept.contact_lock(request, id);
	delete from kept.contact c
	where c.district_id = kept.district()
	and c.id = contact.id;
	return kept.once_store(request, row(204, null, null, null, null)::kept.reply, contact.id);
end
$$;
comment on function kept.contact_remove(jsonb, uuid) is 'DELETE /v1/contacts/{id}';
grant execute on function kept.contact_remove(jsonb, uuid) to kept_api;

create or replace function kept.contact_read(id uuid) returns kept.reply
language plpgsql volatile
as $$
declare
	contact kept.contact;
begin
	select c.* into contact
	from kept.contact c
	where c.district_id = kept.district()
	and c.id = contact_read.id
	and (c.person_id is null or exists (
		select
		from kept.person p
		where p.district_id = c.district_id
		and p.id = c.person_id));
	return kept.found(case when contact.id is not null then kept.contact_json(contact)::text end, contact.version, 'contact');
end
$$;
comment on function kept.contact_read(uuid) is 'GET /v1/contacts/{id}';
grant execute on function kept.contact_read(uuid) to kept_api;
