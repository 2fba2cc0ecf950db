-- 0010: the three questions: frameworks, plans, responses, meetings, invitations, pledges, confirmations, notices, school years.

create table kept.catalogue_text (
	key text not null check (key ~ '^[a-z0-9_.]{1,60}$'),
	language text not null,
	text text not null check (char_length(text) between 1 and 4000),
	primary key (key, language)
);
comment on table kept.catalogue_text is 'What pages, sheets and invitations say, by language; {name} is a place to be filled.';
comment on column kept.catalogue_text.key is 'What is said.';
comment on column kept.catalogue_text.language is 'BCP 47 tag.';
comment on column kept.catalogue_text.text is 'The words.';

create table kept.catalogue_framework (
	code text primary key check (code ~ '^[a-z0-9_]{1,60}$'),
	position int not null
);
comment on table kept.catalogue_framework is 'The frameworks that come with Kept: what a plan is made by, and who belongs at its table.';
comment on column kept.catalogue_framework.code is 'Stable name.';
comment on column kept.catalogue_framework.position is 'Order in lists.';

create table kept.catalogue_framework_text (
	code text not null references kept.catalogue_framework,
	language text not null,
	name text not null check (char_length(name) between 1 and 200),
	description text check (char_length(description) <= 2000),
	primary key (code, language)
);
comment on table kept.catalogue_framework_text is 'The words of a framework in a language.';
comment on column kept.catalogue_framework_text.code is 'The framework.';
comment on column kept.catalogue_framework_text.language is 'BCP 47 tag.';
comment on column kept.catalogue_framework_text.name is 'What it is called.';
comment on column kept.catalogue_framework_text.description is 'Where it comes from and what it asks.';

create table kept.catalogue_framework_group (
	code text not null references kept.catalogue_framework,
	group_code text not null references kept.stakeholder_group,
	necessity text not null check (necessity in ('must', 'should', 'may')),
	only_secondary boolean not null default false,
	primary key (code, group_code)
);
comment on table kept.catalogue_framework_group is 'Which groups a framework wants at the table.';
comment on column kept.catalogue_framework_group.code is 'The framework.';
comment on column kept.catalogue_framework_group.group_code is 'The group.';
comment on column kept.catalogue_framework_group.necessity is 'How much it wants it.';
comment on column kept.catalogue_framework_group.only_secondary is 'True: so for secondary schools; for others it may be there.';

create table kept.catalogue_clause (
	framework_code text not null references kept.catalogue_framework,
	code text not null check (code ~ '^[a-z0-9_.]{1,60}$'),
	group_code text not null references kept.stakeholder_group,
	position int not null,
	citation text check (char_length(citation) <= 200),
	primary key (framework_code, code)
);
comment on table kept.catalogue_clause is 'What a plan by this framework must say: its template.';
comment on column kept.catalogue_clause.framework_code is 'The framework.';
comment on column kept.catalogue_clause.code is 'Stable name of the clause.';
comment on column kept.catalogue_clause.group_code is 'Whose responsibility it is.';
comment on column kept.catalogue_clause.position is 'Order within the framework.';
comment on column kept.catalogue_clause.citation is 'Where it is asked for; NULL: nowhere in law.';

create table kept.catalogue_clause_text (
	framework_code text not null,
	code text not null,
	language text not null,
	title text not null check (char_length(title) between 1 and 300),
	description text check (char_length(description) <= 2000),
	primary key (framework_code, code, language),
	foreign key (framework_code, code) references kept.catalogue_clause
);
comment on table kept.catalogue_clause_text is 'The words of a clause in a language.';
comment on column kept.catalogue_clause_text.framework_code is 'The framework.';
comment on column kept.catalogue_clause_text.code is 'The clause.';
comment on column kept.catalogue_clause_text.language is 'BCP 47 tag.';
comment on column kept.catalogue_clause_text.title is 'One plain sentence.';
comment on column kept.catalogue_clause_text.description is 'More about it.';

create table kept.framework (
	district_id uuid not null references kept.district,
	id uuid not null default kept.uuid7(),
	catalogue_code text references kept.catalogue_framework,
	name text check (char_length(name) between 1 and 200),
	description text check (char_length(description) <= 2000),
	retired boolean not null default false,
	version bigint not null default 1,
	created_at timestamptz not null default kept.now(),
	updated_at timestamptz not null default kept.now(),
	primary key (district_id, id),
	unique (district_id, catalogue_code),
	check ((name is null) = (catalogue_code is not null))
);
comment on table kept.framework is 'A framework as a district uses it: those that come with Kept, and its own.';
comment on column kept.framework.district_id is 'The tenant.';
comment on column kept.framework.id is 'The framework''s id in this district.';
comment on column kept.framework.catalogue_code is 'The one that comes with Kept; NULL: the district''s own.';
comment on column kept.framework.name is 'What its own is called.';
comment on column kept.framework.description is 'Where it comes from and what it asks.';
comment on column kept.framework.retired is 'True: no new plan is made by it.';
comment on column kept.framework.version is 'Raised by each change.';
comment on column kept.framework.created_at is 'When it was added.';
comment on column kept.framework.updated_at is 'When it last changed.';

create table kept.framework_group (
	district_id uuid not null,
	framework_id uuid not null,
	group_code text not null references kept.stakeholder_group,
	necessity text not null check (necessity in ('must', 'should', 'may')),
	only_secondary boolean not null default false,
	primary key (district_id, framework_id, group_code),
	foreign key (district_id, framework_id) references kept.framework on delete cascade
);
comment on table kept.framework_group is 'Which groups a district''s own framework wants at the table.';
comment on column kept.framework_group.district_id is 'The tenant.';
comment on column kept.framework_group.framework_id is 'The framework.';
comment on column kept.framework_group.group_code is 'The group.';
comment on column kept.framework_group.necessity is 'How much it wants it.';
comment on column kept.framework_group.only_secondary is 'True: so for secondary schools; for others it may be there.';

