-- Messages that the database ended without a send in this transaction (dropped, superseded, unknown), for the worker's
-- figures; in the units of tick and settle. Reads a setting of the transaction.
select channel, outcome, reason, many
from kept.outcomes()
