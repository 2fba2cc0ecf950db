-- One confirmation. Served by its primary key.
select status, body, etag, location, next
from kept.confirmation_read(:id::uuid, :confirmation_id::uuid, :languages::text)
