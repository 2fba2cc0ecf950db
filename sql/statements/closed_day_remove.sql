-- Removes closed days. Served by the primary key and idempotency_subject.
select status, body, etag, location, next
from kept.closed_day_remove(:request::jsonb, :id::uuid)
