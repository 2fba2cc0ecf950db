/* consult.c: see consult.h. */
#include "tests/support/consult.h"

#include <stdio.h>
#include <stdlib.h>

#include <check.h>

#include "tests/support/query.h"

/* What was published would not go, nor change. */
#define UNGUARDED "set session_replication_role = replica;"

void consult_plan(const char *superuser)
{
	query_run(superuser, UNGUARDED
		  "delete from kept.plan_comment; delete from kept.plan_response; delete from kept.plan_item;"
		  "delete from kept.plan_version; delete from kept.plan_coverage; delete from kept.plan;"
		  "delete from kept.framework where id = '" CONSULT_FRAMEWORK "';"
		  "insert into kept.framework (district_id, id, name) values ('" LAKEVIEW "', '" CONSULT_FRAMEWORK
		  "', 'Own');"
		  "insert into kept.plan (district_id, id, framework_id, school_id, school_year, title, starts_on, "
		  "ends_on, sheet_code, created_by) values ('" LAKEVIEW "', '" CONSULT_PLAN "', '" CONSULT_FRAMEWORK
		  "', '" SCHOOL_EAST "', '2026-27', 'Compact', '2026-08-01', '2027-06-30', 'abcdefghjk', 'owner');");
}

void consult_version(const char *superuser, int number, const char *title, const char *due_on, const char *digit)
{
	char sql[1500];
	snprintf(
		sql, sizeof(sql),
		"insert into kept.plan_version (district_id, plan_id, number, created_by)"
		" values ('" LAKEVIEW "', '" CONSULT_PLAN "', %d, 'owner');"
		"insert into kept.plan_item (district_id, id, plan_id, version_number, line, group_code, title, due_on,"
		" owed_to_group, text_hash) values ('" LAKEVIEW "', '%s', '" CONSULT_PLAN "', %d, '" CONSULT_LINE
		"', 'families', '%s', %s, 'students', repeat('%s', 64));"
		"update kept.plan_version set status = 'consultation', text_hash = repeat('0', 64),"
		" consulted_at = '2027-01-09 15:00:00+00' where plan_id = '" CONSULT_PLAN "' and number = %d",
		number, number == 1 ? CONSULT_ITEM : CONSULT_ITEM_LATER, number, title, due_on, digit, number);
	query_run(superuser, sql);
}

void consult_chamber(const char *superuser)
{
	query_run(superuser, UNGUARDED "insert into kept.plan_item (district_id, id, plan_id, version_number, line, "
				       "group_code, title, text_hash) values ('" LAKEVIEW "', '" CONSULT_ITEM_CHAMBER
				       "', '" CONSULT_PLAN "', 1, kept.uuid7(), 'business_community', 'Mentors', "
				       "repeat('3', 64))");
}

void consult_made(struct consult *made, const char *superuser, const char *district, const char *school,
		  const char *group, const char *since)
{
	char *plan = query_text(superuser, "select gen_random_uuid()");
	char *item = query_text(superuser, "select gen_random_uuid()"), *sql = NULL;
	snprintf(made->plan, sizeof(made->plan), "%s", plan);
	snprintf(made->item, sizeof(made->item), "%s", item);
	ck_assert_int_gt(
		asprintf(&sql,
			 "insert into kept.framework (district_id, id, name) values ('%1$s', '%2$s', 'Own');"
			 "insert into kept.plan (district_id, id, framework_id, school_id, school_year, title, "
			 "starts_on, ends_on, sheet_code, created_by) values ('%1$s', '%2$s', '%2$s', '%3$s', "
			 "'2026-27', 'Compact', '2026-08-01', '2027-06-30', "
			 "translate(left('%2$s', 13), '01-', 'abc'), 'owner');"
			 "insert into kept.plan_version (district_id, plan_id, number, created_by)"
			 " values ('%1$s', '%2$s', 1, 'owner');"
			 "insert into kept.plan_item (district_id, id, plan_id, version_number, line, "
			 "group_code, title, text_hash) values ('%1$s', '%4$s', '%2$s', 1, '%4$s', '%5$s', "
			 "'Read', repeat('1', 64));"
			 "update kept.plan_version set status = 'consultation', text_hash = repeat('0', 64), "
			 "consulted_at = '%6$s' where plan_id = '%2$s'",
			 district, plan, school, item, group, since),
		0);
	query_run(superuser, sql);
	free(sql);
	free(item);
	free(plan);
}
