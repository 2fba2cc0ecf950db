-- Notes what a group answered.
select status, body, etag, location, next
from kept.meeting_answer_create(:request::jsonb, :id::uuid, :body::jsonb)