alter table kept.school
	add column level text check (level in ('elementary', 'secondary')),
	add column members int check (members between 1 and 1000000);
comment on column kept.school.level is 'Whether its students are of an age to be at the table; NULL: not told.';
comment on column kept.school.members is 'How many people work there: no pledge of the building is above it; NULL: not told.';
alter table kept.organisation
	add column members int check (members between 1 and 1000000);
comment on column kept.organisation.members is 'How many people belong to it: no pledge of it is above that; NULL: not told.';

create table kept.plan (
	district_id uuid not null references kept.district,
	id uuid not null default kept.uuid7(),
	framework_id uuid not null,
	school_id uuid,
	school_year text not null check (school_year ~ '^[0-9]{4}-[0-9]{2}$'),
	title text not null check (char_length(title) between 1 and 200),
	starts_on date not null,
	ends_on date not null check (ends_on > starts_on),
	review_on date,
	slug text check (slug ~ '^[a-z0-9][a-z0-9-]{0,79}$'),
	published boolean not null default false,
	sheet_code text not null unique check (sheet_code ~ '^[a-z2-9]{10,20}$'),
	copied_from uuid,
	created_by text not null,
	version bigint not null default 1,
	created_at timestamptz not null default kept.now(),
	updated_at timestamptz not null default kept.now(),
	primary key (district_id, id),
	foreign key (district_id, framework_id) references kept.framework,
	foreign key (district_id, school_id) references kept.school,
	foreign key (district_id, copied_from) references kept.plan (district_id, id),
	check (not published or slug is not null)
);
comment on table kept.plan is 'What a school or district sets out to do together in a school year; its text is in its versions.';
comment on column kept.plan.district_id is 'The tenant.';
comment on column kept.plan.id is 'The plan''s id.';
comment on column kept.plan.framework_id is 'What it is made by.';
comment on column kept.plan.school_id is 'The school that it is for; NULL: the whole district.';
comment on column kept.plan.school_year is 'For instance 2026-27.';
comment on column kept.plan.title is 'What it is called.';
comment on column kept.plan.starts_on is 'First day of its school year.';
comment on column kept.plan.ends_on is 'Last day of its school year.';
comment on column kept.plan.review_on is 'When it is to be looked at again; NULL: not set.';
comment on column kept.plan.slug is 'Its page is at /plans/SLUG; the only one of that name in this register.';
comment on column kept.plan.published is 'True: everybody may read that page.';
comment on column kept.plan.sheet_code is 'Its printable sheet is at /s/CODE from consultation on; cannot be guessed.';
comment on column kept.plan.copied_from is 'The plan of the year before; NULL: none.';
comment on column kept.plan.created_by is 'The actor that made it.';
comment on column kept.plan.version is 'Raised by each change of it, its versions or its items; not by responses.';
comment on column kept.plan.created_at is 'When it was made.';
comment on column kept.plan.updated_at is 'When it last changed.';
-- Its page's address is the register's, not the district's.
create unique index plan_slug on kept.plan (slug) where slug is not null;
create index plan_list on kept.plan (district_id, starts_on desc, id);
create index plan_school on kept.plan (district_id, school_id) where school_id is not null;

create table kept.plan_version (
	district_id uuid not null,
	plan_id uuid not null,
	number int not null check (number >= 1),
	status text not null default 'draft' check (status in ('draft', 'consultation', 'adopted', 'in_force', 'under_review', 'archived')),
	reason text check (char_length(reason) <= 1000),
	text_hash text check (text_hash ~ '^[0-9a-f]{64}$'),
	consulted_at timestamptz,
	adopted_at timestamptz,
	adopted_by text,
	created_by text not null,
	created_at timestamptz not null default kept.now(),
	updated_at timestamptz not null default kept.now(),
	primary key (district_id, plan_id, number),
	foreign key (district_id, plan_id) references kept.plan on delete cascade,
	check ((text_hash is null) = (status = 'draft'))
);
comment on table kept.plan_version is 'A text of a plan: changed as a draft only, then only moved.';
comment on column kept.plan_version.district_id is 'The tenant.';
comment on column kept.plan_version.plan_id is 'The plan.';
comment on column kept.plan_version.number is 'Counted from 1.';
comment on column kept.plan_version.status is 'Where it stands.';
comment on column kept.plan_version.reason is 'Why it was last moved.';
comment on column kept.plan_version.text_hash is 'SHA-256 of all its items'' texts since it left draft.';
comment on column kept.plan_version.consulted_at is 'When it was put to the groups.';
comment on column kept.plan_version.adopted_at is 'When it was adopted.';
comment on column kept.plan_version.adopted_by is 'Who adopted it.';
comment on column kept.plan_version.created_by is 'The actor that made it.';
comment on column kept.plan_version.created_at is 'When it was made.';
comment on column kept.plan_version.updated_at is 'When it last moved.';
create unique index plan_version_draft on kept.plan_version (district_id, plan_id) where status = 'draft';

