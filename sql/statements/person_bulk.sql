-- POST /v1/people/bulk: creates and changes many. Served by primary keys.
select status, body, etag, location, next
from kept.bulk(:request::jsonb, 'person', :body::jsonb, coalesce(:atomic::boolean, false))
