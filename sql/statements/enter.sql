-- Who calls, and may they: first statement of each unit. Served by the unique index on key.hash.
select district_id, key_id, role, locale
from kept.enter(:kind::text, :hash::text, :needs::text)