create table kept.plan_comment (
	district_id uuid not null,
	id uuid not null default kept.uuid7(),
	plan_id uuid not null,
	version_number int not null,
	item_id uuid,
	kind text not null check (kind in ('comment', 'addition')),
	group_code text not null references kept.stakeholder_group,
	from_group text not null references kept.stakeholder_group,
	text text not null check (char_length(text) between 1 and 2000),
	person_id uuid,
	organisation_id uuid,
	identified_by text not null check (identified_by in ('key', 'paper', 'meeting', 'link')),
	recorded_by text not null,
	resolution text not null default 'open' check (resolution in ('open', 'taken', 'not_taken')),
	resolution_reason text check (char_length(resolution_reason) <= 1000),
	taken_as uuid,
	version bigint not null default 1,
	created_at timestamptz not null default kept.now(),
	updated_at timestamptz not null default kept.now(),
	primary key (district_id, id),
	foreign key (district_id, plan_id, version_number) references kept.plan_version on delete cascade,
	foreign key (district_id, person_id) references kept.person,
	foreign key (district_id, organisation_id) references kept.organisation,
	check (num_nonnulls(person_id, organisation_id) <= 1),
	check ((taken_as is not null) <= (resolution = 'taken'))
);
comment on table kept.plan_comment is 'What somebody says of a group''s list, and what should be added to it.';
comment on column kept.plan_comment.district_id is 'The tenant.';
comment on column kept.plan_comment.id is 'The comment''s id.';
comment on column kept.plan_comment.plan_id is 'The plan.';
comment on column kept.plan_comment.version_number is 'The version that it is about.';
comment on column kept.plan_comment.item_id is 'The item that it is about; NULL: the whole list.';
comment on column kept.plan_comment.kind is 'Addition: it should be on the list.';
comment on column kept.plan_comment.group_code is 'Whose list it is about.';
comment on column kept.plan_comment.from_group is 'The group that it comes from.';
comment on column kept.plan_comment.text is 'What was said.';
comment on column kept.plan_comment.person_id is 'Who said it, or.';
comment on column kept.plan_comment.organisation_id is 'Which unit; both NULL: somebody of the group.';
comment on column kept.plan_comment.identified_by is 'How that is known.';
comment on column kept.plan_comment.recorded_by is 'The actor that wrote it down.';
comment on column kept.plan_comment.resolution is 'What became of it.';
comment on column kept.plan_comment.resolution_reason is 'Why.';
comment on column kept.plan_comment.taken_as is 'The line of the items that it became part of.';
comment on column kept.plan_comment.version is 'Raised by each change.';
comment on column kept.plan_comment.created_at is 'When it was recorded.';
comment on column kept.plan_comment.updated_at is 'When it last changed.';
create index plan_comment_list on kept.plan_comment (district_id, plan_id, id);
create index plan_comment_person on kept.plan_comment (district_id, person_id) where person_id is not null;

create table kept.plan_item (
	district_id uuid not null,
	id uuid not null default kept.uuid7(),
	plan_id uuid not null,
	version_number int not null,
	line uuid not null,
	group_code text not null references kept.stakeholder_group,
	position int not null default 1000,
	action_id uuid,
	clause_code text check (char_length(clause_code) <= 60),
	title text not null check (char_length(title) between 1 and 300),
	description text check (char_length(description) <= 4000),
	due_on date,
	owed_to_group text references kept.stakeholder_group,
	text_hash text not null check (text_hash ~ '^[0-9a-f]{64}$'),
	commitment_id uuid,
	created_at timestamptz not null default kept.now(),
	updated_at timestamptz not null default kept.now(),
	primary key (district_id, id),
	unique (district_id, plan_id, version_number, line),
	unique (district_id, plan_id, version_number, id, group_code),
	foreign key (district_id, plan_id, version_number) references kept.plan_version on delete cascade,
	foreign key (district_id, action_id) references kept.action,
	foreign key (district_id, commitment_id) references kept.commitment on delete set null (commitment_id)
);
comment on table kept.plan_item is 'A responsibility in a version of a plan: a catalogue action, a clause or a draft commitment.';
comment on column kept.plan_item.district_id is 'The tenant.';
comment on column kept.plan_item.id is 'The item''s id in this version.';
comment on column kept.plan_item.plan_id is 'The plan.';
comment on column kept.plan_item.version_number is 'The version.';
comment on column kept.plan_item.line is 'The same in all versions that have it: what is compared with what.';
comment on column kept.plan_item.group_code is 'Whose responsibility it is.';
comment on column kept.plan_item.position is 'Order within the group.';
comment on column kept.plan_item.action_id is 'The action that it is; NULL: a text of its own.';
comment on column kept.plan_item.clause_code is 'The clause of the framework that it answers; NULL: none.';
comment on column kept.plan_item.title is 'One plain sentence.';
comment on column kept.plan_item.description is 'More about it.';
comment on column kept.plan_item.due_on is 'By when; NULL: asked for once it is adopted.';
comment on column kept.plan_item.owed_to_group is 'The group to whom it is owed; NULL: not told.';
comment on column kept.plan_item.text_hash is 'SHA-256 of its exact text, see kept.plan_item_hash().';
comment on column kept.plan_item.commitment_id is 'What it became when it was adopted; NULL: not agreed, or not yet.';
comment on column kept.plan_item.created_at is 'When it was added.';
comment on column kept.plan_item.updated_at is 'When it last changed.';
create index plan_item_commitment on kept.plan_item (district_id, commitment_id) where commitment_id is not null;

-- What the groups were asked and what they agreed to stays as it was, whatever function would change it.
create function kept.plan_version_guard() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
	if old.status = 'draft' and (tg_op = 'DELETE' or new.status in ('draft', 'consultation')) then
		return case when tg_op = 'DELETE' then old else new end;
	end if;
	if tg_op = 'DELETE'
	or (new.district_id, new.plan_id, new.number, new.text_hash, new.consulted_at) is distinct from
		(old.district_id, old.plan_id, old.number, old.text_hash, old.consulted_at)
	or (new.adopted_at is distinct from old.adopted_at and old.adopted_at is not null)
	or (new.status is distinct from old.status and (old.status, new.status) not in (
		values ('consultation', 'adopted'), ('consultation', 'archived'), ('adopted', 'in_force'), ('adopted', 'archived'),
			('in_force', 'under_review'), ('in_force', 'archived'), ('under_review', 'in_force'), ('under_review', 'archived'))) then
		raise exception using
			errcode = 'KT409',
			message = 'A published version never changes. Make a new draft: POST to the versions of the plan.';
	end if;
	return new;
