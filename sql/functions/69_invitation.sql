-- 69: invitations to a plan's table: drafted for each group that is missing, in its languages, and sent when somebody says so.

create or replace function kept.invitation_json(i kept.invitation) returns json
language sql stable
as $$
	select json_build_object(
		'id', i.id,
		'plan_id', i.plan_id,
		'meeting_id', i.meeting_id,
		'group', i.group_code,
		'language', i.language,
		'subject', i.subject,
		'text', i.text,
		'status', i.status,
		'sent_at', kept.instant(i.sent_at),
		'sent_by', i.sent_by,
		'recipients', i.recipients,
		'version', i.version,
		'created_at', kept.instant(i.created_at),
		'updated_at', kept.instant(i.updated_at))
$$;
comment on function kept.invitation_json(kept.invitation) is 'An invitation as the API tells it.';
grant execute on function kept.invitation_json(kept.invitation) to kept_api;

-- Served by the primary key of catalogue_text.
create or replace function kept.invitation_language(tag text, locale text) returns text
language sql stable
as $$
	select coalesce((
		select t.language
		from kept.catalogue_text t
		where t.key = 'invitation.text'
		and lower(t.language) in (lower(coalesce(tag, locale)), lower(split_part(coalesce(tag, locale), '-', 1)))
		order by lower(t.language) = lower(coalesce(tag, locale)) desc
		limit 1), tag, locale)
$$;
comment on function kept.invitation_language(text, text) is
	'In which language somebody is invited who reads that one (NULL: the locale): es for es-MX; as it is where the catalogue has no words in it.';
grant execute on function kept.invitation_language(text, text) to kept_api;

create or replace function kept.invitation_fills(p kept.plan, m kept.meeting, group_code text, choice text[]) returns jsonb
language sql stable
as $$
	select jsonb_build_object(
		'plan', p.title,
		'group', kept.group_name(group_code, choice),
		'place', coalesce(s.name, d.name),
		'question_agree', kept.text_for('question.agree', choice),
		'question_missing', kept.text_for('question.missing', choice),
		'question_together', kept.text_for('question.together', choice),
		'meeting', m.title,
		'day', concat_ws(' ', m.held_on, to_char(m.begins_at, 'HH24:MI')),
		'where', coalesce(m.place, s.name, d.name))
	from kept.district d
	left join kept.school s on s.district_id = d.id and s.id = p.school_id
	where d.id = p.district_id
$$;
comment on function kept.invitation_fills(kept.plan, kept.meeting, text, text[]) is 'What is filled into the words of an invitation; {sheet} stays, the worker knows the address.';
grant execute on function kept.invitation_fills(kept.plan, kept.meeting, text, text[]) to kept_api;

-- A draft that somebody worked on stays as it is; one that nobody touched is written anew. Served by invitation_draft.
create or replace function kept.invitation_draft(p kept.plan, m kept.meeting, group_code text, language text) returns void
language plpgsql volatile
as $$
#variable_conflict use_column
declare
	choice text[] := array[language, split_part(language, '-', 1), 'en'];
	fills jsonb := kept.invitation_fills(p, m, group_code, choice);
begin
	insert into kept.invitation as i (district_id, plan_id, meeting_id, group_code, language, subject, text)
	values (p.district_id, p.id, m.id, invitation_draft.group_code, invitation_draft.language,
		left(kept.text_for('invitation.subject', choice, fills), 200),
		left(concat_ws(E'\n\n', kept.text_for('invitation.text', choice, fills),
			case when m.id is not null then kept.text_for('invitation.meeting', choice, fills) end,
			-- Its sheet is there once it was put to the groups.
			case when (kept.plan_version_current(p.district_id, p.id)).status <> 'draft' then kept.text_for('invitation.sheet', choice, fills) end), 4000))
	on conflict (district_id, plan_id, group_code, language) where status = 'draft' do update
	set meeting_id = excluded.meeting_id, subject = excluded.subject, text = excluded.text, updated_at = kept.now()
	where i.version = 1
	and (i.meeting_id, i.subject, i.text) is distinct from (excluded.meeting_id, excluded.subject, excluded.text);
end
$$;
comment on function kept.invitation_draft(kept.plan, kept.meeting, text, text) is 'Drafts the invitation of a group in a language.';
grant execute on function kept.invitation_draft(kept.plan, kept.meeting, text, text) to kept_api;

-- Served by primary keys.
create or replace function kept.invitation_meeting(p kept.plan, body jsonb) returns kept.meeting
language plpgsql stable
as $$
declare
	m kept.meeting;
	errors jsonb := coalesce((
		select jsonb_agg(jsonb_build_object('pointer', '/groups/' || (w.place - 1), 'detail', 'is not one of the eight stakeholder groups') order by w.place)
		from jsonb_array_elements_text(coalesce(body -> 'groups', '[]')) with ordinality w (code, place)
		where not exists (select from kept.stakeholder_group g where g.code = w.code)), '[]');
