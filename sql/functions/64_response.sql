-- 64: what a group says to the items of a plan that are its own, and how an item stands.

create or replace function kept.standing_of(agree int, amend int, decline int) returns text
language sql immutable parallel safe
as $$
	select case
		when agree > amend + decline then 'agreed'
		when decline > agree and decline >= amend then 'declined'
		when amend > 0 then 'amended'
		else 'open'
	end
$$;
comment on function kept.standing_of(int, int, int) is
	'agreed: more agree than want a change or decline, together; declined: more decline than agree, and no fewer than want a change; amended: a change is asked for; open: nothing of that.';
grant execute on function kept.standing_of(int, int, int) to kept_api, kept_worker;

-- All of them in one go. Served by the primary key of plan_item, its unique key (plan, version, line), plan_response_item.
create or replace function kept.plan_item_standings(items uuid[])
returns table (item_id uuid, agree int, amend int, decline int, abstain int, standing text)
language plpgsql stable
rows 100
as $$
#variable_conflict use_column
declare
	-- How it stands must not depend on who asks.
	asked_by text := kept.see_as('admin');
begin
	return query
	with asked as materialized (
		select i.id, i.plan_id, i.version_number, i.line, i.text_hash
		from kept.plan_item i
		where i.district_id = (select kept.district())
		and i.id = any (items)
	),
	said as (
		-- A response is to an exact text. It holds for later versions as long as that stays.
		select i.id, r.stance, r.count,
			rank() over (partition by i.id, coalesce(r.person_id, r.organisation_id) order by same.version_number desc) as nth
		from asked i
		cross join lateral (
			select x.id, x.version_number
			from kept.plan_item x
			where x.district_id = (select kept.district())
			and x.plan_id = i.plan_id
			and x.version_number <= i.version_number
			and x.line = i.line
			and x.text_hash = i.text_hash
			offset 0) same
		-- offset 0: by the index, item by item, however few responses the planner expects.
		cross join lateral (
			select x.stance, x.count, x.person_id, x.organisation_id
			from kept.plan_response x
			where x.district_id = (select kept.district())
			and x.item_id = same.id
			and x.replaced_by is null
			offset 0) r
	),
	counted as (
		select s.id,
			sum(s.count) filter (where s.stance = 'agree') as agree,
			sum(s.count) filter (where s.stance = 'amend') as amend,
			sum(s.count) filter (where s.stance = 'decline') as decline,
			sum(s.count) filter (where s.stance = 'abstain') as abstain
		from said s
		where s.nth = 1
		group by s.id
	)
	select i.id, n.agree, n.amend, n.decline, n.abstain, kept.standing_of(n.agree, n.amend, n.decline)
	from asked i
	left join counted c on c.id = i.id
	cross join lateral (
		select coalesce(c.agree, 0)::int as agree, coalesce(c.amend, 0)::int as amend, coalesce(c.decline, 0)::int as decline,
			coalesce(c.abstain, 0)::int as abstain) n;
	perform kept.see_as(asked_by);
end
$$;
comment on function kept.plan_item_standings(uuid[]) is
	'How groups stand to those items of theirs: each named person or unit by its latest word, others by their number; words on the same text in an earlier version count, the unnamed ones only until there are newer.';
grant execute on function kept.plan_item_standings(uuid[]) to kept_api, kept_worker;

-- Served by the primary keys of person, organisation.
create or replace function kept.speaker_json(district uuid, person uuid, organisation uuid, count int) returns jsonb
language plpgsql stable
as $$
begin
	if person is not null then
		return jsonb_build_object(
			'person_id', person,
			'name', (select p.name from kept.person p where p.district_id = district and p.id = person));
	elsif organisation is not null then
		return jsonb_build_object(
			'organisation_id', organisation,
			'name', (select o.name from kept.organisation o where o.district_id = district and o.id = organisation));
	elsif count is not null then
		return jsonb_build_object('count', count);
	end if;
	return null;
end
$$;
comment on function kept.speaker_json(uuid, uuid, uuid, int) is 'Who spoke: a person or an organisation with a name to show (erased: null), or how many who were not named.';
grant execute on function kept.speaker_json(uuid, uuid, uuid, int) to kept_api;

create or replace function kept.response_json(r kept.plan_response) returns json
language plpgsql stable
as $$
begin
	return json_build_object(
		'id', r.id,
		'plan_id', r.plan_id,
		'plan_version', r.version_number,
		'item_id', r.item_id,
		'group', r.group_code,
		'stance', r.stance,
		'amendment', r.amendment,
		'comment', r.comment,
		'by', kept.speaker_json(r.district_id, r.person_id, r.organisation_id, r.count),
		'identified_by', r.identified_by,
		'recorded_by', r.recorded_by,
		'recorder', kept.speaker_json(r.district_id, r.recorder_id, null, null),
		'meeting_id', r.meeting_id,
		'text_hash', r.text_hash,
		'responded_on', r.responded_on,
		'replaced_by', r.replaced_by,
		'created_at', kept.instant(r.created_at));
