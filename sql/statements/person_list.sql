-- GET /v1/people, by name. Served by person_list; group and school by the primary keys of their tables.
with found as (
	select p, row_number() over (order by p.name, p.id) as n
	from kept.person p
	where p.district_id = (select kept.district())
	and p.erased_at is null
	--? group
	and exists (
		select
		from kept.person_group g
		where g.district_id = p.district_id
		and g.person_id = p.id
		and g.group_code = :group)
	--.
	--? school_id
	and exists (
		select
		from kept.person_school s
		where s.district_id = p.district_id
		and s.person_id = p.id
		and s.school_id = :school_id::uuid)
	--.
	--? after
	and (p.name, p.id) > (kept.keyset_part(:after, 0), kept.keyset_part(:after, 1)::uuid)
	--.
	order by p.name, p.id
	limit :page_size::int + 1
)
select r.status, r.body, r.etag, r.location, r.next
from kept.page(
	(select json_agg(kept.person_json(f.p) order by f.n) from found f where f.n <= :page_size::int),
	(select count(*) > :page_size::int from found),
	(select kept.keyset((f.p).name, (f.p).id::text) from found f where f.n = :page_size::int)) r
