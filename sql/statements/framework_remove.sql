-- DELETE /v1/frameworks/{id}. Served by the primary key.
select status, body, etag, location, next
from kept.framework_remove(:request::jsonb, :id::uuid)
