-- What one of the workers does once a minute.

create or replace function kept.erasure_go_on(most int) returns void
language plpgsql volatile
as $$
declare
	erased kept.erasure;
	left_over int := most;
	seen int;
	last uuid;
begin
	while left_over > 0 loop
		-- A minute later, when no look that still saw the person can be under way. Messages by their primary key, in order.
		select * into erased
		from kept.erasure e
		where e.created_at <= kept.now() - interval '1 minute'
		order by e.created_at
		limit 1
		for update skip locked;
		exit when not found;
		-- A write that was under way when the person was erased may have stored a reply that names them.
		delete from kept.idempotency i
		where erased.after = '00000000-0000-0000-0000-000000000000'
		and i.district_id = erased.district_id
		and strpos(i.body, erased.person_id::text) > 0;
		with next as materialized (
			select m.id, m.content #>> '{reply_to,address}' = any (erased.addresses) or m.content #>> '{reply_to,name}' = erased.name as named,
				-- Also what went on under another id when a contact changed.
				m.content #>> '{to,address}' = any (erased.addresses) and m.content #>> '{to,name}' = erased.name as theirs
			from kept.message m
			where m.district_id = erased.district_id
			and m.id > erased.after
			order by m.id
			limit left_over
		),
		cleaned as (
			update kept.message m
			set content = case when next.theirs then '{"erased": true}' else m.content || '{"reply_to": null}' end
			from next
			where (next.named or next.theirs)
			and m.district_id = erased.district_id
			and m.id = next.id
		)
		select count(*), (array_agg(next.id order by next.id desc))[1]
		into seen, last
		from next;
		if seen < left_over then
			delete from kept.erasure e
			where e.district_id = erased.district_id
			and e.person_id = erased.person_id;
		else
			update kept.erasure e
			set after = last
			where e.district_id = erased.district_id
			and e.person_id = erased.person_id;
		end if;
		left_over := left_over - greatest(seen, 10);
	end loop;
end
$$;
comment on function kept.erasure_go_on(int) is 'Takes erased people out of stored replies, and out of mails in which others were told to answer them; looks at no more than so many mails.';
grant execute on function kept.erasure_go_on(int) to kept_worker;

create or replace function kept.housekeeping() returns boolean
language plpgsql volatile
as $$
declare
	at timestamptz := kept.now();
begin
	perform
	from kept.chore c
	where c.name = 'housekeeping'
	and (c.done_at <= at - interval '1 minute' or c.done_at > at + interval '1 minute');
	if not found then
		return false;
	end if;
	perform
	from kept.chore c
	where c.name = 'housekeeping'
	and (c.done_at <= at - interval '1 minute' or c.done_at > at + interval '1 minute')
	for update skip locked;
	if not found then
		return false;
	end if;
	update kept.chore c
	set done_at = at
	where c.name = 'housekeeping';
	begin
		perform kept.partitions_ahead(3);
	exception
		when lock_not_available or deadlock_detected then
			raise log 'partitions are made at the next housekeeping: %', sqlerrm;
	end;
	-- By idempotency_age.
	delete from kept.idempotency i
	using (
		select x.district_id, x.key_id, x.operation, x.key
		from kept.idempotency x
		where x.created_at < at - interval '24 hours'
		order by x.created_at
		limit 10000) old
	where i.district_id = old.district_id
	and i.key_id = old.key_id
	and i.operation = old.operation
	and i.key = old.key;
	delete from kept.heartbeat h
	where h.looked_at < at - interval '1 day';
	perform kept.erasure_go_on(5000);
	-- A commitment written while its district was reckoned anew may have been reckoned by the old rules. By reminder_clock_rev.
	insert into kept.replan (district_id, plan_rev)
	select d.id, d.plan_rev
	from kept.district d
	where exists (
		select
		from kept.reminder_clock c
		where c.district_id = d.id
		and c.plan_rev < d.plan_rev)
	on conflict do nothing;
	-- Held messages of endpoints that are active again, disabled or gone: they are sent, or dropped with the reason. By waiting_ready.
	update kept.waiting w
	set ready_at = at
	from (
		select distinct x.district_id, x.lane_id
		from kept.waiting x
		where x.ready_at = 'infinity') held
	join kept.lane l on l.district_id = held.district_id and l.id = held.lane_id
	where w.district_id = held.district_id
	and w.lane_id = held.lane_id
	and w.ready_at = 'infinity'
	and not exists (
		select
		from kept.endpoint e
		where e.district_id = l.district_id
		and 'endpoint:' || e.id = l.destination
		and e.state = 'paused');
	return true;
end
$$;
comment on function kept.housekeeping() is 'Partitions, old replies, old heartbeats, erased names, what was held and left behind; at most once a minute by one worker.';
grant execute on function kept.housekeeping() to kept_worker;
