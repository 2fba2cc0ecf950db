/* What is counted of commitments, and what of that is told to whom. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "tests/support/query.h"
#include "tests/support/register.h"
#include "tests/support/route.h"

static struct cluster *cluster;
static char *url, *superuser;
static PGconn *api;

static void set_up(void)
{
	register_clear(superuser);
	api = route_connect(url);
}

static void tear_down(void)
{
	PQfinish(api);
}

static const char owners[] = "insert into kept.party (district_id, commitment_id, role, group_code)"
			     " select c.district_id, c.id, 'owner', c.group_code from kept.commitment c"
			     " where not exists (select from kept.party p where p.commitment_id = c.id)";

/* Adds as many commitments of that kind; "null" for a school or a date that is not set. */
static void add(const char *group, const char *status, const char *visibility, const char *school, const char *due_on,
		int count)
{
	char sql[600];
	snprintf(sql, sizeof(sql),
		 "insert into kept.commitment (district_id, group_code, title, status, visibility, school_id, due_on, "
		 "created_by)"
		 " select '" LAKEVIEW "', '%s', 'x', '%s', '%s', %s, %s, 'owner' from generate_series(1, %d)",
		 group, status, visibility, school, due_on, count);
	query_run(superuser, sql);
	query_run(superuser, owners);
}

static struct route_reply summary(const char *hash, const char *school)
{
	struct route_reply reply = route_ask(api, hash, "summary_read", "school_id", school, NULL);
	ck_assert_msg(reply.status == 200, "%s %s", reply.state, reply.body);
	return reply;
}

START_TEST(the_summary_has_eight_rows_in_order_zeros_too)
{
	static const char *const codes[] = {"teachers",     "teacher_unions",    "education_support_professionals",
					    "leaders",      "students",          "families",
					    "policymakers", "business_community"};
	struct route_reply reply = summary(KEY_ADMIN, NULL);
	ck_assert_int_eq(route_count(&reply, "items"), 8);
	for (int i = 0; i < 8; i++) {
		char path[40];
		snprintf(path, sizeof(path), "items/%d/group", i);
		route_expect_member(&reply, path, codes[i]);
		snprintf(path, sizeof(path), "items/%d/agreed", i);
		route_expect_member(&reply, path, "0");
		snprintf(path, sizeof(path), "items/%d/none", i);
		route_expect_member(&reply, path, "true");
	}
	route_release(&reply);
}
END_TEST

START_TEST(the_summary_counts_by_status_and_day)
{
	add("families", "proposed", "group", "null", "'2027-01-20'", 1);
	add("families", "agreed", "group", "null", "'2027-01-09'", 2);
	add("families", "deferred", "group", "'" SCHOOL_EAST "'", "null", 1);
	add("families", "in_progress", "private", "'" SCHOOL_EAST "'", "'2027-01-10'", 3);
	add("families", "verified", "group", "null", "'2027-01-01'", 1);
	add("families", "completed", "group", "null", "'2027-01-01'", 1);
	add("teachers", "withdrawn", "group", "null", "'2027-01-01'", 4);
	struct route_reply reply = summary(KEY_ADMIN, NULL);
	route_expect_member(
		&reply, "items/5",
		"{\"agreed\":3,\"completed\":2,\"group\":\"families\",\"in_progress\":3,\"name\":\"Families\","
		"\"none\":false,"
		"\"overdue\":2,\"proposed\":1}");
	route_expect_member(&reply, "items/0/none", "true");
	route_release(&reply);
	reply = summary(KEY_ADMIN, SCHOOL_EAST);
	route_expect_member(&reply, "items/5/agreed", "1");
	route_expect_member(&reply, "items/5/in_progress", "3");
	route_expect_member(&reply, "items/5/overdue", "0");
	route_release(&reply);
	reply = route_ask(api, KEY_ADMIN, "summary_read", "from", "2027-01-09", "to", "2027-01-10", NULL);
	route_expect_member(&reply, "items/5/agreed", "2");
	route_expect_member(&reply, "items/5/proposed", "0");
	route_release(&reply);
	reply = route_ask(api, KEY_ADMIN, "summary_read", "school_id", HILLSIDE_SCHOOL, NULL);
	route_expect(reply, 404);
	reply = summary(KEY_HILLSIDE, NULL);
	route_expect_member(&reply, "items/5/none", "true");
	route_release(&reply);
}
END_TEST

/* What the reader is told of families' agreed commitments. */
static int told_agreed(void)
{
	struct route_reply reply = summary(KEY_READER, NULL);
	int told = (int)strtol(route_member(&reply, "items/5/agreed"), NULL, 10);
	route_expect_member(&reply, "exact", "false");
	route_expect_member(&reply, "readable_only", "false");
	route_release(&reply);
	return told;
}

