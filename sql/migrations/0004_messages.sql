-- 0004: lanes, batches, messages, deliveries and attempts; endpoints and events.

create table kept.endpoint (
	district_id uuid not null references kept.district,
	id uuid not null default kept.uuid7(),
	url text not null check (char_length(url) <= 2000),
	description text check (char_length(description) <= 500),
	events text[] not null check (cardinality(events) between 1 and 40),
	secret text not null,
	state text not null default 'active' check (state in ('active', 'paused', 'disabled')),
	state_reason text check (char_length(state_reason) <= 200),
	failing_since timestamptz,
	version bigint not null default 1,
	created_at timestamptz not null default kept.now(),
	updated_at timestamptz not null default kept.now(),
	primary key (district_id, id)
);
comment on table kept.endpoint is 'A district system''s subscription to events.';
comment on column kept.endpoint.district_id is 'The tenant.';
comment on column kept.endpoint.id is 'The endpoint''s id.';
comment on column kept.endpoint.url is 'Where events are posted.';
comment on column kept.endpoint.description is 'What it is.';
comment on column kept.endpoint.events is 'Types: commitment.*, reminder.failed.';
comment on column kept.endpoint.secret is 'Sealed signing secret.';
comment on column kept.endpoint.state is 'Disabled: it answered 410 or failed for days.';
comment on column kept.endpoint.state_reason is 'Why it is not active.';
comment on column kept.endpoint.failing_since is 'When deliveries began to fail without a success since.';
comment on column kept.endpoint.version is 'Raised by each change.';
comment on column kept.endpoint.created_at is 'When it was added.';
comment on column kept.endpoint.updated_at is 'When it last changed.';

create table kept.event (
	district_id uuid not null,
	id uuid not null default kept.uuid7(),
	type text not null check (char_length(type) <= 60),
	commitment_id uuid,
	school_id uuid,
	group_code text,
	data jsonb not null,
	actor text,
	created_at timestamptz not null default kept.now(),
	primary key (district_id, id)
) partition by range (id);
comment on table kept.event is 'A fact that happened, told to endpoints; written by the write functions.';
comment on column kept.event.district_id is 'The tenant.';
comment on column kept.event.id is 'The event''s id.';
comment on column kept.event.type is 'Commitment.created, commitment.overdue, reminder.failed, ….';
comment on column kept.event.commitment_id is 'What it is about.';
comment on column kept.event.school_id is 'The commitment''s school then.';
comment on column kept.event.group_code is 'The commitment''s group then.';
comment on column kept.event.data is 'The payload''s data: never a person.';
comment on column kept.event.actor is 'Who made it happen.';
comment on column kept.event.created_at is 'When.';
create index event_commitment on kept.event (district_id, commitment_id, id);

create table kept.event_pending (
	district_id uuid not null,
	event_id uuid not null,
	primary key (district_id, event_id)
);
comment on table kept.event_pending is 'Events that have not been given to endpoints yet.';
comment on column kept.event_pending.district_id is 'The tenant.';
comment on column kept.event_pending.event_id is 'The event.';

create table kept.lane (
	district_id uuid not null references kept.district,
	id uuid not null default kept.uuid7(),
	channel text not null check (channel in ('email', 'webhook')),
	destination text not null check (char_length(destination) <= 300),
	slots int not null default 2 check (slots between 1 and 64),
	rate real not null default 50 check (rate > 0),
	ordered boolean not null default false,
	paused_until timestamptz,
	pause_reason text check (char_length(pause_reason) <= 60),
	failures int not null default 0,
	primary key (district_id, id),
	unique (district_id, channel, destination)
);
comment on table kept.lane is 'A destination''s queue: an endpoint, a webhook contact, or a mail domain of a district.';
comment on column kept.lane.district_id is 'The tenant.';
comment on column kept.lane.id is 'The lane''s id.';
comment on column kept.lane.channel is 'How it is reached.';
comment on column kept.lane.destination is 'Mail domain, endpoint:UUID or contact:UUID.';
comment on column kept.lane.slots is 'Batches that may be out at once.';
comment on column kept.lane.rate is 'Messages a second, all slots together.';
comment on column kept.lane.ordered is 'True: one slot, and a message waits for the one before it.';
comment on column kept.lane.paused_until is 'Nothing is sent before then: asked by the peer, by the breaker or by an operator (infinity).';
comment on column kept.lane.pause_reason is 'Peer, breaker, operator.';
comment on column kept.lane.failures is 'Consecutive failures that speak against the destination, not the message.';

