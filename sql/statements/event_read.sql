-- One event. Served by its primary key.
select status, body, etag, location, next
from kept.event_read(:id::uuid)
