-- The audit's chain: blocks of entries, each with the hash of the one before it. api/docs/audit.md tells the texts that are hashed.

create or replace function kept.audit_field(value text) returns text
language sql immutable parallel safe
as $$ select coalesce(octet_length(value) || ':' || value, '-') $$;
comment on function kept.audit_field(text) is 'A field of a text that is hashed: its length in bytes, a colon, the field; - for NULL. No two rows have the same text.';
grant execute on function kept.audit_field(text) to kept_worker;

create or replace function kept.audit_instant(at timestamptz) returns text
language sql stable parallel safe
as $$ select to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') $$;
comment on function kept.audit_instant(timestamptz) is 'An instant in a text that is hashed.';
grant execute on function kept.audit_instant(timestamptz) to kept_worker;

create or replace function kept.audit_digest(hashed text) returns text
language sql immutable parallel safe
as $$ select encode(sha256(convert_to(hashed, 'UTF8')), 'hex') $$;
comment on function kept.audit_digest(text) is 'SHA-256 of a text in UTF-8, hexadecimal.';
grant execute on function kept.audit_digest(text) to kept_worker;

-- At most `size` entries of one month (partitions go whole, so no block may lie in two) become one block. By the primary keys.
create or replace function kept.audit_block_make(district uuid, size int, out made boolean, out more boolean)
language plpgsql volatile
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
	first uuid;
	bound uuid;
	entries uuid[];
	entries_text text;
	last record;
	at timestamptz := kept.now();
begin
	made := false;
	more := false;
	-- One at a time in a district; whoever else comes leaves it to the one who is at it. What that one did is seen below,
	-- for each statement here sees what was committed before it.
	if not pg_try_advisory_xact_lock(hashtextextended('kept.audit_block ' || audit_block_make.district, 0)) then
		return;
	end if;
	select p.audit_id
	into first
	from kept.audit_pending p
	where p.district_id = audit_block_make.district
	order by p.audit_id
	limit 1;
	if first is null then
		return;
	end if;
	bound := kept.uuid7_floor((date_trunc('month', kept.uuid7_instant(first) at time zone 'UTC') + interval '1 month') at time zone 'UTC');
	select array_agg(p.audit_id order by p.audit_id)
	into entries
	from (
		select x.audit_id
		from kept.audit_pending x
		where x.district_id = audit_block_make.district
		and x.audit_id < bound
		order by x.audit_id
		limit size) p;
	-- As kept.audit_field writes each; its calls took most of the time here.
	-- One that is not there any more has no text; it is in the list, so that it is missed.
	select string_agg(concat(
			octet_length(e.f1), ':', e.f1, octet_length(e.f2), ':', e.f2, octet_length(e.f3), ':', e.f3,
			coalesce(octet_length(e.f4) || ':' || e.f4, '-'), octet_length(e.f5), ':', e.f5, octet_length(e.f6), ':', e.f6,
			octet_length(e.f7), ':', e.f7, octet_length(e.f8), ':', e.f8, E'\n'), '' order by t.n)
	into entries_text
	from unnest(entries) with ordinality as t (id, n)
	cross join lateral (
		select x.id::text as f1, to_char(x.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as f2, x.transaction::text as f3,
			x.actor as f4, x.table_name as f5, x.row_id as f6, x.change as f7, x.members::text as f8
		from kept.audit x
		where x.district_id = audit_block_make.district
		and x.id = t.id
		limit 1) e;
	delete from kept.audit_pending p
	where p.district_id = audit_block_make.district
	and p.audit_id = any (entries);
	select b.number, b.hash
	into last
	from kept.audit_block b
	where b.district_id = audit_block_make.district
	order by b.number desc
	limit 1;
	insert into kept.audit_block (district_id, number, previous, entries, entries_hash, hash, made_at)
	select audit_block_make.district, next.number, next.previous, entries, next.entries_hash,
		kept.audit_digest(concat(
			kept.audit_field(audit_block_make.district::text),
			kept.audit_field(next.number::text),
			kept.audit_field(next.previous),
			kept.audit_field(cardinality(entries)::text),
			kept.audit_field(next.entries_hash),
			kept.audit_field(kept.audit_instant(at)),
			E'\n')),
		at
	from (
		select coalesce(last.number, 0) + 1 as number, coalesce(last.hash, repeat('0', 64)) as previous,
			kept.audit_digest(coalesce(entries_text, '')) as entries_hash) next;
	made := true;
	more := cardinality(entries) = size or exists (
		select
		from kept.audit_pending p
		where p.district_id = audit_block_make.district
		and p.audit_id >= bound);
end
$$;
comment on function kept.audit_block_make(uuid, int) is
	'Makes the next block of a district''s chain of at most so many entries that wait; made: there were some, and no other worker is at it; more: there is enough for another block.';
grant execute on function kept.audit_block_make(uuid, int) to kept_worker;

create or replace function kept.audit_chain(most int)
returns table (
	blocks int,
	more boolean
)
language plpgsql volatile
rows 1
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
	size constant int := 1000;
	district uuid;
	one record;
begin
	blocks := 0;
	more := false;
	-- Districts with entries that wait, one step of the primary key each; in any order, so that none is always the last.
	for district in
		with recursive tenant (id) as (
			(
				select p.district_id
				from kept.audit_pending p
				order by p.district_id
				limit 1)
			union all
			select further.district_id
			from tenant
			cross join lateral (
				select p.district_id
				from kept.audit_pending p
				where p.district_id > tenant.id
				order by p.district_id
				limit 1) further
		)
		select waiting.id
		from (select tenant.id from tenant limit 1000) waiting
		order by random()
	loop
		if blocks = most then
			more := true;
			exit;
		end if;
		select *
		into one
		from kept.audit_block_make(district, size);
		blocks := blocks + one.made::int;
		more := more or one.more;
	end loop;
	return next;
end
$$;
comment on function kept.audit_chain(int) is 'Makes at most so many blocks, one a district, of the audit entries that wait; whether there is more to do at once.';
grant execute on function kept.audit_chain(int) to kept_worker;

create or replace function kept.audit_kept_from() returns uuid
language sql stable
as $$
	select kept.uuid7_floor(to_date(substring(min(c.relname::text) from '\d{6}$'), 'YYYYMM')::timestamp at time zone 'UTC')
	from pg_inherits i
	join pg_class c on c.oid = i.inhrelid
	where i.inhparent = 'kept.audit'::regclass
	and c.relname ~ '^audit_\d{6}$'
$$;
comment on function kept.audit_kept_from() is 'Audit entries with a lesser id may be gone with the partition of their month; NULL: there is no such partition.';
