-- PATCH /v1/actions/{id}. Served by the primary key.
select status, body, etag, location, next
from kept.action_change(:request::jsonb, :id::uuid, :body::jsonb)
