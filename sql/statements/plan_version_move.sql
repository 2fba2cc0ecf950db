-- POST /v1/plans/{id}/versions/{number}/status. Served by primary keys.
select status, body, etag, location, next
from kept.plan_version_move(:request::jsonb, :id::uuid, :number::int, :body::jsonb)
