-- Who promised what, by group. Served by commitment_list.
select status, body, etag, location, next
from kept.summary(:school_id::uuid, :from::date, :to::date, :languages::text)
