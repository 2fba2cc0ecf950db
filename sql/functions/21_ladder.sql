-- The ladder of a commitment: who is to be reminded of it when, by which contact; and its clock.

-- Served by contact_person and contact_organisation. The planner puts it into the statement that asks, so nothing may be
-- added that forbids that: not VOLATILE, STRICT, SECURITY DEFINER nor SET.
create or replace function kept.contact_choice(district uuid, person uuid, organisation uuid)
returns table (channel text, contact_id uuid, usable boolean)
language sql stable
rows 1
as $$
	select distinct on (one.channel) one.channel, one.id, one.usable
	from (
		select k.channel, k.id, k.position, not k.paused and k.gone_at is null as usable
		from kept.contact k
		where k.district_id = contact_choice.district
		and k.person_id = contact_choice.person
		union all
		select k.channel, k.id, k.position, not k.paused and k.gone_at is null
		from kept.contact k
		where k.district_id = contact_choice.district
		and k.organisation_id = contact_choice.organisation) one
	order by one.channel, one.usable desc, one.position, one.id
$$;
comment on function kept.contact_choice(uuid, uuid, uuid) is
	'The contact of each channel by which a person or an organisation is reminded: the first that may be used, else the first.';
grant execute on function kept.contact_choice(uuid, uuid, uuid) to kept_api, kept_worker;

