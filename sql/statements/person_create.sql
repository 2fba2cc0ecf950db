-- POST /v1/people
select status, body, etag, location, next
from kept.person_create(:request::jsonb, :body::jsonb, :secrets::jsonb)
