-- GET /v1/plans/{id}/responses. Served by plan_response_list.
select status, body, etag, location, next
from kept.response_list(:id::uuid, :version::int, :group::text, :item_id::uuid, coalesce(:history::boolean, false), :after::text, :page_size::int)
