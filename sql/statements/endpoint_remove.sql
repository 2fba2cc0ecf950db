-- Removes a webhook endpoint. Served by its primary key and idempotency_subject.
select status, body, etag, location, next
from kept.endpoint_remove(:request::jsonb, :id::uuid)
