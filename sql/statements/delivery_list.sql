-- Messages and what became of them, the newest first. Served by the primary keys of message, delivery and waiting and by
-- reminder_message and notice_message; a commitment's by the primary key of reminder and by event_commitment.
select 200 as status,
	coalesce(json_agg(kept.delivery_json(page.outgoing) order by page.place) filter (where page.place <= :page_size::int)::text, '[]') as body,
	null as etag,
	null as location,
	case when count(*) > :page_size::int then max(page.keyset) filter (where page.place = :page_size::int) end as next
from (
	select o as outgoing,
		row_number() over (order by o.id desc) as place,
		kept.keyset(o.id::text) as keyset
	from kept.outgoing o
	where o.district_id = (select kept.district())
	--? state
	and o.state = :state::text
	--.
	--? channel
	and o.channel = :channel::text
	--.
	--? endpoint_id
	and o.endpoint_id = :endpoint_id::uuid
	--.
	--? commitment_id
	and o.commitment_id = :commitment_id::uuid
	--.
	--? after
	and o.id < kept.keyset_part(:after::text, 0)::uuid
	--.
	order by o.id desc
	limit 201) page
where page.place <= :page_size::int + 1
