-- Chains the audit entries that wait, in one short transaction; the worker asks at most once a second. By the primary keys of
-- audit_pending, audit and audit_block.
select blocks, more
from kept.audit_chain(20)
