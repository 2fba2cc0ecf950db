-- Registers a meeting.
select status, body, etag, location, next
from kept.meeting_create(:request::jsonb, :body::jsonb, :languages)