create or replace function kept.ladder_many(districts uuid[], commitments uuid[])
returns table (
	district_id uuid,
	commitment_id uuid,
	due_on date,
	days int,
	rung text,
	due_at timestamptz,
	local_day date,
	starts_on date,
	zone text,
	recipient_id uuid,
	recipient_kind text,
	party_role text,
	channel text,
	contact_id uuid,
	dropped text
)
language sql stable
rows 100
as $$
	-- By primary keys, and contact_person, contact_organisation. OFFSET 0 keeps each look-up apart: on tables without
	-- statistics the planner would else walk a whole district for each commitment.
	with asked as (
		select c.district_id, c.id as commitment_id, c.due_on, c.status, c.remindable_since, c.group_code, c.visibility,
			s.coordinator_id as school_coordinator, d.coordinator_id as district_coordinator,
			-- Without any policy as the default of a new district.
			case when p.updated_at is null then 14 else p.escalate_after end as escalate_after,
			d.time_zone as district_zone,
			coalesce(s.time_zone, d.time_zone) as zone,
			coalesce(p.offsets, '{-7,-2,1,7}') as offsets,
			coalesce(p.send_at, '08:00') as send_at,
			-- A policy changes what is to come: rungs of days before it was edited are not made up for.
			greatest(c.remindable_since, p.updated_at) as since
		from unnest(districts, commitments) as a (district_id, commitment_id)
		cross join lateral (
			select *
			from kept.commitment x
			where x.district_id = a.district_id
			and x.id = a.commitment_id
			offset 0) c
		join kept.district d on d.id = c.district_id
		left join kept.school s on s.district_id = c.district_id and s.id = c.school_id
		left join lateral (
			select policy.offsets, policy.send_at, policy.escalate_after, policy.updated_at
			from kept.reminder_policy policy
			where policy.district_id = c.district_id
			and (policy.school_id is null or policy.school_id = c.school_id)
			and (policy.group_code is null or policy.group_code = c.group_code)
			order by policy.school_id is null, policy.group_code is null
			limit 1) p on true
		where c.due_on is not null
		and c.status in ('proposed', 'agreed', 'in_progress', 'deferred')
	),
	recipient as (
		-- One row for each recipient, with the nearest of its roles.
		select distinct on (a.district_id, a.commitment_id, coalesce(party.person_id, party.organisation_id, md5(concat(party.group_code, '/', party.school_id))::uuid))
			a.district_id, a.commitment_id, a.due_on, a.status, a.offsets, a.send_at, greatest(a.since, party.since) as since,
			coalesce(party.person_id, party.organisation_id, md5(concat(party.group_code, '/', party.school_id))::uuid) as recipient_id,
			case when party.person_id is not null then 'person' when party.organisation_id is not null then 'organisation' else 'group' end as recipient_kind,
			party.role as party_role,
			party.person_id, party.organisation_id,
			-- What an institution owes goes upward; what families and students promise never does.
			party.role = 'owner'
				and a.escalate_after is not null
				-- What is private is for those who have a part in it.
				and a.visibility <> 'private'
				and a.group_code not in ('families', 'students')
				and (a.group_code in ('leaders', 'policymakers') or organisation.kind = 'department') as escalates,
			a.escalate_after, a.school_coordinator, a.district_coordinator, a.district_zone,
			case
				when party.person_id is not null then coalesce(person.time_zone, a.district_zone)
				when party.organisation_id is not null then coalesce(organisation.time_zone, home.time_zone, a.district_zone)
				else a.zone
			end as zone
		from asked a
		cross join lateral (
			select *
			from kept.party x
			where x.district_id = a.district_id
			and x.commitment_id = a.commitment_id
			offset 0) party
		left join kept.person on person.district_id = party.district_id and person.id = party.person_id
		left join kept.organisation on organisation.district_id = party.district_id and organisation.id = party.organisation_id
		left join kept.school home on home.district_id = organisation.district_id and home.id = organisation.school_id
		-- Of those to whom it is owed, a whole group is told by nobody.
		where party.role <> 'beneficiary'
		or party.group_code is null
		order by a.district_id, a.commitment_id,
			coalesce(party.person_id, party.organisation_id, md5(concat(party.group_code, '/', party.school_id))::uuid),
			case party.role when 'owner' then 1 when 'helper' then 2 when 'accountable' then 3 else 4 end
	),
	heard as (
		-- Upward: the school's coordinator, after as many days again the district's; the next where the owner is one of
		-- them; never somebody who is only of families or students.
		select r.district_id, r.commitment_id, r.due_on, r.status, r.send_at, r.since,
			one.recipient_id, one.recipient_kind, one.party_role, one.person_id, one.organisation_id, one.zone, one.offsets
		from recipient r
		cross join lateral (
			select r.recipient_id, r.recipient_kind, r.party_role, r.person_id, r.organisation_id, r.zone,
				-- Those to whom it is owed are told once, on the day after.
				case when r.party_role = 'beneficiary' then '{1}'::int[] else r.offsets end as offsets
			union all
			select up.id, 'person', 'escalation', up.id, null, coalesce(up.time_zone, r.district_zone), array[r.escalate_after * up.nth::int]
			from (
				select p.id, p.time_zone, row_number() over (order by coordinator.place) as nth
				from unnest(array[r.school_coordinator, nullif(r.district_coordinator, r.school_coordinator)])
					with ordinality as coordinator (id, place)
				cross join lateral (
					select *
					from kept.person x
					where x.district_id = r.district_id
					and x.id = coordinator.id
					and x.erased_at is null
					offset 0) p
				where coordinator.id <> r.recipient_id
				and exists (
					select
					from kept.person_group g
					where g.district_id = r.district_id
					and g.person_id = coordinator.id
					and g.group_code not in ('families', 'students'))) up
			where r.escalates) one
	),
	reached as (
		-- Without any contact one row of channel none.
		select r.*, coalesce(contact.channel, 'none') as channel, contact.contact_id,
			case
				when r.party_role = 'beneficiary' then null
				when contact.contact_id is null then 'no_contact'
				when not contact.usable then 'paused'
			end as dropped
		from heard r
		-- Those to whom it is owed get no reminder but a notice, which looks for their contacts itself.
		left join lateral kept.contact_choice(r.district_id, r.person_id, r.organisation_id) contact on r.party_role <> 'beneficiary'
	),
	step as (
		select r.district_id, r.commitment_id, r.due_on, r.send_at, r.since, days.days,
			r.zone, r.recipient_id, r.recipient_kind, r.party_role, r.channel, r.contact_id, r.dropped
		from reached r
		cross join lateral (select distinct unnest(r.offsets) as days) days
		-- A proposed commitment is a question, put only before the date; the accountable hear only of what is overdue.
		where (r.status <> 'proposed' or days.days < 0)
		and (r.party_role <> 'accountable' or days.days > 0)
		union all
		select a.district_id, a.commitment_id, a.due_on, a.send_at, a.since, days.days,
			a.zone, a.commitment_id, 'commitment', null, 'event', null, null
		from asked a
		cross join lateral (select distinct unnest(a.offsets || 0) as days) days
		where a.status <> 'proposed'
		or days.days <= 0
	)
	select step.district_id, step.commitment_id, step.due_on, step.days,
		concat('P', case when step.days > 0 then '+' end, step.days, 'D'),
		kept.local_instant(step.due_on + step.days, step.send_at, step.zone),
		step.due_on + step.days,
		(step.since at time zone step.zone)::date,
		step.zone, step.recipient_id, step.recipient_kind, step.party_role, step.channel, step.contact_id, step.dropped
	from step
