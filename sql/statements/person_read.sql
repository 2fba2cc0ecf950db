-- GET /v1/people/{id}. Served by the primary key.
select r.status, r.body, r.etag, r.location, r.next
from (values (1)) as one (row)
left join kept.person p on p.district_id = (select kept.district()) and p.id = :id::uuid and p.erased_at is null
cross join lateral kept.found(case when p.id is not null then kept.person_json(p)::text end, p.version, 'person') r
