-- What everybody may know of a published plan, behind kept.enter('page'). Served by plan_slug, the unique key of plan_item and
-- commitment_plan.
select status, body, etag, location, next
from kept.page(:slug::text, :language::text, :languages::text)
