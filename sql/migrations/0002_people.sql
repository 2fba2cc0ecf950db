-- 0002: districts, schools, groups, actions, people, organisations, contacts, keys.

create table kept.district (
	id uuid primary key default kept.uuid7(),
	name text not null check (char_length(name) between 1 and 200),
	kind text not null default 'district' check (kind in ('district', 'association', 'school', 'network')),
	time_zone text not null,
	locale text not null,
	demonstration boolean not null default false,
	coordinator_id uuid,
	plan_rev bigint not null default 1,
	version bigint not null default 1,
	created_at timestamptz not null default kept.now()
);
comment on table kept.district is 'A tenant: whoever runs a register.';
comment on column kept.district.id is 'The tenant''s id.';
comment on column kept.district.name is 'Shown to people and in messages.';
comment on column kept.district.kind is 'What runs the register.';
comment on column kept.district.time_zone is 'IANA name; dates of commitments without a school are in it.';
comment on column kept.district.locale is 'BCP 47 tag; the language where a recipient has none.';
comment on column kept.district.demonstration is 'True: mail goes to a folder only.';
comment on column kept.district.coordinator_id is 'The person who gets answers to mails that name nobody nearer; NULL: nobody.';
comment on column kept.district.plan_rev is 'Raised when a change of policy, calendar or zone touches many commitments.';
comment on column kept.district.version is 'Raised by each change.';
comment on column kept.district.created_at is 'When it was added.';

create table kept.stakeholder_group (
	code text primary key check (code ~ '^[a-z_]{1,40}$'),
	position int not null unique
);
comment on table kept.stakeholder_group is 'The eight groups of the guide; the same for all districts.';
comment on column kept.stakeholder_group.code is 'For instance families.';
comment on column kept.stakeholder_group.position is 'Order in lists.';

create table kept.stakeholder_group_text (
	code text not null references kept.stakeholder_group,
	language text not null,
	name text not null check (char_length(name) between 1 and 200),
	primary key (code, language)
);
comment on table kept.stakeholder_group_text is 'The name of a group in a language.';
comment on column kept.stakeholder_group_text.code is 'The group.';
comment on column kept.stakeholder_group_text.language is 'BCP 47 tag.';
comment on column kept.stakeholder_group_text.name is 'For instance Familias.';

create table kept.catalogue_action (
	code text primary key check (code ~ '^[a-z0-9_.-]{1,60}$'),
	group_code text not null references kept.stakeholder_group,
	position int not null
);
comment on table kept.catalogue_action is 'What a group might do: the 28 actions that come with Kept.';
comment on column kept.catalogue_action.code is 'Stable name of the action.';
comment on column kept.catalogue_action.group_code is 'Whose responsibility it is.';
comment on column kept.catalogue_action.position is 'Order within the group.';

create table kept.catalogue_action_text (
	code text not null references kept.catalogue_action,
	language text not null,
	title text not null check (char_length(title) between 1 and 300),
	description text check (char_length(description) <= 2000),
	primary key (code, language)
);
comment on table kept.catalogue_action_text is 'The words of a catalogue action in a language.';
comment on column kept.catalogue_action_text.code is 'The action.';
comment on column kept.catalogue_action_text.language is 'BCP 47 tag.';
comment on column kept.catalogue_action_text.title is 'One plain sentence.';
comment on column kept.catalogue_action_text.description is 'What it can look like.';

create table kept.school (
	district_id uuid not null references kept.district,
	id uuid not null default kept.uuid7(),
	name text not null check (char_length(name) between 1 and 200),
	time_zone text,
	coordinator_id uuid,
	version bigint not null default 1,
	created_at timestamptz not null default kept.now(),
	updated_at timestamptz not null default kept.now(),
	primary key (district_id, id)
);
comment on table kept.school is 'A school of a district.';
comment on column kept.school.district_id is 'The tenant.';
comment on column kept.school.id is 'The school''s id.';
comment on column kept.school.name is 'Shown to people.';
comment on column kept.school.time_zone is 'IANA name; NULL: the district''s.';
comment on column kept.school.coordinator_id is 'The person of the school who gets answers to mails that name nobody nearer; NULL: the district''s.';
comment on column kept.school.version is 'Raised by each change.';
comment on column kept.school.created_at is 'When it was added.';
comment on column kept.school.updated_at is 'When it last changed.';

create index school_list on kept.school (district_id, name, id);

