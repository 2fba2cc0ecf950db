-- 0006: keys that are rotated, that name who holds them and when they were last used; the secret of the counts.

alter table kept.key
	add column previous_hash text unique check (previous_hash ~ '^[0-9a-f]{64}$'),
	add column previous_expires_at timestamptz,
	add column person_id uuid,
	add foreign key (district_id, person_id) references kept.person,
	add check ((previous_hash is null) = (previous_expires_at is null)),
	add check (role <> 'admin' or (school_id is null and group_code is null)),
	add check (person_id is null or role in ('admin', 'steward'));
comment on column kept.key.previous_hash is 'SHA-256 of the text before the last rotation, hexadecimal; NULL: none that is good.';
comment on column kept.key.previous_expires_at is 'Until then the text before is good, too.';
comment on column kept.key.person_id is 'Who holds it; NULL: not told. It is revoked when the person is erased.';
create index key_person on kept.key (district_id, person_id) where person_id is not null;
create index key_organisation on kept.key (district_id, organisation_id) where organisation_id is not null;

-- A key's name may be its holder's.
drop trigger audit on kept.key;
create trigger audit after insert or update or delete on kept.key
	for each row execute function kept.audit_row('name', 'hash', 'previous_hash');

-- Beside the key, not in it: who uses a key must not hold up who changes or revokes it.
create table kept.key_use (
	district_id uuid not null,
	key_id uuid not null,
	used_at timestamptz,
	primary key (district_id, key_id),
	foreign key (district_id, key_id) references kept.key on delete cascade
) with (fillfactor = 50);
comment on table kept.key_use is 'When a key was last used, to the minute; not audited.';
comment on column kept.key_use.district_id is 'The tenant.';
comment on column kept.key_use.key_id is 'The key.';
comment on column kept.key_use.used_at is 'The last request that it was good for, or one less than a minute before it; NULL: never.';

-- Counts of what a caller may not read are told with this in them, so that nobody can watch them closely.
create table kept.district_secret (
	district_id uuid primary key references kept.district on delete cascade,
	salt bytea not null check (octet_length(salt) = 32)
);
comment on table kept.district_secret is 'What no program may read: see kept.count_blurred().';
comment on column kept.district_secret.district_id is 'The tenant.';
comment on column kept.district_secret.salt is 'Random, made once: it shifts the counts of hidden commitments.';

create function kept.key_added() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
	insert into kept.key_use (district_id, key_id)
	values (new.district_id, new.id);
	return null;
end
$$;
comment on function kept.key_added() is 'Gives a new key the row that its uses are noted in: nobody has to wait for another to make it.';

create function kept.district_added() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
	insert into kept.district_secret (district_id, salt)
	values (new.id, sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())));
	return null;
end
$$;
comment on function kept.district_added() is 'Gives a new district its secret.';

alter table kept.key_use enable row level security;
alter table kept.key_use force row level security;
alter table kept.district_secret enable row level security;
alter table kept.district_secret force row level security;
grant select on kept.key_use to kept_api;
create policy api on kept.key_use for select to kept_api
	using (district_id = (select kept.district()) and (select kept.role()) = 'admin');
do $$
begin
	execute format('create policy owner on kept.key_use to %I using (true) with check (true)', current_user);
	execute format('create policy owner on kept.district_secret to %I using (true) with check (true)', current_user);
end
$$;

create trigger added after insert on kept.key for each row execute function kept.key_added();
create trigger added after insert on kept.district for each row execute function kept.district_added();
insert into kept.key_use (district_id, key_id)
select k.district_id, k.id
from kept.key k;
insert into kept.district_secret (district_id, salt)
select d.id, sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()))
from kept.district d;
