-- Sends an invitation. Served by primary keys.
select status, body, etag, location, next
from kept.invitation_send(:request::jsonb, :id::uuid, :invitation_id::uuid, :body::jsonb)