$$;
comment on function kept.ladder_many(uuid[], uuid[]) is 'All rungs of these commitments as they stand now: the day and the instant of each, by recipient and channel.';
grant execute on function kept.ladder_many(uuid[], uuid[]) to kept_api, kept_worker;

create or replace function kept.ladder(district uuid, commitment_id uuid)
returns table (
	rung text,
	due_at timestamptz,
	recipient_id uuid,
	recipient_kind text,
	party_role text,
	channel text,
	contact_id uuid,
	dropped text
)
language sql stable
rows 20
as $$
	select l.rung, l.due_at, l.recipient_id, l.recipient_kind, l.party_role, l.channel, l.contact_id, l.dropped
	from kept.ladder_many(array[ladder.district], array[ladder.commitment_id]) l
	order by l.due_at, l.recipient_id, l.channel
$$;
comment on function kept.ladder(uuid, uuid) is 'All rungs of a commitment as it stands now, past and to come, the channel event included.';
grant execute on function kept.ladder(uuid, uuid) to kept_api, kept_worker;

-- Plans as in kept.tick.
create or replace function kept.reckon_many(districts uuid[], commitments uuid[]) returns void
language plpgsql volatile
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
begin
	-- plpgsql keeps the plan, which takes longer to make than to run.
	-- The first rung that is not recorded yet, and now if that has passed: the worker looks back over the last minutes
	-- only. All channels of a recipient are decided in one look, so that a rung is
	-- recorded when it has any row. By primary keys; reminder by its key's first four columns: IS NOT DISTINCT FROM keeps the
	-- planner from reminder_recipient, that is from all that a recipient ever got.
	insert into kept.reminder_clock (district_id, commitment_id, next_at, plan_rev)
	select c.district_id, c.id, greatest(rung.next_at, case when rung.next_at is not null then kept.now() end), d.plan_rev
	from (
		select all_rungs.district_id, all_rungs.commitment_id, min(all_rungs.due_at) as next_at
		from (
			select l.district_id, l.commitment_id, l.due_at
			from kept.ladder_many(districts, commitments) l
			where not exists (
				select
				from kept.reminder r
				where r.district_id = l.district_id
				and r.commitment_id = l.commitment_id
				and r.due_on = l.due_on
				and r.rung = l.rung
				and r.recipient_id is not distinct from l.recipient_id)
			union all
			-- Those without any rung as well.
			select a.district_id, a.commitment_id, null
			from unnest(districts, commitments) as a (district_id, commitment_id)) all_rungs
		group by all_rungs.district_id, all_rungs.commitment_id) rung
	cross join lateral (
		select x.district_id, x.id
		from kept.commitment x
		where x.district_id = rung.district_id
		and x.id = rung.commitment_id
		offset 0) c
	join kept.district d on d.id = c.district_id
	order by c.district_id, c.id
	on conflict on constraint reminder_clock_pkey do update
	set next_at = excluded.next_at, plan_rev = excluded.plan_rev
	where reminder_clock.next_at is distinct from excluded.next_at
	or reminder_clock.plan_rev <> excluded.plan_rev;
end
$$;
comment on function kept.reckon_many(uuid[], uuid[]) is 'Sets the clocks of these commitments to their first rung that is not recorded.';
grant execute on function kept.reckon_many(uuid[], uuid[]) to kept_api, kept_worker;

create or replace function kept.reckon(district uuid, commitment_id uuid) returns void
language plpgsql volatile
as $$
declare
	asked_by text := kept.see_as('admin');
begin
	perform kept.reckon_many(array[reckon.district], array[reckon.commitment_id]);
	perform kept.see_as(asked_by);
end
$$;
comment on function kept.reckon(uuid, uuid) is 'Sets the clock of a commitment anew, after a change to its date, status or parties, in the same transaction.';
grant execute on function kept.reckon(uuid, uuid) to kept_api, kept_worker;
