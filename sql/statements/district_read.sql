-- GET /v1/district. Served by the primary key.
select r.status, r.body, r.etag, r.location, r.next
from kept.district d
cross join lateral kept.found(kept.district_json(d)::text, d.version, 'district') r
where d.id = (select kept.district())
