-- GET /v1/keys, oldest first. Served by the primary key.
with found as (
	select k, row_number() over (order by k.id) as n
	from kept.key k
	where k.district_id = (select kept.district())
	--? after
	and k.id > kept.keyset_part(:after, 0)::uuid
	--.
	order by k.id
	limit :page_size::int + 1
)
select r.status, r.body, r.etag, r.location, r.next
from kept.page(
	(select json_agg(kept.key_json(f.k) order by f.n) from found f where f.n <= :page_size::int),
	(select count(*) > :page_size::int from found),
	(select kept.keyset((f.k).id::text) from found f where f.n = :page_size::int)) r
