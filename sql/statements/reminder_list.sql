-- What was and will be reminded of one commitment. Served by the primary keys of reminder, delivery, waiting.
select status, body, etag, location, next
from kept.reminder_list(:id::uuid, :after::text, :page_size::int)