end
$$;
comment on function kept.plan_version_guard() is 'Lets a version that is no draft only move on.';
create trigger guard before update or delete on kept.plan_version for each row execute function kept.plan_version_guard();

-- Served by the primary key of plan_version. The version is locked against a move meanwhile.
create function kept.plan_item_guard() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
	place record := case when tg_op = 'INSERT' then new else old end;
	status text;
begin
	-- What it became may be written down, and forgotten.
	if tg_op = 'UPDATE' and to_jsonb(new) - '{commitment_id,updated_at}'::text[] = to_jsonb(old) - '{commitment_id,updated_at}'::text[] then
		return new;
	end if;
	select v.status into status
	from kept.plan_version v
	where v.district_id = place.district_id
	and v.plan_id = place.plan_id
	and v.number = place.version_number
	for share;
	if status <> 'draft' then
		raise exception using
			errcode = 'KT409',
			message = 'A published version never changes. Make a new draft: POST to the versions of the plan.';
	end if;
	return case when tg_op = 'DELETE' then old else new end;
end
$$;
comment on function kept.plan_item_guard() is 'Refuses any change of the items of a version that is no draft, but for what they became.';
create trigger guard before insert or update or delete on kept.plan_item for each row execute function kept.plan_item_guard();

create table kept.plan_response (
	district_id uuid not null,
	id uuid not null default kept.uuid7(),
	plan_id uuid not null,
	version_number int not null,
	item_id uuid not null,
	group_code text not null,
	stance text not null check (stance in ('agree', 'amend', 'decline', 'abstain')),
	amendment text check (char_length(amendment) between 1 and 2000),
	comment text check (char_length(comment) <= 2000),
	person_id uuid,
	organisation_id uuid,
	count int not null default 1 check (count between 1 and 100000),
	identified_by text not null check (identified_by in ('key', 'paper', 'meeting', 'link')),
	recorded_by text not null,
	recorder_id uuid,
	meeting_id uuid,
	text_hash text not null check (text_hash ~ '^[0-9a-f]{64}$'),
	responded_on date not null,
	replaced_by uuid,
	created_at timestamptz not null default kept.now(),
	primary key (district_id, id),
	foreign key (district_id, plan_id, version_number, item_id, group_code)
		references kept.plan_item (district_id, plan_id, version_number, id, group_code) on delete cascade,
	foreign key (district_id, person_id) references kept.person,
	foreign key (district_id, recorder_id) references kept.person (district_id, id),
	foreign key (district_id, organisation_id) references kept.organisation,
	check ((stance = 'amend') = (amendment is not null)),
	check (num_nonnulls(person_id, organisation_id) <= 1),
	check (count = 1 or num_nonnulls(person_id, organisation_id) = 0)
);
comment on table kept.plan_response is 'What a group says to its own item, through one of its people or units.';
comment on column kept.plan_response.district_id is 'The tenant.';
comment on column kept.plan_response.id is 'The response''s id.';
comment on column kept.plan_response.plan_id is 'The plan.';
comment on column kept.plan_response.version_number is 'The version.';
comment on column kept.plan_response.item_id is 'The item.';
comment on column kept.plan_response.group_code is 'The item''s group: only the group itself responds.';
comment on column kept.plan_response.stance is 'What was said.';
comment on column kept.plan_response.amendment is 'The change that would make it agreeable.';
comment on column kept.plan_response.comment is 'What else was said.';
comment on column kept.plan_response.person_id is 'Who, or.';
comment on column kept.plan_response.organisation_id is 'Which unit; both NULL: people of the group who were not named.';
comment on column kept.plan_response.count is 'How many said so, where they were not named.';
comment on column kept.plan_response.identified_by is 'How they were identified: their key, a signed paper, present in a meeting, their link.';
comment on column kept.plan_response.recorded_by is 'The actor that wrote it down.';
comment on column kept.plan_response.recorder_id is 'The person who holds that actor''s key; NULL: not told.';
comment on column kept.plan_response.meeting_id is 'The meeting in which it was said; NULL: none.';
comment on column kept.plan_response.text_hash is 'SHA-256 of the text that was put to them.';
comment on column kept.plan_response.responded_on is 'The day on which they said so.';
comment on column kept.plan_response.replaced_by is 'The later response of the same person or unit; NULL: it stands.';
comment on column kept.plan_response.created_at is 'When it was recorded.';
create unique index plan_response_person on kept.plan_response (district_id, item_id, person_id) where person_id is not null and replaced_by is null;
create unique index plan_response_organisation on kept.plan_response (district_id, item_id, organisation_id)
	where organisation_id is not null and replaced_by is null;
create index plan_response_list on kept.plan_response (district_id, plan_id, id);
create index plan_response_item on kept.plan_response (district_id, item_id) where replaced_by is null;
create index plan_response_who on kept.plan_response (district_id, person_id) where person_id is not null;

