-- POST /v1/commitments/bulk: creates and changes many. Served by primary keys.
select status, body, etag, location, next
from kept.bulk(:request::jsonb, 'commitment', :body::jsonb, coalesce(:atomic::boolean, false))
