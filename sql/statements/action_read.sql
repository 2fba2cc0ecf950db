-- GET /v1/actions/{id}. Served by the primary key.
select r.status, r.body, r.etag, r.location, r.next
from (values (1)) as one (row)
left join kept.action a on a.district_id = (select kept.district()) and a.id = :id::uuid
cross join lateral kept.found(case when a.id is not null then kept.action_json(a, kept.language_choice(:languages))::text end, a.version, 'action') r
