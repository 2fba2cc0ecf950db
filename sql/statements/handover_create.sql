-- Hands over what a person has a part in. Served by party_person and primary keys.
select status, body, etag, location, next
from kept.handover_create(:request::jsonb, :id::uuid, :body::jsonb)
