-- GET /v1/plans/{id}/responses/{response_id}. Served by the primary key.
select status, body, etag, location, next
from kept.response_read(:id::uuid, :response_id::uuid)
