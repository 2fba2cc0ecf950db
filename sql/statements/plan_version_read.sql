-- GET /v1/plans/{id}/versions/{number}. Served by primary keys.
select status, body, etag, location, next
from kept.plan_version_read(:id::uuid, :number::int)
