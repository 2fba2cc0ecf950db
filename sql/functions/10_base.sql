-- 10: what every statement stands on: refusals, entering, replies once only, versions, events, pages.

-- SQLSTATE KTnnn carries the HTTP status; DETAIL the field errors as JSON; HINT the problem's code.
create or replace function kept.refuse(status int, detail text, errors jsonb default null, code text default null) returns void
language plpgsql volatile
as $$
begin
	raise exception using
		errcode = 'KT' || refuse.status,
		message = refuse.detail,
		detail = coalesce(nullif(refuse.errors, '[]')::text, ''),
		hint = coalesce(refuse.code, '');
end
$$;
comment on function kept.refuse(int, text, jsonb, text) is
	'Ends the unit with a problem: HTTP status, a sentence for people, field errors [{"pointer","detail"}], a code if not the status''s own.';
grant execute on function kept.refuse(int, text, jsonb, text) to kept_api, kept_worker;

create or replace function kept.field_error(pointer text, detail text) returns jsonb
language sql immutable parallel safe
as $$ select jsonb_build_array(jsonb_build_object('pointer', pointer, 'detail', detail)) $$;
comment on function kept.field_error(text, text) is 'One field error as an array, to be added to others with ||.';
grant execute on function kept.field_error(text, text) to kept_api, kept_worker;

create or replace function kept.refuse_fields(errors jsonb) returns void
language plpgsql volatile
as $$
declare
	count int := jsonb_array_length(errors);
begin
	if count > 0 then
		perform kept.refuse(422, case
			when count = 1 then format(
				'The %s %s.', coalesce('member ' || nullif(errors -> 0 ->> 'pointer', ''), 'row or item'), errors -> 0 ->> 'detail')
			else count || ' members are wrong. See errors.'
		end, errors);
	end if;
end
$$;
comment on function kept.refuse_fields(jsonb) is 'Refuses with 422 if the array of field errors is not empty.';
grant execute on function kept.refuse_fields(jsonb) to kept_api;

-- First statement of each unit. Served by the unique indexes on key.hash and key.previous_hash and by the primary key of key_use.
-- Looking for the SHA-256 in an index takes a time that tells at most how far the digest of a guess agrees with a stored digest.
-- That helps nobody: a digest cannot be led back to a key of 256 random bits, nor near digests to near keys. So nothing has to be
-- compared in constant time after it.
create or replace function kept.enter(kind text, hash text, needs text)
returns table (district_id uuid, key_id uuid, role text, locale text)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
	caller record;
begin
	if enter.kind in ('page', 'sheet') then
		return query select * from kept.enter_page(enter.kind, enter.hash);
		return;
	end if;
	select k.district_id, k.id, k.role, k.school_id, k.group_code, k.organisation_id, k.person_id, d.locale, u.used_at
	into caller
	from kept.key k
	join kept.district d on d.id = k.district_id
	left join kept.key_use u on u.district_id = k.district_id and u.key_id = k.id
	where enter.kind = 'key'
	and (k.hash = enter.hash or (k.previous_hash = enter.hash and k.previous_expires_at > kept.now()))
	and k.revoked_at is null
	and (k.expires_at is null or k.expires_at > kept.now());
	if not found then
		perform kept.refuse(401, 'The key is not known, has expired or was revoked. Send a valid key as "Authorization: Bearer KEY".');
	end if;
	if coalesce(enter.needs, '') <> '' and not caller.role = any (string_to_array(enter.needs, ' ')) then
		perform kept.refuse(403, format('A key of role %s may not do this. It takes %s.', caller.role, replace(enter.needs, ' ', ' or ')));
	end if;
	perform set_config('kept.district', caller.district_id::text, true),
		set_config('kept.actor', 'key:' || caller.id, true),
		set_config('kept.role', caller.role, true),
		set_config('kept.school', coalesce(caller.school_id::text, ''), true),
		set_config('kept.group', coalesce(caller.group_code, ''), true),
		set_config('kept.organisation', coalesce(caller.organisation_id::text, ''), true),
		set_config('kept.person', coalesce(caller.person_id::text, ''), true);
	-- Between, not before: a clock may have been set back.
	if caller.used_at is null or caller.used_at not between kept.now() - interval '1 minute' and kept.now() then
		update kept.key_use u
		set used_at = kept.now()
		from (
			select free.district_id, free.key_id
			from kept.key_use free
			where free.district_id = caller.district_id
			and free.key_id = caller.id
			for update skip locked) free
		where u.district_id = free.district_id
		and u.key_id = free.key_id;
	end if;
	return query select caller.district_id, caller.id, caller.role, caller.locale;
