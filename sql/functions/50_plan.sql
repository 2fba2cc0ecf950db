-- The planner: what has come due becomes reminders, events and batches.

create or replace function kept.plan_commitments(districts uuid[], commitments uuid[]) returns void
language plpgsql volatile
as $$
declare
	at timestamptz := kept.now();
	tenants uuid[];
	channels text[];
	destinations text[];
	messages uuid[];
	owed jsonb;
begin
	-- Records each rung that is due and not recorded, whether it is sent or not and why. Its key is its meaning: of two
	-- planners only one writes it, and only what was written goes on. By primary keys, see kept.ladder_many and kept.reckon_many.
	with rung as (
		select l.*, (at at time zone l.zone)::date as today
		from kept.ladder_many(districts, commitments) l
		where l.due_at <= at
		and not exists (
			select
			from kept.reminder r
			where r.district_id = l.district_id
			and r.commitment_id = l.commitment_id
			and r.due_on = l.due_on
			and r.rung = l.rung
			and r.recipient_id is not distinct from l.recipient_id)
	),
	judged as materialized (
		select rung.*,
			case
				when rung.local_day < rung.starts_on then 'passed_before_start'
				when rung.days <= 0 and rung.today > rung.due_on then 'stale'
				when rung.channel <> 'event' and rung.days > 0 and rung.due_at + interval '7 days' <= at then 'stale'
				when rung.dropped is not null then rung.dropped
				-- The row marks that the notice was given; the notice is another's.
				when rung.party_role = 'beneficiary' then 'notice'
				when rung.days < max(rung.days) over (
					partition by rung.district_id, rung.commitment_id, rung.recipient_id, rung.channel) then 'overtaken'
			end as reason
		from rung
	),
	recorded as (
		insert into kept.reminder (district_id, commitment_id, due_on, rung, recipient_id, channel, recipient_kind, party_role,
			contact_id, due_at, message_id, dropped)
		select j.district_id, j.commitment_id, j.due_on, j.rung, j.recipient_id, j.channel, j.recipient_kind, j.party_role,
			j.contact_id, j.due_at, case when j.reason is null then kept.uuid7() end, j.reason
		from judged j
		order by j.district_id, j.commitment_id, j.due_on, j.rung, j.recipient_id, j.channel
		on conflict do nothing
		returning *, case when dropped <> 'notice' then kept.outcome_count('dropped', channel, dropped) end
	),
	told as (
		insert into kept.event (district_id, id, type, commitment_id, school_id, group_code, data, actor)
		select r.district_id, r.message_id,
			case
				when r.rung like 'P-%' then 'commitment.due_soon'
				when r.rung like 'P+%' then 'commitment.overdue'
				else 'commitment.due_today'
			end,
			r.commitment_id, c.school_id, c.group_code, kept.event_data(r.district_id, r.commitment_id, r.rung), 'worker'
		from recorded r
		join kept.commitment c on c.district_id = r.district_id and c.id = r.commitment_id
		where r.channel = 'event'
		and r.message_id is not null
		returning district_id, id
	),
	pending as (
		insert into kept.event_pending (district_id, event_id)
		select told.district_id, told.id
		from told
	)
	select array_agg(r.district_id), array_agg(r.channel),
		array_agg(kept.lane_destination(r.channel, k.address, k.id)), array_agg(r.message_id),
		(
			select jsonb_agg(to_jsonb(b))
			from recorded b
			where b.dropped = 'notice')
	into tenants, channels, destinations, messages, owed
	from recorded r
	join kept.contact k on k.district_id = r.district_id and k.id = r.contact_id
	where r.message_id is not null
	and r.channel <> 'event';
	if messages is not null then
		perform kept.enqueue(tenants, channels, destinations, messages);
	end if;
	if owed is not null then
		perform kept.notice_send_many(b.district_id, 'late', b.commitment_id, b.due_on::text,
			array_agg(b.recipient_id) filter (where b.recipient_kind = 'person'),
			array_agg(b.recipient_id) filter (where b.recipient_kind = 'organisation'))
		from jsonb_populate_recordset(null::kept.reminder, owed) b
		group by b.district_id, b.commitment_id, b.due_on;
	end if;
	perform kept.reckon_many(districts, commitments);
end
$$;
comment on function kept.plan_commitments(uuid[], uuid[]) is 'Records and sends on what is due of these commitments, and sets their clocks; the caller has locked the clocks.';
grant execute on function kept.plan_commitments(uuid[], uuid[]) to kept_worker;

