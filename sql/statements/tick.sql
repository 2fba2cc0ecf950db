-- What one look of a worker finds to send: plans, fans out, takes over, takes at most :batches batches and opens their first
-- windows. Served by the partial indexes of clock, waiting and batch; nothing due reads a few index entries.
select batch_id, lease_id, position, message_id, attempt, channel, destination, secret, secret_context, demonstration,
	content, body, useful_seconds, rate, traceparent, tracestate
from kept.tick(:worker::uuid, :version, :batches::int, :public_url)
