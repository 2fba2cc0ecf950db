-- Closed days by their first day. Served by closed_day_list.
select 200 as status,
	coalesce(json_agg(kept.closed_day_json(page.closed) order by page.place) filter (where page.place <= :page_size::int)::text, '[]') as body,
	null as etag,
	null as location,
	case when count(*) > :page_size::int then max(page.keyset) filter (where page.place = :page_size::int) end as next
from (
	select d as closed,
		row_number() over (order by d.first_on, d.id) as place,
		kept.keyset(d.first_on::text, d.id::text) as keyset
	from kept.closed_day d
	where d.district_id = (select kept.district())
	--? school_id
	and (d.school_id is null or d.school_id = :school_id::uuid)
	--.
	--? from
	and d.last_on >= :from::date
	--.
	--? to
	and d.first_on <= :to::date
	--.
	--? after
	and (d.first_on, d.id) > (kept.keyset_part(:after::text, 0)::date, kept.keyset_part(:after::text, 1)::uuid)
	--.
	order by d.first_on, d.id
	limit 201) page
where page.place <= :page_size::int + 1
