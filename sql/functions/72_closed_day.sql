-- 72: days on which no school is kept, and working days: what dates of a school year are counted in.

-- Dates only: no zone has a say in what follows. No day is made of an instant.
create or replace function kept.working_day(day date, closed datemultirange) returns boolean
language sql immutable parallel safe
as $$ select extract(isodow from day) < 6 and not closed @> day $$;
comment on function kept.working_day(date, datemultirange) is 'Monday to Friday, and not closed.';
grant execute on function kept.working_day(date, datemultirange) to kept_api, kept_worker;

create or replace function kept.working_days_between(first date, until date, closed datemultirange) returns int
language sql immutable parallel safe
as $$
	select count(*)::int
	from generate_series(0, until - first - 1) as n
	where kept.working_day(first + n, closed)
$$;
comment on function kept.working_days_between(date, date, datemultirange) is 'How many working days there are from the first day on and before the other.';
grant execute on function kept.working_days_between(date, date, datemultirange) to kept_api, kept_worker;

create or replace function kept.working_day_nth(first date, nth int, closed datemultirange) returns date
language sql immutable parallel safe
as $$
	-- So many days hold so many working days but for what is closed, which nobody enters for more than three years on end.
	select case
		when nth > 0 then (
			select first + n
			from generate_series(0, nth * 2 + 1100) as n
			where kept.working_day(first + n, closed)
			order by n
			offset greatest(nth, 1) - 1
			limit 1)
		else (
			select first - n
			from generate_series(1, 1100 - nth * 2) as n
			where kept.working_day(first - n, closed)
			order by n
			offset -least(nth, 0)
			limit 1)
	end
$$;
comment on function kept.working_day_nth(date, int, datemultirange) is
	'The n-th working day from that day on, itself the first if it is one; 0: the last one before it, -1: the one before that.';
grant execute on function kept.working_day_nth(date, int, datemultirange) to kept_api, kept_worker;

-- It answers a working day: what fell on a weekend or a closed day counts as the next working day. What lies before or after
-- the school year keeps its distance to the year's first or last day; what lies more than a year off moves by whole weeks.
create or replace function kept.working_day_shift(day date, from_first date, from_last date, to_first date, to_last date,
	from_closed datemultirange, to_closed datemultirange) returns date
language sql immutable strict parallel safe
as $$
	select case
		when day < from_first - 366 or day > from_last + 366 then
			kept.working_day_nth(day + (to_first - from_first) / 7 * 7, 1, to_closed)
		when day < from_first then
			kept.working_day_nth(to_first, 1 - kept.working_days_between(day, from_first, from_closed), to_closed)
		when day > from_last then
			kept.working_day_nth(to_last + 1, 1 + kept.working_days_between(from_last + 1, day, from_closed), to_closed)
		else
			-- A shorter year ends with its last working day.
			least(
				kept.working_day_nth(to_first, 1 + kept.working_days_between(from_first, day, from_closed), to_closed),
				greatest(kept.working_day_nth(to_last + 1, 0, to_closed), to_first))
	end
$$;
comment on function kept.working_day_shift(date, date, date, date, date, datemultirange, datemultirange) is
	'The same working day of another school year, counted from its first day.';
grant execute on function kept.working_day_shift(date, date, date, date, date, datemultirange, datemultirange) to kept_api, kept_worker;

-- By closed_day_list: a district has some dozen in a year.
create or replace function kept.closed_days(school uuid) returns datemultirange
language sql stable
as $$
	select coalesce(range_agg(daterange(d.first_on, d.last_on, '[]')), '{}')
	from kept.closed_day d
	where d.district_id = (select kept.district())
	and (d.school_id is null or d.school_id = school)
$$;
comment on function kept.closed_days(uuid) is 'The days on which that school is closed; of NULL: those of the whole district.';
grant execute on function kept.closed_days(uuid) to kept_api;

create or replace function kept.closed_day_json(d kept.closed_day) returns json
language sql stable
as $$
	select json_build_object(
		'id', d.id,
		'name', d.name,
		'school_id', d.school_id,
		'first_on', d.first_on,
		'last_on', d.last_on,
		'version', d.version,
		'created_at', kept.instant(d.created_at),
		'updated_at', kept.instant(d.updated_at))
$$;
comment on function kept.closed_day_json(kept.closed_day) is 'Closed days as the API tells them.';
grant execute on function kept.closed_day_json(kept.closed_day) to kept_api;

create or replace function kept.closed_day_reply(status int, d kept.closed_day) returns kept.reply
language plpgsql stable
as $$
declare
	body text := kept.closed_day_json(d)::text;
begin
	return row(status, body, kept.etag(d.version, body), case when status = 201 then '/v1/closed-days/' || d.id end, null)::kept.reply;
end
$$;
comment on function kept.closed_day_reply(int, kept.closed_day) is 'The reply that shows closed days.';
grant execute on function kept.closed_day_reply(int, kept.closed_day) to kept_api;

create or replace function kept.closed_day_read(id uuid) returns kept.reply
language plpgsql stable
as $$
declare
	d kept.closed_day;
