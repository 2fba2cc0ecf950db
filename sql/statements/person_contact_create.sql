-- POST /v1/people/{id}/contacts. Served by contact_person.
select status, body, etag, location, next
from kept.contact_create(:request::jsonb, :id::uuid, null, :body::jsonb, :secrets::jsonb)
