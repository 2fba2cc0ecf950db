-- GET /v1/organisations/{id}. Served by the primary key.
select r.status, r.body, r.etag, r.location, r.next
from (values (1)) as one (row)
left join kept.organisation o on o.district_id = (select kept.district()) and o.id = :id::uuid
cross join lateral kept.found(case when o.id is not null then kept.organisation_json(o)::text end, o.version, 'organisation') r
