-- Open commitments whose owner has no usable contact, by due date. Owners by party_owner, party_organisation and
-- party_owner_group, each against all usable contacts of the district at once; then commitments by primary key, of those
-- owners only: LATERAL and OFFSET 0, because the planner cannot know that few owners are unreachable.
with unreached as (
	select p.commitment_id
	from kept.party p
	where p.district_id = (select kept.district())
	and p.role = 'owner'
	and p.person_id is not null
	and not exists (
		select
		from kept.contact k
		where k.district_id = (select kept.district())
		and k.person_id = p.person_id
		and not k.paused
		and k.gone_at is null)
	union all
	select p.commitment_id
	from kept.party p
	where p.district_id = (select kept.district())
	and p.role = 'owner'
	and p.organisation_id is not null
	and not exists (
		select
		from kept.contact k
		where k.district_id = (select kept.district())
		and k.organisation_id = p.organisation_id
		and not k.paused
		and k.gone_at is null)
	union all
	select p.commitment_id
	from kept.party p
	where p.district_id = (select kept.district())
	and p.role = 'owner'
	and p.group_code is not null
),
page as materialized (
	select c.whole as commitment,
		row_number() over (order by c.due_order, c.id) as place,
		kept.keyset(c.due_order::text, c.id::text) as keyset
	from unreached u
	cross join lateral (
		select x as whole, x.due_order, x.id
		from kept.commitment x
		where x.district_id = (select kept.district())
		and x.id = u.commitment_id
		and x.status in ('proposed', 'agreed', 'in_progress', 'deferred')
		--? group
		and x.group_code = :group::text
		--.
		--? school_id
		and x.school_id = :school_id::uuid
		--.
		--? after
		and (x.due_order, x.id) > (kept.keyset_part(:after::text, 0)::date, kept.keyset_part(:after::text, 1)::uuid)
		--.
		offset 0) c
	order by c.due_order, c.id
	limit 201
)
select 200 as status,
	coalesce(json_agg(kept.unreachable_json(page.commitment, :languages::text) order by page.place)
		filter (where page.place <= :page_size::int)::text, '[]') as body,
	null as etag,
	null as location,
	case when count(*) > :page_size::int then max(page.keyset) filter (where page.place = :page_size::int) end as next
from page
where page.place <= :page_size::int + 1
