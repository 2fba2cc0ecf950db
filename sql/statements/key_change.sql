-- PATCH /v1/keys/{id}. Served by the primary key.
select status, body, etag, location, next
from kept.key_change(:request::jsonb, :id::uuid, :body::jsonb)
