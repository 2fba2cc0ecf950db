-- POST /v1/keys
select status, body, etag, location, next
from kept.key_create(:request::jsonb, :body::jsonb, :secrets::jsonb)
