-- GET /v1/plans, the newest school year first. Served by plan_list, with a school by plan_school.
with found as (
	select p, row_number() over (order by p.starts_on desc, p.id) as n
	from kept.plan p
	where p.district_id = (select kept.district())
	--? school_id
	and p.school_id = :school_id::uuid
	--.
	--? school_year
	and p.school_year = :school_year
	--.
	--? status
	and (kept.plan_version_current(p.district_id, p.id)).status = :status
	--.
	--? after
	and (p.starts_on < kept.keyset_part(:after, 0)::date
		or (p.starts_on = kept.keyset_part(:after, 0)::date and p.id > kept.keyset_part(:after, 1)::uuid))
	--.
	order by p.starts_on desc, p.id
	limit :page_size::int + 1
)
select r.status, r.body, r.etag, r.location, r.next
from kept.page(
	(select json_agg(kept.plan_json(f.p, :languages) order by f.n) from found f where f.n <= :page_size::int),
	(select count(*) > :page_size::int from found),
	(select kept.keyset((f.p).starts_on::text, (f.p).id::text) from found f where f.n = :page_size::int)) r
