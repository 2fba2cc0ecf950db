-- Records a confirmation; completed becomes verified or goes on. Served by the primary keys of commitment and party.
select status, body, etag, location, next
from kept.confirmation_create(:request::jsonb, :id::uuid, :body::jsonb, :languages::text)
