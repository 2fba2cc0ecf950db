-- Changes a commitment by merge-patch. Served by primary keys.
select status, body, etag, location, next
from kept.commitment_change(:request::jsonb, :id::uuid, :body::jsonb, :languages::text)
