-- 67: meetings: the three questions as agenda, headcounts by group and language, minutes, and what each group answered.

create or replace function kept.three_questions(choice text[]) returns json
language sql stable
as $$
	select json_agg(json_build_object('code', q.code, 'text', kept.text_for('question.' || q.code, choice)) order by q.place)
	from unnest(array['agree', 'missing', 'together']) with ordinality as q (code, place)
$$;
comment on function kept.three_questions(text[]) is 'The three questions in the first of the languages that has them.';
grant execute on function kept.three_questions(text[]) to kept_api;

-- Served by the primary key of meeting_headcount.
create or replace function kept.meeting_json(m kept.meeting, languages text default null) returns json
language sql stable
as $$
	select case when m.id is not null then json_build_object(
		'id', m.id,
		'plan_id', m.plan_id,
		'school_id', m.school_id,
		'title', m.title,
		'held_on', m.held_on,
		'begins_at', to_char(m.begins_at, 'HH24:MI'),
		'place', m.place,
		'languages', to_json(m.languages),
		'questions', kept.three_questions(kept.language_choice(languages)),
		'agenda', m.agenda,
		'minutes', m.minutes,
		'status', m.status,
		'headcounts', (
			select coalesce(json_agg(json_build_object('group', h.group_code, 'language', h.language, 'count', h.count)
				order by g.position, h.language), '[]')
			from kept.meeting_headcount h
			join kept.stakeholder_group g on g.code = h.group_code
			where h.district_id = m.district_id
			and h.meeting_id = m.id),
		'version', m.version,
		'created_at', kept.instant(m.created_at),
		'updated_at', kept.instant(m.updated_at))
	end
$$;
comment on function kept.meeting_json(kept.meeting, text) is 'A meeting as the API tells it, with the questions in the best of these languages.';
grant execute on function kept.meeting_json(kept.meeting, text) to kept_api;

create or replace function kept.meeting_reply(status int, id uuid, languages text) returns kept.reply
language plpgsql stable
as $$
declare
	m kept.meeting;
	body text;
begin
	select * into m
	from kept.meeting t
	where t.district_id = kept.district()
	and t.id = meeting_reply.id;
	body := kept.meeting_json(m, languages)::text;
	if status = 200 then
		return kept.found(body, m.version, 'meeting');
	end if;
	return row(status, body, kept.etag(m.version, body), '/v1/meetings/' || m.id, null)::kept.reply;
end
$$;
comment on function kept.meeting_reply(int, uuid, text) is 'The reply that shows a meeting; 404 where the caller may not read it.';
grant execute on function kept.meeting_reply(int, uuid, text) to kept_api;

-- Served by primary keys.
create or replace function kept.meeting_errors(m kept.meeting, body jsonb) returns jsonb
language plpgsql stable
as $$
declare
	errors jsonb := kept.check_members(body);
	at_school uuid;
begin
	if m.plan_id is not null then
		select p.school_id into at_school
		from kept.plan p
		where p.district_id = kept.district()
		and p.id = m.plan_id;
		if not found then
			errors := errors || kept.field_error('/plan_id', 'is not a plan that this key knows');
		end if;
	end if;
	if at_school is not null and m.school_id is distinct from at_school then
		errors := errors || kept.field_error('/school_id', 'is not the school of the plan');
	end if;
	if m.held_on not between '1900-01-01' and '2200-12-31' then
		errors := errors || kept.field_error('/held_on', 'must be between 1900-01-01 and 2200-12-31');
	elsif m.status = 'held' and m.held_on > kept.today_in(kept.zone_of(kept.district(), m.school_id)) then
		errors := errors || kept.field_error('/status', 'cannot be held: its day is still to come');
	end if;
	return errors || coalesce((
		select jsonb_agg(jsonb_build_object('pointer', '/headcounts/' || (h.place - 1) || case when h.known then '' else '/group' end,
			'detail', case when h.known then 'counts the same group and language a second time' else 'is not one of the eight stakeholder groups' end)
			order by h.place)
		from (
			select e.place, exists (select from kept.stakeholder_group g where g.code = e.value ->> 'group') as known,
				row_number() over (partition by e.value ->> 'group', coalesce(e.value ->> 'language', 'und') order by e.place) as nth
			from jsonb_array_elements(coalesce(body -> 'headcounts', '[]')) with ordinality e (value, place)) h
		where not h.known
		or h.nth > 1), '[]');
