#include "tests/support/fixture.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "tests/support/query.h"

static const char people[] =
	"insert into kept.district (id, name, time_zone, locale)"
	" values (" FIXTURE_DISTRICT ", 'Lakeview', 'America/New_York', 'en');"
	"insert into kept.reminder_policy (district_id, name, offsets)"
	" values (" FIXTURE_DISTRICT ", 'Ladder', '{-7,-2,1,7}');"
	"insert into kept.stakeholder_group (code, position) values ('families', 6) on conflict do nothing;"
	"insert into kept.person (district_id, id, name, language)"
	" values (" FIXTURE_DISTRICT ", " FIXTURE_PERSON ", 'Maria', 'es');"
	"insert into kept.contact (district_id, id, person_id, channel, address)"
	" values (" FIXTURE_DISTRICT ", " FIXTURE_CONTACT ", " FIXTURE_PERSON ", 'email', 'maria@lakeview.example');"
	"insert into kept.commitment (district_id, id, group_code, title, due_on, first_due_on, created_by)"
	" values (" FIXTURE_DISTRICT ", " FIXTURE_COMMITMENT
	", 'families', 'Read together', '2027-01-15', '2027-01-15', 'test');"
	"insert into kept.party (district_id, commitment_id, role, person_id)"
	" values (" FIXTURE_DISTRICT ", " FIXTURE_COMMITMENT ", 'owner', " FIXTURE_PERSON ");"
	"select kept.reckon(" FIXTURE_DISTRICT ", " FIXTURE_COMMITMENT ")";

static char *format(const char *pattern, ...) __attribute__((format(printf, 1, 2)));

static char *format(const char *pattern, ...)
{
	va_list list;
	char *made;
	va_start(list, pattern);
	int length = vasprintf(&made, pattern, list);
	va_end(list);
	if (length < 0)
		ck_abort_msg("no memory");
	return made;
}

static char *at(const char *instant, bool worker, const char *sql)
{
	return format("set kept.now = '%s'; set timezone = 'UTC'; %s %s", instant,
		      worker ? "set role kept_worker;" : "", sql);
}

char *fixture_open(struct cluster *cluster, const char *name)
{
	free(cluster_database(cluster, name, CLUSTER_TEST_CLOCK));
	char *url = cluster_superuser(cluster, name);
	fixture_change(url, "2027-01-01T12:00:00Z", people);
	return url;
}

void fixture_change(const char *url, const char *instant, const char *sql)
{
	char *all = at(instant, false, sql);
	query_run(url, all);
	free(all);
}

char *fixture_ask(const char *url, const char *instant, const char *sql)
{
	char *all = at(instant, true, sql);
	char *answer = query_text(url, all);
	free(all);
	return answer;
}

long long fixture_count(const char *url, const char *instant, const char *sql)
{
	char *all = at(instant, true, sql);
	long long answer = query_number(url, all);
	free(all);
	return answer;
}

char *fixture_state(const char *url, const char *instant, const char *sql)
{
	char *all = at(instant, true, sql);
	char *answer = query_state(url, all);
	free(all);
	return answer;
}

long long fixture_tick(const char *url, const char *instant)
{
	return fixture_count(url, instant,
			     "select count(*) from kept.tick(" FIXTURE_WORKER ", 'test', 16, 'http://kept.test')");
}

long long fixture_settle(const char *url, const char *instant, const char *result)
{
	char *sql = format(
		"select count(*) from ("
		" select b.id, b.lease_id, jsonb_agg(jsonb_build_object('message_id', o.id) || '{%s}') as results"
		" from kept.batch b"
		" cross join lateral unnest(b.messages[b.settled + 1:b.opened]) as o (id)"
		" where b.worker_id = " FIXTURE_WORKER " group by b.district_id, b.id, b.lease_id) open"
		" cross join lateral kept.settle(open.id, open.lease_id, open.results, false, 'http://kept.test') next",
		result);
	long long answer = fixture_count(url, instant, sql);
	free(sql);
	return answer;
}

void fixture_crowd(const char *url, const char *instant, int count, const char *domain, const char *due_on)
{
	char *sql = format(
		"create temporary table crowd as"
		" select kept.uuid7() as person_id, kept.uuid7() as commitment_id, n from generate_series(1, %d) n;"
		"insert into kept.person (district_id, id, name) select " FIXTURE_DISTRICT
		", person_id, 'Person ' || n from crowd;"
		"insert into kept.contact (district_id, person_id, channel, address)"
		" select " FIXTURE_DISTRICT ", person_id, 'email', 'person' || n || '@%s' from crowd;"
		"insert into kept.commitment (district_id, id, group_code, title, due_on, first_due_on, created_by)"
		" select " FIXTURE_DISTRICT
		", commitment_id, 'families', 'Promise ' || n, '%s', '%s', 'test' from crowd;"
		"insert into kept.party (district_id, commitment_id, role, person_id)"
		" select " FIXTURE_DISTRICT ", commitment_id, 'owner', person_id from crowd;"
		"select kept.reckon_many(array_agg(" FIXTURE_DISTRICT "), array_agg(commitment_id)) from crowd",
		count, domain, due_on, due_on);
	fixture_change(url, instant, sql);
	free(sql);
}
