-- Reminder policies by name. Served by the primary key's district; a district has few.
select 200 as status,
	coalesce(json_agg(kept.policy_json(page.policy) order by page.place) filter (where page.place <= :page_size::int)::text, '[]') as body,
	null as etag,
	null as location,
	case when count(*) > :page_size::int then max(page.keyset) filter (where page.place = :page_size::int) end as next
from (
	select p as policy,
		row_number() over (order by p.name, p.id) as place,
		kept.keyset(p.name, p.id::text) as keyset
	from kept.reminder_policy p
	where p.district_id = (select kept.district())
	--? after
	and (p.name, p.id) > (kept.keyset_part(:after::text, 0), kept.keyset_part(:after::text, 1)::uuid)
	--.
	order by p.name, p.id
	limit 201) page
where page.place <= :page_size::int + 1
