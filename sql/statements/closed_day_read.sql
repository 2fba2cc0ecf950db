-- Closed days of one id. Served by the primary key.
select status, body, etag, location, next
from kept.closed_day_read(:id::uuid)