end
$$;
comment on function kept.response_json(kept.plan_response) is 'A response as the API shows it.';
grant execute on function kept.response_json(kept.plan_response) to kept_api;

-- Served by the primary key of plan.
create or replace function kept.plan_seen(id uuid) returns kept.plan
language plpgsql stable
as $$
declare
	p kept.plan;
begin
	select x.* into p
	from kept.plan x
	where x.district_id = kept.district()
	and x.id = plan_seen.id;
	if not found then
		perform kept.not_found('plan');
	end if;
	return p;
end
$$;
comment on function kept.plan_seen(uuid) is 'A plan that the caller may read, else 404.';
grant execute on function kept.plan_seen(uuid) to kept_api;

-- Who it is that speaks, and whether they are of the group and were identified in a way that the caller may say.
-- Served by the primary keys of person, person_group, organisation.
create or replace function kept.speaker_errors(body jsonb, group_code text, rule text) returns jsonb
language plpgsql stable
as $$
declare
	person uuid := (body #>> '{by,person_id}')::uuid;
	organisation uuid := (body #>> '{by,organisation_id}')::uuid;
	of_group text;
begin
	if person is not null then
		if not exists (select from kept.person p where p.district_id = kept.district() and p.id = person and p.erased_at is null) then
			return kept.field_error('/by/person_id', 'is not a person that this key knows');
		elsif not exists (
			select
			from kept.person_group g
			where g.district_id = kept.district()
			and g.person_id = person
			and g.group_code = speaker_errors.group_code) then
			return kept.field_error('/by/person_id', format('is not in the group %s: %s', group_code, rule));
		end if;
	elsif organisation is not null then
		select o.group_code into of_group
		from kept.organisation o
		where o.district_id = kept.district()
		and o.id = organisation;
		if of_group is null then
			return kept.field_error('/by/organisation_id', 'is not an organisation of this district');
		elsif of_group <> group_code then
			return kept.field_error('/by/organisation_id', format('is of the group %s, not %s: %s', of_group, group_code, rule));
		end if;
	end if;
	if body ->> 'identified_by' = 'key' and not coalesce(person = kept.caller_person(), organisation = kept.scope_organisation(), false) then
		return kept.field_error('/identified_by', 'is key only for the person or organisation whose key asks; say paper or meeting for others');
	end if;
	return '[]';
end
$$;
comment on function kept.speaker_errors(jsonb, text, text) is
	'Field errors of who speaks (by) for a group, and of how they were identified (identified_by).';
grant execute on function kept.speaker_errors(jsonb, text, text) to kept_api;

create or replace function kept.speaker_scope(body jsonb, group_code text) returns void
language plpgsql stable
as $$
begin
	if kept.role() = 'partner' then
		-- A key of no organisation speaks for nobody.
		if not coalesce((body #>> '{by,organisation_id}')::uuid = kept.scope_organisation(), false) then
			perform kept.refuse(403, 'A partner''s key speaks for its own organisation only.');
		end if;
	elsif kept.scope_group() is not null and group_code is distinct from kept.scope_group() then
		perform kept.refuse(403, 'This key is for one stakeholder group. It may not speak for another.');
	end if;
end
$$;
comment on function kept.speaker_scope(jsonb, text) is 'Refuses with 403 where the caller''s key may not record what that group says.';
grant execute on function kept.speaker_scope(jsonb, text) to kept_api;

-- Served by the primary key of plan_item.
create or replace function kept.response_item(plan uuid, id uuid) returns kept.plan_item
language plpgsql stable
as $$
declare
	item kept.plan_item;
begin
	select i.* into item
	from kept.plan_item i
	where i.district_id = kept.district()
	and i.id = response_item.id
	and i.plan_id = plan;
	if not found then
		perform kept.refuse_fields(kept.field_error('/item_id', 'is not an item of this plan'));
	end if;
	return item;
end
$$;
comment on function kept.response_item(uuid, uuid) is 'The item of a plan that a request names; 422 where the plan has none of that id.';
grant execute on function kept.response_item(uuid, uuid) to kept_api;

-- Served by the primary key of plan_version. Held until the end: who adopts waits, and who waited for an adoption sees it.
create or replace function kept.plan_version_hold(plan uuid, number int) returns text
language plpgsql volatile
as $$
declare
	held text;
begin
	select v.status into held
	from kept.plan_version v
	where v.district_id = kept.district()
	and v.plan_id = plan
	and v.number = plan_version_hold.number
	for share;
	return held;
end
$$;
comment on function kept.plan_version_hold(uuid, int) is 'The status of a version, which stays so until the end of the transaction.';
grant execute on function kept.plan_version_hold(uuid, int) to kept_api;

-- Served by the primary keys of plan_version and meeting.
create or replace function kept.response_errors(p kept.plan, item kept.plan_item, body jsonb) returns jsonb
language plpgsql stable
as $$
declare
	errors jsonb := kept.speaker_errors(body, item.group_code, 'only a group itself agrees for itself');
	today date := kept.today_in(kept.zone_of(p.district_id, p.school_id));
	put date;
begin
	if (body ->> 'stance' = 'amend') <> (body ->> 'amendment' is not null) then
		errors := errors || kept.field_error('/amendment', case
			when body ->> 'stance' = 'amend' then 'is needed: the change that would make it agreeable'
			else 'goes with the stance amend only' end);
	end if;
	if body ->> 'meeting_id' is not null then
		if body ->> 'identified_by' <> 'meeting' then
			errors := errors || kept.field_error('/meeting_id', 'goes with identified_by meeting only');
		elsif not exists (
			select
			from kept.meeting m
			where m.district_id = p.district_id
			and m.id = (body ->> 'meeting_id')::uuid
			and coalesce(m.plan_id, p.id) = p.id) then
			errors := errors || kept.field_error('/meeting_id', 'is not a meeting about this plan');
		end if;
	end if;
	select coalesce(v.consulted_at at time zone kept.zone_of(p.district_id, p.school_id), '-infinity')::date into put
	from kept.plan_version v
	where v.district_id = p.district_id
	and v.plan_id = p.id
	and v.number = item.version_number;
	if (body ->> 'responded_on')::date not between put and today then
		errors := errors || kept.field_error('/responded_on', format('must be between %s, when it was put to the groups, and today, %s',
			to_char(put, 'YYYY-MM-DD'), to_char(today, 'YYYY-MM-DD')));
	end if;
	return errors;
end
$$;
comment on function kept.response_errors(kept.plan, kept.plan_item, jsonb) is 'Field errors of a response to an item.';
grant execute on function kept.response_errors(kept.plan, kept.plan_item, jsonb) to kept_api;

-- Served by plan_response_person and plan_response_organisation.
create or replace function kept.response_add(p kept.plan, item kept.plan_item, body jsonb) returns kept.plan_response
language plpgsql volatile
as $$
declare
	r kept.plan_response;
begin
	r.id := kept.uuid7();
	r.person_id := (body #>> '{by,person_id}')::uuid;
	r.organisation_id := (body #>> '{by,organisation_id}')::uuid;
	-- One after another: of two at once by the same, the second replaces the first.
	if num_nonnulls(r.person_id, r.organisation_id) = 1 then
		perform pg_advisory_xact_lock(hashtextextended(concat_ws(' ', 'response', item.id, coalesce(r.person_id, r.organisation_id)), 0));
	end if;
	update kept.plan_response old
	set replaced_by = r.id
	where old.district_id = item.district_id
	and old.item_id = item.id
	and old.replaced_by is null
	and (old.person_id = r.person_id or old.organisation_id = r.organisation_id);
	insert into kept.plan_response (district_id, id, plan_id, version_number, item_id, group_code, stance, amendment, comment, person_id,
		organisation_id, count, identified_by, recorded_by, recorder_id, meeting_id, text_hash, responded_on)
	values (item.district_id, r.id, item.plan_id, item.version_number, item.id, item.group_code, body ->> 'stance', body ->> 'amendment',
		body ->> 'comment', r.person_id, r.organisation_id, coalesce((body #>> '{by,count}')::int, 1), body ->> 'identified_by', kept.actor(),
		kept.caller_person(), (body ->> 'meeting_id')::uuid, item.text_hash,
		coalesce((body ->> 'responded_on')::date, kept.today_in(kept.zone_of(p.district_id, p.school_id))))
	returning * into r;
	return r;
end
$$;
comment on function kept.response_add(kept.plan, kept.plan_item, jsonb) is
	'Records a response with the hash of the text that was put; the earlier one of the same person or unit is replaced and stays.';
grant execute on function kept.response_add(kept.plan, kept.plan_item, jsonb) to kept_api;

create or replace function kept.response_create(request jsonb, plan uuid, body jsonb) returns kept.reply
language plpgsql volatile
as $$
declare
	reply kept.reply := kept.once(request);
	p kept.plan;
	item kept.plan_item;
	held text;
	r kept.plan_response;
	shown text;
begin
	if reply.status is not null then
		return reply;
	end if;
	p := kept.plan_seen(plan);
	item := kept.response_item(p.id, (body ->> 'item_id')::uuid);
	perform kept.speaker_scope(body, item.group_code);
	-- Who may not change the plan of the whole district may not decide it by a number either.
	if body #>> '{by,count}' is not null and kept.scope_school() is not null and p.school_id is distinct from kept.scope_school() then
		perform kept.refuse(403, 'This key is for one school. For a plan of the whole district it names who responds; it may not give a count.');
	end if;
	held := kept.plan_version_hold(p.id, item.version_number);
	if held <> 'consultation' then
		perform kept.refuse(409, format('Version %s is %s. Responses are recorded while a version is in consultation.', item.version_number,
			replace(held, '_', ' ')));
	end if;
	perform kept.refuse_fields(kept.response_errors(p, item, body));
	r := kept.response_add(p, item, body);
	shown := kept.response_json(r)::text;
	reply := kept.once_store(request, row(201, shown, kept.etag(1, shown), '/v1/plans/' || p.id || '/responses/' || r.id, null)::kept.reply, r.id);
	perform kept.coverage_refresh(p.id);
	return reply;
end
$$;
comment on function kept.response_create(jsonb, uuid, jsonb) is 'POST /v1/plans/{id}/responses';
grant execute on function kept.response_create(jsonb, uuid, jsonb) to kept_api;

-- Served by the primary keys of plan_response and plan.
create or replace function kept.response_read(plan uuid, id uuid) returns kept.reply
language plpgsql stable
as $$
declare
	r kept.plan_response;
begin
	select x.* into r
	from kept.plan_response x
	join kept.plan p on p.district_id = x.district_id and p.id = x.plan_id
	where x.district_id = kept.district()
	and x.plan_id = plan
	and x.id = response_read.id;
	return kept.found(case when r.id is not null then kept.response_json(r)::text end, 1, 'response');
end
$$;
comment on function kept.response_read(uuid, uuid) is 'GET /v1/plans/{id}/responses/{response_id}';
grant execute on function kept.response_read(uuid, uuid) to kept_api;

-- Served by plan_response_list.
create or replace function kept.response_list(plan uuid, version int, group_code text, item uuid, history boolean, after text, page_size int)
returns kept.reply
language plpgsql stable
as $$
declare
	items json;
	last_id uuid;
	many boolean;
begin
	perform kept.plan_seen(plan);
	with found as (
		select r, row_number() over (order by r.id) as n
		from kept.plan_response r
		where r.district_id = kept.district()
		and r.plan_id = plan
		and (response_list.version is null or r.version_number = response_list.version)
		and (response_list.group_code is null or r.group_code = response_list.group_code)
		and (response_list.item is null or r.item_id = response_list.item)
		and (response_list.history or r.replaced_by is null)
		and (after is null or r.id > kept.keyset_part(after, 0)::uuid)
		order by r.id
		limit page_size + 1
	)
	select json_agg(kept.response_json(f.r) order by f.n) filter (where f.n <= page_size), count(*) > page_size,
		max((f.r).id::text) filter (where f.n = page_size)
	into items, many, last_id
	from found f;
	return kept.page(items, many, kept.keyset(last_id::text));
end
$$;
comment on function kept.response_list(uuid, int, text, uuid, boolean, text, int) is 'GET /v1/plans/{id}/responses, in the order in which they were recorded.';
grant execute on function kept.response_list(uuid, int, text, uuid, boolean, text, int) to kept_api;

-- Served by plan_response_who, plan_comment_person and confirmation_person.
create or replace function kept.person_unsay(person kept.person) returns void
language plpgsql volatile
as $$
begin
	update kept.plan_response r
	set amendment = replace(r.amendment, person.name, '…'),
		comment = replace(r.comment, person.name, '…')
	where r.district_id = person.district_id
	and r.person_id = person.id
	and strpos(concat_ws(' ', r.amendment, r.comment), person.name) > 0;
	update kept.plan_comment c
	set text = replace(c.text, person.name, '…'),
		version = c.version + 1,
		updated_at = kept.now()
	where c.district_id = person.district_id
	and c.person_id = person.id
	and strpos(c.text, person.name) > 0;
	-- What was missing is the commitment's reason too.
	update kept.commitment c
	set status_reason = replace(c.status_reason, person.name, '…'),
		version = c.version + 1,
		updated_at = kept.now()
	from kept.confirmation x
	where x.district_id = person.district_id
	and x.person_id = person.id
	and c.district_id = x.district_id
	and c.id = x.commitment_id
	and c.status_reason = x.note
	and strpos(x.note, person.name) > 0;
	update kept.confirmation x
	set note = replace(x.note, person.name, '…')
	where x.district_id = person.district_id
	and x.person_id = person.id
	and strpos(x.note, person.name) > 0;
end
$$;
comment on function kept.person_unsay(kept.person) is
	'Takes a person''s name out of what they said of plans and of what is owed to them; that it was said, and what, stays.';
grant execute on function kept.person_unsay(kept.person) to kept_api;
