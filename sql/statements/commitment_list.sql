-- Commitments by due date, those without one last. Served by commitment_list, commitment_group, commitment_school or commitment_status;
-- an owner's by party_person and party_organisation. 201 is the largest page and one: a fixed limit gives a good generic plan.
with page as materialized (
	select c as commitment,
		row_number() over (order by c.due_order, c.id) as place,
		kept.keyset(c.due_order::text, c.id::text) as keyset
	from kept.commitment c
	where c.district_id = (select kept.district())
	--? group
	and c.group_code = :group::text
	--.
	--? school_id
	and c.school_id = :school_id::uuid
	--.
	--? owner_id
	and c.id in (
		select p.commitment_id
		from kept.party p
		where p.district_id = (select kept.district())
		and p.person_id = :owner_id::uuid
		and p.role = 'owner'
		union all
		select p.commitment_id
		from kept.party p
		where p.district_id = (select kept.district())
		and p.organisation_id = :owner_id::uuid
		and p.role = 'owner')
	--.
	--? status
	and c.status = :status::text
	--.
	--? due_state
	and c.due_order >= (select kept.due_floor(:due_state::text))
	and c.due_order <= (select kept.due_ceiling(:due_state::text))
	and kept.due_state(c.status, c.due_on, kept.today_in(kept.zone_of(c.district_id, c.school_id))) = :due_state::text
	--.
	--? due_from
	and c.due_order >= :due_from::date
	and c.due_on is not null
	--.
	--? due_to
	and c.due_order <= :due_to::date
	--.
	--? after
	and (c.due_order, c.id) > (kept.keyset_part(:after::text, 0)::date, kept.keyset_part(:after::text, 1)::uuid)
	--.
	order by c.due_order, c.id
	limit 201
)
select 200 as status,
	coalesce(json_agg(kept.commitment_json(page.commitment, :languages::text, next.next_at) order by page.place)
		filter (where page.place <= :page_size::int)::text, '[]') as body,
	null as etag,
	null as location,
	case when count(*) > :page_size::int then max(page.keyset) filter (where page.place = :page_size::int) end as next
from page
left join kept.next_reminders((select array_agg((shown.commitment).id) from page shown where shown.place <= :page_size::int)) next
	on next.commitment_id = (page.commitment).id
where page.place <= :page_size::int + 1
