-- Events, the oldest first.
-- Served by the primary key of event, or event_commitment.
select 200 as status,
	coalesce(json_agg(kept.event_json(page.event) order by page.place) filter (where page.place <= :page_size::int)::text, '[]') as body,
	null as etag,
	null as location,
	case when count(*) > :page_size::int then max(page.keyset) filter (where page.place = :page_size::int) end as next
from (
	select e as event,
		row_number() over (order by e.id) as place,
		kept.keyset(e.id::text) as keyset
	from kept.event e
	where e.district_id = (select kept.district())
	and (
		(select kept.role()) = 'admin'
		or exists (
			select
			from kept.commitment c
			where c.district_id = e.district_id
			and c.id = e.commitment_id))
	--? type
	and e.type = :type::text
	--.
	--? commitment_id
	and e.commitment_id = :commitment_id::uuid
	--.
	--? after
	and e.id > kept.keyset_part(:after::text, 0)::uuid
	--.
	order by e.id
	limit 201) page
where page.place <= :page_size::int + 1