create table kept.meeting (
	district_id uuid not null references kept.district,
	id uuid not null default kept.uuid7(),
	plan_id uuid,
	school_id uuid,
	title text not null check (char_length(title) between 1 and 200),
	held_on date not null,
	begins_at time,
	place text check (char_length(place) <= 300),
	languages text[] not null default '{}' check (cardinality(languages) <= 20),
	agenda text check (char_length(agenda) <= 4000),
	minutes text check (char_length(minutes) <= 20000),
	status text not null default 'planned' check (status in ('planned', 'held', 'cancelled')),
	version bigint not null default 1,
	created_by text not null,
	created_at timestamptz not null default kept.now(),
	updated_at timestamptz not null default kept.now(),
	primary key (district_id, id),
	foreign key (district_id, plan_id) references kept.plan,
	foreign key (district_id, school_id) references kept.school
);
comment on table kept.meeting is 'A discussion of the three questions.';
comment on column kept.meeting.district_id is 'The tenant.';
comment on column kept.meeting.id is 'The meeting''s id.';
comment on column kept.meeting.plan_id is 'The plan that it is about; NULL: none.';
comment on column kept.meeting.school_id is 'Its school; NULL: the whole district.';
comment on column kept.meeting.title is 'What it is called.';
comment on column kept.meeting.held_on is 'Local date.';
comment on column kept.meeting.begins_at is 'Local time; NULL: not set.';
comment on column kept.meeting.place is 'Where, or the link to it.';
comment on column kept.meeting.languages is 'Languages that are interpreted or spoken, BCP 47 tags.';
comment on column kept.meeting.agenda is 'What is discussed beside the three questions.';
comment on column kept.meeting.minutes is 'What was said and settled.';
comment on column kept.meeting.status is 'Whether it took place.';
comment on column kept.meeting.version is 'Raised by each change.';
comment on column kept.meeting.created_by is 'The actor that registered it.';
comment on column kept.meeting.created_at is 'When it was registered.';
comment on column kept.meeting.updated_at is 'When it last changed.';
create index meeting_list on kept.meeting (district_id, held_on desc, id);
create index meeting_plan on kept.meeting (district_id, plan_id) where plan_id is not null;
create index meeting_school on kept.meeting (district_id, school_id) where school_id is not null;
alter table kept.plan_response add foreign key (district_id, meeting_id) references kept.meeting (district_id, id);

create table kept.meeting_headcount (
	district_id uuid not null,
	meeting_id uuid not null,
	group_code text not null references kept.stakeholder_group,
	language text not null,
	count int not null check (count between 0 and 100000),
	primary key (district_id, meeting_id, group_code, language),
	foreign key (district_id, meeting_id) references kept.meeting on delete cascade
);
comment on table kept.meeting_headcount is 'How many of a group were there, by language; never who.';
comment on column kept.meeting_headcount.district_id is 'The tenant.';
comment on column kept.meeting_headcount.meeting_id is 'The meeting.';
comment on column kept.meeting_headcount.group_code is 'The group.';
comment on column kept.meeting_headcount.language is 'BCP 47 tag of what they speak; und where nobody asked.';
comment on column kept.meeting_headcount.count is 'How many.';

create table kept.meeting_answer (
	district_id uuid not null,
	id uuid not null default kept.uuid7(),
	meeting_id uuid not null,
	question text not null check (question in ('agree', 'missing', 'together')),
	group_code text not null references kept.stakeholder_group,
	text text not null check (char_length(text) between 1 and 2000),
	language text,
	version bigint not null default 1,
	created_at timestamptz not null default kept.now(),
	updated_at timestamptz not null default kept.now(),
	primary key (district_id, id),
	foreign key (district_id, meeting_id) references kept.meeting on delete cascade
);
comment on table kept.meeting_answer is 'What a group answered to one of the three questions.';
comment on column kept.meeting_answer.district_id is 'The tenant.';
comment on column kept.meeting_answer.id is 'The answer''s id.';
comment on column kept.meeting_answer.meeting_id is 'The meeting.';
comment on column kept.meeting_answer.question is 'Do you agree and what would you add; who is missing and how can they be included; what can we do together.';
comment on column kept.meeting_answer.group_code is 'The group that answered.';
comment on column kept.meeting_answer.text is 'What it said.';
comment on column kept.meeting_answer.language is 'BCP 47 tag of the text; NULL: not told.';
comment on column kept.meeting_answer.version is 'Raised by each change.';
comment on column kept.meeting_answer.created_at is 'When it was noted.';
comment on column kept.meeting_answer.updated_at is 'When it last changed.';
create index meeting_answer_list on kept.meeting_answer (district_id, meeting_id, id);

create table kept.invitation (
	district_id uuid not null,
	id uuid not null default kept.uuid7(),
	plan_id uuid not null,
	meeting_id uuid,
	group_code text not null references kept.stakeholder_group,
	language text not null,
	subject text not null check (char_length(subject) between 1 and 200),
	text text not null check (char_length(text) between 1 and 4000),
	status text not null default 'draft' check (status in ('draft', 'sent')),
	sent_at timestamptz,
	sent_by text,
	recipients int not null default 0,
	version bigint not null default 1,
	created_at timestamptz not null default kept.now(),
	updated_at timestamptz not null default kept.now(),
	primary key (district_id, id),
	foreign key (district_id, plan_id) references kept.plan on delete cascade,
	foreign key (district_id, meeting_id) references kept.meeting on delete set null (meeting_id),
	check ((status = 'sent') = (sent_at is not null))
);
comment on table kept.invitation is 'What a group that is missing is sent, in one of its languages: a draft until somebody says so.';
comment on column kept.invitation.district_id is 'The tenant.';
comment on column kept.invitation.id is 'The invitation''s id.';
comment on column kept.invitation.plan_id is 'The plan to whose table it invites.';
comment on column kept.invitation.meeting_id is 'The meeting to which it invites; NULL: none yet.';
comment on column kept.invitation.group_code is 'The group.';
comment on column kept.invitation.language is 'BCP 47 tag.';
comment on column kept.invitation.subject is 'Of the mail.';
comment on column kept.invitation.text is 'What it says.';
comment on column kept.invitation.status is 'Whether it was sent.';
comment on column kept.invitation.sent_at is 'When somebody said so.';
comment on column kept.invitation.sent_by is 'Who.';
comment on column kept.invitation.recipients is 'To how many.';
comment on column kept.invitation.version is 'Raised by each change.';
comment on column kept.invitation.created_at is 'When it was drafted.';
comment on column kept.invitation.updated_at is 'When it last changed.';
-- Who is in a group, whatever the size of the district.
create index person_group_group on kept.person_group (district_id, group_code, person_id);
create unique index invitation_draft on kept.invitation (district_id, plan_id, group_code, language) where status = 'draft';
create index invitation_list on kept.invitation (district_id, plan_id, id);

