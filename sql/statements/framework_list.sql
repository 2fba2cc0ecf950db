-- GET /v1/frameworks: those that come with Kept, then the district's own by name; retired ones left out. A district has few: the primary key serves.
with found as (
	select f, coalesce(c.position, 1000000) as position, coalesce(f.name, '') as name,
		row_number() over (order by coalesce(c.position, 1000000), coalesce(f.name, ''), f.id) as n
	from kept.framework f
	left join kept.catalogue_framework c on c.code = f.catalogue_code
	where f.district_id = (select kept.district())
	and not f.retired
	--? after
	and (coalesce(c.position, 1000000), coalesce(f.name, ''), f.id)
		> (kept.keyset_part(:after, 0)::int, kept.keyset_part(:after, 1), kept.keyset_part(:after, 2)::uuid)
	--.
	order by coalesce(c.position, 1000000), coalesce(f.name, ''), f.id
	limit :page_size::int + 1
)
select r.status, r.body, r.etag, r.location, r.next
from (select kept.language_choice(:languages) as languages) choice
cross join lateral kept.page(
	(select json_agg(kept.framework_json(x.f, choice.languages) order by x.n) from found x where x.n <= :page_size::int),
	(select count(*) > :page_size::int from found),
	(select kept.keyset(x.position::text, x.name, (x.f).id::text) from found x where x.n = :page_size::int)) r
