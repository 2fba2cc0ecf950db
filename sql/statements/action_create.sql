-- POST /v1/actions
select status, body, etag, location, next
from kept.action_create(:request::jsonb, :body::jsonb)