end
$$;
comment on function kept.enter(text, text, text) is
	'Checks a credential (kind key: SHA-256 of the key as hexadecimal; kinds page and sheet: see kept.enter_page) and one of the roles (separated by spaces; empty: any), and sets district, actor, role, scope and person for this transaction; notes the use of the key, at most once a minute and never waiting.';
revoke execute on function kept.enter(text, text, text) from public;
grant execute on function kept.enter(text, text, text) to kept_api;

create or replace function kept.caller_key() returns uuid
language sql stable parallel safe
as $$
	select case when kept.actor() like 'key:%' then substr(kept.actor(), 5) else '00000000-0000-0000-0000-000000000000' end::uuid
$$;
comment on function kept.caller_key() is 'The key that acts; all zeros where it is no key.';
grant execute on function kept.caller_key() to kept_api, kept_worker;

create or replace function kept.caller_person() returns uuid
language sql stable parallel safe
as $$ select nullif(pg_catalog.current_setting('kept.person', true), '')::uuid $$;
comment on function kept.caller_person() is 'The person who holds the key that acts; NULL: not told.';
grant execute on function kept.caller_person() to kept_api;

create or replace function kept.request_path(request jsonb) returns text
language sql immutable parallel safe
as $$
	select split_part(request ->> 'operation', ' ', 1) || ' ' || coalesce(request ->> 'path', split_part(request ->> 'operation', ' ', 2))
$$;
comment on function kept.request_path(jsonb) is 'Method and path of a request: what an Idempotency-Key is bound to.';
grant execute on function kept.request_path(jsonb) to kept_api;

create or replace function kept.traceparent() returns text
language sql stable parallel safe
as $$ select nullif(current_setting('kept.traceparent', true), '') $$;
comment on function kept.traceparent() is 'Trace and span of the request at work (W3C Trace Context); NULL: none.';
grant execute on function kept.traceparent() to kept_api, kept_worker;

create or replace function kept.tracestate() returns text
language sql stable parallel safe
as $$ select nullif(current_setting('kept.tracestate', true), '') $$;
comment on function kept.tracestate() is 'What the caller''s tracing system added to the trace; NULL: nothing.';
grant execute on function kept.tracestate() to kept_api, kept_worker;

-- Step 1 of a write; also notes the request's trace for the events that it makes. Served by the primary key of idempotency. A refused request leaves nothing: its key may be used again.
create or replace function kept.once(request jsonb) returns kept.reply
language plpgsql volatile
as $$
declare
	reply kept.reply;
	stored record;
	place text := kept.request_path(request);
begin
	if request ? 'traceparent' then
		perform set_config('kept.traceparent', request ->> 'traceparent', true),
			set_config('kept.tracestate', coalesce(request ->> 'tracestate', ''), true);
	end if;
	if request ->> 'key' is null then
		return reply;
	end if;
	if not pg_try_advisory_xact_lock(hashtextextended(concat_ws(' ', kept.district(), kept.caller_key(), place, request ->> 'key'), 0)) then
		perform kept.refuse(409, 'A request with this Idempotency-Key is still being worked on. Send it again in a moment.', null, 'in-flight');
	end if;
	select i.fingerprint, i.status, i.body, i.etag, i.location, i.created_at
	into stored
	from kept.idempotency i
	where i.district_id = kept.district()
	and i.key_id = kept.caller_key()
	and i.operation = place
	and i.key = request ->> 'key';
	if not found then
		return reply;
	end if;
	if stored.created_at <= kept.now() - interval '24 hours' then
		delete from kept.idempotency i
		where i.district_id = kept.district()
		and i.key_id = kept.caller_key()
		and i.operation = place
		and i.key = request ->> 'key';
		return reply;
	end if;
	if stored.fingerprint is distinct from request ->> 'fingerprint' then
		perform kept.refuse(422, 'This Idempotency-Key was used with another request. Use a new key for a new request.', null, 'key-reused');
	end if;
	reply := row(stored.status, stored.body, stored.etag, stored.location, 'replayed');
	return reply;
end
$$;
comment on function kept.once(jsonb) is
	'The stored reply under the request''s Idempotency-Key, its member next says replayed; status NULL: go on. Refuses while another has the key (409) and a key with another body (422).';
grant execute on function kept.once(jsonb) to kept_api;

