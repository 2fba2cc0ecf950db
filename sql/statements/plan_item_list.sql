-- GET /v1/plans/{id}/items, by group and position. Served by the unique index on plan_item (district_id, plan_id, version_number, line).
with asked as materialized (
	select v.district_id, v.plan_id, v.number, (
		select p.version
		from kept.plan p
		where p.district_id = v.district_id
		and p.id = v.plan_id) as seen
	from kept.plan_version_asked(:id::uuid, :version::int) v
),
found as (
	select i, a.seen, g.position, row_number() over (order by g.position, i.position, i.id) as n
	from asked a
	join kept.plan_item i on i.district_id = a.district_id and i.plan_id = a.plan_id and i.version_number = a.number
	join kept.stakeholder_group g on g.code = i.group_code
	where i.district_id = (select kept.district())
	--? group
	and i.group_code = :group
	--.
	--? after
	and (g.position, i.position, i.id) > (kept.keyset_part(:after, 0)::int, kept.keyset_part(:after, 1)::int, kept.keyset_part(:after, 2)::uuid)
	--.
	order by g.position, i.position, i.id
	limit :page_size::int + 1
)
select r.status, r.body, r.etag, r.location, r.next
from kept.page(
	(select json_agg(kept.plan_item_json(f.i, f.seen, s) order by f.n)
	from found f
	join kept.plan_item_standings(array(select (found.i).id from found)) s on s.item_id = (f.i).id
	where f.n <= :page_size::int),
	(select count(*) > :page_size::int from found),
	(select kept.keyset(f.position::text, (f.i).position::text, (f.i).id::text) from found f where f.n = :page_size::int)) r
