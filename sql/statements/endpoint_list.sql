-- Webhook endpoints, the oldest first. Served by the primary key.
select 200 as status,
	coalesce(json_agg(kept.endpoint_json(page.endpoint) order by page.place) filter (where page.place <= :page_size::int)::text, '[]') as body,
	null as etag,
	null as location,
	case when count(*) > :page_size::int then max(page.keyset) filter (where page.place = :page_size::int) end as next
from (
	select e as endpoint,
		row_number() over (order by e.id) as place,
		kept.keyset(e.id::text) as keyset
	from kept.endpoint e
	where e.district_id = (select kept.district())
	--? after
	and e.id > kept.keyset_part(:after::text, 0)::uuid
	--.
	order by e.id
	limit 201) page
where page.place <= :page_size::int + 1