end
$$;
comment on function kept.meeting_errors(kept.meeting, jsonb) is 'Field errors of a meeting as it would be, and of the members of the body that it comes from.';
grant execute on function kept.meeting_errors(kept.meeting, jsonb) to kept_api;

-- A meeting about a school's plan is at that school unless another is told, which is refused.
create or replace function kept.meeting_merge(m kept.meeting, body jsonb) returns kept.meeting
language plpgsql stable
as $$
begin
	m.plan_id := case when body ? 'plan_id' then (body ->> 'plan_id')::uuid else m.plan_id end;
	m.school_id := case when body ? 'school_id' then (body ->> 'school_id')::uuid else m.school_id end;
	if not body ? 'school_id' and body ->> 'plan_id' is not null then
		m.school_id := coalesce((
			select p.school_id
			from kept.plan p
			where p.district_id = kept.district()
			and p.id = m.plan_id), m.school_id);
	end if;
	m.title := coalesce(body ->> 'title', m.title);
	m.held_on := coalesce((body ->> 'held_on')::date, m.held_on);
	m.begins_at := case when body ? 'begins_at' then (body ->> 'begins_at')::time else m.begins_at end;
	m.place := case when body ? 'place' then body ->> 'place' else m.place end;
	m.agenda := case when body ? 'agenda' then body ->> 'agenda' else m.agenda end;
	m.minutes := case when body ? 'minutes' then body ->> 'minutes' else m.minutes end;
	m.status := coalesce(body ->> 'status', m.status, 'planned');
	m.languages := case when body ? 'languages' then array(select jsonb_array_elements_text(body -> 'languages')) else coalesce(m.languages, '{}') end;
	perform kept.refuse_fields(kept.meeting_errors(m, body));
	perform kept.require_scope(m.school_id, array[]::text[]);
	return m;
end
$$;
comment on function kept.meeting_merge(kept.meeting, jsonb) is 'A meeting with the members of a body; 422 where they do not fit, 403 out of scope.';
grant execute on function kept.meeting_merge(kept.meeting, jsonb) to kept_api;

-- Served by the primary key of meeting_headcount.
create or replace function kept.meeting_counted(m kept.meeting, headcounts jsonb) returns boolean
language plpgsql volatile
as $$
declare
	gone bigint;
	written bigint;
begin
	with told as (
		select e.value ->> 'group' as group_code, coalesce(e.value ->> 'language', 'und') as language, (e.value ->> 'count')::int as count
		from jsonb_array_elements(headcounts) e
	)
	delete from kept.meeting_headcount h
	where h.district_id = m.district_id
	and h.meeting_id = m.id
	and (h.group_code, h.language) not in (select told.group_code, told.language from told);
	get diagnostics gone = row_count;
	insert into kept.meeting_headcount as h (district_id, meeting_id, group_code, language, count)
	select m.district_id, m.id, e.value ->> 'group', coalesce(e.value ->> 'language', 'und'), (e.value ->> 'count')::int
	from jsonb_array_elements(headcounts) e
	on conflict (district_id, meeting_id, group_code, language) do update
	set count = excluded.count
	where h.count <> excluded.count;
	get diagnostics written = row_count;
	return gone + written > 0;
end
$$;
comment on function kept.meeting_counted(kept.meeting, jsonb) is 'Makes the headcounts of a meeting exactly those given; true where that changed something.';
grant execute on function kept.meeting_counted(kept.meeting, jsonb) to kept_api;

