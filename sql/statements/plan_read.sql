-- GET /v1/plans/{id}. Served by the primary key.
select status, body, etag, location, next
from kept.plan_read(:id::uuid, :languages)
