-- What units pledged of a collective commitment. Served by pledge_list.
select status, body, etag, location, next
from kept.pledge_list(:id::uuid, :after::text, :page_size::int)
