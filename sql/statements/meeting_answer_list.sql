-- What the groups answered in a meeting, as it was noted. Served by meeting_answer_list.
select 200 as status,
	coalesce(json_agg(kept.meeting_answer_json(page.answer) order by page.place) filter (where page.place <= :page_size::int)::text, '[]') as body,
	null as etag,
	null as location,
	case when count(page.place) > :page_size::int then max(page.keyset) filter (where page.place = :page_size::int) end as next
from kept.meeting_seen(:id::uuid) seen
left join (
	select a as answer,
		row_number() over (order by a.id) as place,
		kept.keyset(a.id::text) as keyset
	from kept.meeting_answer a
	where a.district_id = (select kept.district())
	and a.meeting_id = :id::uuid
	--? group
	and a.group_code = :group::text
	--.
	--? question
	and a.question = :question::text
	--.
	--? after
	and a.id > kept.keyset_part(:after::text, 0)::uuid
	--.
	order by a.id
	limit 201) page on page.place <= :page_size::int + 1
