-- GET /v1/plans/{id}/comparison. Served by primary keys.
select status, body, etag, location, next
from kept.plan_compare(:id::uuid, :from::int, :to::int)
