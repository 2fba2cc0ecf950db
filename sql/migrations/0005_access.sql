-- 0005: partitions, audit triggers, row-level security, privileges.

-- Partitions are made ahead by month; what falls outside them goes to a default partition, so that nothing is refused.
create function kept.partitions_ahead(months int) returns void
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
	parent text;
	month timestamptz;
	name text;
begin
	if months not between 1 and 24 then
		raise exception 'months must be 1 to 24';
	end if;
	perform pg_advisory_xact_lock(hashtext('kept.partitions_ahead'));
	foreach parent in array array['event', 'message', 'attempt', 'audit'] loop
		for ahead in 0..months loop
			month := date_trunc('month', kept.now() at time zone 'UTC') at time zone 'UTC' + make_interval(months => ahead);
			name := parent || '_' || to_char(month at time zone 'UTC', 'YYYYMM');
			if to_regclass('kept.' || name) is null then
				begin
					execute format('create table kept.%I partition of kept.%I for values from (%L) to (%L)', name, parent,
						kept.uuid7_floor(month), kept.uuid7_floor(month + interval '1 month'));
					execute format('alter table kept.%I enable row level security', name);
					execute format('alter table kept.%I force row level security', name);
					execute format('comment on table kept.%I is %L', name, 'Partition of ' || parent || ', by month.');
				exception
					when check_violation then
						raise notice 'partition % is not made: the default partition already holds rows of that month', name;
				end;
			end if;
		end loop;
	end loop;
end
$$;
comment on function kept.partitions_ahead(int) is 'Makes the monthly partitions of this month and so many months ahead.';
grant execute on function kept.partitions_ahead(int) to kept_worker;

do $$
declare
	parent text;
begin
	foreach parent in array array['event', 'message', 'attempt', 'audit'] loop
		execute format('create table kept.%I partition of kept.%I default', parent || '_default', parent);
		execute format('alter table kept.%I enable row level security', parent || '_default');
		execute format('alter table kept.%I force row level security', parent || '_default');
		execute format('comment on table kept.%I is %L', parent || '_default', 'Rows of ' || parent || ' that no monthly partition takes.');
	end loop;
end
$$;
select kept.partitions_ahead(3);

-- One trigger for all tables. Arguments: the erasable columns, whose values are not kept.
create function kept.audit_row() returns trigger
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
	insert into kept.audit (district_id, actor, table_name, row_id, change, members)
	values (
		tenant,
		coalesce(kept.actor(), 'owner'),
		tg_table_name,
		coalesce(row_now ->> 'id', concat_ws('/', row_now ->> 'person_id', row_now ->> 'action_id', row_now ->> 'group_code',
			row_now ->> 'school_id', row_now ->> 'language')),
		lower(tg_op),
		changed);
	return null;
end
$$;
comment on function kept.audit_row() is 'Writes the audit entry of a changed row.';

do $$
declare
	t record;
begin
	for t in
		select * from (values
			('district', ''),
			('school', ''),
			('action', ''),
			('action_text', ''),
			('organisation', ''),
			('person', '''name'', ''language'', ''time_zone'''),
			('person_group', ''),
			('person_school', ''),
			('contact', '''address'', ''secret'''),
			('key', '''hash'''),
			('reminder_policy', ''),
			('commitment', '''description'', ''when_where_how'''),
			('party', ''),
			('endpoint', '''secret'', ''url''')) as audited (name, erasable)
	loop
		execute format('create trigger audit after insert or update or delete on kept.%I for each row execute function kept.audit_row(%s)', t.name, t.erasable);
	end loop;
end
$$;

-- Row-level security: forced on every table, one policy a role.
do $$
declare
	t record;
