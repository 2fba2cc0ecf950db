-- GET /v1/plans/{id}/comments. Served by plan_comment_list.
select status, body, etag, location, next
from kept.comment_list(:id::uuid, :version::int, :group::text, :kind::text, :resolution::text, :after::text, :page_size::int)
