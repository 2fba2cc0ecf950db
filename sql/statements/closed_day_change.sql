-- Changes closed days by merge-patch. Served by the primary key.
select status, body, etag, location, next
from kept.closed_day_change(:request::jsonb, :id::uuid, :body::jsonb)
