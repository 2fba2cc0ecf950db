-- 0001: roles, the clock, ids and the settings of a transaction: what tables and policies stand on.

do $$
begin
	if not exists (select from pg_roles where rolname = 'kept_api') then
		create role kept_api nologin;
	end if;
	if not exists (select from pg_roles where rolname = 'kept_worker') then
		create role kept_worker nologin;
	end if;
	if not pg_has_role(current_user, 'kept_api', 'member') then
		execute format('grant kept_api to %I', current_user);
	end if;
	if not pg_has_role(current_user, 'kept_worker', 'member') then
		execute format('grant kept_worker to %I', current_user);
	end if;
end
$$;

revoke all on schema kept from public;
grant usage on schema kept to kept_api, kept_worker;
-- For all schemas: a default set for one schema alone cannot take away what PUBLIC has by default.
alter default privileges revoke execute on functions from public;

-- The one clock. `migrate` replaces the body when the test clock is asked for.
create or replace function kept.now() returns timestamptz
language sql stable parallel safe
as $$ select pg_catalog.now() $$;
comment on function kept.now() is 'The time by which Kept decides; never compare with now() or a program''s clock.';

create function kept.uuid7_floor(at timestamptz) returns uuid
language sql immutable parallel safe
as $$
	select pg_catalog.encode(
		overlay('\x00000000000070008000000000000000'::bytea
			placing substring(pg_catalog.int8send((extract(epoch from at) * 1000)::bigint) from 3) from 1 for 6),
		'hex')::uuid
$$;
comment on function kept.uuid7_floor(timestamptz) is 'The least UUIDv7 of that millisecond (RFC 9562, section 5.7): a bound for ranges of ids.';

create function kept.uuid7() returns uuid
language sql volatile parallel safe
as $$
	select pg_catalog.encode(
		pg_catalog.set_bit(pg_catalog.set_bit(
			overlay(pg_catalog.uuid_send(pg_catalog.gen_random_uuid())
				placing substring(pg_catalog.int8send((extract(epoch from kept.now()) * 1000)::bigint) from 3) from 1 for 6),
			52, 1), 53, 1),
		'hex')::uuid
$$;
comment on function kept.uuid7() is 'A new UUIDv7 (RFC 9562, section 5.7) by Kept''s clock; the only maker of ids.';

-- What kept.enter() says of the caller, for this transaction. Unset is NULL, so no rows.
create function kept.district() returns uuid
language sql stable parallel safe
as $$ select nullif(pg_catalog.current_setting('kept.district', true), '')::uuid $$;
comment on function kept.district() is 'The district of the caller; NULL outside a unit.';

create function kept.actor() returns text
language sql stable parallel safe
as $$ select nullif(pg_catalog.current_setting('kept.actor', true), '') $$;
comment on function kept.actor() is 'Who acts: key:UUID, worker, owner; NULL outside a unit.';

create function kept.role() returns text
language sql stable parallel safe
as $$ select nullif(pg_catalog.current_setting('kept.role', true), '') $$;
comment on function kept.role() is 'admin, steward, partner or reader; NULL outside a unit.';

create function kept.scope_school() returns uuid
language sql stable parallel safe
as $$ select nullif(pg_catalog.current_setting('kept.school', true), '')::uuid $$;
comment on function kept.scope_school() is 'The one school that the caller''s key is for; NULL: all.';

create function kept.scope_group() returns text
language sql stable parallel safe
as $$ select nullif(pg_catalog.current_setting('kept.group', true), '') $$;
comment on function kept.scope_group() is 'The one stakeholder group that the caller''s key is for; NULL: all.';

create function kept.scope_organisation() returns uuid
language sql stable parallel safe
as $$ select nullif(pg_catalog.current_setting('kept.organisation', true), '')::uuid $$;
comment on function kept.scope_organisation() is 'The organisation that a partner''s key speaks for; NULL: none.';

grant execute on function kept.now(), kept.uuid7_floor(timestamptz), kept.uuid7(), kept.district(), kept.actor(), kept.role(),
	kept.scope_school(), kept.scope_group(), kept.scope_organisation() to kept_api, kept_worker;

-- What a route's statement answers.
create type kept.reply as (
	status int,
	body text,
	etag text,
	location text,
	next text
);
comment on type kept.reply is 'An answer: HTTP status, JSON text, entity tag without quotes, path of a new resource, raw keyset of the next page.';
