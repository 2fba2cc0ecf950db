-- PATCH /v1/district. Served by the primary key.
select status, body, etag, location, next
from kept.district_change(:request::jsonb, :body::jsonb)
