-- Meetings, the latest first. Served by meeting_list, of a plan by meeting_plan, of a school by meeting_school.
select 200 as status,
	coalesce(json_agg(kept.meeting_json(page.meeting, :languages) order by page.place) filter (where page.place <= :page_size::int)::text, '[]') as body,
	null as etag,
	null as location,
	case when count(*) > :page_size::int then max(page.keyset) filter (where page.place = :page_size::int) end as next
from (
	select m as meeting,
		row_number() over (order by m.held_on desc, m.id) as place,
		kept.keyset(m.held_on::text, m.id::text) as keyset
	from kept.meeting m
	where m.district_id = (select kept.district())
	--? plan_id
	and m.plan_id = :plan_id::uuid
	--.
	--? school_id
	and m.school_id = :school_id::uuid
	--.
	--? status
	and m.status = :status::text
	--.
	--? after
	and m.held_on <= kept.keyset_part(:after::text, 0)::date
	and (m.held_on < kept.keyset_part(:after::text, 0)::date or m.id > kept.keyset_part(:after::text, 1)::uuid)
	--.
	order by m.held_on desc, m.id
	limit 201) page
where page.place <= :page_size::int + 1
