-- One pledge. Served by its primary key.
select status, body, etag, location, next
from kept.pledge_read(:id::uuid, :pledge_id::uuid)
