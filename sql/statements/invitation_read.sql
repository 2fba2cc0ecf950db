-- One invitation. Served by primary keys.
select status, body, etag, location, next
from kept.invitation_reply(:id::uuid, :invitation_id::uuid)
