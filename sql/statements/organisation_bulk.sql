-- POST /v1/organisations/bulk: creates and changes many. Served by primary keys.
select status, body, etag, location, next
from kept.bulk(:request::jsonb, 'organisation', :body::jsonb, coalesce(:atomic::boolean, false))