create table kept.batch (
	district_id uuid not null,
	id uuid not null default kept.uuid7(),
	lane_id uuid not null,
	messages uuid[] not null check (cardinality(messages) between 1 and 500),
	ready_at timestamptz not null default kept.now(),
	slot int,
	lease_id uuid,
	lease_until timestamptz,
	worker_id uuid,
	settled int not null default 0,
	opened int not null default 0,
	primary key (district_id, id),
	foreign key (district_id, lane_id) references kept.lane on delete cascade,
	check ((slot is null) = (lease_id is null) and (lease_id is null) = (lease_until is null)),
	check (settled <= opened and opened <= cardinality(messages))
);
comment on table kept.batch is 'Messages of one lane that one worker sends under one lease.';
comment on column kept.batch.district_id is 'The tenant.';
comment on column kept.batch.id is 'The batch''s id.';
comment on column kept.batch.lane_id is 'The lane.';
comment on column kept.batch.messages is 'In order of sending.';
comment on column kept.batch.ready_at is 'Not before then.';
comment on column kept.batch.slot is 'The lane''s slot that it holds while it is out; NULL: nobody has it.';
comment on column kept.batch.lease_id is 'The fence: who settles names it.';
comment on column kept.batch.lease_until is 'After that another may take it.';
comment on column kept.batch.worker_id is 'Who has it.';
comment on column kept.batch.settled is 'Messages[1..settled] are done with.';
comment on column kept.batch.opened is 'Messages[settled+1..opened] may have been sent.';
create unique index batch_slot on kept.batch (district_id, lane_id, slot) where slot is not null;
create index batch_ready on kept.batch (ready_at) where slot is null;
create index batch_lane on kept.batch (district_id, lane_id, ready_at) where slot is null;
create index batch_lease on kept.batch (lease_until) where lease_until is not null;
create unique index batch_lease_id on kept.batch (lease_id) where lease_id is not null;

create table kept.waiting (
	district_id uuid not null,
	message_id uuid not null,
	lane_id uuid not null,
	ready_at timestamptz not null,
	why text not null check (why in ('retry', 'asked', 'held', 'replay')),
	primary key (district_id, message_id),
	foreign key (district_id, lane_id) references kept.lane on delete cascade
);
comment on table kept.waiting is 'A message that must wait: for a retry, or because it was asked for by hand.';
comment on column kept.waiting.district_id is 'The tenant.';
comment on column kept.waiting.message_id is 'The message.';
comment on column kept.waiting.lane_id is 'Where it goes.';
comment on column kept.waiting.ready_at is 'Not before then.';
comment on column kept.waiting.why is 'What it waits for.';
create index waiting_ready on kept.waiting (ready_at, district_id, lane_id);

create table kept.message (
	district_id uuid not null,
	id uuid not null,
	kind text not null check (kind in ('reminder', 'event')),
	channel text not null check (channel in ('email', 'webhook')),
	lane_id uuid not null,
	endpoint_id uuid,
	event_id uuid,
	contact_id uuid,
	content jsonb,
	body text,
	useful_until timestamptz,
	created_at timestamptz not null default kept.now(),
	primary key (district_id, id)
) partition by range (id);
comment on table kept.message is 'What one recipient gets, frozen at its first attempt; an event''s at fan-out.';
comment on column kept.message.district_id is 'The tenant.';
comment on column kept.message.id is 'Never changes over attempts: webhook-id and Message-ID are made of it.';
comment on column kept.message.kind is 'A reminder is checked against the truth before each attempt.';
comment on column kept.message.channel is 'How it goes.';
comment on column kept.message.lane_id is 'The lane.';
comment on column kept.message.endpoint_id is 'Kind event: the subscription.';
comment on column kept.message.event_id is 'Kind event: the event.';
comment on column kept.message.contact_id is 'Kind reminder: the contact.';
comment on column kept.message.content is 'Email: the facts that the text is made of.';
comment on column kept.message.body is 'Webhook: the exact bytes that are signed and sent.';
comment on column kept.message.useful_until is 'After that it is not sent any more; NULL: always of use.';
comment on column kept.message.created_at is 'When it was frozen.';

