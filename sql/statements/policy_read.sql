-- One reminder policy. Served by its primary key.
select status, body, etag, location, next
from kept.policy_read(:id::uuid)