create table kept.plan_coverage (
	district_id uuid not null,
	plan_id uuid not null,
	group_code text not null references kept.stakeholder_group,
	state text not null check (state in ('committed', 'responded', 'took_part', 'invited', 'missing')),
	since timestamptz not null default kept.now(),
	primary key (district_id, plan_id, group_code),
	foreign key (district_id, plan_id) references kept.plan on delete cascade
);
comment on table kept.plan_coverage is 'How near a group is to a plan''s table, as last told.';
comment on column kept.plan_coverage.district_id is 'The tenant.';
comment on column kept.plan_coverage.plan_id is 'The plan.';
comment on column kept.plan_coverage.group_code is 'The group.';
comment on column kept.plan_coverage.state is 'The nearest that holds.';
comment on column kept.plan_coverage.since is 'Since when.';

alter table kept.commitment
	add column kind text not null default 'single' check (kind in ('single', 'collective')),
	add column plan_item_id uuid,
	add foreign key (district_id, plan_id) references kept.plan (district_id, id);
comment on column kept.commitment.kind is 'Collective: units pledge shares of it.';
comment on column kept.commitment.plan_item_id is 'The item of the adopted plan that it carries out; NULL: none.';
create index commitment_plan on kept.commitment (district_id, plan_id, group_code) where plan_id is not null;
create unique index commitment_item on kept.commitment (district_id, plan_item_id) where plan_item_id is not null;

create table kept.pledge (
	district_id uuid not null,
	id uuid not null default kept.uuid7(),
	commitment_id uuid not null,
	organisation_id uuid,
	school_id uuid,
	pledged int not null check (pledged between 1 and 1000000),
	done int not null default 0 check (done >= 0),
	version bigint not null default 1,
	created_by text not null,
	created_at timestamptz not null default kept.now(),
	updated_at timestamptz not null default kept.now(),
	primary key (district_id, id),
	foreign key (district_id, commitment_id) references kept.commitment on delete cascade,
	foreign key (district_id, organisation_id) references kept.organisation,
	foreign key (district_id, school_id) references kept.school,
	check (num_nonnulls(organisation_id, school_id) = 1),
	check (done <= pledged)
);
comment on table kept.pledge is 'A unit''s share of a collective commitment: how many of its people, never who.';
comment on column kept.pledge.district_id is 'The tenant.';
comment on column kept.pledge.id is 'The pledge''s id.';
comment on column kept.pledge.commitment_id is 'The collective commitment.';
comment on column kept.pledge.organisation_id is 'A chapter, class or other unit, or.';
comment on column kept.pledge.school_id is 'A building.';
comment on column kept.pledge.pledged is 'How many of the unit will do it.';
comment on column kept.pledge.done is 'How many have.';
comment on column kept.pledge.version is 'Raised by each change.';
comment on column kept.pledge.created_by is 'The actor that registered it.';
comment on column kept.pledge.created_at is 'When it was registered.';
comment on column kept.pledge.updated_at is 'When it last changed.';
create unique index pledge_organisation on kept.pledge (district_id, commitment_id, organisation_id) where organisation_id is not null;
create unique index pledge_school on kept.pledge (district_id, commitment_id, school_id) where school_id is not null;
create index pledge_list on kept.pledge (district_id, commitment_id, id);

create table kept.confirmation (
	district_id uuid not null,
	id uuid not null default kept.uuid7(),
	commitment_id uuid not null,
	person_id uuid,
	organisation_id uuid,
	group_code text references kept.stakeholder_group,
	confirmed boolean not null,
	note text check (char_length(note) <= 1000),
	identified_by text not null check (identified_by in ('key', 'paper', 'meeting', 'link')),
	recorded_by text not null,
	created_at timestamptz not null default kept.now(),
	primary key (district_id, id),
	foreign key (district_id, commitment_id) references kept.commitment on delete cascade,
	foreign key (district_id, person_id) references kept.person,
	foreign key (district_id, organisation_id) references kept.organisation,
	check (num_nonnulls(person_id, organisation_id, group_code) = 1)
);
comment on table kept.confirmation is 'What one to whom a commitment is owed says of its being kept.';
comment on column kept.confirmation.district_id is 'The tenant.';
comment on column kept.confirmation.id is 'The confirmation''s id.';
comment on column kept.confirmation.commitment_id is 'The commitment.';
comment on column kept.confirmation.person_id is 'Who says so: a person, or.';
comment on column kept.confirmation.organisation_id is 'An organisation, or.';
comment on column kept.confirmation.group_code is 'Somebody of a group.';
comment on column kept.confirmation.confirmed is 'False: it was not kept.';
comment on column kept.confirmation.note is 'What was said.';
comment on column kept.confirmation.identified_by is 'How they were identified.';
comment on column kept.confirmation.recorded_by is 'The actor that wrote it down.';
comment on column kept.confirmation.created_at is 'When it was recorded.';
create index confirmation_list on kept.confirmation (district_id, commitment_id, id);
create index confirmation_person on kept.confirmation (district_id, person_id) where person_id is not null;

