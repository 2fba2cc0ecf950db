-- Adds a webhook endpoint. Served by its primary key.
select status, body, etag, location, next
from kept.endpoint_create(:request::jsonb, :body::jsonb, :secrets::jsonb)
