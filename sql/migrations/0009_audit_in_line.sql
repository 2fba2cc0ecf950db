-- 0009: the audit entries from before 0008 go in line for the chain, too. Apart from 0008, which holds writers up.

insert into kept.audit_pending (district_id, audit_id)
select a.district_id, a.id
from kept.audit a
on conflict do nothing;