create table kept.action (
	district_id uuid not null references kept.district,
	id uuid not null default kept.uuid7(),
	group_code text not null references kept.stakeholder_group,
	catalogue_code text references kept.catalogue_action,
	position int not null default 1000,
	retired boolean not null default false,
	version bigint not null default 1,
	created_at timestamptz not null default kept.now(),
	updated_at timestamptz not null default kept.now(),
	primary key (district_id, id),
	unique (district_id, catalogue_code)
);
comment on table kept.action is 'An action as a district offers it: each catalogue action, and its own.';
comment on column kept.action.district_id is 'The tenant.';
comment on column kept.action.id is 'The action''s id in this district.';
comment on column kept.action.group_code is 'Whose responsibility it is.';
comment on column kept.action.catalogue_code is 'The catalogue entry; NULL: the district''s own.';
comment on column kept.action.position is 'Order within the group.';
comment on column kept.action.retired is 'True: not offered any more.';
comment on column kept.action.version is 'Raised by each change.';
comment on column kept.action.created_at is 'When it was added.';
comment on column kept.action.updated_at is 'When it last changed.';

create table kept.action_text (
	district_id uuid not null,
	action_id uuid not null,
	language text not null,
	title text not null check (char_length(title) between 1 and 300),
	description text check (char_length(description) <= 2000),
	primary key (district_id, action_id, language),
	foreign key (district_id, action_id) references kept.action on delete cascade
);
comment on table kept.action_text is 'The words of a district''s own action in a language.';
comment on column kept.action_text.district_id is 'The tenant.';
comment on column kept.action_text.action_id is 'The action.';
comment on column kept.action_text.language is 'BCP 47 tag.';
comment on column kept.action_text.title is 'One plain sentence.';
comment on column kept.action_text.description is 'What it can look like.';

create table kept.organisation (
	district_id uuid not null references kept.district,
	id uuid not null default kept.uuid7(),
	name text not null check (char_length(name) between 1 and 200),
	kind text not null check (kind in ('chapter', 'class', 'council', 'chamber', 'department', 'other')),
	group_code text not null references kept.stakeholder_group,
	school_id uuid,
	language text,
	time_zone text,
	version bigint not null default 1,
	created_at timestamptz not null default kept.now(),
	updated_at timestamptz not null default kept.now(),
	primary key (district_id, id),
	foreign key (district_id, school_id) references kept.school
);
comment on table kept.organisation is 'A chapter, class, council, chamber or department that can make promises.';
comment on column kept.organisation.district_id is 'The tenant.';
comment on column kept.organisation.id is 'The organisation''s id.';
comment on column kept.organisation.name is 'Shown to people.';
comment on column kept.organisation.kind is 'What it is.';
comment on column kept.organisation.group_code is 'The group that it belongs to.';
comment on column kept.organisation.school_id is 'Its school; NULL: the whole district.';
comment on column kept.organisation.language is 'BCP 47 tag; NULL: the district''s.';
comment on column kept.organisation.time_zone is 'IANA name; NULL: the school''s or district''s.';
comment on column kept.organisation.version is 'Raised by each change.';
comment on column kept.organisation.created_at is 'When it was added.';
comment on column kept.organisation.updated_at is 'When it last changed.';
create index organisation_list on kept.organisation (district_id, name, id);
create index organisation_school on kept.organisation (district_id, school_id) where school_id is not null;

create table kept.person (
	district_id uuid not null references kept.district,
	id uuid not null default kept.uuid7(),
	name text check (char_length(name) between 1 and 200),
	language text,
	time_zone text,
	erased_at timestamptz,
	version bigint not null default 1,
	created_at timestamptz not null default kept.now(),
	updated_at timestamptz not null default kept.now(),
	primary key (district_id, id),
	check ((name is null) = (erased_at is not null))
);
comment on table kept.person is 'Somebody who makes, helps with or answers for promises.';
comment on column kept.person.district_id is 'The tenant.';
comment on column kept.person.id is 'The person''s id.';
comment on column kept.person.name is 'As the person writes it; NULL once erased.';
comment on column kept.person.language is 'BCP 47 tag; NULL: the district''s.';
comment on column kept.person.time_zone is 'IANA name; NULL: the district''s.';
comment on column kept.person.erased_at is 'When the person was erased; contacts, name and language are gone.';
comment on column kept.person.version is 'Raised by each change.';
comment on column kept.person.created_at is 'When the person was added.';
comment on column kept.person.updated_at is 'When the person last changed.';
alter table kept.district add foreign key (id, coordinator_id) references kept.person (district_id, id);
alter table kept.school add foreign key (district_id, coordinator_id) references kept.person (district_id, id);
create index person_list on kept.person (district_id, name, id) where erased_at is null;

