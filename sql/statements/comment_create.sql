-- POST /v1/plans/{id}/comments
select status, body, etag, location, next
from kept.comment_create(:request::jsonb, :id::uuid, :body::jsonb)
