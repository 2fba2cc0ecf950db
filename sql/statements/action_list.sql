-- GET /v1/actions, by group and position; retired ones left out. A district has some dozens: the primary key serves.
with found as (
	select a, g.position, row_number() over (order by g.position, a.position, a.id) as n
	from kept.action a
	join kept.stakeholder_group g on g.code = a.group_code
	where a.district_id = (select kept.district())
	and not a.retired
	--? group
	and a.group_code = :group
	--.
	--? after
	and (g.position, a.position, a.id) > (kept.keyset_part(:after, 0)::int, kept.keyset_part(:after, 1)::int, kept.keyset_part(:after, 2)::uuid)
	--.
	order by g.position, a.position, a.id
	limit :page_size::int + 1
)
select r.status, r.body, r.etag, r.location, r.next
from (select kept.language_choice(:languages) as languages) choice
cross join lateral kept.page(
	(select json_agg(kept.action_json(f.a, choice.languages) order by f.n) from found f where f.n <= :page_size::int),
	(select count(*) > :page_size::int from found),
	(select kept.keyset(f.position::text, (f.a).position::text, (f.a).id::text) from found f where f.n = :page_size::int)) r
