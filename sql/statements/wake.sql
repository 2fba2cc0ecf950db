-- Wakes the workers: a hint, sent outside of the transaction that made the work.
select pg_notify('kept_wake', '')
