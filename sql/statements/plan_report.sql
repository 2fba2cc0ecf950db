-- GET /v1/plans/{id}/report: what became of a plan. Served by the primary key of plan, the unique key of plan_item and
-- commitment_plan.
select status, body, etag, location, next
from kept.plan_report(:id::uuid, :languages::text)