create or replace function kept.meeting_create(request jsonb, body jsonb, languages text default null) returns kept.reply
language plpgsql volatile
as $$
declare
	reply kept.reply := kept.once(request);
	m kept.meeting;
begin
	if reply.status is not null then
		return reply;
	end if;
	m := kept.meeting_merge(m, body);
	m.district_id := kept.district();
	m.id := kept.uuid7();
	m.version := 1;
	m.created_by := kept.actor();
	m.created_at := kept.now();
	m.updated_at := kept.now();
	insert into kept.meeting select m.*;
	perform kept.meeting_counted(m, coalesce(body -> 'headcounts', '[]'));
	perform kept.coverage_refresh(m.plan_id);
	return kept.once_store(request, kept.meeting_reply(201, m.id, languages), m.id);
end
$$;
comment on function kept.meeting_create(jsonb, jsonb, text) is 'POST /v1/meetings.';
grant execute on function kept.meeting_create(jsonb, jsonb, text) to kept_api;

create or replace function kept.meeting_lock(request jsonb, id uuid) returns kept.meeting
language plpgsql volatile
as $$
declare
	m kept.meeting;
begin
	select * into m
	from kept.meeting t
	where t.district_id = kept.district()
	and t.id = meeting_lock.id
	for no key update;
	if m.id is null then
		perform kept.not_found('meeting');
	end if;
	perform kept.match(request, m.version);
	perform kept.require_scope(m.school_id, array[]::text[]);
	return m;
end
$$;
comment on function kept.meeting_lock(jsonb, uuid) is 'The meeting, locked for a change: 404, 412, 403.';
grant execute on function kept.meeting_lock(jsonb, uuid) to kept_api;

create or replace function kept.meeting_change(request jsonb, id uuid, body jsonb, languages text default null) returns kept.reply
language plpgsql volatile
as $$
declare
	reply kept.reply := kept.once(request);
	old kept.meeting;
	m kept.meeting;
	recounted boolean := false;
begin
	if reply.status is not null then
		return reply;
	end if;
	old := kept.meeting_lock(request, meeting_change.id);
	m := kept.meeting_merge(old, body);
	if body ? 'headcounts' then
		recounted := kept.meeting_counted(m, body -> 'headcounts');
	end if;
	if recounted or m is distinct from old then
		update kept.meeting t
		set plan_id = m.plan_id, school_id = m.school_id, title = m.title, held_on = m.held_on, begins_at = m.begins_at, place = m.place,
			languages = m.languages, agenda = m.agenda, minutes = m.minutes, status = m.status, version = t.version + 1, updated_at = kept.now()
		where t.district_id = m.district_id
		and t.id = m.id;
		perform kept.coverage_refresh_all(array[old.plan_id, m.plan_id]);
	end if;
	return kept.once_store(request, kept.meeting_reply(200, m.id, languages), m.id);
end
$$;
comment on function kept.meeting_change(jsonb, uuid, jsonb, text) is 'PATCH /v1/meetings/{id}: a merge-patch; headcounts and languages are replaced whole.';
grant execute on function kept.meeting_change(jsonb, uuid, jsonb, text) to kept_api;

-- Its answers go with it. Served by idempotency_subject.
create or replace function kept.meeting_remove(request jsonb, id uuid) returns kept.reply
language plpgsql volatile
as $$
declare
	reply kept.reply := kept.once(request);
	m kept.meeting;
begin
	if reply.status is not null then
		return reply;
	end if;
	m := kept.meeting_lock(request, meeting_remove.id);
	begin
		delete from kept.meeting t where t.district_id = m.district_id and t.id = m.id;
	exception
		when foreign_key_violation then
			perform kept.refuse(409, 'Groups answered in this meeting, so it stays. Set its status to cancelled if it was not held.');
	end;
	delete from kept.idempotency i where i.district_id = m.district_id and i.subject_id = m.id;
	perform kept.coverage_refresh(m.plan_id);
	return kept.once_store(request, row(204, null, null, null, null)::kept.reply, null);