create table kept.closed_day (
	district_id uuid not null references kept.district,
	id uuid not null default kept.uuid7(),
	school_id uuid,
	first_on date not null,
	last_on date not null check (last_on between first_on and first_on + 366),
	name text not null check (char_length(name) between 1 and 200),
	version bigint not null default 1,
	created_at timestamptz not null default kept.now(),
	updated_at timestamptz not null default kept.now(),
	primary key (district_id, id),
	foreign key (district_id, school_id) references kept.school
);
comment on table kept.closed_day is 'Days on which a school or the whole district does not work, beside Saturdays and Sundays.';
comment on column kept.closed_day.district_id is 'The tenant.';
comment on column kept.closed_day.id is 'Its id.';
comment on column kept.closed_day.school_id is 'The school; NULL: the whole district.';
comment on column kept.closed_day.first_on is 'The first day.';
comment on column kept.closed_day.last_on is 'The last day.';
comment on column kept.closed_day.name is 'For instance Winter break.';
comment on column kept.closed_day.version is 'Raised by each change.';
comment on column kept.closed_day.created_at is 'When it was added.';
comment on column kept.closed_day.updated_at is 'When it last changed.';
create index closed_day_list on kept.closed_day (district_id, first_on, id);
create index closed_day_school on kept.closed_day (district_id, school_id) where school_id is not null;

create table kept.handover (
	district_id uuid not null,
	id uuid not null default kept.uuid7(),
	commitment_id uuid not null,
	role text not null check (role in ('owner', 'accountable', 'helper')),
	from_person_id uuid not null,
	to_person_id uuid,
	to_organisation_id uuid,
	status_before text not null,
	handed_by text not null,
	created_at timestamptz not null default kept.now(),
	primary key (district_id, id),
	foreign key (district_id, commitment_id) references kept.commitment on delete cascade,
	foreign key (district_id, from_person_id) references kept.person (district_id, id),
	foreign key (district_id, to_person_id) references kept.person (district_id, id),
	foreign key (district_id, to_organisation_id) references kept.organisation (district_id, id),
	check (num_nonnulls(to_person_id, to_organisation_id) = 1)
);
comment on table kept.handover is 'Who had a part in a commitment before, and who was asked to take it over.';
comment on column kept.handover.district_id is 'The tenant.';
comment on column kept.handover.id is 'Its id.';
comment on column kept.handover.commitment_id is 'The commitment.';
comment on column kept.handover.role is 'The part.';
comment on column kept.handover.from_person_id is 'Who had it.';
comment on column kept.handover.to_person_id is 'Who was asked: a person, or.';
comment on column kept.handover.to_organisation_id is 'An organisation.';
comment on column kept.handover.status_before is 'Where the commitment stood.';
comment on column kept.handover.handed_by is 'The actor that handed it over.';
comment on column kept.handover.created_at is 'When.';
create index handover_commitment on kept.handover (district_id, commitment_id);
create index handover_from on kept.handover (district_id, from_person_id);

-- Promises of whole groups: nobody in particular can be reached for them.
create index party_owner_group on kept.party (district_id, commitment_id) where role = 'owner' and group_code is not null;

-- A message beside the ladder: told once, to one recipient.
create table kept.notice (
	district_id uuid not null,
	kind text not null check (kind in ('invitation', 'kept', 'late', 'handover')),
	subject_id uuid not null,
	occurrence text not null check (char_length(occurrence) <= 40),
	recipient_id uuid not null,
	recipient_kind text not null check (recipient_kind in ('person', 'organisation')),
	channel text not null check (channel in ('email', 'webhook', 'none')),
	contact_id uuid,
	message_id uuid,
	dropped text check (char_length(dropped) <= 60),
	traceparent text check (char_length(traceparent) <= 55),
	tracestate text check (char_length(tracestate) <= 512),
	created_at timestamptz not null default kept.now(),
	primary key (district_id, kind, subject_id, occurrence, recipient_id, channel),
	check ((message_id is null) = (dropped is not null))
);
comment on table kept.notice is 'What is told beside the ladder: exactly one row for each meaning.';
comment on column kept.notice.district_id is 'The tenant.';
comment on column kept.notice.kind is 'An invitation to the table; a promise owed to them was kept, or is late; a promise is handed to them.';
comment on column kept.notice.subject_id is 'The invitation, or the commitment.';
comment on column kept.notice.occurrence is 'Tells one telling from the next: the due date, the day, or empty.';
comment on column kept.notice.recipient_id is 'Person or organisation.';
comment on column kept.notice.recipient_kind is 'What recipient_id is.';
comment on column kept.notice.channel is 'None: no contact.';
comment on column kept.notice.contact_id is 'The contact that was chosen.';
comment on column kept.notice.message_id is 'Its message; NULL: nothing was sent.';
comment on column kept.notice.dropped is 'Why nothing was sent: no_contact, paused.';
comment on column kept.notice.traceparent is 'Trace and span of the request that made it.';
comment on column kept.notice.tracestate is 'What the caller''s tracing system added.';
comment on column kept.notice.created_at is 'When it was recorded.';
create unique index notice_message on kept.notice (district_id, message_id) where message_id is not null;
create index notice_recipient on kept.notice (recipient_id, district_id, created_at);
alter table kept.message drop constraint message_kind_check, add constraint message_kind_check check (kind in ('reminder', 'event', 'notice'));

alter table kept.reminder_policy add column escalate_after int default 14 check (escalate_after between 1 and 365);
comment on column kept.reminder_policy.escalate_after is 'So many days after the due date what an institution owes is told upward: coordinator of the school, then of the district; NULL: never.';
alter table kept.reminder drop constraint reminder_party_role_check,
	add constraint reminder_party_role_check check (party_role in ('owner', 'accountable', 'helper', 'beneficiary', 'escalation'));

