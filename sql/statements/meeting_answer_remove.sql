-- Removes what was noted. Served by primary keys and idempotency_subject.
select status, body, etag, location, next
from kept.meeting_answer_remove(:request::jsonb, :id::uuid, :answer_id::uuid)