begin
	if body ->> 'meeting_id' is not null then
		select * into m
		from kept.meeting t
		where t.district_id = p.district_id
		and t.id = (body ->> 'meeting_id')::uuid
		and t.plan_id = p.id
		and t.status = 'planned';
		if m.id is null then
			errors := errors || kept.field_error('/meeting_id', 'is not a meeting about this plan that is still to come');
		end if;
	end if;
	perform kept.refuse_fields(errors);
	return m;
end
$$;
comment on function kept.invitation_meeting(kept.plan, jsonb) is 'The meeting to which a body invites, NULL: none; 422 where it or the groups are wrong.';
grant execute on function kept.invitation_meeting(kept.plan, jsonb) to kept_api;

create or replace function kept.invitation_create(request jsonb, plan uuid, body jsonb) returns kept.reply
language plpgsql volatile
as $$
declare
	reply kept.reply := kept.once(request);
	p kept.plan;
	m kept.meeting;
	locale text;
	asked_by text;
	wanted text[];
	unreachable json;
begin
	if reply.status is not null then
		return reply;
	end if;
	p := kept.plan_seen(plan);
	perform kept.require_scope(p.school_id, array[]::text[]);
	if (kept.plan_version_current(p.district_id, p.id)).status = 'archived' then
		perform kept.refuse(409, 'All versions of this plan are archived: nobody is invited to it any more.');
	end if;
	m := kept.invitation_meeting(p, body);
	select d.locale into locale from kept.district d where d.id = p.district_id;
	select coalesce(array_agg(c.group_code), '{}'), coalesce(json_agg(c.group_code) filter (where c.reachable = 0), '[]')
	into wanted, unreachable
	from kept.coverage(p.id) c
	where case when body -> 'groups' is null then c.state = 'missing' and c.necessity <> 'may' else body -> 'groups' ? c.group_code end;
	asked_by := kept.see_as('admin');
	perform kept.invitation_draft(p, m, w.code, w.language)
	from (
		-- Where nobody can be reached there is a draft too: for paper, and for whom is found.
		select distinct g.code, kept.invitation_language(r.language, locale) as language
		from unnest(wanted) g (code)
		left join lateral kept.group_recipients(g.code, p.school_id) r on r.reachable) w
	order by w.code, w.language;
	reply.status := 200;
	select json_build_object(
		'items', coalesce(json_agg(kept.invitation_json(i) order by g.position, i.language), '[]'),
		'unreachable', unreachable,
		'untranslated', coalesce(json_agg(distinct i.language) filter (where not exists (
			select
			from kept.catalogue_text t
			where t.key = 'invitation.text'
			and lower(t.language) in (lower(i.language), lower(split_part(i.language, '-', 1))))), '[]'))
	into reply.body
	from kept.invitation i
	join kept.stakeholder_group g on g.code = i.group_code
	where i.district_id = p.district_id
	and i.plan_id = p.id
	and i.group_code = any (wanted)
	and i.status = 'draft';
	reply.etag := kept.etag(p.version, reply.body);
	perform kept.see_as(asked_by);
	return kept.once_store(request, reply, p.id);
end
$$;
comment on function kept.invitation_create(jsonb, uuid, jsonb) is
	'POST /v1/plans/{id}/invitations: a draft for each missing group (or those named) in each language of those who can be reached.';
grant execute on function kept.invitation_create(jsonb, uuid, jsonb) to kept_api;

create or replace function kept.invitation_reply(plan uuid, id uuid) returns kept.reply
language plpgsql stable
as $$
declare
	p kept.plan := kept.plan_seen(plan);
	i kept.invitation;
begin
	select * into i
	from kept.invitation t
	where t.district_id = p.district_id
	and t.plan_id = p.id
	and t.id = invitation_reply.id;
	return kept.found(case when i.id is not null then kept.invitation_json(i)::text end, i.version, 'plan');
end
$$;
comment on function kept.invitation_reply(uuid, uuid) is 'GET /v1/plans/{id}/invitations/{invitation_id}, and the reply of a change.';
grant execute on function kept.invitation_reply(uuid, uuid) to kept_api;

create or replace function kept.invitation_lock(request jsonb, plan uuid, id uuid) returns kept.invitation
language plpgsql volatile
as $$
declare
	p kept.plan := kept.plan_seen(plan);
	i kept.invitation;
begin
	select * into i
	from kept.invitation t
	where t.district_id = p.district_id
	and t.plan_id = p.id
	and t.id = invitation_lock.id
	for update;
	if i.id is null then
		perform kept.not_found('plan');
	end if;
	perform kept.match(request, i.version);
	perform kept.require_scope(p.school_id, array[]::text[]);
	if i.status = 'sent' then
		perform kept.refuse(409, 'It was sent, so it stays as it is. Draft another one.', null, 'move-not-allowed');
	end if;
	return i;
