-- GET /v1/organisations, by name. Served by organisation_list, with a school by organisation_school.
with found as (
	select o, row_number() over (order by o.name, o.id) as n
	from kept.organisation o
	where o.district_id = (select kept.district())
	--? group
	and o.group_code = :group
	--.
	--? school_id
	and o.school_id = :school_id::uuid
	--.
	--? kind
	and o.kind = :kind
	--.
	--? after
	and (o.name, o.id) > (kept.keyset_part(:after, 0), kept.keyset_part(:after, 1)::uuid)
	--.
	order by o.name, o.id
	limit :page_size::int + 1
)
select r.status, r.body, r.etag, r.location, r.next
from kept.page(
	(select json_agg(kept.organisation_json(f.o) order by f.n) from found f where f.n <= :page_size::int),
	(select count(*) > :page_size::int from found),
	(select kept.keyset((f.o).name, (f.o).id::text) from found f where f.n = :page_size::int)) r
