-- Changes what was noted by merge-patch. Served by primary keys.
select status, body, etag, location, next
from kept.meeting_answer_change(:request::jsonb, :id::uuid, :answer_id::uuid, :body::jsonb)
