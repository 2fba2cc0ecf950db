-- One delivery with its attempts. Served by the primary keys of message, delivery, waiting, by reminder_message and attempt_message.
select status, body, etag, location, next
from kept.delivery_read(:id::uuid)
