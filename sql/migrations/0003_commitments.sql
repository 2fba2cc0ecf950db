-- 0003: commitments, their parties, policies, and what has been reminded.

create table kept.reminder_policy (
	district_id uuid not null references kept.district,
	id uuid not null default kept.uuid7(),
	name text not null check (char_length(name) between 1 and 200),
	school_id uuid,
	group_code text references kept.stakeholder_group,
	offsets int[] not null check (cardinality(offsets) <= 20),
	send_at time not null default '08:00',
	version bigint not null default 1,
	created_at timestamptz not null default kept.now(),
	updated_at timestamptz not null default kept.now(),
	primary key (district_id, id),
	foreign key (district_id, school_id) references kept.school
);
comment on table kept.reminder_policy is 'When people are reminded of a commitment; the nearest policy wins: group and school, school, group, district.';
comment on column kept.reminder_policy.district_id is 'The tenant.';
comment on column kept.reminder_policy.id is 'The policy''s id.';
comment on column kept.reminder_policy.name is 'Shown to coordinators.';
comment on column kept.reminder_policy.school_id is 'For commitments of this school; NULL: all.';
comment on column kept.reminder_policy.group_code is 'For commitments of this group; NULL: all.';
comment on column kept.reminder_policy.offsets is 'Days from the due date at which a reminder is due: {-7,-2,1,7}.';
comment on column kept.reminder_policy.send_at is 'The hour in the recipient''s zone.';
comment on column kept.reminder_policy.version is 'Raised by each change.';
comment on column kept.reminder_policy.created_at is 'When it was added.';
comment on column kept.reminder_policy.updated_at is 'When it last changed.';
create unique index reminder_policy_scope on kept.reminder_policy
	(district_id, coalesce(school_id, '00000000-0000-0000-0000-000000000000'::uuid), coalesce(group_code, ''));

create table kept.commitment (
	district_id uuid not null references kept.district,
	id uuid not null default kept.uuid7(),
	group_code text not null references kept.stakeholder_group,
	school_id uuid,
	action_id uuid,
	title text not null check (char_length(title) between 1 and 300),
	description text check (char_length(description) <= 4000),
	when_where_how text check (char_length(when_where_how) <= 1000),
	due_on date,
	due_order date not null generated always as (coalesce(due_on, 'infinity'::date)) stored,
	first_due_on date,
	times_moved int not null default 0,
	status text not null default 'agreed' check (status in ('proposed', 'agreed', 'in_progress', 'completed', 'verified', 'declined', 'deferred', 'withdrawn')),
	status_reason text check (char_length(status_reason) <= 1000),
	visibility text not null default 'group' check (visibility in ('private', 'group', 'plan', 'public')),
	completed_on date,
	remindable_since timestamptz not null default kept.now(),
	series uuid,
	plan_id uuid,
	created_by text not null,
	version bigint not null default 1,
	created_at timestamptz not null default kept.now(),
	updated_at timestamptz not null default kept.now(),
	primary key (district_id, id),
	foreign key (district_id, school_id) references kept.school,
	foreign key (district_id, action_id) references kept.action
);
comment on table kept.commitment is 'A promise: what a group, through its members, will do by a date.';
comment on column kept.commitment.district_id is 'The tenant.';
comment on column kept.commitment.id is 'The commitment''s id.';
comment on column kept.commitment.group_code is 'The group that promises.';
comment on column kept.commitment.school_id is 'The school that it is for; NULL: the whole district.';
comment on column kept.commitment.action_id is 'The action that it carries out; NULL: none.';
comment on column kept.commitment.title is 'What is promised, in one sentence.';
comment on column kept.commitment.description is 'More about it.';
comment on column kept.commitment.when_where_how is 'The owner''s own plan, quoted in reminders.';
comment on column kept.commitment.due_on is 'Local date in the school''s zone, else the district''s; NULL: not set.';
comment on column kept.commitment.due_order is 'Due_on for sorting and comparing, infinity for none: a plain column, because COALESCE in a condition is not leakproof and would hide indexes from row-level security.';
comment on column kept.commitment.first_due_on is 'The first due date that was set; kept means completed by it.';
comment on column kept.commitment.times_moved is 'How often the due date was changed.';
comment on column kept.commitment.status is 'Where it stands.';
comment on column kept.commitment.status_reason is 'Why it was last moved.';
comment on column kept.commitment.visibility is 'Who may read it.';
comment on column kept.commitment.completed_on is 'Local date on which it was completed.';
comment on column kept.commitment.remindable_since is 'Rungs of earlier days are passed over.';
comment on column kept.commitment.series is 'The recurring commitment that it is an occurrence of.';
comment on column kept.commitment.plan_id is 'The plan that it belongs to.';
comment on column kept.commitment.created_by is 'The actor that registered it.';
comment on column kept.commitment.version is 'Raised by each change.';
comment on column kept.commitment.created_at is 'When it was registered.';
comment on column kept.commitment.updated_at is 'When it last changed.';
create index commitment_list on kept.commitment (district_id, due_order, id);
create index commitment_group on kept.commitment (district_id, group_code, due_order, id);
create index commitment_school on kept.commitment (district_id, school_id, due_order, id) where school_id is not null;
create index commitment_status on kept.commitment (district_id, status, due_order, id);

