-- POST /v1/frameworks
select status, body, etag, location, next
from kept.framework_create(:request::jsonb, :body::jsonb)
