-- POST /v1/plans/{id}/versions
select status, body, etag, location, next
from kept.plan_version_create(:request::jsonb, :id::uuid, :body::jsonb)