START_TEST(a_few_hidden_commitments_are_not_told_by_a_count)
{
	enum { READABLE = 3 };
	int steps = 0, before = READABLE;
	query_run(superuser, "delete from kept.commitment");
	add("families", "agreed", "plan", "null", "null", READABLE);
	for (int hidden = 0; hidden <= 20; hidden++) {
		int told = told_agreed();
		ck_assert_msg((told - READABLE) % 5 == 0 && told <= READABLE + hidden && told >= READABLE + hidden - 8,
			      "%d hidden: %d", hidden, told);
		ck_assert(hidden > 4 || told == READABLE);
		ck_assert_int_ge(told, before);
		steps += told > before;
		before = told;
		struct route_reply reply = summary(KEY_ADMIN, NULL);
		char all[20];
		snprintf(all, sizeof(all), "%d", READABLE + hidden);
		route_expect_member(&reply, "items/5/agreed", all);
		route_expect_member(&reply, "exact", "true");
		route_release(&reply);
		/* What the summary counts is not what the key then sees. */
		reply = route_ask(api, KEY_READER, "commitment_list", "page_size", "50", NULL);
		ck_assert_int_eq(route_count(&reply, ""), READABLE);
		route_release(&reply);
		add("families", "agreed", "group", "null", "null", 1);
	}
	ck_assert_int_ge(steps, 3);
}
END_TEST

START_TEST(a_summary_between_dates_counts_what_may_be_read)
{
	query_run(superuser, "delete from kept.commitment");
	add("families", "agreed", "plan", "null", "'2027-01-20'", 2);
	add("families", "agreed", "group", "null", "'2027-01-20'", 50);
	static const char *const names[] = {"from", "to"};
	for (int i = 0; i < 2; i++) {
		struct route_reply reply = route_ask(api, KEY_READER, "summary_read", names[i], "2027-01-20", NULL);
		route_expect_member(&reply, "items/5/agreed", "2");
		route_expect_member(&reply, "readable_only", "true");
		route_release(&reply);
		reply = route_ask(api, KEY_ADMIN, "summary_read", names[i], "2027-01-20", NULL);
		route_expect_member(&reply, "items/5/agreed", "52");
		route_expect_member(&reply, "readable_only", "false");
		route_release(&reply);
	}
}
END_TEST

START_TEST(where_a_count_changes_differs_by_cell_and_stays)
{
	char *offsets = query_text(superuser,
				   "select set_config('kept.district', '" LAKEVIEW "', false);"
				   "select string_agg((select min(n) - 5 from generate_series(0, 12) n where "
				   "kept.count_blurred(school, code, status, "
				   "n) = 5)::text, '' order by school, code, status)"
				   " from kept.stakeholder_group, unnest(array['proposed', 'agreed', 'in_progress', "
				   "'completed', 'overdue']) "
				   "status, unnest(array[null, '" SCHOOL_EAST "', '" SCHOOL_WEST "']::uuid[]) school");
	ck_assert_uint_eq(strlen(offsets), 8 * 5 * 3);
	for (char digit = '0'; digit <= '4'; digit++)
		ck_assert_msg(strchr(offsets, digit) != NULL, "no %c in %s", digit, offsets);
	ck_assert_uint_eq(strspn(offsets, "01234"), strlen(offsets));
	free(offsets);
	/* Not from anything that an outsider knows. */
	ck_assert_int_eq(query_number(superuser, "begin; select set_config('kept.district', '" LAKEVIEW "', true);"
						 "delete from kept.district_secret;"
						 "select kept.count_blurred(null, 'families', 'agreed', 100)"),
			 0);
}
END_TEST

/* Each of these would let somebody outside count with what they know. */
START_TEST(what_anybody_outside_knows_is_not_counted_as_hidden)
{
	static const char *const known[] = {
		"insert into kept.party (district_id, commitment_id, role, organisation_id) select district_id, id, "
		"'helper', "
		"'" ORGANISATION_CHAMBER "' from kept.commitment where visibility = 'group'",
		"update kept.commitment set created_by = 'key:' || (select id from kept.key where hash = '" KEY_READER
		"') where visibility = 'group'",
		"update kept.key set group_code = 'families' where hash = '" KEY_PARTNER "'",
		"update kept.key set group_code = 'families', school_id = '" SCHOOL_EAST "' where hash = '" KEY_PARTNER
		"'",
	};
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		query_run(superuser,
			  "delete from kept.commitment; update kept.key set group_code = null, school_id = null "
			  "where hash = '" KEY_PARTNER "'");
		add("families", "agreed", "group", "'" SCHOOL_EAST "'", "null", 30);
		ck_assert_int_ge(told_agreed(), 22);
		query_run(superuser, known[i]);
		ck_assert_msg(told_agreed() == 0, "%s", known[i]);
	}
}
END_TEST

int main(void)
{
	cluster = cluster_start(NULL);
	url = cluster_database(cluster, "summary", CLUSTER_TEST_CLOCK);
	superuser = cluster_superuser(cluster, "summary");
	register_fill(superuser);
	Suite *suite = suite_create("summary");
	TCase *test = tcase_create("summary");
	tcase_add_checked_fixture(test, set_up, tear_down);
	tcase_set_timeout(test, 60);
	tcase_add_test(test, the_summary_has_eight_rows_in_order_zeros_too);
	tcase_add_test(test, the_summary_counts_by_status_and_day);
	tcase_add_test(test, a_summary_between_dates_counts_what_may_be_read);
	tcase_add_test(test, what_anybody_outside_knows_is_not_counted_as_hidden);
	tcase_add_test(test, where_a_count_changes_differs_by_cell_and_stays);
	tcase_add_test(test, a_few_hidden_commitments_are_not_told_by_a_count);
	suite_add_tcase(suite, test);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	free(url);
	free(superuser);
	cluster_stop(cluster);
	return failed ? 1 : 0;
}
