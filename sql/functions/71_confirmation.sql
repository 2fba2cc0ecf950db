-- 71: confirmations: what those to whom a commitment is owed say of its being kept.

-- Served by the primary keys of party, person_group, person_school, organisation.
create or replace function kept.party_covers(p kept.party, who jsonb) returns boolean
language sql stable
as $$
	select coalesce(p.person_id = (who ->> 'person_id')::uuid, false)
		or coalesce(p.organisation_id = (who ->> 'organisation_id')::uuid, false)
		or coalesce(p.group_code = who ->> 'group', false)
		or exists (
			select
			from kept.person_group g
			where g.district_id = p.district_id
			and g.person_id = (who ->> 'person_id')::uuid
			and g.group_code = p.group_code
			and (p.school_id is null or exists (
				select
				from kept.person_school s
				where s.district_id = p.district_id
				and s.person_id = g.person_id
				and s.school_id = p.school_id)))
		or exists (
			select
			from kept.organisation o
			where o.district_id = p.district_id
			and o.id = (who ->> 'organisation_id')::uuid
			and o.group_code = p.group_code
			and (p.school_id is null or o.school_id = p.school_id))
$$;
comment on function kept.party_covers(kept.party, jsonb) is
	'Whether somebody ({person_id}, {organisation_id} or {group}) is that party, or belongs to the whole group that it is.';
grant execute on function kept.party_covers(kept.party, jsonb) to kept_api;

create or replace function kept.confirmation_json(x kept.confirmation, languages text) returns json
language sql stable
as $$
	select json_build_object(
		'id', x.id,
		'commitment_id', x.commitment_id,
		'by', kept.party_json(jsonb_populate_record(null::kept.party, jsonb_build_object('district_id', x.district_id, 'person_id', x.person_id,
			'organisation_id', x.organisation_id, 'group_code', x.group_code)), languages),
		'confirmed', x.confirmed,
		'note', x.note,
		'identified_by', x.identified_by,
		'recorded_by', x.recorded_by,
		'created_at', kept.instant(x.created_at))
$$;
comment on function kept.confirmation_json(kept.confirmation, text) is 'A confirmation as the API tells it.';
grant execute on function kept.confirmation_json(kept.confirmation, text) to kept_api;

-- Served by confirmation_list.
create or replace function kept.confirmation_list(id uuid, after text, page_size int, languages text) returns kept.reply
language plpgsql stable
as $$
declare
	reply kept.reply;
begin
	if not exists (select from kept.commitment c where c.district_id = kept.district() and c.id = confirmation_list.id) then
		perform kept.not_found('commitment');
	end if;
	select r.* into reply
	from (
		select json_agg(kept.confirmation_json(f.x, languages) order by f.n) filter (where f.n <= page_size) as items,
			count(*) > page_size as more,
			max(kept.keyset((f.x).id::text)) filter (where f.n = page_size) as keyset
		from (
			select x, row_number() over (order by x.id) as n
			from kept.confirmation x
			where x.district_id = kept.district()
			and x.commitment_id = confirmation_list.id
			and (after is null or x.id > kept.keyset_part(after, 0)::uuid)
			order by x.id
			limit page_size + 1) f) page
	cross join lateral kept.page(page.items, page.more, page.keyset) r;
	return reply;
end
$$;
comment on function kept.confirmation_list(uuid, text, int, text) is 'GET /v1/commitments/{id}/confirmations, the oldest first.';
grant execute on function kept.confirmation_list(uuid, text, int, text) to kept_api;

create or replace function kept.confirmation_read(id uuid, confirmation uuid, languages text) returns kept.reply
language plpgsql stable
as $$
declare
	x kept.confirmation;
begin
	select t.* into x
	from kept.confirmation t
	join kept.commitment c on c.district_id = t.district_id and c.id = t.commitment_id
	where t.district_id = kept.district()
	and t.commitment_id = confirmation_read.id
	and t.id = confirmation_read.confirmation;
	return kept.found(case when x.id is not null then kept.confirmation_json(x, languages)::text end, 1, 'confirmation');
end
$$;
comment on function kept.confirmation_read(uuid, uuid, text) is 'GET /v1/commitments/{id}/confirmations/{confirmation_id}.';
grant execute on function kept.confirmation_read(uuid, uuid, text) to kept_api;

-- Whose word the caller may bring: an admin everybody's, a steward's key for a group that group's, a partner its own.
create or replace function kept.confirmation_scope(c kept.commitment, who jsonb) returns void
language plpgsql stable
as $$
begin
	if kept.role() = 'partner' and not coalesce((who ->> 'organisation_id')::uuid = kept.scope_organisation(), false) then
		perform kept.refuse(403, 'A partner''s key confirms for its own organisation only.');
	end if;
	if kept.scope_group() is not null and kept.role() <> 'partner'
	and not kept.party_covers(jsonb_populate_record(null::kept.party,
		jsonb_build_object('district_id', c.district_id, 'group_code', kept.scope_group())), who) then
		perform kept.refuse(403, 'This key is for one stakeholder group. It records what that group says.');
	end if;
	if kept.commitment_caller_owns(c) then
		perform kept.refuse(403, 'Only somebody other than the owner may confirm it.');
	end if;
