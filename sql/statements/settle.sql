-- Records what came of a window and answers the next one. Served by batch_lease_id.
select batch_id, lease_id, position, message_id, attempt, channel, destination, secret, secret_context, demonstration,
	content, body, useful_seconds, rate, traceparent, tracestate
from kept.settle(:batch::uuid, :lease::uuid, :results::jsonb, :give_back::boolean, :public_url)
