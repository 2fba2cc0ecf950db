-- The plans that everybody may read, for the first page. Served by plan_slug and the primary keys of plan_version and plan_coverage.
select kept.plans_published()::text as plans
