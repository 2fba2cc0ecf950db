-- 42: moving a commitment from one status to another.

-- The one place that says which moves there are and what each asks for.
create or replace function kept.commitment_moves()
returns table (from_status text, to_status text, needs text[])
language sql immutable parallel safe
rows 30
as $$
	values
		('proposed', 'agreed', '{}'::text[]),
		('proposed', 'in_progress', '{}'),
		('proposed', 'declined', '{}'),
		('proposed', 'deferred', '{due_on,reason}'),
		('proposed', 'withdrawn', '{}'),
		('agreed', 'in_progress', '{}'),
		('agreed', 'completed', '{}'),
		('agreed', 'declined', '{}'),
		('agreed', 'deferred', '{due_on,reason}'),
		('agreed', 'withdrawn', '{}'),
		('in_progress', 'agreed', '{}'),
		('in_progress', 'completed', '{}'),
		('in_progress', 'deferred', '{due_on,reason}'),
		('in_progress', 'withdrawn', '{}'),
		('deferred', 'agreed', '{}'),
		('deferred', 'in_progress', '{}'),
		('deferred', 'completed', '{}'),
		('deferred', 'deferred', '{due_on,reason}'),
		('deferred', 'declined', '{}'),
		('deferred', 'withdrawn', '{}'),
		('completed', 'in_progress', '{reason}'),
		('completed', 'verified', '{verifier}'),
		('verified', 'in_progress', '{reason}'),
		('declined', 'proposed', '{reason}'),
		('declined', 'agreed', '{}'),
		('withdrawn', 'agreed', '{reason}')
$$;
comment on function kept.commitment_moves() is
	'The moves between statuses, and what each needs: a reason, a new due_on, a verifier who is not the owner.';
grant execute on function kept.commitment_moves() to kept_api;

-- Served by the primary key of party.
create or replace function kept.commitment_caller_owns(c kept.commitment) returns boolean
language sql stable
as $$
	select exists (
		select
		from kept.party p
		where p.district_id = c.district_id
		and p.commitment_id = c.id
		and p.role = 'owner'
		and (p.organisation_id = kept.scope_organisation()
			or p.person_id = kept.caller_person()
			or (p.group_code = kept.scope_group()
				and (p.school_id is null or kept.scope_school() is null or p.school_id = kept.scope_school()))))
$$;
comment on function kept.commitment_caller_owns(kept.commitment) is
	'Whether the caller''s key speaks for the organisation or the whole group that owns it, or is held by the person who does.';
grant execute on function kept.commitment_caller_owns(kept.commitment) to kept_api;

-- Served by the primary key of party.
create or replace function kept.commitment_ask_errors(c kept.commitment) returns jsonb
language plpgsql stable
as $$
declare
	of_group boolean := exists (
		select
		from kept.party p
		where p.district_id = c.district_id
		and p.commitment_id = c.id
		and p.role = 'owner'
		and p.group_code is not null);
begin
	-- As it would stand open: the status it has now may ask for nothing.
	c.status := 'proposed';
	return (
		select coalesce(jsonb_agg(jsonb_build_object('pointer', '/status', 'detail', format('needs %s first', case ask
			when 'owner' then 'an owner who is a person or an organisation, not the whole group,'
			when 'due_on' then 'a due date (due_on)'
			else 'a word on when, where and how (when_where_how)' end)) order by place), '[]')
		from unnest(kept.commitment_asks(c, of_group)) with ordinality as asked (ask, place));
end
$$;
comment on function kept.commitment_ask_errors(kept.commitment) is
	'Field errors of moving a plan''s commitment into work while it asks for something, one for each.';
grant execute on function kept.commitment_ask_errors(kept.commitment) to kept_api;

create or replace function kept.commitment_move_errors(c kept.commitment, body jsonb, needs text[]) returns jsonb
language plpgsql stable
as $$
declare
	errors jsonb := '[]';
	today date := kept.today_in(kept.zone_of(c.district_id, c.school_id));
	wanted date := (body ->> 'due_on')::date;
begin
	if 'reason' = any (needs) and body ->> 'reason' is null then
		errors := errors || kept.field_error('/reason', 'is needed for this move');
	end if;
	if not 'due_on' = any (needs) then
		if wanted is not null then
			errors := errors || kept.field_error('/due_on', 'goes with the status deferred only');
		end if;
	elsif wanted is null then
		errors := errors || kept.field_error('/due_on', 'is needed: the new due date');
	elsif wanted <= today or wanted > '2200-12-31' then
		errors := errors || kept.field_error('/due_on', format('must be after today, %s', to_char(today, 'YYYY-MM-DD')));
	elsif wanted = c.due_on then
		errors := errors || kept.field_error('/due_on', 'is its due date already');
	end if;
	if c.status in ('proposed', 'deferred', 'declined', 'withdrawn') and body ->> 'status' in ('agreed', 'in_progress', 'completed') then
		errors := errors || kept.commitment_ask_errors(c);
	end if;
	return errors;
end
$$;
comment on function kept.commitment_move_errors(kept.commitment, jsonb, text[]) is 'Field errors of a move.';
grant execute on function kept.commitment_move_errors(kept.commitment, jsonb, text[]) to kept_api;

