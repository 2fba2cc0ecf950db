-- 66: adoption: what a group agreed to becomes a commitment that asks for who, by when, and when, where and how.

-- Served by the unique index on plan_item (district_id, plan_id, version_number, line).
create or replace function kept.plan_item_before(item kept.plan_item) returns kept.plan_item
language plpgsql stable
as $$
declare
	earlier kept.plan_item;
begin
	select i.* into earlier
	from kept.plan_item i
	where i.district_id = item.district_id
	and i.plan_id = item.plan_id
	and i.version_number < item.version_number
	and i.line = item.line
	and i.commitment_id is not null
	order by i.version_number desc
	limit 1;
	return earlier;
end
$$;
comment on function kept.plan_item_before(kept.plan_item) is 'The same line in the latest version in which it became a commitment; NULL: in none.';
grant execute on function kept.plan_item_before(kept.plan_item) to kept_api;

create or replace function kept.plan_item_promised(p kept.plan, item kept.plan_item) returns uuid
language plpgsql volatile
as $$
begin
	return (kept.commitment_add(jsonb_strip_nulls(jsonb_build_object(
		'group', item.group_code,
		'school_id', p.school_id,
		'action_id', item.action_id,
		'title', item.title,
		'description', item.description,
		'due_on', item.due_on,
		'status', 'proposed',
		'visibility', 'plan',
		'owner', jsonb_build_object('group', item.group_code, 'school_id', p.school_id),
		'parties', case when item.owed_to_group is not null then jsonb_build_array(
			jsonb_build_object('role', 'beneficiary', 'group', item.owed_to_group, 'school_id', p.school_id)) end,
		'plan_id', p.id,
		'plan_item_id', item.id)))).id;
end
$$;
comment on function kept.plan_item_promised(kept.plan, kept.plan_item) is
	'Makes the commitment of an agreed item: proposed, of the whole group at the plan''s school; its id.';
grant execute on function kept.plan_item_promised(kept.plan, kept.plan_item) to kept_api;

create or replace function kept.plan_item_renewed(item kept.plan_item, earlier kept.plan_item, promise kept.commitment) returns void
language plpgsql volatile
as $$
declare
	c kept.commitment := promise;
begin
	if item.text_hash <> earlier.text_hash then
		c.title := item.title;
		c.description := item.description;
		if item.due_on is distinct from earlier.due_on then
			c := kept.commitment_date(c, coalesce(item.due_on, c.due_on));
		end if;
		-- Whoever took it on did so by another text: it is a question again.
		c.status := 'proposed';
		c.status_reason := null;
		c.remindable_since := kept.now();
	end if;
	update kept.commitment t
	set title = c.title, description = c.description, due_on = c.due_on, first_due_on = c.first_due_on, times_moved = c.times_moved,
		status = c.status, status_reason = c.status_reason, remindable_since = c.remindable_since, plan_item_id = item.id,
		version = t.version + 1, updated_at = kept.now()
	where t.district_id = c.district_id
	and t.id = c.id;
	if c.status <> promise.status then
		perform kept.emit('commitment.status_changed', c.id, null);
	end if;
end
$$;
comment on function kept.plan_item_renewed(kept.plan_item, kept.plan_item, kept.commitment) is
	'The open commitment of an earlier version carries out this item now; where the text changed it is a question again.';
grant execute on function kept.plan_item_renewed(kept.plan_item, kept.plan_item, kept.commitment) to kept_api;

-- Served by the primary key of commitment.
create or replace function kept.plan_item_adopt(p kept.plan, item kept.plan_item) returns void
language plpgsql volatile
as $$
declare
	earlier kept.plan_item := kept.plan_item_before(item);
	promise kept.commitment;
	made uuid := earlier.commitment_id;
begin
	select c.* into promise
	from kept.commitment c
	where c.district_id = item.district_id
	and c.id = earlier.commitment_id
	for no key update;
	if promise.id is null
	or promise.status in ('declined', 'withdrawn')
	-- Done is done, unless it is another thing now.
	or promise.status in ('completed', 'verified') and earlier.text_hash <> item.text_hash then
		made := kept.plan_item_promised(p, item);
	else
		perform kept.plan_item_renewed(item, earlier, promise);
	end if;
	update kept.plan_item i
	set commitment_id = made
	where i.district_id = item.district_id
	and i.id = item.id;
	perform kept.reckon(item.district_id, made);
end
$$;
comment on function kept.plan_item_adopt(kept.plan, kept.plan_item) is
	'An agreed item becomes a commitment; one of the same line in an earlier version goes on.';
grant execute on function kept.plan_item_adopt(kept.plan, kept.plan_item) to kept_api;

-- Served by commitment_plan.
create or replace function kept.plan_promises_drop(p kept.plan, v kept.plan_version) returns void
language plpgsql volatile
as $$
declare
	dropped uuid;
begin
	for dropped in
		update kept.commitment c
		set status = 'withdrawn', status_reason = null, version = c.version + 1, updated_at = kept.now()
		where c.district_id = p.district_id
		and c.plan_id = p.id
		and c.status = 'proposed'
		and c.plan_item_id is not null
		and not exists (
			select
			from kept.plan_item i
			where i.district_id = c.district_id
			and i.id = c.plan_item_id
			and i.version_number = v.number)
		returning c.id
	loop
		perform kept.reckon(p.district_id, dropped);
		perform kept.emit('commitment.status_changed', dropped, null);
	end loop;
end
$$;
comment on function kept.plan_promises_drop(kept.plan, kept.plan_version) is
	'Withdraws what nobody had taken on yet and what the group no longer agrees to in the version that is adopted.';
grant execute on function kept.plan_promises_drop(kept.plan, kept.plan_version) to kept_api;

-- Served by the unique index on plan_item (district_id, plan_id, version_number, line) and its primary key.
create or replace function kept.plan_adopt(p kept.plan, v kept.plan_version) returns int
language plpgsql volatile
as $$
declare
	asked_by text := kept.see_as('admin');
	item kept.plan_item;
	agreed int := 0;
begin
	for item in
		select i.*
		from kept.plan_item_standings(array(
			select x.id
			from kept.plan_item x
			where x.district_id = p.district_id
			and x.plan_id = p.id
			and x.version_number = v.number)) s
		join kept.plan_item i on i.district_id = p.district_id and i.id = s.item_id
		where s.standing = 'agreed'
		order by i.group_code, i.position, i.id
	loop
		perform kept.plan_item_adopt(p, item);
		agreed := agreed + 1;
	end loop;
	perform kept.plan_promises_drop(p, v);
	perform kept.coverage_refresh(p.id);
	perform kept.see_as(asked_by);
	return agreed;
end
$$;
comment on function kept.plan_adopt(kept.plan, kept.plan_version) is
	'Turns what the groups agreed to in a version into commitments; how many items that were.';
grant execute on function kept.plan_adopt(kept.plan, kept.plan_version) to kept_api;
