-- 37: the caller's own district.

create or replace function kept.district_json(d kept.district) returns json
language sql stable
as $$
	select json_build_object(
		'id', d.id,
		'name', d.name,
		'kind', d.kind,
		'time_zone', d.time_zone,
		'language', d.locale,
		'coordinator_id', d.coordinator_id,
		'demonstration', d.demonstration,
		'version', d.version,
		'created_at', kept.instant(d.created_at))
$$;
comment on function kept.district_json(kept.district) is 'The district as the API shows it.';
grant execute on function kept.district_json(kept.district) to kept_api;

create or replace function kept.district_change(request jsonb, body jsonb) returns kept.reply
language plpgsql volatile
as $$
declare
	reply kept.reply := kept.once(request);
	district kept.district;
	shown text;
begin
	if reply.status is not null then
		return reply;
	end if;
	select d.* into district
	from kept.district d
	where d.id = kept.district()
	-- Not FOR UPDATE: that would wait for all who write a row of the district, and hold them up.
	for no key update;
	perform kept.match(request, district.version);
	perform kept.refuse_fields(kept.check_members(body));
	update kept.district d
	set name = coalesce(body ->> 'name', d.name),
		time_zone = coalesce(body ->> 'time_zone', d.time_zone),
		locale = coalesce(body ->> 'language', d.locale),
		coordinator_id = case when body ? 'coordinator_id' then (body ->> 'coordinator_id')::uuid else d.coordinator_id end,
		version = d.version + 1
	where d.id = district.id;
	-- Dates without a school's zone, and hours of people without their own, are in the district's zone; what is late goes up to
	-- its coordinator.
	if coalesce(body ->> 'time_zone', district.time_zone) <> district.time_zone
	or body ? 'coordinator_id' and (body ->> 'coordinator_id')::uuid is distinct from district.coordinator_id then
		perform kept.replan();
	end if;
	select kept.district_json(d)::text, d.version
	into shown, district.version
	from kept.district d
	where d.id = district.id;
	return kept.once_store(request, row(200, shown, kept.etag(district.version, shown), null, null)::kept.reply, district.id);
end
$$;
comment on function kept.district_change(jsonb, jsonb) is 'PATCH /v1/district';
grant execute on function kept.district_change(jsonb, jsonb) to kept_api;
