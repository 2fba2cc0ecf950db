-- GET /v1/groups/{code}. Served by the primary key.
select r.status, r.body, r.etag, r.location, r.next
from (values (1)) as one (row)
left join kept.stakeholder_group g on g.code = :code
cross join lateral kept.found(case when g.code is not null then json_build_object(
		'code', g.code,
		'name', kept.group_name(g.code, kept.language_choice(:languages)),
		'actions', (
			select count(*)
			from kept.action a
			where a.district_id = (select kept.district())
			and a.group_code = g.code
			and not a.retired))::text end, 1, 'group') r
