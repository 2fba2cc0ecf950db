/* Working days: how dates move from one school year to the next. A table, and nothing else is asked but the function.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "tests/support/cluster.h"
#include "tests/support/query.h"

static struct cluster *cluster;
static char *superuser;

/* Two years as schools have them: Labor Day, Thanksgiving, the winter break, Martin Luther King's day. */
#define YEAR_2026 "'2026-08-17', '2027-06-11'"
#define YEAR_2027 "'2027-08-16', '2028-06-09'"
#define CLOSED_2026                                                                                                    \
	"'{[2026-09-07,2026-09-07],[2026-11-25,2026-11-27],[2026-12-21,2027-01-01],[2027-01-18,2027-01-18]}'"
#define CLOSED_2027                                                                                                    \
	"'{[2027-09-06,2027-09-06],[2027-11-24,2027-11-26],[2027-12-20,2027-12-31],[2028-01-17,2028-01-17]}'"
#define NORMAL YEAR_2026 ", " YEAR_2027 ", " CLOSED_2026 ", " CLOSED_2027
#define NEVER_CLOSED YEAR_2026 ", " YEAR_2027 ", '{}', '{}'"
#define LEAP "'2023-08-14', '2024-06-07', '2024-08-12', '2025-06-06', '{}', '{}'"
#define SHORTER YEAR_2026 ", '2027-08-16', '2028-05-26', '{}', '{[2028-05-25,2028-05-26]}'"
#define SHUT YEAR_2026 ", " YEAR_2027 ", '{}', '{[2027-08-16,2028-06-09]}'"

static const struct {
	const char *what, *years, *day, *moved;
} moves[] = {
	{"the first day", NORMAL, "2026-08-17", "2027-08-16"},
	{"a Friday stays one", NORMAL, "2026-08-21", "2027-08-20"},
	{"a Saturday counts as the Monday after it", NORMAL, "2026-08-22", "2027-08-23"},
	{"a closed day counts as the day after it", NORMAL, "2026-09-07", "2027-09-07"},
	{"the day after a closed day", NORMAL, "2026-09-08", "2027-09-07"},
	{"within days closed on end, and a weekend after them", NORMAL, "2026-11-26", "2027-11-29"},
	{"the last day before the break", NORMAL, "2026-12-18", "2027-12-17"},
	{"the weekend before the break counts as the day after it", NORMAL, "2026-12-19", "2028-01-03"},
	{"the last day of the calendar's year", NORMAL, "2026-12-31", "2028-01-03"},
	{"New Year's Day", NORMAL, "2027-01-01", "2028-01-03"},
	{"the first day after the break", NORMAL, "2027-01-04", "2028-01-03"},
	{"closed in both years", NORMAL, "2027-01-18", "2028-01-18"},
	{"before a 29th of February", NORMAL, "2027-02-26", "2028-02-25"},
	{"beside a 29th of February", NORMAL, "2027-03-02", "2028-02-29"},
	{"after a 29th of February", NORMAL, "2027-03-03", "2028-03-01"},
	{"a 29th of February", LEAP, "2024-02-29", "2025-02-27"},
	{"the day after a 29th of February", LEAP, "2024-03-01", "2025-02-28"},
	{"the last day", NORMAL, "2027-06-11", "2028-06-09"},
	{"no closed days are known", NEVER_CLOSED, "2026-12-31", "2027-12-30"},
	{"the working day before the first", NORMAL, "2026-08-14", "2027-08-13"},
	{"the weekend before the first day counts as it", NORMAL, "2026-08-16", "2027-08-16"},
	{"a week before the year", NORMAL, "2026-08-07", "2027-08-06"},
	{"the weekend after the last day", NORMAL, "2027-06-12", "2028-06-12"},
	{"the working day after the last", NORMAL, "2027-06-14", "2028-06-12"},
	{"a week after the year", NORMAL, "2027-06-21", "2028-06-19"},
	{"a shorter year ends with its last working day", SHORTER, "2027-06-10", "2028-05-24"},
	{"after a shorter year", SHORTER, "2027-06-14", "2028-05-29"},
	{"a year that is closed as a whole", SHUT, "2026-12-01", "2027-08-16"},
	{"more than a year off moves by whole weeks", NORMAL, "2035-01-15", "2036-01-14"},
	{"and not onto a closed day", NORMAL, "2025-08-11", "2026-08-10"},
	{"the last year there is", NORMAL, "2200-12-31", "2201-12-30"},
};

/* Zones in which a day has 23 hours, or is left out, or has begun elsewhere. */
static const char *const zones[] = {"UTC", "America/New_York", "Pacific/Apia", "Pacific/Kiritimati"};

START_TEST(dates_move_by_working_days_in_every_zone)
{
	for (size_t z = 0; z < sizeof(zones) / sizeof(zones[0]); z++) {
		char sql[900];
		snprintf(sql, sizeof(sql),
			 "set time zone '%s'; select m.moved || ' ' || pg_typeof(m.moved) from (select "
			 "kept.working_day_shift("
			 "'%s', %s) as moved) m",
			 zones[z], moves[_i].day, moves[_i].years);
		char *moved = query_text(superuser, sql), expected[40];
		snprintf(expected, sizeof(expected), "%s date", moves[_i].moved);
		ck_assert_msg(strcmp(moved, expected) == 0, "%s: %s in %s: %s, not %s", moves[_i].what, moves[_i].day,
			      zones[z], moved, expected);
		free(moved);
	}
}
END_TEST

START_TEST(no_date_of_a_year_moves_onto_a_day_without_school_or_before_an_earlier_one)
{
	ck_assert_int_eq(
		query_number(superuser,
			     "with moved as (select day, kept.working_day_shift(day, " NORMAL ") as to_day"
			     " from (select date '2026-07-01' + n as day from generate_series(0, 400) n) d)"
			     " select count(*) from (select *, lag(to_day) over (order by day) as before from moved) m"
			     " where not kept.working_day(to_day, " CLOSED_2027 ") or to_day < before"),
		0);
	/* Each working day of the year has one of its own, as far as the years are as long. */
	ck_assert_int_eq(query_number(superuser,
				      "select count(*) - count(distinct kept.working_day_shift(day, " NORMAL "))"
				      " from (select date '2026-08-17' + n as day from generate_series(0, 298) n) d"
				      " where kept.working_day(day, " CLOSED_2026 ")"),
			 0);
}
END_TEST

int main(void)
{
	cluster = cluster_start(NULL);
	free(cluster_database(cluster, "working_day", CLUSTER_MIGRATED));
	superuser = cluster_superuser(cluster, "working_day");
	Suite *suite = suite_create("working_day");
	TCase *test = tcase_create("working_day");
	tcase_set_timeout(test, 60);
	tcase_add_loop_test(test, dates_move_by_working_days_in_every_zone, 0, sizeof(moves) / sizeof(moves[0]));
	tcase_add_test(test, no_date_of_a_year_moves_onto_a_day_without_school_or_before_an_earlier_one);
	suite_add_tcase(suite, test);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	free(superuser);
	cluster_stop(cluster);
	return failed ? 1 : 0;
}
