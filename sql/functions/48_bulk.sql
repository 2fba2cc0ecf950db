-- 48: bulk: many things created and changed by one request, each with a result of its own.
--
-- An item comes as {"line","id","if_match","body","find","stays","secrets"}, all but body where they apply, or as
-- {"line","errors"} where its schema refused it already. `find` holds names of a sheet that stand for ids, `stays` what
-- a sheet says of members that no change can touch.

-- The rows that a list of names means: one look for all of them. Served by contact_person and primary keys.
create or replace function kept.bulk_names(kind text, names text[]) returns table (name text, ids uuid[])
language plpgsql stable
as $$
#variable_conflict use_column
begin
	if kind = 'person' then
		return query
		select lower(c.address), array_agg(distinct p.id)
		from kept.contact c
		join kept.person p on p.district_id = c.district_id and p.id = c.person_id
		where c.district_id = kept.district()
		and c.channel = 'email'
		and lower(c.address) = any (names)
		and p.erased_at is null
		group by 1;
	elsif kind = 'organisation' then
		return query
		select lower(o.name), array_agg(o.id)
		from kept.organisation o
		where o.district_id = kept.district()
		and lower(o.name) = any (names)
		group by 1;
	else
		return query
		select lower(s.name), array_agg(s.id)
		from kept.school s
		where s.district_id = kept.district()
		and lower(s.name) = any (names)
		group by 1;
	end if;
end
$$;
comment on function kept.bulk_names(text, text[]) is 'Which people (by mail address), organisations or schools (by name) have these names, written in lower case.';
grant execute on function kept.bulk_names(text, text[]) to kept_api;

create or replace function kept.bulk_one(known jsonb, kind text, column_name text, name text, instead text) returns jsonb
language plpgsql immutable
as $$
declare
	ids jsonb := coalesce(known -> kind -> lower(name), '[]');
begin
	if jsonb_array_length(ids) <> 1 then
		perform kept.refuse_fields(kept.field_error('/' || column_name, case
			when jsonb_array_length(ids) = 0 then case kind
				when 'person' then 'is the mail address of nobody that this key knows'
				when 'organisation' then 'is the name of no organisation of this district'
				else 'is the name of no school of this district' end
			else format('fits %s; say which one by %s', jsonb_array_length(ids), instead) end));
	end if;
	return ids -> 0;
end
$$;
comment on function kept.bulk_one(jsonb, text, text, text, text) is 'The id that a name of a sheet stands for; refused where it fits none or several.';
grant execute on function kept.bulk_one(jsonb, text, text, text, text) to kept_api;

create or replace function kept.bulk_find(known jsonb, body jsonb, find jsonb) returns jsonb
language plpgsql immutable
as $$
begin
	if find is null then
		return body;
	end if;
	if find ? 'owner_email' then
		body := body || jsonb_build_object('owner', jsonb_build_object('person_id',
			kept.bulk_one(known, 'person', 'owner_email', find ->> 'owner_email', 'owner.person_id')));
	elsif find ? 'owner_organisation' then
		body := body || jsonb_build_object('owner', jsonb_build_object('organisation_id',
			kept.bulk_one(known, 'organisation', 'owner_organisation', find ->> 'owner_organisation', 'owner.organisation_id')));
	end if;
	if find ? 'school' then
		body := body || jsonb_build_object('school_id', kept.bulk_one(known, 'school', 'school', find ->> 'school', 'school_id'));
	end if;
	if find ? 'schools' then
		body := body || jsonb_build_object('school_ids', (
			select jsonb_agg(distinct kept.bulk_one(known, 'school', 'schools', name, 'school_ids'))
			from jsonb_array_elements_text(find -> 'schools') name));
	end if;
	return body;
end
$$;
comment on function kept.bulk_find(jsonb, jsonb, jsonb) is 'The body of an item with the ids that its names stand for.';
grant execute on function kept.bulk_find(jsonb, jsonb, jsonb) to kept_api;

