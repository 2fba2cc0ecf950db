-- 45: reminder policies: when people are reminded.

create or replace function kept.policy_json(p kept.reminder_policy) returns json
language sql stable
as $$
	select json_build_object(
		'id', p.id,
		'name', p.name,
		'school_id', p.school_id,
		'group', p.group_code,
		'offsets', to_json(p.offsets),
		'send_at', to_char(p.send_at, 'HH24:MI'),
		'escalate_after', p.escalate_after,
		'version', p.version,
		'created_at', kept.instant(p.created_at),
		'updated_at', kept.instant(p.updated_at))
$$;
comment on function kept.policy_json(kept.reminder_policy) is 'A reminder policy as the API tells it.';
grant execute on function kept.policy_json(kept.reminder_policy) to kept_api;

create or replace function kept.policy_read(id uuid) returns kept.reply
language plpgsql stable
as $$
declare
	p kept.reminder_policy;
begin
	select * into p
	from kept.reminder_policy t
	where t.district_id = kept.district()
	and t.id = policy_read.id;
	return kept.found(case when p.id is not null then kept.policy_json(p)::text end, p.version, 'reminder policy');
end
$$;
comment on function kept.policy_read(uuid) is 'GET /v1/reminder-policies/{id}.';
grant execute on function kept.policy_read(uuid) to kept_api;

create or replace function kept.policy_errors(p kept.reminder_policy) returns jsonb
language plpgsql stable
as $$
declare
	errors jsonb := '[]';
begin
	if p.group_code is not null and not exists (select from kept.stakeholder_group g where g.code = p.group_code) then
		errors := errors || kept.field_error('/group', 'is not one of the eight stakeholder groups');
	end if;
	if p.school_id is not null and not exists (select from kept.school s where s.district_id = p.district_id and s.id = p.school_id) then
		errors := errors || kept.field_error('/school_id', 'is not a school of this district');
	end if;
	return errors;
end
$$;
comment on function kept.policy_errors(kept.reminder_policy) is 'Field errors of a new or changed reminder policy.';
grant execute on function kept.policy_errors(kept.reminder_policy) to kept_api;

-- What the body says put over what there is.
create or replace function kept.policy_merge(p kept.reminder_policy, body jsonb) returns kept.reminder_policy
language plpgsql immutable
as $$
begin
	p.name := coalesce(body ->> 'name', p.name);
	p.school_id := case when body ? 'school_id' then (body ->> 'school_id')::uuid else p.school_id end;
	p.group_code := case when body ? 'group' then body ->> 'group' else p.group_code end;
	p.send_at := coalesce((body ->> 'send_at')::time, p.send_at);
	p.escalate_after := case when body ? 'escalate_after' then (body ->> 'escalate_after')::int else p.escalate_after end;
	if body ? 'offsets' then
		p.offsets := array(select distinct o.value::numeric::int from jsonb_array_elements_text(body -> 'offsets') o (value) order by 1);
	end if;
	return p;
end
$$;
comment on function kept.policy_merge(kept.reminder_policy, jsonb) is 'A reminder policy with the members of a body.';
grant execute on function kept.policy_merge(kept.reminder_policy, jsonb) to kept_api;

-- Served by the unique index reminder_policy_scope.
create or replace function kept.policy_create(request jsonb, body jsonb) returns kept.reply
language plpgsql volatile
as $$
declare
	reply kept.reply;
	p kept.reminder_policy;
begin
	reply := kept.once(request);
	if reply.status is not null then
		return reply;
	end if;
	p.escalate_after := 14;
	p := kept.policy_merge(p, body);
	p.district_id := kept.district();
	p.id := kept.uuid7();
	p.send_at := coalesce(p.send_at, '08:00');
	p.version := 1;
	p.created_at := kept.now();
	p.updated_at := kept.now();
	perform kept.require_scope(p.school_id, array[p.group_code]);
	perform kept.refuse_fields(kept.policy_errors(p));
	begin
		insert into kept.reminder_policy select p.*;
	exception
		when unique_violation then
			perform kept.refuse(409, 'There is a reminder policy for this school and group already. Change that one.');
	end;
	perform kept.replan();
	reply.status := 201;
	reply.body := kept.policy_json(p);
	reply.etag := kept.etag(p.version, reply.body);
	reply.location := '/v1/reminder-policies/' || p.id;
	return kept.once_store(request, reply, p.id);
end
$$;
comment on function kept.policy_create(jsonb, jsonb) is 'POST /v1/reminder-policies.';
grant execute on function kept.policy_create(jsonb, jsonb) to kept_api;