create table kept.delivery (
	district_id uuid not null,
	message_id uuid not null,
	outcome text not null check (outcome in ('sent', 'failed', 'expired', 'dropped', 'superseded')),
	reason text check (char_length(reason) <= 200),
	attempts int not null,
	settled_at timestamptz not null default kept.now(),
	primary key (district_id, message_id)
);
comment on table kept.delivery is 'What became of a message: one row when it is settled for good.';
comment on column kept.delivery.district_id is 'The tenant.';
comment on column kept.delivery.message_id is 'The message.';
comment on column kept.delivery.outcome is 'How it ended.';
comment on column kept.delivery.reason is 'Why, where it was not sent.';
comment on column kept.delivery.attempts is 'How often it was tried.';
comment on column kept.delivery.settled_at is 'When.';

create table kept.attempt (
	district_id uuid not null,
	id uuid not null default kept.uuid7(),
	message_id uuid not null,
	number int not null,
	outcome text not null check (outcome in ('sent', 'retry', 'failed', 'expired', 'unknown')),
	status int,
	error text check (char_length(error) <= 60),
	answer text check (char_length(answer) <= 16384),
	duration_ms int,
	next_at timestamptz,
	worker_id uuid,
	created_at timestamptz not null default kept.now(),
	primary key (district_id, id)
) partition by range (id);
comment on table kept.attempt is 'One try to send one message.';
comment on column kept.attempt.district_id is 'The tenant.';
comment on column kept.attempt.id is 'The attempt''s id.';
comment on column kept.attempt.message_id is 'The message.';
comment on column kept.attempt.number is '1 for the first.';
comment on column kept.attempt.outcome is 'Unknown: the worker died between send and record.';
comment on column kept.attempt.status is 'SMTP or HTTP status.';
comment on column kept.attempt.error is 'Class of the error.';
comment on column kept.attempt.answer is 'What the peer said.';
comment on column kept.attempt.duration_ms is 'How long it took.';
comment on column kept.attempt.next_at is 'When it will be tried again.';
comment on column kept.attempt.worker_id is 'Who tried.';
comment on column kept.attempt.created_at is 'When it was recorded.';
create index attempt_message on kept.attempt (district_id, message_id, number);

create table kept.heartbeat (
	worker_id uuid primary key,
	version text not null check (char_length(version) <= 40),
	started_at timestamptz not null default kept.now(),
	looked_at timestamptz not null default kept.now(),
	looked_fully_at timestamptz
);
comment on table kept.heartbeat is 'The last look of each worker.';
comment on column kept.heartbeat.worker_id is 'Made by the worker at its start.';
comment on column kept.heartbeat.version is 'Of its program.';
comment on column kept.heartbeat.started_at is 'Its first look.';
comment on column kept.heartbeat.looked_at is 'Its last look.';
comment on column kept.heartbeat.looked_fully_at is 'Its last look at all that is due, not only at the last minutes; NULL: that look left work.';

create table kept.chore (
	name text primary key check (name = 'housekeeping'),
	done_at timestamptz not null
);
comment on table kept.chore is 'What the workers do from time to time, one of them for all.';
comment on column kept.chore.name is 'The chore.';
comment on column kept.chore.done_at is 'When it was last done.';

