-- POST /v1/organisations/{id}/contacts. Served by contact_organisation.
select status, body, etag, location, next
from kept.contact_create(:request::jsonb, null, :id::uuid, :body::jsonb, :secrets::jsonb)
