-- GET /v1/schools, by name. Served by school_list.
with found as (
	select s, row_number() over (order by s.name, s.id) as n
	from kept.school s
	where s.district_id = (select kept.district())
	--? after
	and (s.name, s.id) > (kept.keyset_part(:after, 0), kept.keyset_part(:after, 1)::uuid)
	--.
	order by s.name, s.id
	limit :page_size::int + 1
)
select r.status, r.body, r.etag, r.location, r.next
from kept.page(
	(select json_agg(kept.school_json(f.s) order by f.n) from found f where f.n <= :page_size::int),
	(select count(*) > :page_size::int from found),
	(select kept.keyset((f.s).name, (f.s).id::text) from found f where f.n = :page_size::int)) r