do $$
declare
	t record;
begin
	for t in
		select * from (values
			-- table, what kept_api may, what kept_worker may, erasable columns for the audit (NULL: not audited)
			('framework', 'select, insert, update, delete', 'select', ''),
			('framework_group', 'select, insert, update, delete', 'select', ''),
			('plan', 'select, insert, update, delete', 'select', '''sheet_code'''),
			('plan_version', 'select, insert, update, delete', 'select', ''),
			('plan_item', 'select, insert, update, delete', 'select', ''),
			('plan_response', 'select, insert, update', 'select', '''amendment'', ''comment'''),
			('plan_comment', 'select, insert, update', 'select', '''text'''),
			('meeting', 'select, insert, update, delete', 'select', '''minutes'''),
			('meeting_headcount', 'select, insert, update, delete', 'select', ''),
			('meeting_answer', 'select, insert, update, delete', 'select', '''text'''),
			('invitation', 'select, insert, update, delete', 'select', ''),
			('plan_coverage', 'select, insert, update, delete', 'select, insert, update, delete', null),
			('pledge', 'select, insert, update, delete', 'select', ''),
			('confirmation', 'select, insert, update', 'select', '''note'''),
			('closed_day', 'select, insert, update, delete', 'select', ''),
			('handover', 'select, insert', 'select', ''),
			('notice', 'select, insert', 'select, insert, update', null)) as tenant (name, api, worker, erasable)
	loop
		execute format('alter table kept.%I enable row level security', t.name);
		execute format('alter table kept.%I force row level security', t.name);
		execute format('grant %s on kept.%I to kept_api', t.api, t.name);
		execute format('create policy api on kept.%I to kept_api using (district_id = (select kept.district())) with check (district_id = (select kept.district()))', t.name);
		execute format('grant %s on kept.%I to kept_worker', t.worker, t.name);
		execute format('create policy worker on kept.%I to kept_worker using (true) with check (true)', t.name);
		if t.erasable is not null then
			execute format('create trigger audit after insert or update or delete on kept.%I for each row execute function kept.audit_row(%s)', t.name, t.erasable);
		end if;
	end loop;
	for t in
		select unnest(array['catalogue_text', 'catalogue_framework', 'catalogue_framework_text', 'catalogue_framework_group', 'catalogue_clause',
			'catalogue_clause_text']) as name
	loop
		execute format('alter table kept.%I enable row level security', t.name);
		execute format('alter table kept.%I force row level security', t.name);
		execute format('grant select on kept.%I to kept_api, kept_worker', t.name);
		execute format('create policy readers on kept.%I for select to kept_api, kept_worker using (true)', t.name);
		execute format('create policy owner on kept.%I to %I using (true) with check (true)', t.name, current_user);
	end loop;
	-- The catalogue's frameworks are given to each district; a plan's page is found before anybody is known.
	execute format('create policy owner on kept.framework to %I using (true) with check (true)', current_user);
	execute format('create policy owner on kept.plan to %I using (true) with check (true)', current_user);
	execute format('create policy owner on kept.plan_version to %I using (true) with check (true)', current_user);
end
$$;

-- Who may read a plan: admins; stewards of its school, or of all; others once it was put to the groups. A plan of the whole
-- district is everybody's. What belongs to a plan is read by whom the plan is.
create policy visibility on kept.plan as restrictive for select to kept_api
using (
	(select kept.role()) = 'admin'
	or current_user <> 'kept_api'
	or (
		((select kept.scope_school()) is null or school_id is null or school_id = (select kept.scope_school()))
		and (
			(select kept.role()) = 'steward'
			or exists (
				select
				from kept.plan_version v
				where v.district_id = plan.district_id
				and v.plan_id = plan.id
				and v.status <> 'draft')))
);
create policy visibility on kept.plan_item as restrictive for select to kept_api
using (
	(select kept.role()) in ('admin', 'steward')
	or exists (
		select
		from kept.plan_version v
		where v.district_id = plan_item.district_id
		and v.plan_id = plan_item.plan_id
		and v.number = plan_item.version_number
		and v.status <> 'draft')
);
-- Who said what is for admins and stewards, and the unit itself.
do $$
declare
	name text;
begin
	foreach name in array array['plan_response', 'plan_comment', 'confirmation'] loop
		execute format('create policy scope on kept.%I as restrictive for select to kept_api using ((select kept.role()) in (''admin'', ''steward'') or organisation_id = (select kept.scope_organisation()))', name);
	end loop;
	foreach name in array array['invitation', 'meeting_answer', 'handover'] loop
		execute format('create policy scope on kept.%I as restrictive for select to kept_api using ((select kept.role()) in (''admin'', ''steward''))', name);
	end loop;
end
$$;
create policy scope on kept.notice as restrictive for select to kept_api
using ((select kept.role()) = 'admin' or current_user <> 'kept_api');
-- A meeting: minutes may name people.
create policy scope on kept.meeting as restrictive for select to kept_api
using (
	(select kept.role()) = 'admin'
	or ((select kept.role()) = 'steward'
		and ((select kept.scope_school()) is null or school_id is null or school_id = (select kept.scope_school())))
);
-- Shares by unit could be led back to people: who keeps the register of them, and the unit itself.
create policy scope on kept.pledge as restrictive for select to kept_api
using (
	(select kept.role()) = 'admin'
	or organisation_id = (select kept.scope_organisation())
	or ((select kept.role()) = 'steward'
		and exists (
			select
			from kept.commitment c
			where c.district_id = pledge.district_id
			and c.id = pledge.commitment_id
			and ((select kept.scope_school()) is null or c.school_id = (select kept.scope_school()))
			and ((select kept.scope_group()) is null or c.group_code = (select kept.scope_group()))))
);
