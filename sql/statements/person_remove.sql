-- DELETE /v1/people/{id}: erases. Served by the primary key, reminder_recipient and attempt_message.
select status, body, etag, location, next
from kept.person_remove(:request::jsonb, :id::uuid)
