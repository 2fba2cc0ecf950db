-- PATCH /v1/contacts/{id}. Served by the primary key.
select status, body, etag, location, next
from kept.contact_change(:request::jsonb, :id::uuid, :body::jsonb)
