-- Removes a reminder policy. Served by its primary key and idempotency_subject.
select status, body, etag, location, next
from kept.policy_remove(:request::jsonb, :id::uuid)
