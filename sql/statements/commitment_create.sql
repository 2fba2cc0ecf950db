-- Registers a commitment. Served by primary keys.
select status, body, etag, location, next
from kept.commitment_create(:request::jsonb, :body::jsonb, :languages::text)