create or replace function kept.bulk_found(items jsonb) returns jsonb
language sql stable
as $$
	select coalesce(jsonb_object_agg(k.kind, (
		select jsonb_object_agg(n.name, to_jsonb(n.ids))
		from kept.bulk_names(k.kind, k.names) n)), '{}')
	from (
		select w.kind, array_agg(distinct lower(w.name)) as names
		from jsonb_array_elements(items) i (item)
		cross join lateral (
			values ('person', i.item #>> '{find,owner_email}'),
				('organisation', i.item #>> '{find,owner_organisation}'),
				('school', i.item #>> '{find,school}')
			union all
			select 'school', name
			from jsonb_array_elements_text(i.item #> '{find,schools}') name) w (kind, name)
		where w.name is not null
		group by w.kind) k
$$;
comment on function kept.bulk_found(jsonb) is 'All names that the items of a sheet use, by kind, with the ids that have them.';
grant execute on function kept.bulk_found(jsonb) to kept_api;

-- What stays is told by the reply, so it is compared after the change; a refusal takes the change back.
create or replace function kept.bulk_stays(reply kept.reply, stays jsonb) returns void
language plpgsql volatile
as $$
declare
	shown jsonb := reply.body;
begin
	perform kept.refuse_fields(coalesce(jsonb_agg(jsonb_build_object('pointer', '/' || s.member,
		'detail', 'is not as it is now, and cannot be changed here; see the operations for one thing') order by s.member), '[]'))
	from jsonb_each(stays) s (member, value)
	where not coalesce(shown -> s.member @> s.value, false);
end
$$;
comment on function kept.bulk_stays(kept.reply, jsonb) is 'Refuses a change whose sheet says something else of members that stay as they are.';
grant execute on function kept.bulk_stays(kept.reply, jsonb) to kept_api;

-- Locked, so that the version is that of the change. Served by primary keys.
create or replace function kept.bulk_version(thing text, id uuid) returns bigint
language plpgsql volatile
as $$
declare
	version bigint;
begin
	if thing = 'commitment' then
		select t.version into version from kept.commitment t where t.district_id = kept.district() and t.id = bulk_version.id for no key update;
	elsif thing = 'person' then
		select t.version into version from kept.person t where t.district_id = kept.district() and t.id = bulk_version.id for update;
	else
		select t.version into version from kept.organisation t where t.district_id = kept.district() and t.id = bulk_version.id for update;
	end if;
	return version;
end
$$;
comment on function kept.bulk_version(text, uuid) is 'The version before a change; NULL where the caller can change no such thing.';
grant execute on function kept.bulk_version(text, uuid) to kept_api;

-- Calls what the operation for one thing calls.
create or replace function kept.bulk_item(thing text, item jsonb, known jsonb) returns jsonb
language plpgsql volatile
as $$
declare
	id uuid := item ->> 'id';
	request jsonb := jsonb_strip_nulls(jsonb_build_object('if_match', item -> 'if_match'));
	body jsonb;
	before bigint;
	reply kept.reply;
	made kept.commitment;
begin
	if item ? 'errors' then
		perform kept.refuse_fields(item -> 'errors');
	end if;
	body := kept.bulk_find(known, item -> 'body', item -> 'find');
	if id is null then
		if thing = 'commitment' then
			-- What commitment_create adds to this is made for all at the end, or not shown.
			made := kept.commitment_add(body);
			perform kept.coverage_refresh(made.plan_id);
			return jsonb_build_object('status', 201, 'id', made.id, 'version', made.version);
		elsif thing = 'person' then
			reply := kept.person_create(request, body, item -> 'secrets');
		else
			reply := kept.organisation_create(request, body, item -> 'secrets');
		end if;
		return jsonb_build_object('status', reply.status, 'id', (reply.body::json ->> 'id')::uuid, 'version', 1)
			|| case when item ? 'secrets' then jsonb_build_object('secrets', (
				select jsonb_agg(jsonb_build_object('contact_id', c.contact ->> 'id', 'secret', c.contact ->> 'secret') order by c.place)
				from jsonb_array_elements(reply.body::jsonb -> 'contacts') with ordinality c (contact, place)
				where c.contact ? 'secret')) else '{}' end;
	end if;
	before := kept.bulk_version(thing, id);
	if thing = 'commitment' then
		reply := kept.commitment_change(request, id, body);
	elsif thing = 'person' then
		reply := kept.person_change(request, id, body);
	else
		reply := kept.organisation_change(request, id, body);
	end if;
	if item ? 'stays' then
		perform kept.bulk_stays(reply, item -> 'stays');
	end if;
	return jsonb_build_object('status', reply.status, 'id', id, 'version', split_part(reply.etag, '-', 1)::bigint,
		'changed', split_part(reply.etag, '-', 1)::bigint is distinct from before);
end
$$;
comment on function kept.bulk_item(text, jsonb, jsonb) is 'Creates or changes one thing: its status, id, version, the sealed secrets that were made, and whether it changed.';
grant execute on function kept.bulk_item(text, jsonb, jsonb) to kept_api;

-- Each item in a block of its own, so that one that is refused takes back only itself. What is no refusal of ours and no
-- broken constraint (a timeout, a deadlock, a lost connection) ends the whole.
create or replace function kept.bulk_try(thing text, item jsonb, known jsonb) returns jsonb
language plpgsql volatile
as $$
declare
	state text;
	words text;
	errors text;
	code text;
begin
	return kept.bulk_item(thing, item, known);
exception
	when others then
		get stacked diagnostics state = returned_sqlstate, words = message_text, errors = pg_exception_detail, code = pg_exception_hint;
		if state !~ '^(KT|23)' then
			raise;
		end if;
		return jsonb_build_object('problem', jsonb_build_object('state', state) || case
			when state like 'KT%' then jsonb_build_object('detail', words, 'code', coalesce(code, ''))
				|| case when errors like '[%' then jsonb_build_object('errors', errors::jsonb) else '{}' end
			else '{}' end);
end
$$;
comment on function kept.bulk_try(text, jsonb, jsonb) is 'The result of an item, or why it was refused: SQLSTATE, words, code, field errors.';
grant execute on function kept.bulk_try(text, jsonb, jsonb) to kept_api;

-- Field errors of an item as errors of the whole: the pointer from the top, and the line of the sheet.
create or replace function kept.bulk_errors(result jsonb, place bigint, line jsonb) returns jsonb
language sql immutable
as $$
	select jsonb_agg(e.error || jsonb_build_object('pointer', '/items/' || place || (e.error ->> 'pointer'))
		|| case when line is not null then jsonb_build_object('line', line) else '{}' end order by e.nth)
	from jsonb_array_elements(coalesce(result #> '{problem,errors}',
		kept.field_error('', coalesce(result #>> '{problem,detail}', 'conflicts with what is there')))) with ordinality e (error, nth)
$$;
comment on function kept.bulk_errors(jsonb, bigint, jsonb) is 'The field errors of a refused item, with pointers from the top of the body and the line of the sheet.';
grant execute on function kept.bulk_errors(jsonb, bigint, jsonb) to kept_api;

create or replace function kept.bulk_refuse(results jsonb[], failed int) returns void
language plpgsql volatile
as $$
begin
	perform kept.refuse(422, format('%s of %s items %s wrong, and all or nothing was asked for: nothing was stored. See errors.', failed,
		cardinality(results), case when failed = 1 then 'is' else 'are' end), (
		select jsonb_agg(told.error order by told.place, told.nth)
		from (
			select r.place, e.nth, e.error
			from unnest(results) with ordinality r (result, place)
			cross join lateral jsonb_array_elements(kept.bulk_errors(r.result, r.place - 1, r.result -> 'line')) with ordinality e (error, nth)
			where r.result ? 'problem'
			order by r.place, e.nth
			limit 64) told));
end
$$;
comment on function kept.bulk_refuse(jsonb[], int) is 'Refuses all of a bulk, with the first 64 field errors.';
grant execute on function kept.bulk_refuse(jsonb[], int) to kept_api;

-- kept.zone_exists() takes 30 ms for each zone that is not the district's.
create or replace function kept.bulk_zones(items jsonb) returns void
language plpgsql volatile
as $$
begin
	perform set_config('kept.zones', coalesce(jsonb_object_agg(z.zone, n.name is not null), '{}')::text, true)
	from (
		select distinct i.item #>> '{body,time_zone}' as zone
		from jsonb_array_elements(items) i (item)
		where i.item #>> '{body,time_zone}' is not null) z
	left join pg_catalog.pg_timezone_names n on n.name = z.zone;
end
$$;
comment on function kept.bulk_zones(jsonb) is 'Looks up all time zones of a bulk at once, for kept.zone_exists() in this transaction.';
grant execute on function kept.bulk_zones(jsonb) to kept_api;

create or replace function kept.bulk(request jsonb, thing text, items jsonb, atomic boolean) returns kept.reply
language plpgsql volatile
as $$
declare
	reply kept.reply := kept.once(request);
	known jsonb;
	item jsonb;
	result jsonb;
	results jsonb[] := '{}';
	created int := 0;
	changed int := 0;
	failed int := 0;
	made uuid[] := '{}';
	asked_by text;
begin
	if reply.status is not null then
		return reply;
	end if;
	known := kept.bulk_found(items);
	-- Two bulks that change the same things wait for each other, in whatever order they name them.
	perform kept.bulk_version(thing, i.id)
	from (
		select distinct (e.value ->> 'id')::uuid as id
		from jsonb_array_elements(items) e
		where e.value ? 'id'
		and not e.value ? 'errors'
		order by 1) i;
	perform kept.bulk_zones(items);
	perform kept.coverage_hold();
	for item in select i.value from jsonb_array_elements(items) with ordinality i (value, place) order by i.place loop
		result := kept.bulk_try(thing, item, known);
		failed := failed + (result ? 'problem')::int;
		created := created + coalesce((result ->> 'status' = '201')::int, 0);
		changed := changed + coalesce((result ->> 'changed')::boolean::int, 0);
		if thing = 'commitment' and result ->> 'status' = '201' then
			made := made || (result ->> 'id')::uuid;
		end if;
		results := results || (jsonb_strip_nulls(jsonb_build_object('line', item -> 'line')) || result);
	end loop;
	if atomic and failed > 0 then
		perform kept.bulk_refuse(results, failed);
	end if;
	-- Together in a tenth of the time of one by one.
	if cardinality(made) > 0 then
		asked_by := kept.see_as('admin');
		perform kept.reckon_many(array_fill(kept.district(), array[cardinality(made)]), made);
		perform kept.see_as(asked_by);
	end if;
	perform kept.coverage_let_go();
	reply.status := case when failed > 0 then 207 else 200 end;
	select json_build_object('created', created, 'changed', changed, 'unchanged', cardinality(results) - created - changed - failed,
		'failed', failed, 'items', json_agg(case
			when r.result ? 'problem' then (r.result - 'problem') || jsonb_build_object('index', r.place - 1, 'problem',
				(r.result -> 'problem') || case when r.result #> '{problem,errors}' is not null
					then jsonb_build_object('errors', kept.bulk_errors(r.result, r.place - 1, r.result -> 'line')) else '{}' end)
			else (r.result - 'changed') || jsonb_build_object('index', r.place - 1) end order by r.place))
	into reply.body
	from unnest(results) with ordinality r (result, place);
	return kept.once_store(request, reply);
end
$$;
comment on function kept.bulk(jsonb, text, jsonb, boolean) is
	'POST /v1/commitments/bulk, /v1/people/bulk, /v1/organisations/bulk: 200, 207 where some items were refused; atomic: all or nothing, 422. C makes problems of what was refused.';
grant execute on function kept.bulk(jsonb, text, jsonb, boolean) to kept_api;
