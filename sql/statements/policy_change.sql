-- Changes a reminder policy by merge-patch. Served by its primary key.
select status, body, etag, location, next
from kept.policy_change(:request::jsonb, :id::uuid, :body::jsonb)
