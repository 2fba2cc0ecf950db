-- Moves a commitment to another status. Served by primary keys.
select status, body, etag, location, next
from kept.commitment_move(:request::jsonb, :id::uuid, :body::jsonb, :languages::text)
