-- DELETE /v1/schools/{id}. Served by the primary key.
select status, body, etag, location, next
from kept.school_remove(:request::jsonb, :id::uuid)
