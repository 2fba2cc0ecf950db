/* crowd.c: databases full of promises, see bench.h. */
#include <stdlib.h>
#include <string.h>

#include "kept/seal.h"
#include "tests/bench/bench.h"
#include "tests/bench/database.h"
#include "tests/bench/measure.h"

#define SECRET "a:0123456789abcdef0123456789abcdef"
#define WEBHOOK_SECRET "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="
#define CHUNK 1000

/* Foreign keys and the audit are for those who write through the API. */
static const char fill[] =
	"set session_replication_role = replica; set timezone = 'UTC';"
	"insert into kept.district (id, name, time_zone, locale)"
	" values ('00000000-0000-7000-8000-0000000000d1', 'Lakeview', 'UTC', 'en');"
	"insert into kept.school (district_id, id, name)"
	" select d.id, kept.uuid7(), 'School ' || n from kept.district d, generate_series(1, 20) n;"
	"insert into kept.key (district_id, prefix, hash, role)"
	" select d.id, 'kept_bench', encode(sha256('" BENCH_KEY "'), 'hex'), 'admin' from kept.district d;"
	/* All of them come due at one instant: the hour of today's rung has passed. */
	"insert into kept.reminder_policy (district_id, name, offsets, send_at, updated_at)"
	" select d.id, 'Bench', '{-2,1,7}', '00:00', now() - interval '2 days' from kept.district d;"
	"alter table kept.lane alter rate set default 1000000;"
	"create table public.crowd as"
	" select n, kept.uuid7() as commitment_id from generate_series(1, %d) n;"
	"create table public.owner as"
	" select n, kept.uuid7() as person_id from generate_series(1, %d) n;"
	"create unique index on public.owner (n);"
	"insert into kept.person (district_id, id, name, language)"
	" select d.id, o.person_id, 'Person ' || o.n, case when o.n %% 3 = 0 then 'es' end from public.owner o, "
	"kept.district d;"
	"insert into kept.contact (district_id, person_id, channel, address, secret)"
	" select d.id, o.person_id, '%s', case '%s'"
	"  when 'email' then format('person%%s@school%%s.example', o.n, o.n %% %d)"
	"  else format('http://127.0.0.1:%d/in/%%s', o.n) end, nullif('%s', '')"
	" from public.owner o, kept.district d;"
	"insert into kept.commitment (district_id, id, group_code, school_id, title, due_on, first_due_on, created_by, "
	"created_at,"
	"  updated_at, remindable_since)"
	" select d.id, c.commitment_id,"
	"  (array['teachers', 'teacher_unions', 'education_support_professionals', 'leaders', 'students', 'families',"
	"   'policymakers', 'business_community'])[1 + c.n %% 8],"
	"  s.ids[1 + c.n %% 20], 'Read together twenty minutes, ' || c.n,"
	"  current_date + %d + case when %d = 2 then 0 else c.n %% 200 end, current_date + %d, 'bench',"
	"  now() - interval '1 day', now() - interval '1 day', now() - interval '1 day'"
	" from public.crowd c, kept.district d, (select array_agg(id) as ids from kept.school) s;"
	"insert into kept.party (district_id, commitment_id, role, person_id)"
	" select d.id, c.commitment_id, 'owner', o.person_id"
	" from public.crowd c join public.owner o on o.n = 1 + c.n %% %d, kept.district d;";

static char *sealed_secret(void)
{
	struct seal *seal = seal_new(SECRET);
	struct text sealed;
	char *made;

	text_init(&sealed, 1024);
	if (!seal ||
	    !seal_close(seal, SEAL_PURPOSE_ENDPOINT, "secret", WEBHOOK_SECRET, strlen(WEBHOOK_SECRET), &sealed))
		bench_fail("no memory");
	made = text_take(&sealed);
	seal_free(seal);
	return made;
}

double crowd_make(struct bench *bench, const struct crowd *crowd)
{
	char *url, *secret = strcmp(crowd->channel, "webhook") == 0 ? sealed_secret() : strdup("");
	int owners = crowd->owners ? crowd->owners : crowd->commitments;
	PGconn *connection;
	double began, seconds;

	free(cluster_database(bench->cluster, crowd->name, CLUSTER_MIGRATED));
	url = cluster_superuser(bench->cluster, crowd->name);
	connection = database_open(url, NULL);
	database_run(connection, fill, crowd->commitments, owners, crowd->channel, crowd->channel, crowd->destinations,
		     crowd->port, secret, crowd->due_in_days, crowd->due_in_days, crowd->due_in_days, owners);
	database_run(connection, "set session_replication_role = origin");
	database_run(connection, "analyze");
	began = measure_now();
	database_run(connection, "set role kept_worker");
	for (int from = 1; from <= crowd->commitments; from += CHUNK)
		database_run(connection,
			     "reset role; create temporary table chunk as select d.id as district_id, c.commitment_id "
			     "from public.crowd c,"
			     " kept.district d where c.n between %d and %d; grant select on chunk to kept_worker; set "
			     "role kept_worker;"
			     "select kept.reckon_many(array_agg(district_id), array_agg(commitment_id)) from chunk;"
			     "reset role; drop table chunk",
			     from, from + CHUNK - 1);
	seconds = measure_now() - began;
	database_run(connection, "drop table public.crowd, public.owner");
	database_run(connection, "vacuum analyze");
	PQfinish(connection);
	free(url);
	free(secret);
	return seconds;
}

char *crowd_copy(struct bench *bench, const char *from, const char *name)
{
	char *url = cluster_superuser(bench->cluster, "postgres"), *login;
	PGconn *connection = database_open(url, NULL);

	database_run(connection, "drop database if exists %s with (force)", name);
	database_run(connection, "create database %s owner kept template %s", name, from);
	database_run(connection, "checkpoint");
	PQfinish(connection);
	free(url);
	login = bench_text("host=%s user=kept dbname=%s", cluster_folder(bench->cluster), name);
	return login;
}

void crowd_drop(struct bench *bench, const char *name)
{
	char *url = cluster_superuser(bench->cluster, "postgres");
	PGconn *connection = database_open(url, NULL);

	database_run(connection, "drop database if exists %s with (force)", name);
	PQfinish(connection);
	free(url);
}
