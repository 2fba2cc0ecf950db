-- DELETE /v1/plans/{id}. Served by the primary key.
select status, body, etag, location, next
from kept.plan_remove(:request::jsonb, :id::uuid)
