-- DELETE /v1/contacts/{id}. Served by the primary key.
select status, body, etag, location, next
from kept.contact_remove(:request::jsonb, :id::uuid)
