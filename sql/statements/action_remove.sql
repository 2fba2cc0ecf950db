-- DELETE /v1/actions/{id}. Served by the primary key.
select status, body, etag, location, next
from kept.action_remove(:request::jsonb, :id::uuid)
