-- Changes a meeting by merge-patch. Served by the primary key.
select status, body, etag, location, next
from kept.meeting_change(:request::jsonb, :id::uuid, :body::jsonb, :languages)
