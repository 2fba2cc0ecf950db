-- POST /v1/plans/{id}/items
select status, body, etag, location, next
from kept.plan_item_create(:request::jsonb, :id::uuid, :body::jsonb)
