-- PATCH /v1/plans/{id}/comments/{comment_id}. Served by the primary key.
select status, body, etag, location, next
from kept.comment_change(:request::jsonb, :id::uuid, :comment_id::uuid, :body::jsonb)
