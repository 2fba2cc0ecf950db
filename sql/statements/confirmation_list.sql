-- What those to whom a commitment is owed said of it. Served by confirmation_list.
select status, body, etag, location, next
from kept.confirmation_list(:id::uuid, :after::text, :page_size::int, :languages::text)
