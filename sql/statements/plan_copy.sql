-- Copies a plan to another school year. Served by primary keys and plan_list.
select status, body, etag, location, next
from kept.plan_copy(:request::jsonb, :id::uuid, :body::jsonb, :languages)
