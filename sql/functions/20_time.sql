-- Local dates, hours and zones, and the names of zones and languages.

create or replace function kept.local_instant(day date, at time, zone text) returns timestamptz
language plpgsql stable parallel safe
as $$
declare
	wall timestamp := day + at;
	-- PostgreSQL takes the second of an overlap, and jumps over a gap by its width.
	guess timestamptz := (day + at) at time zone zone;
	early timestamptz := guess - interval '24 hours';
	late timestamptz := guess + interval '24 hours';
	found timestamptz;
begin
	-- By the offset of the day before: the usual case, and the first of the two in an overlap.
	found := (wall - ((early at time zone zone) - (early at time zone 'UTC'))) at time zone 'UTC';
	if found at time zone zone = wall then
		return found;
	end if;
	-- By the offset of the day after: the change lies behind us.
	found := (wall - ((late at time zone zone) - (late at time zone 'UTC'))) at time zone 'UTC';
	if found at time zone zone = wall then
		return found;
	end if;
	-- A gap: look for the minute in which the clocks jumped over that time.
	early := date_trunc('minute', early);
	late := date_trunc('minute', late);
	while late - early > interval '1 minute' loop
		found := early + date_trunc('minute', (late - early) / 2);
		if found at time zone zone > wall then
			late := found;
		else
			early := found;
		end if;
	end loop;
	return late;
end
$$;
comment on function kept.local_instant(date, time, text) is 'The instant of a local time: the first minute after a gap, the first of the two in an overlap.';
grant execute on function kept.local_instant(date, time, text) to kept_api, kept_worker;

create or replace function kept.today_in(zone text) returns date
language sql stable parallel safe
as $$ select (kept.now() at time zone zone)::date $$;
comment on function kept.today_in(text) is 'Today''s date in a zone, by Kept''s clock.';
grant execute on function kept.today_in(text) to kept_api, kept_worker;

create or replace function kept.zone_of(district uuid, school uuid) returns text
language sql stable parallel safe
as $$
	-- The school's zone, else the district's. Both by primary key.
	select coalesce(
		(
			select school.time_zone
			from kept.school
			where school.district_id = zone_of.district
			and school.id = zone_of.school),
		(
			select district.time_zone
			from kept.district
			where district.id = zone_of.district))
$$;
comment on function kept.zone_of(uuid, uuid) is 'The zone of the dates of a commitment for that school, or for the whole district when school is NULL.';
grant execute on function kept.zone_of(uuid, uuid) to kept_api, kept_worker;

create or replace function kept.zone_exists(zone text) returns boolean
language sql stable
as $$
	-- IANA names only, letter for letter: no abbreviation, no offset, which AT TIME ZONE would take as well.
	-- pg_timezone_names reads every zone's file, so the district's own zone is looked up first, and a bulk looks once for
	-- all its zones.
	select case
		when zone is null or zone !~ '^[A-Z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}$' or (zone !~ '/' and zone <> 'UTC') then false
		when exists (
			select
			from kept.district
			where district.id = kept.district()
			and district.time_zone = zone_exists.zone) then true
		when nullif(current_setting('kept.zones', true), '')::jsonb ? zone then (current_setting('kept.zones')::jsonb -> zone)::boolean
		else exists (
			select
			from pg_catalog.pg_timezone_names
			where name = zone_exists.zone)
	end
$$;
comment on function kept.zone_exists(text) is 'Whether it is the name of an IANA time zone.';
grant execute on function kept.zone_exists(text) to kept_api, kept_worker;

create or replace function kept.language_valid(tag text) returns boolean
language sql immutable parallel safe
as $$
	-- BCP 47 (RFC 5646, section 2.1): language, script, region, variants; no extension, no private use.
	select coalesce(
		char_length(tag) <= 35
		and tag ~ '^[A-Za-z]{2,3}(-[A-Za-z]{4})?(-([A-Za-z]{2}|[0-9]{3}))?(-([A-Za-z0-9]{5,8}|[0-9][A-Za-z0-9]{3}))*$',
		false)
$$;
comment on function kept.language_valid(text) is 'Whether it is a well-formed BCP 47 tag.';
grant execute on function kept.language_valid(text) to kept_api, kept_worker;
