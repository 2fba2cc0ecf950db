-- One commitment. Served by its primary key.
select status, body, etag, location, next
from kept.commitment_read(:id::uuid, :languages::text)
