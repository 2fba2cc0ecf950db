-- PATCH /v1/organisations/{id}. Served by the primary key.
select status, body, etag, location, next
from kept.organisation_change(:request::jsonb, :id::uuid, :body::jsonb)
