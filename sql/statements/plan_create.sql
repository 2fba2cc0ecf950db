-- POST /v1/plans
select status, body, etag, location, next
from kept.plan_create(:request::jsonb, :body::jsonb, :languages)
