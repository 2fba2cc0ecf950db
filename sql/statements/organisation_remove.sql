-- DELETE /v1/organisations/{id}. Served by the primary key.
select status, body, etag, location, next
from kept.organisation_remove(:request::jsonb, :id::uuid)