-- Deadlocks, locks, a full disk, a server that stops: the whole look is to be made again, nothing is wrong with a row.
create or replace function kept.raise_passing(state text, words text) returns void
language plpgsql stable
as $$
begin
	if left(state, 2) in ('40', '53', '57', '58') or state = '55P03' then
		raise exception using errcode = state, message = words;
	end if;
end
$$;
comment on function kept.raise_passing(text, text) is 'Raises an error again that speaks of the moment and not of the row that was at work.';
grant execute on function kept.raise_passing(text, text) to kept_worker;

create or replace function kept.plan_due(since timestamptz, most int) returns int
language plpgsql volatile
as $$
declare
	districts uuid[];
	commitments uuid[];
begin
	-- Clocks that are due, by reminder_clock_due from its lower bound: what lies before is dead rows, or the next full look's.
	select array_agg(due.district_id), array_agg(due.commitment_id)
	into districts, commitments
	from (
		select c.district_id, c.commitment_id
		from kept.reminder_clock c
		where c.next_at >= plan_due.since
		and c.next_at <= kept.now()
		order by c.next_at
		limit most
		for update skip locked) due;
	if districts is null then
		return 0;
	end if;
	begin
		perform kept.plan_commitments(districts, commitments);
	exception
		when others then
			perform kept.raise_passing(sqlstate, sqlerrm);
			-- One of them cannot be planned (its time zone is gone, say): each on its own, so that it stops no other.
			for n in 1..cardinality(commitments) loop
				begin
					perform kept.plan_commitments(districts[n:n], commitments[n:n]);
				exception
					when others then
						perform kept.raise_passing(sqlstate, sqlerrm);
						raise warning 'commitment % of district % cannot be planned: %', commitments[n], districts[n], sqlerrm;
						update kept.reminder_clock c
						set next_at = kept.now() + interval '1 hour'
						where c.district_id = districts[n]
						and c.commitment_id = commitments[n];
				end;
			end loop;
	end;
	return cardinality(districts);
end
$$;
comment on function kept.plan_due(timestamptz, int) is 'Plans commitments whose clocks struck since then, at most so many; answers how many.';
grant execute on function kept.plan_due(timestamptz, int) to kept_worker;

create or replace function kept.replan_some(most int) returns int
language plpgsql volatile
as $$
declare
	job kept.replan;
	districts uuid[];
	commitments uuid[];
	done int := 0;
begin
	-- Clocks reckoned before a change that touched many, by reminder_clock_rev; one chunk of each district in turn.
	for job in
		select *
		from kept.replan
		order by created_at
	loop
		exit when done >= most;
		select array_agg(old.district_id), array_agg(old.commitment_id)
		into districts, commitments
		from (
			select c.district_id, c.commitment_id
			from kept.reminder_clock c
			where c.district_id = job.district_id
			and c.plan_rev < job.plan_rev
			order by c.plan_rev
			limit most - done
			for update skip locked) old;
		if districts is not null then
			begin
				perform kept.reckon_many(districts, commitments);
			exception
				when others then
					perform kept.raise_passing(sqlstate, sqlerrm);
					for n in 1..cardinality(commitments) loop
						begin
							perform kept.reckon_many(districts[n:n], commitments[n:n]);
						exception
							when others then
								perform kept.raise_passing(sqlstate, sqlerrm);
								raise warning 'commitment % of district % cannot be reckoned: %', commitments[n], districts[n], sqlerrm;
								update kept.reminder_clock c
								set next_at = kept.now() + interval '1 hour', plan_rev = job.plan_rev
								where c.district_id = districts[n]
								and c.commitment_id = commitments[n];
						end;
					end loop;
			end;
			done := done + cardinality(districts);
		end if;
		delete from kept.replan r
		where r.district_id = (
			select locked.district_id
			from kept.replan locked
			where locked.district_id = job.district_id
			and locked.plan_rev = job.plan_rev
			for update skip locked)
		and not exists (
			select
			from kept.reminder_clock c
			where c.district_id = job.district_id
			and c.plan_rev < job.plan_rev);
	end loop;
	return done;
end
$$;
comment on function kept.replan_some(int) is 'Reckons clocks anew after changes that touch many, at most so many; answers how many.';
grant execute on function kept.replan_some(int) to kept_worker;