end
$$;
comment on function kept.invitation_lock(jsonb, uuid, uuid) is 'The draft of an invitation, locked for a change: 404, 412, 403, 409 once it was sent.';
grant execute on function kept.invitation_lock(jsonb, uuid, uuid) to kept_api;

create or replace function kept.invitation_change(request jsonb, plan uuid, id uuid, body jsonb) returns kept.reply
language plpgsql volatile
as $$
declare
	reply kept.reply := kept.once(request);
	i kept.invitation;
begin
	if reply.status is not null then
		return reply;
	end if;
	i := kept.invitation_lock(request, plan, invitation_change.id);
	update kept.invitation t
	set subject = coalesce(body ->> 'subject', t.subject), text = coalesce(body ->> 'text', t.text), version = t.version + 1, updated_at = kept.now()
	where t.district_id = i.district_id
	and t.id = i.id
	and (t.subject, t.text) is distinct from (coalesce(body ->> 'subject', t.subject), coalesce(body ->> 'text', t.text));
	return kept.once_store(request, kept.invitation_reply(plan, i.id), i.id);
end
$$;
comment on function kept.invitation_change(jsonb, uuid, uuid, jsonb) is 'PATCH /v1/plans/{id}/invitations/{invitation_id}: its words, while it is a draft.';
grant execute on function kept.invitation_change(jsonb, uuid, uuid, jsonb) to kept_api;

create or replace function kept.invitation_remove(request jsonb, plan uuid, id uuid) returns kept.reply
language plpgsql volatile
as $$
declare
	reply kept.reply := kept.once(request);
	i kept.invitation;
begin
	if reply.status is not null then
		return reply;
	end if;
	i := kept.invitation_lock(request, plan, invitation_remove.id);
	delete from kept.invitation t where t.district_id = i.district_id and t.id = i.id;
	delete from kept.idempotency d where d.district_id = i.district_id and d.subject_id = i.id;
	return kept.once_store(request, row(204, null, null, null, null)::kept.reply, null);
end
$$;
comment on function kept.invitation_remove(jsonb, uuid, uuid) is 'DELETE /v1/plans/{id}/invitations/{invitation_id}: a draft.';
grant execute on function kept.invitation_remove(jsonb, uuid, uuid) to kept_api;

-- To all of the group who read that language, whomever the caller may see.
create or replace function kept.invitation_tell(i kept.invitation, school uuid) returns int
language plpgsql volatile
as $$
declare
	asked_by text := kept.see_as('admin');
	persons uuid[];
	organisations uuid[];
	queued int;
begin
	select array_agg(r.person_id) filter (where r.person_id is not null), array_agg(r.organisation_id) filter (where r.organisation_id is not null)
	into persons, organisations
	from kept.district d
	cross join lateral kept.group_recipients(i.group_code, school) r
	where d.id = i.district_id
	and kept.invitation_language(r.language, d.locale) = i.language;
	select count(*) into queued
	from kept.notice_send_many(i.district_id, 'invitation', i.id, '', coalesce(persons, '{}'), coalesce(organisations, '{}')) told
	where told.result = 'queued';
	perform kept.see_as(asked_by);
	return queued;
end
$$;
comment on function kept.invitation_tell(kept.invitation, uuid) is 'Sends an invitation to the people and organisations of its group who read its language; to how many.';
grant execute on function kept.invitation_tell(kept.invitation, uuid) to kept_api;

create or replace function kept.invitation_send(request jsonb, plan uuid, id uuid, body jsonb) returns kept.reply
language plpgsql volatile
as $$
declare
	reply kept.reply := kept.once(request);
	i kept.invitation;
begin
	if reply.status is not null then
		return reply;
	end if;
	i := kept.invitation_lock(request, plan, invitation_send.id);
	i.recipients := kept.invitation_tell(i, (kept.plan_seen(plan)).school_id);
	if i.recipients = 0 then
		perform kept.refuse(409, 'Nobody of this group who reads this language can be reached. Add a contact, or give it to them on paper.');
	end if;
	update kept.invitation t
	set status = 'sent', sent_at = kept.now(), sent_by = kept.actor(), recipients = i.recipients, version = t.version + 1, updated_at = kept.now()
	where t.district_id = i.district_id
	and t.id = i.id;
	reply := kept.invitation_reply(plan, i.id);
	reply.status := 202;
	reply.etag := null;
	perform kept.coverage_refresh(plan);
	return kept.once_store(request, reply, i.id);
end
$$;
comment on function kept.invitation_send(jsonb, uuid, uuid, jsonb) is 'POST /v1/plans/{id}/invitations/{invitation_id}/send: the body says nothing more; the worker takes it from here; a second time 409.';
grant execute on function kept.invitation_send(jsonb, uuid, uuid, jsonb) to kept_api;
