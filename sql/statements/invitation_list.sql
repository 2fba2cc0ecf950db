-- Invitations to a plan's table, as they were drafted. Served by invitation_list.
select 200 as status,
	coalesce(json_agg(kept.invitation_json(page.invitation) order by page.place) filter (where page.place <= :page_size::int)::text, '[]') as body,
	null as etag,
	null as location,
	case when count(page.place) > :page_size::int then max(page.keyset) filter (where page.place = :page_size::int) end as next
from kept.plan_seen(:id::uuid) seen
left join (
	select i as invitation,
		row_number() over (order by i.id) as place,
		kept.keyset(i.id::text) as keyset
	from kept.invitation i
	where i.district_id = (select kept.district())
	and i.plan_id = :id::uuid
	--? group
	and i.group_code = :group::text
	--.
	--? status
	and i.status = :status::text
	--.
	--? after
	and i.id > kept.keyset_part(:after::text, 0)::uuid
	--.
	order by i.id
	limit 201) page on page.place <= :page_size::int + 1