create table kept.person_group (
	district_id uuid not null,
	person_id uuid not null,
	group_code text not null references kept.stakeholder_group,
	primary key (district_id, person_id, group_code),
	foreign key (district_id, person_id) references kept.person on delete cascade
);
comment on table kept.person_group is 'The groups of a person; there may be several.';
comment on column kept.person_group.district_id is 'The tenant.';
comment on column kept.person_group.person_id is 'The person.';
comment on column kept.person_group.group_code is 'The group.';

create table kept.person_school (
	district_id uuid not null,
	person_id uuid not null,
	school_id uuid not null,
	primary key (district_id, person_id, school_id),
	foreign key (district_id, person_id) references kept.person on delete cascade,
	foreign key (district_id, school_id) references kept.school
);
comment on table kept.person_school is 'The schools of a person; there may be several.';
comment on column kept.person_school.district_id is 'The tenant.';
comment on column kept.person_school.person_id is 'The person.';
comment on column kept.person_school.school_id is 'The school.';
create index person_school_school on kept.person_school (district_id, school_id);

create table kept.contact (
	district_id uuid not null references kept.district,
	id uuid not null default kept.uuid7(),
	person_id uuid,
	organisation_id uuid,
	channel text not null check (channel in ('email', 'webhook')),
	address text not null check (char_length(address) <= 2000),
	secret text,
	paused boolean not null default false,
	gone_at timestamptz,
	position int not null default 1,
	version bigint not null default 1,
	primary key (district_id, id),
	foreign key (district_id, person_id) references kept.person on delete cascade,
	foreign key (district_id, organisation_id) references kept.organisation on delete cascade,
	check (num_nonnulls(person_id, organisation_id) = 1),
	check ((channel = 'webhook') = (secret is not null))
);
comment on table kept.contact is 'How a person or an organisation is reached; erasable.';
comment on column kept.contact.district_id is 'The tenant.';
comment on column kept.contact.id is 'The contact''s id.';
comment on column kept.contact.person_id is 'Whose it is, or.';
comment on column kept.contact.organisation_id is 'Whose it is.';
comment on column kept.contact.channel is 'How it is reached.';
comment on column kept.contact.address is 'Mail address or URL.';
comment on column kept.contact.secret is 'Sealed signing secret of a webhook.';
comment on column kept.contact.paused is 'True: nothing is sent to it.';
comment on column kept.contact.gone_at is 'When the endpoint answered 410 or the address refused for good.';
comment on column kept.contact.position is 'The first one of a channel that is not paused is used.';
comment on column kept.contact.version is 'Raised by each change.';
create index contact_person on kept.contact (district_id, person_id) where person_id is not null;
create index contact_organisation on kept.contact (district_id, organisation_id) where organisation_id is not null;

create table kept.key (
	district_id uuid not null references kept.district,
	id uuid not null default kept.uuid7(),
	name text not null default '' check (char_length(name) <= 200),
	prefix text not null,
	hash text not null unique check (hash ~ '^[0-9a-f]{64}$'),
	role text not null check (role in ('admin', 'steward', 'partner', 'reader')),
	school_id uuid,
	group_code text references kept.stakeholder_group,
	organisation_id uuid,
	expires_at timestamptz,
	revoked_at timestamptz,
	version bigint not null default 1,
	created_at timestamptz not null default kept.now(),
	updated_at timestamptz not null default kept.now(),
	primary key (district_id, id),
	foreign key (district_id, school_id) references kept.school,
	foreign key (district_id, organisation_id) references kept.organisation
);
comment on table kept.key is 'An API key; the key itself is never stored.';
comment on column kept.key.district_id is 'The tenant.';
comment on column kept.key.id is 'The key''s id.';
comment on column kept.key.name is 'What it is for.';
comment on column kept.key.prefix is 'Its first characters, to recognise it.';
comment on column kept.key.hash is 'SHA-256 of the key''s text, hexadecimal.';
comment on column kept.key.role is 'What it may do.';
comment on column kept.key.school_id is 'Only this school; NULL: all.';
comment on column kept.key.group_code is 'Only this group; NULL: all.';
comment on column kept.key.organisation_id is 'A partner''s own organisation.';
comment on column kept.key.expires_at is 'From then on it is refused; NULL: never.';
comment on column kept.key.revoked_at is 'When it was revoked.';
comment on column kept.key.version is 'Raised by each change.';
comment on column kept.key.created_at is 'When it was made.';
comment on column kept.key.updated_at is 'When it last changed.';
