-- Who is at a plan's table. Served by primary keys and those of kept.coverage().
select status, body, etag, location, next
from kept.coverage_reply(:id::uuid, :languages)
