-- POST /v1/plans/{id}/responses
select status, body, etag, location, next
from kept.response_create(:request::jsonb, :id::uuid, :body::jsonb)
