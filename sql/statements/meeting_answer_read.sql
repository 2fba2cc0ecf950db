-- What a group answered. Served by primary keys.
select status, body, etag, location, next
from kept.meeting_answer_read(:id::uuid, :answer_id::uuid)
