/*
 * Local hours in zones whose clocks jump: a reminder of each local day goes exactly once.
 */
#include <stdio.h>
#include <stdlib.h>

#include <check.h>

#include "tests/support/cluster.h"
#include "tests/support/query.h"

static struct cluster *cluster;
static char *url;

static void start(void)
{
	cluster = cluster_start(NULL);
	free(cluster_database(cluster, "clocks", CLUSTER_MIGRATED));
	url = cluster_superuser(cluster, "clocks");
}

static void end(void)
{
	free(url);
	cluster_stop(cluster);
}

static const struct instant {
	const char *day, *hour, *zone, *utc;
} instants[] = {
	{"2027-01-13", "08:00", "America/New_York", "2027-01-13 13:00:00"},
	{"2027-07-13", "08:00", "America/New_York", "2027-07-13 12:00:00"},
	/* Gaps: the first minute after. */
	{"2027-03-14", "01:59", "America/New_York", "2027-03-14 06:59:00"},
	{"2027-03-14", "02:00", "America/New_York", "2027-03-14 07:00:00"},
	{"2027-03-14", "02:30", "America/New_York", "2027-03-14 07:00:00"},
	{"2027-03-14", "03:00", "America/New_York", "2027-03-14 07:00:00"},
	{"2027-03-14", "08:00", "America/New_York", "2027-03-14 12:00:00"},
	{"2027-03-28", "02:15", "Europe/Paris", "2027-03-28 01:00:00"},
	{"2027-10-03", "02:10", "Australia/Lord_Howe", "2027-10-02 15:30:00"},
	{"2011-12-30", "08:00", "Pacific/Apia", "2011-12-30 10:00:00"},
	{"2011-12-29", "08:00", "Pacific/Apia", "2011-12-29 18:00:00"},
	{"2011-12-31", "08:00", "Pacific/Apia", "2011-12-30 18:00:00"},
	/* Overlaps: the first of the two. */
	{"2027-11-07", "00:59", "America/New_York", "2027-11-07 04:59:00"},
	{"2027-11-07", "01:00", "America/New_York", "2027-11-07 05:00:00"},
	{"2027-11-07", "01:30", "America/New_York", "2027-11-07 05:30:00"},
	{"2027-11-07", "02:00", "America/New_York", "2027-11-07 07:00:00"},
	{"2027-10-31", "02:15", "Europe/Paris", "2027-10-31 00:15:00"},
	{"2027-04-04", "01:45", "Australia/Lord_Howe", "2027-04-03 14:45:00"},
	{"2027-04-04", "02:00", "Australia/Lord_Howe", "2027-04-03 15:30:00"},
	/* Midnight itself may be missing. */
	{"2027-04-30", "00:00", "Africa/Cairo", "2027-04-29 22:00:00"},
};

START_TEST(local_time_is_the_first_valid_minute)
{
	const struct instant *i = &instants[_i];
	char sql[300];
	snprintf(sql, sizeof(sql), "select kept.local_instant('%s', '%s', '%s') at time zone 'UTC'", i->day, i->hour,
		 i->zone);
	char *utc = query_text(url, sql);
	ck_assert_str_eq(utc, i->utc);
	free(utc);
}
END_TEST

/* All zones, each day of three years, at an hour that many zones skip or repeat. */
START_TEST(each_local_day_has_one_instant_in_every_zone)
{
	long long wrong = query_number(
		url, "with day as materialized ("
		     "  select z.name, d.n, d.n::date + time '02:30' as wall, kept.local_instant(d.n::date, '02:30', "
		     "z.name) as at"
		     "  from pg_timezone_names z, generate_series(timestamp '2026-01-01', '2028-12-31', '1 day') d (n)"
		     "  where z.name ~ '^(Africa|America|Antarctica|Asia|Atlantic|Australia|Europe|Indian|Pacific)/')"
		     " select count(*) from ("
		     "  select *, lag(at) over (partition by name order by n) as before from day) x"
		     " where at <= before"
		     /* At that time, or in a gap the first minute whose time is later. */
		     " or at at time zone name < wall"
		     " or (at at time zone name > wall and (at - interval '1 minute') at time zone name >= wall)"
		     " or (at at time zone name)::date <> n::date"
		     /* Never the second of two. */
		     " or (at - interval '30 minutes') at time zone name = wall"
		     " or (at - interval '1 hour') at time zone name = wall"
		     " or (at - interval '2 hours') at time zone name = wall");
	ck_assert_int_eq(wrong, 0);
}
END_TEST

static const struct word {
	const char *function, *word, *answer;
} words[] = {
	{"zone_exists", "Europe/Paris", "t"},
	{"zone_exists", "America/Argentina/Buenos_Aires", "t"},
	{"zone_exists", "UTC", "t"},
	{"zone_exists", "Europe/paris", "f"},
	{"zone_exists", "EST", "f"},
	{"zone_exists", "EST5EDT", "f"},
	{"zone_exists", "America/Nowhere3", "f"},
	{"zone_exists", "+03:00", "f"},
	{"zone_exists", "posix/Europe/Paris", "f"},
	{"zone_exists", "", "f"},
	{"language_valid", "es", "t"},
	{"language_valid", "zh-Hant-TW", "t"},
	{"language_valid", "es-419", "t"},
	{"language_valid", "e", "f"},
	{"language_valid", "spanish", "f"},
	{"language_valid", "es_MX", "f"},
	{"language_valid", "es-", "f"},
};

START_TEST(names_of_zones_and_languages_are_checked)
{
	char sql[200];
	snprintf(sql, sizeof(sql), "select kept.%s('%s')", words[_i].function, words[_i].word);
	char *answer = query_text(url, sql);
	ck_assert_msg(answer[0] == words[_i].answer[0], "%s %s: %s", words[_i].function, words[_i].word, answer);
	free(answer);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("time");
	TCase *tests = tcase_create("time");
	tcase_set_timeout(tests, 120);
	tcase_add_unchecked_fixture(tests, start, end);
	tcase_add_loop_test(tests, local_time_is_the_first_valid_minute, 0, sizeof(instants) / sizeof(instants[0]));
	tcase_add_test(tests, each_local_day_has_one_instant_in_every_zone);
	tcase_add_loop_test(tests, names_of_zones_and_languages_are_checked, 0, sizeof(words) / sizeof(words[0]));
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