-- Last step of a write.
create or replace function kept.once_store(request jsonb, reply kept.reply, subject uuid default null) returns kept.reply
language plpgsql volatile
as $$
begin
	if request ->> 'key' is not null then
		insert into kept.idempotency (district_id, key_id, operation, key, fingerprint, status, body, etag, location, subject_id)
		values (kept.district(), kept.caller_key(), kept.request_path(request), request ->> 'key', request ->> 'fingerprint',
			reply.status, reply.body, reply.etag, reply.location, subject);
	end if;
	return reply;
end
$$;
comment on function kept.once_store(jsonb, kept.reply, uuid) is 'Keeps the reply under the Idempotency-Key, if there is one, and answers it.';
grant execute on function kept.once_store(jsonb, kept.reply, uuid) to kept_api;

create or replace function kept.etag(version bigint, body text) returns text
language sql immutable parallel safe
as $$ select version || '-' || left(encode(sha256(convert_to(body, 'UTF8')), 'hex'), 16) $$;
comment on function kept.etag(bigint, text) is 'Entity tag without quotes: version and digest of the body.';
grant execute on function kept.etag(bigint, text) to kept_api;

create or replace function kept.match(request jsonb, version bigint) returns void
language plpgsql volatile
as $$
begin
	-- One version, or an array of those that will do; NULL where there is no such member.
	if not request -> 'if_match' @> to_jsonb(version) then
		perform kept.refuse(412, format('Somebody changed it meanwhile: you have version %s, it is now version %s. Read it again, then send your change.',
			translate(request ->> 'if_match', '[]', ''), version));
	end if;
end
$$;
comment on function kept.match(jsonb, bigint) is 'Refuses with 412 where the request''s If-Match names another version.';
grant execute on function kept.match(jsonb, bigint) to kept_api;

create or replace function kept.not_found(what text) returns void
language plpgsql volatile
as $$
begin
	perform kept.refuse(404, format('There is no such %s.', what));
end
$$;
comment on function kept.not_found(text) is 'Refuses with 404; the same words for an absent row and another district''s.';
grant execute on function kept.not_found(text) to kept_api;

-- Reads: statements of one row use kept.found() so that no row is a refusal too.
create or replace function kept.found(body text, version bigint, what text) returns kept.reply
language plpgsql volatile
as $$
begin
	if body is null then
		perform kept.not_found(what);
	end if;
	return row(200, body, kept.etag(version, body), null, null)::kept.reply;
end
$$;
comment on function kept.found(text, bigint, text) is 'The reply of a read: 200 with entity tag, or 404 where the body is NULL.';
grant execute on function kept.found(text, bigint, text) to kept_api;

-- Pages. A keyset is a JSON array of text; a list asks for one row more than the page holds.
create or replace function kept.keyset(variadic parts text[]) returns text
language sql immutable parallel safe
as $$ select to_json(parts)::text $$;
comment on function kept.keyset(text[]) is 'Raw keyset of a row: what a page token seals. Read it with kept.keyset_part().';
grant execute on function kept.keyset(text[]) to kept_api;

create or replace function kept.keyset_part(keyset text, part int) returns text
language sql immutable parallel safe
as $$ select keyset::json ->> part $$;
comment on function kept.keyset_part(text, int) is 'Part of a keyset, counted from 0.';
grant execute on function kept.keyset_part(text, int) to kept_api;

create or replace function kept.page(items json, more boolean, keyset text) returns kept.reply
language sql immutable parallel safe
as $$ select row(200, coalesce(items::text, '[]'), null, null, case when more then keyset end)::kept.reply $$;
comment on function kept.page(json, boolean, text) is 'The reply of a list: items (NULL: none), whether more follow, and the keyset of the last item.';
grant execute on function kept.page(json, boolean, text) to kept_api;

-- Last statement of a dry run: what would fail at the end of the transaction fails now, and nothing is kept.
create or replace function kept.dry_run() returns void
language plpgsql volatile
as $$
begin
	set constraints all immediate;
	raise exception using errcode = 'KTDRY', message = 'This was a dry run.';
end
$$;
comment on function kept.dry_run() is
	'Ends the unit with SQLSTATE KTDRY, always: the reply of the statement before it stands, nothing that it did is kept.';
grant execute on function kept.dry_run() to kept_api;