begin
	for t in
		select * from (values
			-- table, what kept_api may, what kept_worker may, does the owner need it
			('district', 'select', 'select, update', true),
			('school', 'select, insert, update, delete', 'select', false),
			('action', 'select, insert, update, delete', 'select', true),
			('action_text', 'select, insert, update, delete', 'select', false),
			('organisation', 'select, insert, update, delete', 'select', false),
			('person', 'select, insert, update', 'select', false),
			('person_group', 'select, insert, delete', 'select', false),
			('person_school', 'select, insert, delete', 'select', false),
			('contact', 'select, insert, update, delete', 'select, update', false),
			('key', 'select, insert, update', '', true),
			('reminder_policy', 'select, insert, update, delete', 'select', true),
			('commitment', 'select, insert, update, delete', 'select', true),
			('party', 'select, insert, update, delete', 'select', true),
			('reminder_clock', 'select, insert, update, delete', 'select, insert, update, delete', false),
			('replan', 'select, insert, update', 'select, insert, update, delete', false),
			('reminder', 'select, insert', 'select, insert', false),
			('endpoint', 'select, insert, update, delete', 'select, update', false),
			('event', 'select, insert', 'select, insert', false),
			('event_pending', 'insert', 'select, insert, update, delete', false),
			('lane', 'select, insert, update', 'select, insert, update, delete', false),
			('batch', 'select', 'select, insert, update, delete', false),
			('waiting', 'select, insert, update', 'select, insert, update, delete', false),
			('message', 'select', 'select, insert', false),
			('delivery', 'select', 'select, insert, delete', false),
			('attempt', 'select', 'select, insert', false),
			('idempotency', 'select, insert, update, delete', 'select, delete', false),
			('erasure', 'insert', 'select, update, delete', false),
			('audit', 'select', 'select', true)) as tenant (name, api, worker, owner)
	loop
		execute format('alter table kept.%I enable row level security', t.name);
		execute format('alter table kept.%I force row level security', t.name);
		if t.api <> '' then
			execute format('grant %s on kept.%I to kept_api', t.api, t.name);
			execute format('create policy api on kept.%1$I to kept_api using (%2$I = (select kept.district())) with check (%2$I = (select kept.district()))',
				t.name, case when t.name = 'district' then 'id' else 'district_id' end);
		end if;
		if t.worker <> '' then
			execute format('grant %s on kept.%I to kept_worker', t.worker, t.name);
			execute format('create policy worker on kept.%I to kept_worker using (true) with check (true)', t.name);
		end if;
		if t.owner then
			execute format('create policy owner on kept.%I to %I using (true) with check (true)', t.name, current_user);
		end if;
	end loop;

	for t in
		select unnest(array['stakeholder_group', 'stakeholder_group_text', 'catalogue_action', 'catalogue_action_text', 'heartbeat', 'chore', 'migration']) as name
	loop
		execute format('alter table kept.%I enable row level security', t.name);
		execute format('alter table kept.%I force row level security', t.name);
		execute format('grant select on kept.%I to kept_api, kept_worker', t.name);
		execute format('create policy readers on kept.%I for select to kept_api, kept_worker using (true)', t.name);
		execute format('create policy owner on kept.%I to %I using (true) with check (true)', t.name, current_user);
	end loop;
end
$$;
-- What a district may change of itself; a change of policy or zone asks for all clocks to be reckoned anew.
grant update (name, time_zone, locale, coordinator_id, plan_rev, version) on kept.district to kept_api;
-- A reminder whose contact changed goes on as another message.
grant update (message_id, contact_id) on kept.reminder to kept_worker;
grant insert, update, delete on kept.heartbeat to kept_worker;
create policy worker on kept.heartbeat to kept_worker using (true) with check (true);
insert into kept.chore (name, done_at) values ('housekeeping', '-infinity');
grant update on kept.chore to kept_worker;
create policy worker on kept.chore for update to kept_worker using (true) with check (true);

-- Who may read a commitment: DESIGN of the API's roles. Admin all; the others by scope and visibility.
create policy visibility on kept.commitment as restrictive for select to kept_api
using (
	(select kept.role()) = 'admin'
	or (
		((select kept.scope_school()) is null or school_id = (select kept.scope_school()))
		and (
			((select kept.scope_group()) is null and (select kept.role()) = 'steward' and visibility <> 'private')
			or (visibility = 'group' and group_code = (select kept.scope_group()))
			or visibility in ('plan', 'public')))
	or exists (
		select
		from kept.party
		where party.district_id = commitment.district_id
		and party.commitment_id = commitment.id
		and party.organisation_id = (select kept.scope_organisation()))
);
-- A key for one school or group writes there only.
create policy scope_insert on kept.commitment as restrictive for insert to kept_api
with check (
	((select kept.scope_school()) is null or school_id = (select kept.scope_school()))
	and ((select kept.scope_group()) is null or group_code = (select kept.scope_group()))
);
create policy scope_update on kept.commitment as restrictive for update to kept_api
using (
	((select kept.scope_school()) is null or school_id = (select kept.scope_school()))
	and ((select kept.scope_group()) is null or group_code = (select kept.scope_group()))
);
create policy scope_delete on kept.commitment as restrictive for delete to kept_api
using (
	((select kept.scope_school()) is null or school_id = (select kept.scope_school()))
	and ((select kept.scope_group()) is null or group_code = (select kept.scope_group()))
);

-- People and how they are reached: for admins, and for stewards within their school or group; nobody else sees a name.
create policy scope on kept.person as restrictive for select to kept_api
using (
	(select kept.role()) = 'admin'
	or (
		(select kept.role()) = 'steward'
		and (
			(select kept.scope_school()) is null
			or exists (
				select
				from kept.person_school s
				where s.district_id = person.district_id
				and s.person_id = person.id
				and s.school_id = (select kept.scope_school())))
		and (
			(select kept.scope_group()) is null
			or exists (
				select
				from kept.person_group g
				where g.district_id = person.district_id
				and g.person_id = person.id
				and g.group_code = (select kept.scope_group()))))
);
create policy scope on kept.contact as restrictive for select to kept_api
using (
	(select kept.role()) in ('admin', 'steward')
	or organisation_id = (select kept.scope_organisation())
);

-- Messages hold names and addresses; keys, endpoints and the audit are the admin's. The owner, who is a member of kept_api,
-- looks at keys in kept.enter().
do $$
declare
	name text;
begin
	foreach name in array array['message', 'attempt', 'key', 'endpoint', 'audit'] loop
		execute format('create policy scope on kept.%I as restrictive for select to kept_api using ((select kept.role()) = ''admin'' or current_user <> ''kept_api'')', name);
	end loop;
end
$$;

-- Erasing a person takes what was written to them, too.
grant update (content) on kept.message to kept_api, kept_worker;
grant update (answer) on kept.attempt to kept_api;
