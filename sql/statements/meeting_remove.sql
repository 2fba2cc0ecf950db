-- Removes a meeting. Served by the primary key and idempotency_subject.
select status, body, etag, location, next
from kept.meeting_remove(:request::jsonb, :id::uuid)