end
$$;
comment on function kept.meeting_remove(jsonb, uuid) is 'DELETE /v1/meetings/{id}: not where responses to a plan were given in it.';
grant execute on function kept.meeting_remove(jsonb, uuid) to kept_api;

create or replace function kept.meeting_answer_json(a kept.meeting_answer) returns json
language sql stable
as $$
	select json_build_object(
		'id', a.id,
		'meeting_id', a.meeting_id,
		'question', a.question,
		'group', a.group_code,
		'text', a.text,
		'language', a.language,
		'version', a.version,
		'created_at', kept.instant(a.created_at),
		'updated_at', kept.instant(a.updated_at))
$$;
comment on function kept.meeting_answer_json(kept.meeting_answer) is 'What a group answered, as the API tells it.';
grant execute on function kept.meeting_answer_json(kept.meeting_answer) to kept_api;

create or replace function kept.meeting_answer_reply(status int, a kept.meeting_answer) returns kept.reply
language plpgsql stable
as $$
declare
	body text := kept.meeting_answer_json(a)::text;
begin
	return row(status, body, kept.etag(a.version, body),
		case when status = 201 then '/v1/meetings/' || a.meeting_id || '/answers/' || a.id end, null)::kept.reply;
end
$$;
comment on function kept.meeting_answer_reply(int, kept.meeting_answer) is 'The reply that shows what a group answered.';
grant execute on function kept.meeting_answer_reply(int, kept.meeting_answer) to kept_api;

-- Served by primary keys.
create or replace function kept.meeting_seen(id uuid) returns kept.meeting
language plpgsql stable
as $$
declare
	m kept.meeting;
begin
	select * into m
	from kept.meeting t
	where t.district_id = kept.district()
	and t.id = meeting_seen.id;
	if m.id is null then
		perform kept.not_found('meeting');
	end if;
	return m;
end
$$;
comment on function kept.meeting_seen(uuid) is 'The meeting; 404 where the caller may not read it.';
grant execute on function kept.meeting_seen(uuid) to kept_api;

create or replace function kept.meeting_answer_read(meeting uuid, id uuid) returns kept.reply
language plpgsql stable
as $$
declare
	m kept.meeting := kept.meeting_seen(meeting);
	a kept.meeting_answer;
begin
	select * into a
	from kept.meeting_answer t
	where t.district_id = m.district_id
	and t.meeting_id = m.id
	and t.id = meeting_answer_read.id;
	return kept.found(case when a.id is not null then kept.meeting_answer_json(a)::text end, a.version, 'meeting');
end
$$;
comment on function kept.meeting_answer_read(uuid, uuid) is 'GET /v1/meetings/{id}/answers/{answer_id}.';
grant execute on function kept.meeting_answer_read(uuid, uuid) to kept_api;

create or replace function kept.meeting_answer_merge(a kept.meeting_answer, body jsonb) returns kept.meeting_answer
language plpgsql stable
as $$
begin
	perform kept.refuse_fields(kept.check_members(body));
	a.question := coalesce(body ->> 'question', a.question);
	a.group_code := coalesce(body ->> 'group', a.group_code);
	a.text := coalesce(body ->> 'text', a.text);
	a.language := case when body ? 'language' then body ->> 'language' else a.language end;
	perform kept.require_scope(kept.scope_school(), array[a.group_code]);
	return a;
end
$$;
comment on function kept.meeting_answer_merge(kept.meeting_answer, jsonb) is 'An answer with the members of a body; 422, and 403 for another group than the key''s.';
grant execute on function kept.meeting_answer_merge(kept.meeting_answer, jsonb) to kept_api;

create or replace function kept.meeting_answer_create(request jsonb, meeting uuid, body jsonb) returns kept.reply
language plpgsql volatile
as $$
declare
	reply kept.reply := kept.once(request);
	m kept.meeting;
	a kept.meeting_answer;
