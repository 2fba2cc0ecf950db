-- Adds closed days.
select status, body, etag, location, next
from kept.closed_day_create(:request::jsonb, :body::jsonb)
