-- POST /v1/keys/{id}/rotate. Served by the primary key.
select status, body, etag, location, next
from kept.key_rotate(:request::jsonb, :id::uuid, :body::jsonb, :secrets::jsonb)