-- Those to whom it is owed, people and organisations, hear that it was kept. Served by the primary key of party.
create or replace function kept.commitment_owed_tell(c kept.commitment) returns void
language plpgsql volatile
as $$
declare
	asked_by text := kept.see_as('admin');
	persons uuid[];
	organisations uuid[];
begin
	select array_agg(p.person_id) filter (where p.person_id is not null), array_agg(p.organisation_id) filter (where p.organisation_id is not null)
	into persons, organisations
	from kept.party p
	where p.district_id = c.district_id
	and p.commitment_id = c.id
	and p.role = 'beneficiary';
	if persons is not null or organisations is not null then
		perform kept.notice_send_many(c.district_id, 'kept', c.id, coalesce(c.due_on::text, ''), persons, organisations);
	end if;
	perform kept.see_as(asked_by);
end
$$;
comment on function kept.commitment_owed_tell(kept.commitment) is 'Tells people and organisations to whom it is owed that it was kept, once for each due date.';
grant execute on function kept.commitment_owed_tell(kept.commitment) to kept_api;

create or replace function kept.commitment_moved(was kept.commitment, target text, due_on date, reason text) returns kept.commitment
language plpgsql volatile
as $$
#variable_conflict use_variable
declare
	c kept.commitment := was;
begin
	if c.status not in ('agreed', 'in_progress', 'deferred') then
		-- It is reminded of again from now on; what passed meanwhile is not made up for.
		c.remindable_since := kept.now();
	end if;
	if target = 'deferred' then
		c := kept.commitment_date(c, due_on);
	end if;
	if target = 'completed' then
		c.completed_on := kept.today_in(kept.zone_of(c.district_id, c.school_id));
	elsif target <> 'verified' then
		c.completed_on := null;
	end if;
	c.status := target;
	c.status_reason := reason;
	c.version := c.version + 1;
	c.updated_at := kept.now();
	update kept.commitment t
	set status = c.status, status_reason = c.status_reason, completed_on = c.completed_on, due_on = c.due_on, first_due_on = c.first_due_on,
		times_moved = c.times_moved, remindable_since = c.remindable_since, version = c.version, updated_at = c.updated_at
	where t.district_id = c.district_id
	and t.id = c.id;
	perform kept.reckon(c.district_id, c.id);

	perform kept.emit('commitment.status_changed', c.id, null);
	if target in ('agreed', 'completed') then
		perform kept.emit('commitment.' || target, c.id, null);
	end if;
	if target = 'completed' then
		perform kept.commitment_owed_tell(c);
	end if;
	perform kept.coverage_refresh(c.plan_id);
	return c;
end
$$;
comment on function kept.commitment_moved(kept.commitment, text, date, text) is
	'Puts a commitment that is locked into another status, with its ladder, events, notices and coverage; whether it may is judged before.';
grant execute on function kept.commitment_moved(kept.commitment, text, date, text) to kept_api;

create or replace function kept.commitment_move(request jsonb, id uuid, body jsonb, languages text default null) returns kept.reply
language plpgsql volatile
as $$
declare
	reply kept.reply;
	c kept.commitment;
	target text := body ->> 'status';
	needs text[];
	allowed text;
begin
	reply := kept.once(request);
	if reply.status is not null then
		return reply;
	end if;
	c := kept.commitment_lock(commitment_move.id);
	perform kept.match(request, c.version);
	-- A part in it is to own it, to help with it or to answer for it; not to profit from it.
	if kept.role() = 'partner' and not exists (
		select
		from kept.party p
		where p.district_id = c.district_id
		and p.commitment_id = c.id
		and p.role <> 'beneficiary'
		and p.organisation_id = kept.scope_organisation()) then
		perform kept.refuse(403, 'This key moves only the commitments of its own organisation.');
	end if;
	select m.needs into needs
	from kept.commitment_moves() m
	where m.from_status = c.status
	and m.to_status = target;
	if needs is null then
		select string_agg(m.to_status, ', ' order by m.to_status) into allowed
		from kept.commitment_moves() m
		where m.from_status = c.status;
		perform kept.refuse(409, format('It is %s and cannot become %s. From here it can become: %s.', c.status, target, allowed), null, 'move-not-allowed');
	end if;
	if 'verifier' = any (needs) and kept.commitment_caller_owns(c) then
		perform kept.refuse(403, 'Only somebody other than the owner may verify it.');
	end if;
	perform kept.refuse_fields(kept.commitment_move_errors(c, body, needs));

	c := kept.commitment_moved(c, target, (body ->> 'due_on')::date, body ->> 'reason');
	reply.status := 200;
	reply.body := kept.commitment_json(c, languages);
	reply.etag := kept.etag(c.version, reply.body);
	return kept.once_store(request, reply, c.id);
end
$$;
comment on function kept.commitment_move(jsonb, uuid, jsonb, text) is 'POST /v1/commitments/{id}/status: 409 where there is no such move; the ladder stops or starts in the same transaction.';
grant execute on function kept.commitment_move(jsonb, uuid, jsonb, text) to kept_api;
