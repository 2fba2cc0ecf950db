-- Removes a commitment of which nobody was reminded. Served by primary keys and idempotency_subject.
select status, body, etag, location, next
from kept.commitment_remove(:request::jsonb, :id::uuid)
