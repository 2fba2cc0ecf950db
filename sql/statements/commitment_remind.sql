-- Reminds owner and helpers of a commitment now. Served by primary keys, contact_person, contact_organisation.
select status, body, etag, location, next
from kept.commitment_remind(:request::jsonb, :id::uuid, :body::jsonb)
