-- GET /v1/groups: the eight groups in their order, with the number of actions on offer. Eight rows, so no page.
select r.status, r.body, r.etag, r.location, r.next
from kept.found((
	select json_build_object('items', json_agg(json_build_object(
			'code', g.code,
			'name', kept.group_name(g.code, choice.languages),
			'actions', (
				select count(*)
				from kept.action a
				where a.district_id = (select kept.district())
				and a.group_code = g.code
				and not a.retired)) order by g.position))::text
	from kept.stakeholder_group g
	cross join (select kept.language_choice(:languages) as languages) choice), 1, 'group') r