-- What endpoints and webhook contacts are told of a commitment: never a person.
create or replace function kept.event_data(district uuid, commitment_id uuid, rung text default null) returns jsonb
language plpgsql stable
as $$
begin
	return (
		select jsonb_build_object(
			'commitment_id', c.id,
			'title', c.title,
			'group', c.group_code,
			'school_id', c.school_id,
			'school', s.name,
			'due_on', c.due_on,
			'days_left', c.due_on - kept.today_in(coalesce(s.time_zone, d.time_zone)),
			'rung', event_data.rung,
			'status', c.status,
			'link', '/v1/commitments/' || c.id)
		from kept.commitment c
		join kept.district d on d.id = c.district_id
		left join kept.school s on s.district_id = c.district_id and s.id = c.school_id
		where c.district_id = event_data.district
		and c.id = event_data.commitment_id);
end
$$;
comment on function kept.event_data(uuid, uuid, text) is 'The data of an event about a commitment; link is a path, the sender puts the public URL before it.';
grant execute on function kept.event_data(uuid, uuid, text) to kept_api, kept_worker;

create or replace function kept.emit_in(district uuid, type text, commitment_id uuid, data jsonb, id uuid default null) returns uuid
language plpgsql volatile
as $$
declare
	nth int := coalesce(nullif(current_setting('kept.events', true), ''), '0');
	made uuid := emit_in.id;
begin
	if made is null then
		-- Events of one transaction have one instant: a counter in rand_a (RFC 9562, section 6.2, method 1) keeps their order.
		made := overlay(kept.uuid7()::text placing '7' || lpad(to_hex(nth % 4096), 3, '0') from 15 for 4)::uuid;
		perform set_config('kept.events', (nth + 1)::text, true);
	end if;
	insert into kept.event (district_id, id, type, commitment_id, school_id, group_code, data, actor, traceparent, tracestate)
	select emit_in.district, made, emit_in.type, emit_in.commitment_id, c.school_id, c.group_code,
		coalesce(emit_in.data, kept.event_data(emit_in.district, emit_in.commitment_id), '{}'), kept.actor(),
		kept.traceparent(), kept.tracestate()
	from (select emit_in.commitment_id as id) wanted
	left join kept.commitment c on c.district_id = emit_in.district and c.id = wanted.id;
	insert into kept.event_pending (district_id, event_id)
	values (emit_in.district, made);
	return made;
end
$$;
comment on function kept.emit_in(uuid, text, uuid, jsonb, uuid) is
	'Writes an event and puts it in line for the endpoints; data NULL: kept.event_data of the commitment. Answers its id.';
grant execute on function kept.emit_in(uuid, text, uuid, jsonb, uuid) to kept_api, kept_worker;

create or replace function kept.emit(type text, commitment_id uuid, data jsonb, id uuid default null) returns uuid
language sql volatile
as $$ select kept.emit_in(kept.district(), type, commitment_id, data, id) $$;
comment on function kept.emit(text, uuid, jsonb, uuid) is 'As kept.emit_in, in the caller''s district.';
grant execute on function kept.emit(text, uuid, jsonb, uuid) to kept_api, kept_worker;

-- Lock order: the district's row, then replan's; nothing else is locked while they are held by a change of policy or zone.
create or replace function kept.replan() returns void
language plpgsql volatile
as $$
declare
	rev bigint;
begin
	update kept.district d
	set plan_rev = d.plan_rev + 1
	where d.id = kept.district()
	returning d.plan_rev into rev;
	insert into kept.replan as r (district_id, plan_rev)
	values (kept.district(), rev)
	on conflict (district_id) do update
	set plan_rev = greatest(r.plan_rev, excluded.plan_rev);
end
$$;
comment on function kept.replan() is
	'Asks the worker to reckon all clocks of the caller''s district anew: call it after a change of policy, zone or calendar that touches many.';
grant execute on function kept.replan() to kept_api;

create or replace function kept.instant(at timestamptz) returns text
language sql immutable parallel safe
as $$ select to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') $$;
comment on function kept.instant(timestamptz) is 'An instant as JSON text has it (RFC 3339, UTC, whole seconds), whatever the session''s time zone.';
grant execute on function kept.instant(timestamptz) to kept_api, kept_worker;

-- What Kept itself must know must not depend on who asks: the hour of a reminder is the recipient's, seen or not.
create or replace function kept.see_as(role text) returns text
language plpgsql volatile
as $$
declare
	before text := coalesce(kept.role(), '');
begin
	perform set_config('kept.role', see_as.role, true);
	return before;
end
$$;
comment on function kept.see_as(text) is
	'Lets the rest of a function see what that role sees; answers the role before, to be set again at its end. A failure ends the unit anyway.';
grant execute on function kept.see_as(text) to kept_api, kept_worker;
