-- Adds a reminder policy. Served by reminder_policy_scope.
select status, body, etag, location, next
from kept.policy_create(:request::jsonb, :body::jsonb)
