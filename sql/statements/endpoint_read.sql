-- One webhook endpoint. Served by its primary key.
select status, body, etag, location, next
from kept.endpoint_read(:id::uuid)
