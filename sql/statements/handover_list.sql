-- What a person who leaves has a part in. Served by party_person and primary keys.
select status, body, etag, location, next
from kept.handover_list(:id::uuid, :after::text, :page_size::int)
