-- POST /v1/schools
select status, body, etag, location, next
from kept.school_create(:request::jsonb, :body::jsonb)
