-- GET /v1/keys/{id}. Served by the primary key.
select r.status, r.body, r.etag, r.location, r.next
from (values (1)) as one (row)
left join kept.key k on k.district_id = (select kept.district()) and k.id = :id::uuid
cross join lateral kept.found(case when k.id is not null then kept.key_json(k)::text end, k.version, 'key') r
