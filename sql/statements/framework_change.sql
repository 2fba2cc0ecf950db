-- PATCH /v1/frameworks/{id}. Served by the primary key.
select status, body, etag, location, next
from kept.framework_change(:request::jsonb, :id::uuid, :body::jsonb)
