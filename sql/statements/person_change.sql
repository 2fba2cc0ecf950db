-- PATCH /v1/people/{id}. Served by the primary key.
select status, body, etag, location, next
from kept.person_change(:request::jsonb, :id::uuid, :body::jsonb)
