-- Changes a pledge. Served by its primary key.
select status, body, etag, location, next
from kept.pledge_change(:request::jsonb, :id::uuid, :pledge_id::uuid, :body::jsonb)
