-- Changes the words of a draft by merge-patch. Served by primary keys.
select status, body, etag, location, next
from kept.invitation_change(:request::jsonb, :id::uuid, :invitation_id::uuid, :body::jsonb)