begin
	select * into d
	from kept.closed_day t
	where t.district_id = kept.district()
	and t.id = closed_day_read.id;
	return kept.found(case when d.id is not null then kept.closed_day_json(d)::text end, d.version, 'closed day');
end
$$;
comment on function kept.closed_day_read(uuid) is 'GET /v1/closed-days/{id}.';
grant execute on function kept.closed_day_read(uuid) to kept_api;

-- What the body says put over what there is, and judged.
create or replace function kept.closed_day_merge(d kept.closed_day, body jsonb) returns kept.closed_day
language plpgsql stable
as $$
declare
	errors jsonb := kept.check_members(body);
begin
	d.name := coalesce(body ->> 'name', d.name);
	d.school_id := case when body ? 'school_id' then (body ->> 'school_id')::uuid else d.school_id end;
	d.first_on := coalesce((body ->> 'first_on')::date, d.first_on);
	d.last_on := coalesce((body ->> 'last_on')::date, d.last_on, d.first_on);
	if d.first_on not between '1900-01-01' and '2200-12-31' then
		errors := errors || kept.field_error('/first_on', 'must be between 1900-01-01 and 2200-12-31');
	elsif d.last_on not between d.first_on and d.first_on + 366 then
		errors := errors || kept.field_error('/last_on', 'must be the first day or one of the 366 days after it');
	end if;
	perform kept.require_scope(d.school_id, array[]::text[]);
	perform kept.refuse_fields(errors);
	return d;
end
$$;
comment on function kept.closed_day_merge(kept.closed_day, jsonb) is 'Closed days with the members of a body; 422 where they do not fit, 403 out of scope.';
grant execute on function kept.closed_day_merge(kept.closed_day, jsonb) to kept_api;

create or replace function kept.closed_day_create(request jsonb, body jsonb) returns kept.reply
language plpgsql volatile
as $$
declare
	reply kept.reply := kept.once(request);
	d kept.closed_day;
begin
	if reply.status is not null then
		return reply;
	end if;
	d := kept.closed_day_merge(d, body);
	d.district_id := kept.district();
	d.id := kept.uuid7();
	d.version := 1;
	d.created_at := kept.now();
	d.updated_at := kept.now();
	insert into kept.closed_day select d.*;
	return kept.once_store(request, kept.closed_day_reply(201, d), d.id);
end
$$;
comment on function kept.closed_day_create(jsonb, jsonb) is 'POST /v1/closed-days.';
grant execute on function kept.closed_day_create(jsonb, jsonb) to kept_api;

create or replace function kept.closed_day_lock(request jsonb, id uuid) returns kept.closed_day
language plpgsql volatile
as $$
declare
	d kept.closed_day;
begin
	select * into d
	from kept.closed_day t
	where t.district_id = kept.district()
	and t.id = closed_day_lock.id
	for update;
	if d.id is null then
		perform kept.not_found('closed day');
	end if;
	perform kept.match(request, d.version);
	perform kept.require_scope(d.school_id, array[]::text[]);
	return d;
end
$$;
comment on function kept.closed_day_lock(jsonb, uuid) is 'Closed days, locked for a change: 404, 412, 403.';
grant execute on function kept.closed_day_lock(jsonb, uuid) to kept_api;

create or replace function kept.closed_day_change(request jsonb, id uuid, body jsonb) returns kept.reply
language plpgsql volatile
as $$
declare
	reply kept.reply := kept.once(request);
	old kept.closed_day;
	d kept.closed_day;
begin
	if reply.status is not null then
		return reply;
	end if;
	old := kept.closed_day_lock(request, closed_day_change.id);
	d := kept.closed_day_merge(old, body);
	if d is distinct from old then
		d.version := old.version + 1;
		d.updated_at := kept.now();
		update kept.closed_day t
		set name = d.name, school_id = d.school_id, first_on = d.first_on, last_on = d.last_on, version = d.version, updated_at = d.updated_at
		where t.district_id = d.district_id
		and t.id = d.id;
	end if;
	return kept.once_store(request, kept.closed_day_reply(200, d), d.id);
end
$$;
comment on function kept.closed_day_change(jsonb, uuid, jsonb) is 'PATCH /v1/closed-days/{id}.';
grant execute on function kept.closed_day_change(jsonb, uuid, jsonb) to kept_api;

create or replace function kept.closed_day_remove(request jsonb, id uuid) returns kept.reply
language plpgsql volatile
as $$
declare
	reply kept.reply := kept.once(request);
	d kept.closed_day;
begin
	if reply.status is not null then
		return reply;
	end if;
	d := kept.closed_day_lock(request, closed_day_remove.id);
	delete from kept.closed_day t where t.district_id = d.district_id and t.id = d.id;
	delete from kept.idempotency i where i.district_id = d.district_id and i.subject_id = d.id;
	return kept.once_store(request, row(204, null, null, null, null)::kept.reply, null);
end
$$;
comment on function kept.closed_day_remove(jsonb, uuid) is 'DELETE /v1/closed-days/{id}.';
grant execute on function kept.closed_day_remove(jsonb, uuid) to kept_api;
