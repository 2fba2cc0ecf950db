-- POST /v1/organisations
select status, body, etag, location, next
from kept.organisation_create(:request::jsonb, :body::jsonb, :secrets::jsonb)
