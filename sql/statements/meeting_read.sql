-- One meeting. Served by the primary key.
select status, body, etag, location, next
from kept.meeting_reply(200, :id::uuid, :languages)
