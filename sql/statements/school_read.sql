-- GET /v1/schools/{id}. Served by the primary key.
select r.status, r.body, r.etag, r.location, r.next
from (values (1)) as one (row)
left join kept.school s on s.district_id = (select kept.district()) and s.id = :id::uuid
cross join lateral kept.found(case when s.id is not null then kept.school_json(s)::text end, s.version, 'school') r