create table kept.party (
	district_id uuid not null,
	commitment_id uuid not null,
	id uuid not null default kept.uuid7(),
	role text not null check (role in ('owner', 'accountable', 'helper', 'beneficiary')),
	person_id uuid,
	organisation_id uuid,
	group_code text references kept.stakeholder_group,
	school_id uuid,
	since timestamptz not null default kept.now(),
	primary key (district_id, commitment_id, id),
	foreign key (district_id, commitment_id) references kept.commitment on delete cascade,
	foreign key (district_id, person_id) references kept.person,
	foreign key (district_id, organisation_id) references kept.organisation,
	foreign key (district_id, school_id) references kept.school,
	check (num_nonnulls(person_id, organisation_id, group_code) = 1),
	check (school_id is null or group_code is not null)
);
comment on table kept.party is 'Who has to do with a commitment, and how: one owner, and any others.';
comment on column kept.party.district_id is 'The tenant.';
comment on column kept.party.commitment_id is 'The commitment.';
comment on column kept.party.id is 'The party''s id.';
comment on column kept.party.role is 'What it is to the commitment.';
comment on column kept.party.person_id is 'A person, or.';
comment on column kept.party.organisation_id is 'An organisation, or.';
comment on column kept.party.group_code is 'A whole group.';
comment on column kept.party.school_id is 'Of this school (with group_code only); NULL: of the district.';
comment on column kept.party.since is 'When it became one: rungs of earlier days are passed over.';
create unique index party_owner on kept.party (district_id, commitment_id) where role = 'owner';
create index party_person on kept.party (district_id, person_id) where person_id is not null;
create index party_organisation on kept.party (district_id, organisation_id) where organisation_id is not null;

create table kept.reminder_clock (
	district_id uuid not null,
	commitment_id uuid not null,
	next_at timestamptz,
	plan_rev bigint not null default 0,
	primary key (district_id, commitment_id),
	foreign key (district_id, commitment_id) references kept.commitment on delete cascade
);
comment on table kept.reminder_clock is 'When the planner next has to look at a commitment.';
comment on column kept.reminder_clock.district_id is 'The tenant.';
comment on column kept.reminder_clock.commitment_id is 'The commitment.';
comment on column kept.reminder_clock.next_at is 'A hint, never later than the truth; NULL: nothing to come.';
comment on column kept.reminder_clock.plan_rev is 'The district''s plan_rev when it was reckoned.';
create index reminder_clock_due on kept.reminder_clock (next_at) where next_at is not null;
create index reminder_clock_rev on kept.reminder_clock (district_id, plan_rev);

create table kept.replan (
	district_id uuid primary key references kept.district,
	plan_rev bigint not null,
	created_at timestamptz not null default kept.now()
);
comment on table kept.replan is 'Districts whose clocks are being reckoned anew after a change that touches many.';
comment on column kept.replan.district_id is 'The tenant.';
comment on column kept.replan.plan_rev is 'Clocks below it are reckoned anew, in chunks.';
comment on column kept.replan.created_at is 'When the change was made.';

create table kept.reminder (
	district_id uuid not null,
	commitment_id uuid not null,
	due_on date not null,
	rung text not null check (char_length(rung) <= 40),
	recipient_id uuid not null,
	channel text not null check (channel in ('email', 'webhook', 'event', 'none')),
	recipient_kind text not null check (recipient_kind in ('person', 'organisation', 'commitment', 'group')),
	party_role text check (party_role in ('owner', 'accountable', 'helper')),
	contact_id uuid,
	due_at timestamptz not null,
	planned_at timestamptz not null default kept.now(),
	message_id uuid,
	dropped text check (char_length(dropped) <= 60),
	primary key (district_id, commitment_id, due_on, rung, recipient_id, channel),
	check ((message_id is null) = (dropped is not null))
);
comment on table kept.reminder is 'A reminder that came due: exactly one row for each meaning.';
comment on column kept.reminder.district_id is 'The tenant.';
comment on column kept.reminder.commitment_id is 'The commitment.';
comment on column kept.reminder.due_on is 'The due date reminded of.';
comment on column kept.reminder.rung is 'P-7D, P+1D, NOW-2027-01-10 (asked by hand, once a day).';
comment on column kept.reminder.recipient_id is 'Person or organisation; the commitment itself for the channel event.';
comment on column kept.reminder.channel is 'Event: told to endpoints; none: no contact.';
comment on column kept.reminder.recipient_kind is 'What recipient_id is.';
comment on column kept.reminder.party_role is 'The recipient''s part in the commitment.';
comment on column kept.reminder.contact_id is 'The contact that was chosen.';
comment on column kept.reminder.due_at is 'The instant at which it was due.';
comment on column kept.reminder.planned_at is 'When the planner recorded it.';
comment on column kept.reminder.message_id is 'Its message (or event, for the channel event); NULL: nothing was sent.';
comment on column kept.reminder.dropped is 'Why nothing was sent: no_contact, paused, passed_before_start, overtaken, stale.';
create unique index reminder_message on kept.reminder (district_id, message_id) where message_id is not null;
-- Not by district first: a planner that thinks the table small would take it for what the primary key answers.
create index reminder_recipient on kept.reminder (recipient_id, district_id, planned_at);
