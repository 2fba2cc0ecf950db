-- PATCH /v1/plans/{id}/items/{item_id}. Served by primary keys.
select status, body, etag, location, next
from kept.plan_item_change(:request::jsonb, :id::uuid, :item_id::uuid, :body::jsonb)
