-- Who had a part in a commitment before. Served by handover_commitment.
select status, body, etag, location, next
from kept.commitment_handovers(:id::uuid, :after::text, :page_size::int)