create or replace function kept.policy_lock(request jsonb, id uuid) returns kept.reminder_policy
language plpgsql volatile
as $$
declare
	p kept.reminder_policy;
begin
	select * into p
	from kept.reminder_policy t
	where t.district_id = kept.district()
	and t.id = policy_lock.id
	for update;
	if p.id is null then
		perform kept.not_found('reminder policy');
	end if;
	perform kept.match(request, p.version);
	perform kept.require_scope(p.school_id, array[p.group_code]);
	return p;
end
$$;
comment on function kept.policy_lock(jsonb, uuid) is 'The reminder policy, locked for a change: 404, 412, 403.';
grant execute on function kept.policy_lock(jsonb, uuid) to kept_api;

-- Served by the primary key's district; a district has few.
create or replace function kept.policy_leaves(p kept.reminder_policy) returns void
language plpgsql volatile
as $$
begin
	-- The ladder makes up for no day before its policy last changed.
	update kept.reminder_policy t
	set updated_at = kept.now()
	where t.district_id = p.district_id
	and t.id <> p.id
	and (t.school_id is null or t.school_id = p.school_id)
	and (t.group_code is null or t.group_code = p.group_code);
end
$$;
comment on function kept.policy_leaves(kept.reminder_policy) is
	'Dates the policies that may take over what this one was for: they begin there today, and make up for nothing.';
grant execute on function kept.policy_leaves(kept.reminder_policy) to kept_api;

create or replace function kept.policy_change(request jsonb, id uuid, body jsonb) returns kept.reply
language plpgsql volatile
as $$
declare
	reply kept.reply;
	old kept.reminder_policy;
	p kept.reminder_policy;
begin
	reply := kept.once(request);
	if reply.status is not null then
		return reply;
	end if;
	old := kept.policy_lock(request, policy_change.id);
	p := kept.policy_merge(old, body);
	if old.school_id is null and old.group_code is null and (p.school_id is not null or p.group_code is not null) then
		perform kept.refuse(409, 'This is the default of the whole district: it stays that. Add a policy for the school or group.');
	end if;
	perform kept.require_scope(p.school_id, array[p.group_code]);
	perform kept.refuse_fields(kept.policy_errors(p));
	if p is distinct from old then
		p.version := old.version + 1;
		p.updated_at := kept.now();
		begin
			update kept.reminder_policy t
			set name = p.name, school_id = p.school_id, group_code = p.group_code, offsets = p.offsets, send_at = p.send_at,
				escalate_after = p.escalate_after, version = p.version,
				updated_at = p.updated_at
			where t.district_id = p.district_id
			and t.id = p.id;
		exception
			when unique_violation then
				perform kept.refuse(409, 'There is a reminder policy for that school and group already. Change that one.');
		end;
		if (p.school_id, p.group_code) is distinct from (old.school_id, old.group_code) then
			perform kept.policy_leaves(old);
		end if;
		perform kept.replan();
	end if;
	reply.status := 200;
	reply.body := kept.policy_json(p);
	reply.etag := kept.etag(p.version, reply.body);
	return kept.once_store(request, reply, p.id);
end
$$;
comment on function kept.policy_change(jsonb, uuid, jsonb) is 'PATCH /v1/reminder-policies/{id}: reckons the clocks of all commitments anew.';
grant execute on function kept.policy_change(jsonb, uuid, jsonb) to kept_api;

create or replace function kept.policy_remove(request jsonb, id uuid) returns kept.reply
language plpgsql volatile
as $$
declare
	reply kept.reply;
	p kept.reminder_policy;
begin
	reply := kept.once(request);
	if reply.status is not null then
		return reply;
	end if;
	p := kept.policy_lock(request, policy_remove.id);
	if p.school_id is null and p.group_code is null then
		perform kept.refuse(409, 'This is the default of the whole district: change it instead.');
	end if;
	delete from kept.reminder_policy t where t.district_id = p.district_id and t.id = p.id;
	perform kept.policy_leaves(p);
	delete from kept.idempotency i where i.district_id = p.district_id and i.subject_id = p.id;
	perform kept.replan();
	reply.status := 204;
	return kept.once_store(request, reply, null);
end
$$;
comment on function kept.policy_remove(jsonb, uuid) is 'DELETE /v1/reminder-policies/{id}; not for the district''s default.';
grant execute on function kept.policy_remove(jsonb, uuid) to kept_api;
