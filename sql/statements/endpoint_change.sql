-- Changes a webhook endpoint by merge-patch. Served by its primary key.
select status, body, etag, location, next
from kept.endpoint_change(:request::jsonb, :id::uuid, :body::jsonb)
