-- Whether all is there: the last migration, how long ago a worker last looked (NULL: none ever did) and with which
-- program, whether the clock is a test's. The tables have a row a migration and a row a worker.
select
	(
		select max(migration.number)
		from kept.migration) as migration,
	-- greatest() passes over NULL
	case
		when h.looked_at is not null then extract(epoch from greatest(kept.now() - h.looked_at, interval '0'))::float8
	end as looked_seconds_ago,
	h.version as worker_version,
	kept.test_clock() as test_clock
from (values (1)) as always (one)
left join lateral (
	select heartbeat.looked_at, heartbeat.version
	from kept.heartbeat
	order by heartbeat.looked_at desc
	limit 1) h on true
