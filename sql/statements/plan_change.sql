-- PATCH /v1/plans/{id}. Served by the primary key.
select status, body, etag, location, next
from kept.plan_change(:request::jsonb, :id::uuid, :body::jsonb, :languages)
