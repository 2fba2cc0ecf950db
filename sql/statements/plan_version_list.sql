-- GET /v1/plans/{id}/versions, by number; drafts for admins and stewards. Served by the primary key.
with found as (
	select v, row_number() over (order by v.number) as n
	from kept.plan_version_asked(:id::uuid, null) a
	join kept.plan_version v on v.district_id = a.district_id and v.plan_id = a.plan_id
	where v.district_id = (select kept.district())
	and ((select kept.role()) in ('admin', 'steward') or v.status <> 'draft')
	--? after
	and v.number > kept.keyset_part(:after, 0)::int
	--.
	order by v.number
	limit :page_size::int + 1
)
select r.status, r.body, r.etag, r.location, r.next
from kept.page(
	(select json_agg(kept.plan_version_json(f.v) order by f.n) from found f where f.n <= :page_size::int),
	(select count(*) > :page_size::int from found),
	(select kept.keyset((f.v).number::text) from found f where f.n = :page_size::int)) r