end
$$;
comment on function kept.confirmation_scope(kept.commitment, jsonb) is 'Refuses with 403 where the caller may not bring that word.';
grant execute on function kept.confirmation_scope(kept.commitment, jsonb) to kept_api;

create or replace function kept.confirmation_errors(c kept.commitment, body jsonb) returns jsonb
language plpgsql volatile
as $$
declare
	errors jsonb := '[]';
	who jsonb := body -> 'by';
	asked_by text := kept.see_as('admin');
	own boolean := coalesce((who ->> 'organisation_id')::uuid = kept.scope_organisation(), false)
		or coalesce((who ->> 'person_id')::uuid = kept.caller_person(), false);
begin
	if exists (
		select
		from kept.party p
		where p.district_id = c.district_id
		and p.commitment_id = c.id
		and p.role = 'owner'
		and kept.party_covers(p, who)) then
		errors := errors || kept.field_error('/by', 'is the owner: only somebody else may confirm it');
	elsif not exists (
		select
		from kept.party p
		where p.district_id = c.district_id
		and p.commitment_id = c.id
		and p.role = 'beneficiary'
		and kept.party_covers(p, who)) then
		errors := errors || kept.field_error('/by', 'is nobody to whom it is owed');
	end if;
	if body ->> 'identified_by' = 'key' and not own then
		errors := errors || kept.field_error('/identified_by', 'may be key only where the key is theirs');
	end if;
	if not (body ->> 'confirmed')::boolean and body ->> 'note' is null then
		errors := errors || kept.field_error('/note', 'is needed where it was not kept: say what is missing');
	end if;
	perform kept.see_as(asked_by);
	return errors;
end
$$;
comment on function kept.confirmation_errors(kept.commitment, jsonb) is 'Field errors of a confirmation.';
grant execute on function kept.confirmation_errors(kept.commitment, jsonb) to kept_api;

-- Whoever speaks for those to whom it is owed moves what is in another's scope: by this word only.
create or replace function kept.confirmation_moves(id uuid, confirmed boolean, note text) returns kept.commitment
language plpgsql volatile
as $$
declare
	c kept.commitment;
	asked_by text := kept.see_as('admin');
	school text := current_setting('kept.school', true);
	grouped text := current_setting('kept.group', true);
begin
	perform set_config('kept.school', '', true), set_config('kept.group', '', true);
	c := kept.commitment_lock(confirmation_moves.id);
	if c.status not in ('agreed', 'in_progress', 'deferred', 'completed', 'verified') then
		perform kept.refuse(409, format('It is %s: there is nothing to confirm.', c.status));
	end if;
	if c.status = 'completed' then
		c := kept.commitment_moved(c, case when confirmed then 'verified' else 'in_progress' end, null, case when not confirmed then note end);
	end if;
	perform set_config('kept.school', coalesce(school, ''), true), set_config('kept.group', coalesce(grouped, ''), true), kept.see_as(asked_by);
	return c;
end
$$;
comment on function kept.confirmation_moves(uuid, boolean, text) is
	'What a confirmation does: completed becomes verified, or in_progress with the note as its reason; else nothing. 409 where nothing was promised.';
grant execute on function kept.confirmation_moves(uuid, boolean, text) to kept_api;

create or replace function kept.confirmation_create(request jsonb, id uuid, body jsonb, languages text) returns kept.reply
language plpgsql volatile
as $$
declare
	reply kept.reply := kept.once(request);
	c kept.commitment;
	x kept.confirmation;
	who jsonb := body -> 'by';
begin
	if reply.status is not null then
		return reply;
	end if;
	select * into c
	from kept.commitment t
	where t.district_id = kept.district()
	and t.id = confirmation_create.id;
	if c.id is null then
		perform kept.not_found('commitment');
	end if;
	perform kept.confirmation_scope(c, who);
	perform kept.refuse_fields(kept.confirmation_errors(c, body));
	c := kept.confirmation_moves(c.id, (body ->> 'confirmed')::boolean, body ->> 'note');
	x := row(c.district_id, kept.uuid7(), c.id, (who ->> 'person_id')::uuid, (who ->> 'organisation_id')::uuid, who ->> 'group',
		(body ->> 'confirmed')::boolean, body ->> 'note',
		coalesce(body ->> 'identified_by', case
			when (who ->> 'organisation_id')::uuid = kept.scope_organisation() or (who ->> 'person_id')::uuid = kept.caller_person() then 'key'
			else 'paper' end),
		kept.actor(), kept.now());
	insert into kept.confirmation select x.*;
	reply.status := 201;
	reply.body := kept.confirmation_json(x, languages);
	reply.etag := kept.etag(1, reply.body);
	reply.location := '/v1/commitments/' || c.id || '/confirmations/' || x.id;
	return kept.once_store(request, reply, x.id);
end
$$;
comment on function kept.confirmation_create(jsonb, uuid, jsonb, text) is
	'POST /v1/commitments/{id}/confirmations: by somebody to whom it is owed, never by the owner.';
grant execute on function kept.confirmation_create(jsonb, uuid, jsonb, text) to kept_api;
