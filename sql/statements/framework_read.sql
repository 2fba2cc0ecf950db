-- GET /v1/frameworks/{id}. Served by the primary key.
select r.status, r.body, r.etag, r.location, r.next
from (values (1)) as one (row)
left join kept.framework f on f.district_id = (select kept.district()) and f.id = :id::uuid
cross join lateral kept.found(case when f.id is not null then kept.framework_json(f, kept.language_choice(:languages))::text end, f.version, 'framework') r
