-- Registers a unit's pledge. Served by pledge_organisation and pledge_school.
select status, body, etag, location, next
from kept.pledge_create(:request::jsonb, :id::uuid, :body::jsonb)