create table kept.idempotency (
	district_id uuid not null references kept.district,
	key_id uuid not null,
	operation text not null check (char_length(operation) <= 4200),
	key text not null check (char_length(key) <= 255),
	fingerprint text not null check (fingerprint ~ '^[0-9a-f]{64}$'),
	status int not null,
	body text,
	etag text,
	location text,
	subject_id uuid,
	created_at timestamptz not null default kept.now(),
	primary key (district_id, key_id, operation, key)
);
comment on table kept.idempotency is 'Replies kept for 24 hours under an Idempotency-Key.';
comment on column kept.idempotency.district_id is 'The tenant.';
comment on column kept.idempotency.key_id is 'The credential.';
comment on column kept.idempotency.operation is 'Method and path.';
comment on column kept.idempotency.key is 'The Idempotency-Key.';
comment on column kept.idempotency.fingerprint is 'SHA-256 of the request.';
comment on column kept.idempotency.status is 'Of the reply.';
comment on column kept.idempotency.body is 'Of the reply; secrets in it are sealed.';
comment on column kept.idempotency.etag is 'Of the reply.';
comment on column kept.idempotency.location is 'Of the reply.';
comment on column kept.idempotency.subject_id is 'The row that the reply shows; gone with it.';
comment on column kept.idempotency.created_at is 'It is kept for 24 hours from then.';
create index idempotency_age on kept.idempotency (created_at);
create index idempotency_subject on kept.idempotency (district_id, subject_id) where subject_id is not null;

create table kept.erasure (
	district_id uuid not null,
	person_id uuid not null,
	name text not null check (char_length(name) <= 200),
	addresses text[] not null,
	after uuid not null default '00000000-0000-0000-0000-000000000000',
	created_at timestamptz not null default kept.now(),
	primary key (district_id, person_id),
	foreign key (district_id, person_id) references kept.person
);
comment on table kept.erasure is 'People who were erased and may still be named in mails to others as who gets the answers; the workers look through them in chunks, then the row goes.';
comment on column kept.erasure.district_id is 'The tenant.';
comment on column kept.erasure.person_id is 'Who was erased.';
comment on column kept.erasure.name is 'What to look for.';
comment on column kept.erasure.addresses is 'What to look for.';
comment on column kept.erasure.after is 'The last message that was looked at.';
comment on column kept.erasure.created_at is 'When the person was erased.';

create table kept.audit (
	district_id uuid not null,
	id uuid not null default kept.uuid7(),
	at timestamptz not null default kept.now(),
	transaction xid8 not null default pg_current_xact_id(),
	actor text,
	table_name text not null,
	row_id text not null,
	change text not null check (change in ('insert', 'update', 'delete')),
	members jsonb not null,
	primary key (district_id, id)
) partition by range (id);
comment on table kept.audit is 'Who changed what: one row for each changed row, by trigger. Contact data is not in it.';
comment on column kept.audit.district_id is 'The tenant.';
comment on column kept.audit.id is 'The entry''s id.';
comment on column kept.audit.at is 'When.';
comment on column kept.audit.transaction is 'The transaction that changed it.';
comment on column kept.audit.actor is 'Who.';
comment on column kept.audit.table_name is 'What kind of row.';
comment on column kept.audit.row_id is 'Which row: its key without the district.';
comment on column kept.audit.change is 'What happened.';
comment on column kept.audit.members is 'New values of what changed (insert: all); of erasable members only their names, under "erasable".';
create index audit_row on kept.audit (district_id, table_name, row_id, id);

-- What a worker is handed: one message to send, in an open window of a batch under its lease.
create type kept.sending as (
	batch_id uuid,
	lease_id uuid,
	"position" int,
	message_id uuid,
	attempt int,
	channel text,
	destination text,
	secret text,
	secret_context text,
	demonstration boolean,
	content jsonb,
	body text,
	useful_seconds float8,
	rate float8
);
comment on type kept.sending is 'One attempt of one message, as kept.tick and kept.settle hand it to a worker; secret is sealed, body and content exclude each other, useful_seconds below 0: always of use.';
