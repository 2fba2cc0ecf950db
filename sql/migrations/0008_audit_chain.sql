-- 0008: audit entries are chained in blocks, so that a change of the past can be shown.

create table kept.audit_pending (
	district_id uuid not null,
	audit_id uuid not null,
	primary key (district_id, audit_id)
);
comment on table kept.audit_pending is 'Audit entries that no block holds yet; written with the entry, so that a late commit is not passed over.';
comment on column kept.audit_pending.district_id is 'The tenant.';
comment on column kept.audit_pending.audit_id is 'The entry.';

create table kept.audit_block (
	district_id uuid not null,
	number bigint not null check (number >= 1),
	previous text not null check (previous ~ '^[0-9a-f]{64}$'),
	entries uuid[] not null check (cardinality(entries) between 1 and 1000),
	entries_hash text not null check (entries_hash ~ '^[0-9a-f]{64}$'),
	hash text not null check (hash ~ '^[0-9a-f]{64}$'),
	made_at timestamptz not null default kept.now(),
	primary key (district_id, number)
);
comment on table kept.audit_block is 'A chain a district: each block holds the hash of the one before it. api/docs/audit.md says what is hashed.';
comment on column kept.audit_block.district_id is 'The tenant.';
comment on column kept.audit_block.number is 'Counted from 1, without a gap.';
comment on column kept.audit_block.previous is 'Hash of the block before; of the first, 64 zeros.';
comment on column kept.audit_block.entries is 'The audit entries, in the order in which they are hashed; all of one month.';
comment on column kept.audit_block.entries_hash is 'SHA-256 of the entries'' text; it remains when their partition goes.';
comment on column kept.audit_block.hash is 'SHA-256 of the block''s text.';
comment on column kept.audit_block.made_at is 'When.';

do $$
declare
	name text;
begin
	foreach name in array array['audit_pending', 'audit_block'] loop
		execute format('alter table kept.%I enable row level security', name);
		execute format('alter table kept.%I force row level security', name);
		execute format('create policy worker on kept.%I to kept_worker using (true) with check (true)', name);
		execute format('create policy owner on kept.%I to %I using (true) with check (true)', name, current_user);
	end loop;
end
$$;
grant select, delete on kept.audit_pending to kept_worker;
-- Nobody changes or removes a block.
grant select, insert on kept.audit_block to kept_worker;

-- Nobody may be inside the old trigger function when this ends: its entries would be in no block, and 0009 could pass over them.
-- Writers wait here, or this waits for them; so nothing is done here that takes longer the more entries there are.
do $$
declare
	audited text;
begin
	select string_agg(t.tgrelid::regclass::text, ', ' order by t.tgrelid)
	into audited
	from pg_trigger t
	where t.tgfoid = 'kept.audit_row'::regproc
	and not t.tgisinternal;
	execute 'lock table ' || audited || ' in share row exclusive mode';
end
$$;

create or replace function kept.audit_row() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
	old_row jsonb := case when tg_op <> 'INSERT' then to_jsonb(old) end;
	new_row jsonb := case when tg_op <> 'DELETE' then to_jsonb(new) end;
	row_now jsonb := coalesce(new_row, old_row);
	changed jsonb;
	erasable text[];
	tenant uuid;
begin
	select coalesce(jsonb_object_agg(m.key, m.value), '{}')
	into changed
	from jsonb_each(coalesce(new_row, '{}')) m
	where (old_row is null or old_row -> m.key is distinct from m.value)
	and m.key not in ('district_id', 'updated_at', 'version', 'due_order')
	and (old_row is not null or m.value <> 'null');
	if tg_op = 'UPDATE' and new_row - '{updated_at,version}'::text[] = old_row - '{updated_at,version}'::text[] then
		return null;
	end if;
	select array_agg(k) into erasable from jsonb_object_keys(changed) k where k = any (tg_argv);
	if erasable is not null then
		changed := (changed - erasable) || jsonb_build_object('erasable', to_jsonb(erasable));
	end if;
	tenant := case when tg_table_name = 'district' then (row_now ->> 'id')::uuid else (row_now ->> 'district_id')::uuid end;
	with entry as (
		insert into kept.audit (district_id, actor, table_name, row_id, change, members)
		values (
			tenant,
			coalesce(kept.actor(), 'owner'),
			tg_table_name,
			coalesce(row_now ->> 'id', concat_ws('/', row_now ->> 'person_id', row_now ->> 'action_id', row_now ->> 'group_code',
				row_now ->> 'school_id', row_now ->> 'language')),
			lower(tg_op),
			changed)
		returning district_id, id
	)
	insert into kept.audit_pending (district_id, audit_id)
	select entry.district_id, entry.id
	from entry;
	return null;
end
$$;
