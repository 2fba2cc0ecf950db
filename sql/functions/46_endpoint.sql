-- 46: webhook endpoints: a district's systems that are told of events.

create or replace function kept.endpoint_json(e kept.endpoint) returns json
language sql stable
as $$
	select json_build_object(
		'id', e.id,
		'url', e.url,
		'description', e.description,
		'events', to_json(e.events),
		'state', e.state,
		'state_reason', e.state_reason,
		'failing_since', kept.instant(e.failing_since),
		'version', e.version,
		'created_at', kept.instant(e.created_at),
		'updated_at', kept.instant(e.updated_at))
$$;
comment on function kept.endpoint_json(kept.endpoint) is 'An endpoint as the API tells it, without its secret.';
grant execute on function kept.endpoint_json(kept.endpoint) to kept_api;

create or replace function kept.endpoint_read(id uuid) returns kept.reply
language plpgsql stable
as $$
declare
	e kept.endpoint;
begin
	select * into e
	from kept.endpoint t
	where t.district_id = kept.district()
	and t.id = endpoint_read.id;
	return kept.found(case when e.id is not null then kept.endpoint_json(e)::text end, e.version, 'webhook endpoint');
end
$$;
comment on function kept.endpoint_read(uuid) is 'GET /v1/webhook-endpoints/{id}.';
grant execute on function kept.endpoint_read(uuid) to kept_api;

create or replace function kept.endpoint_create(request jsonb, body jsonb, secrets jsonb) returns kept.reply
language plpgsql volatile
as $$
declare
	reply kept.reply;
	e kept.endpoint;
begin
	reply := kept.once(request);
	if reply.status is not null then
		return reply;
	end if;
	e.district_id := kept.district();
	e.id := kept.uuid7();
	e.url := body ->> 'url';
	e.description := body ->> 'description';
	e.events := array(select distinct v.value from jsonb_array_elements_text(body -> 'events') v (value) order by 1);
	e.secret := secrets -> 0 ->> 'secret';
	e.state := 'active';
	e.version := 1;
	e.created_at := kept.now();
	e.updated_at := kept.now();
	insert into kept.endpoint select e.*;
	-- The stored reply holds the sealed secret; it is opened for the caller only as the reply is sent.
	reply.status := 201;
	reply.body := jsonb_set(kept.endpoint_json(e)::jsonb, '{secret}', to_jsonb(e.secret));
	reply.etag := kept.etag(e.version, kept.endpoint_json(e)::text);
	reply.location := '/v1/webhook-endpoints/' || e.id;
	return kept.once_store(request, reply, e.id);
end
$$;
comment on function kept.endpoint_create(jsonb, jsonb, jsonb) is 'POST /v1/webhook-endpoints: secrets is [{"secret": sealed}].';
grant execute on function kept.endpoint_create(jsonb, jsonb, jsonb) to kept_api;

create or replace function kept.endpoint_lock(request jsonb, id uuid) returns kept.endpoint
language plpgsql volatile
as $$
declare
	e kept.endpoint;
begin
	select * into e
	from kept.endpoint t
	where t.district_id = kept.district()
	and t.id = endpoint_lock.id
	for update;
	if e.id is null then
		perform kept.not_found('webhook endpoint');
	end if;
	perform kept.match(request, e.version);
	return e;
end
$$;
comment on function kept.endpoint_lock(jsonb, uuid) is 'The endpoint, locked for a change: 404, 412.';
grant execute on function kept.endpoint_lock(jsonb, uuid) to kept_api;

create or replace function kept.endpoint_change(request jsonb, id uuid, body jsonb) returns kept.reply
language plpgsql volatile
as $$
declare
	reply kept.reply;
	old kept.endpoint;
	e kept.endpoint;
begin
	reply := kept.once(request);
	if reply.status is not null then
		return reply;
	end if;
	old := kept.endpoint_lock(request, endpoint_change.id);
	e := old;
	e.url := coalesce(body ->> 'url', e.url);
	e.description := case when body ? 'description' then body ->> 'description' else e.description end;
	if body ? 'events' then
		e.events := array(select distinct v.value from jsonb_array_elements_text(body -> 'events') v (value) order by 1);
	end if;
	if body ? 'state' and body ->> 'state' <> e.state then
		e.state := body ->> 'state';
		e.state_reason := null;
		e.failing_since := null;
	end if;
	if e is distinct from old then
		e.version := old.version + 1;
		e.updated_at := kept.now();
		update kept.endpoint t
		set url = e.url, description = e.description, events = e.events, state = e.state, state_reason = e.state_reason,
			failing_since = e.failing_since, version = e.version, updated_at = e.updated_at
		where t.district_id = e.district_id
		and t.id = e.id;
		if old.state = 'paused' and e.state <> 'paused' then
			perform kept.endpoint_release(e.district_id, e.id);
		end if;
	end if;
	reply.status := 200;
	reply.body := kept.endpoint_json(e);
	reply.etag := kept.etag(e.version, reply.body);
	return kept.once_store(request, reply, e.id);
end
$$;
comment on function kept.endpoint_change(jsonb, uuid, jsonb) is 'PATCH /v1/webhook-endpoints/{id}.';
grant execute on function kept.endpoint_change(jsonb, uuid, jsonb) to kept_api;

create or replace function kept.endpoint_remove(request jsonb, id uuid) returns kept.reply
language plpgsql volatile
as $$
declare
	reply kept.reply;
	e kept.endpoint;
begin
	reply := kept.once(request);
	if reply.status is not null then
		return reply;
	end if;
	e := kept.endpoint_lock(request, endpoint_remove.id);
	delete from kept.endpoint t where t.district_id = e.district_id and t.id = e.id;
	delete from kept.idempotency i where i.district_id = e.district_id and i.subject_id = e.id;
	reply.status := 204;
	return kept.once_store(request, reply, null);
end
$$;
comment on function kept.endpoint_remove(jsonb, uuid) is 'DELETE /v1/webhook-endpoints/{id}: what was not yet sent to it is not sent.';
grant execute on function kept.endpoint_remove(jsonb, uuid) to kept_api;
