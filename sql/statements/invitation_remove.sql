-- Removes a draft. Served by primary keys and idempotency_subject.
select status, body, etag, location, next
from kept.invitation_remove(:request::jsonb, :id::uuid, :invitation_id::uuid)
