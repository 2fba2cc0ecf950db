-- PATCH /v1/schools/{id}. Served by the primary key.
select status, body, etag, location, next
from kept.school_change(:request::jsonb, :id::uuid, :body::jsonb)
