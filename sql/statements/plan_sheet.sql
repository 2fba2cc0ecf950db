-- What a plan's sheet of paper asks, behind kept.enter('sheet'). Served by the unique key of plan.sheet_code and that of plan_item.
select status, body, etag, location, next
from kept.sheet(:code::text, :language::text, :group::text, :languages::text)