begin
	if reply.status is not null then
		return reply;
	end if;
	m := kept.meeting_seen(meeting);
	perform kept.require_scope(m.school_id, array[kept.scope_group()]);
	a := kept.meeting_answer_merge(a, body);
	a.district_id := m.district_id;
	a.id := kept.uuid7();
	a.meeting_id := m.id;
	a.version := 1;
	a.created_at := kept.now();
	a.updated_at := kept.now();
	insert into kept.meeting_answer select a.*;
	return kept.once_store(request, kept.meeting_answer_reply(201, a), a.id);
end
$$;
comment on function kept.meeting_answer_create(jsonb, uuid, jsonb) is 'POST /v1/meetings/{id}/answers.';
grant execute on function kept.meeting_answer_create(jsonb, uuid, jsonb) to kept_api;

create or replace function kept.meeting_answer_lock(request jsonb, meeting uuid, id uuid) returns kept.meeting_answer
language plpgsql volatile
as $$
declare
	m kept.meeting := kept.meeting_seen(meeting);
	a kept.meeting_answer;
begin
	select * into a
	from kept.meeting_answer t
	where t.district_id = m.district_id
	and t.meeting_id = m.id
	and t.id = meeting_answer_lock.id
	for update;
	if a.id is null then
		perform kept.not_found('meeting');
	end if;
	perform kept.match(request, a.version);
	perform kept.require_scope(m.school_id, array[a.group_code]);
	return a;
end
$$;
comment on function kept.meeting_answer_lock(jsonb, uuid, uuid) is 'What a group answered, locked for a change: 404, 412, 403.';
grant execute on function kept.meeting_answer_lock(jsonb, uuid, uuid) to kept_api;

create or replace function kept.meeting_answer_change(request jsonb, meeting uuid, id uuid, body jsonb) returns kept.reply
language plpgsql volatile
as $$
declare
	reply kept.reply := kept.once(request);
	old kept.meeting_answer;
	a kept.meeting_answer;
begin
	if reply.status is not null then
		return reply;
	end if;
	old := kept.meeting_answer_lock(request, meeting, meeting_answer_change.id);
	a := kept.meeting_answer_merge(old, body);
	if a is distinct from old then
		a.version := old.version + 1;
		a.updated_at := kept.now();
		update kept.meeting_answer t
		set question = a.question, group_code = a.group_code, text = a.text, language = a.language, version = a.version, updated_at = a.updated_at
		where t.district_id = a.district_id
		and t.id = a.id;
	end if;
	return kept.once_store(request, kept.meeting_answer_reply(200, a), a.id);
end
$$;
comment on function kept.meeting_answer_change(jsonb, uuid, uuid, jsonb) is 'PATCH /v1/meetings/{id}/answers/{answer_id}.';
grant execute on function kept.meeting_answer_change(jsonb, uuid, uuid, jsonb) to kept_api;

create or replace function kept.meeting_answer_remove(request jsonb, meeting uuid, id uuid) returns kept.reply
language plpgsql volatile
as $$
declare
	reply kept.reply := kept.once(request);
	a kept.meeting_answer;
begin
	if reply.status is not null then
		return reply;
	end if;
	a := kept.meeting_answer_lock(request, meeting, meeting_answer_remove.id);
	delete from kept.meeting_answer t where t.district_id = a.district_id and t.id = a.id;
	delete from kept.idempotency i where i.district_id = a.district_id and i.subject_id = a.id;
	return kept.once_store(request, row(204, null, null, null, null)::kept.reply, null);
end
$$;
comment on function kept.meeting_answer_remove(jsonb, uuid, uuid) is 'DELETE /v1/meetings/{id}/answers/{answer_id}.';
grant execute on function kept.meeting_answer_remove(jsonb, uuid, uuid) to kept_api;
