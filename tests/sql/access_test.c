/* What the catalogue of the database promises: who may touch what, and that all of it is explained. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "tests/support/query.h"
#include "tests/support/register.h"
#include "tests/support/route.h"

static struct cluster *cluster;
static char *url, *superuser;

/* Fails with the list that the query answers, if it answers any. */
static void expect_none(const char *what, const char *sql)
{
	char listed[4000];
	snprintf(listed, sizeof(listed), "select string_agg(x::text, ', ' order by x::text) from (%s) q (x)", sql);
	char *found = query_text(superuser, listed);
	ck_assert_msg(*found == '\0', "%s: %s", what, found);
	free(found);
}

START_TEST(row_level_security_is_forced_on_every_table)
{
	expect_none(
		"not enabled and forced",
		"select oid::regclass from pg_class where relnamespace = 'kept'::regnamespace and relkind in ('r', 'p')"
		" and not (relrowsecurity and relforcerowsecurity)");
	expect_none("without a policy",
		    "select oid::regclass from pg_class c where relnamespace = 'kept'::regnamespace and relkind in "
		    "('r', 'p')"
		    " and not relispartition and not exists (select from pg_policy where polrelid = c.oid)");
	expect_none(
		"views by the owner's rights",
		"select oid::regclass from pg_class where relnamespace = 'kept'::regnamespace and relkind in ('v', 'm')"
		" and not coalesce(reloptions @> '{security_invoker=true}', false)");
}
END_TEST

START_TEST(everything_has_a_comment)
{
	expect_none("tables and views", "select oid::regclass from pg_class where relnamespace = 'kept'::regnamespace "
					"and relkind in ('r', 'p', 'v')"
					" and obj_description(oid, 'pg_class') is null");
	expect_none("columns",
		    "select attrelid::regclass || '.' || attname from pg_attribute join pg_class c on c.oid = attrelid"
		    " where relnamespace = 'kept'::regnamespace and relkind in ('r', 'p', 'v') and not relispartition"
		    " and attnum > 0 and not attisdropped and col_description(attrelid, attnum) is null");
	expect_none("functions", "select oid::regprocedure from pg_proc where pronamespace = 'kept'::regnamespace and "
				 "obj_description(oid, 'pg_proc') is null");
}
END_TEST

START_TEST(the_key_of_a_tenants_table_begins_with_the_district)
{
	expect_none("primary key",
		    "select c.conrelid::regclass from pg_constraint c"
		    " join pg_attribute a on a.attrelid = c.conrelid and a.attname = 'district_id'"
		    " where c.connamespace = 'kept'::regnamespace and c.contype = 'p' and c.conkey[1] <> a.attnum");
	expect_none("foreign keys that could cross districts",
		    "select c.conname from pg_constraint c"
		    " join pg_attribute mine on mine.attrelid = c.conrelid and mine.attname = 'district_id'"
		    " join pg_attribute theirs on theirs.attrelid = c.confrelid and theirs.attname = 'district_id'"
		    " where c.connamespace = 'kept'::regnamespace and c.contype = 'f' and c.conkey[1] <> mine.attnum");
}
END_TEST

START_TEST(functions_are_granted_by_name_and_pinned_where_they_have_the_owners_rights)
{
	expect_none(
		"granted to everybody",
		"select p.oid::regprocedure from pg_proc p, aclexplode(coalesce(proacl, acldefault('f', proowner))) a"
		" where pronamespace = 'kept'::regnamespace and a.grantee = 0");
	expect_none("not pinned",
		    "select oid::regprocedure from pg_proc where pronamespace = 'kept'::regnamespace and prosecdef"
		    " and not coalesce(proconfig @> array['search_path=pg_catalog, pg_temp'], false)");
	expect_none("an operator's command that a program may give",
		    "select p.oid::regprocedure from pg_proc p, unnest(array['kept_api', 'kept_worker']) r (role)"
		    " where pronamespace = 'kept'::regnamespace and proname in ('district_add', 'key_add', "
		    "'key_rotate_by_operator', "
		    "'catalogue_load', 'catalogue_actions_missing', 'catalogue_load_frameworks', "
		    "'catalogue_frameworks_missing')"
		    " and has_function_privilege(r.role, p.oid, 'execute')");
	expect_none("programs that own something or are more than a role",
		    "select rolname from pg_roles where rolname in ('kept_api', 'kept_worker')"
		    " and (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolcanlogin)");
}
END_TEST

/* One row or more of Hillside in each tenant's table. */
static void fill_hillside(void)
{
	PGconn *api = route_connect(url);
	struct route_reply reply = route_ask(
		api, KEY_HILLSIDE, "commitment_create", "request",
		"{\"operation\":\"POST "
		"/v1/commitments\",\"path\":\"/v1/commitments\",\"key\":\"k\",\"fingerprint\":\"" HASH64("0") "\"}",
		"body",
		"{\"group\":\"families\",\"title\":\"Leer\",\"owner\":{\"person_id\":\"" HILLSIDE_PERSON
		"\"},\"due_on\":\"2027-02-01\",\"visibility\":\"public\"}",
		NULL);
	ck_assert_msg(reply.status == 201, "%s", reply.body);
	char id[40];
	snprintf(id, sizeof(id), "%s", route_member(&reply, "id"));
	route_release(&reply);
	reply = route_ask(api, KEY_HILLSIDE, "commitment_remind", "request", "{}", "id", id, "body", "{}", NULL);
	ck_assert_msg(reply.status == 202, "%s", reply.body);
	route_release(&reply);
	reply = route_ask(api, KEY_HILLSIDE, "policy_create", "request", "{}", "body",
			  "{\"name\":\"x\",\"group\":\"families\",\"offsets\":[-1]}", NULL);
	ck_assert_msg(reply.status == 201, "%s", reply.body);
	route_release(&reply);
	reply = route_ask(api, KEY_HILLSIDE, "endpoint_create", "request", "{}", "body",
			  "{\"url\":\"https://a.example/\",\"events\":[\"commitment.*\"]}", "secrets",
			  "[{\"secret\":\"ks1.sealed\"}]", NULL);
	ck_assert_msg(reply.status == 201, "%s", reply.body);
	route_release(&reply);
	PQfinish(api);
	query_run(superuser,
		  "insert into kept.action (district_id, id, group_code) values ('" HILLSIDE "', '" REGISTER_ID(
			  "a2") "', 'families');"
				"insert into kept.action_text (district_id, action_id, language, title) values "
				"('" HILLSIDE "', '" REGISTER_ID(
					"a2") "', 'es', 'Leer');"
					      "insert into kept.message (district_id, id, kind, channel, lane_id)"
					      " select w.district_id, w.message_id, 'reminder', 'email', w.lane_id "
					      "from kept.waiting w;"
					      "insert into kept.erasure (district_id, person_id, name, addresses) "
					      "values ('" HILLSIDE "', '" HILLSIDE_PERSON "', 'Ana Ruiz', '{}');"
					      "insert into kept.batch (district_id, lane_id, messages) select "
					      "w.district_id, w.lane_id, array[w.message_id] from kept.waiting w;"
					      "insert into kept.delivery (district_id, message_id, outcome, attempts) "
					      "select m.district_id, m.id, 'sent', 1 from kept.message m;"
					      "insert into kept.attempt (district_id, message_id, number, outcome) "
					      "select m.district_id, m.id, 1, 'sent' from kept.message m;"
					      "insert into kept.audit_block (district_id, number, previous, entries, "
					      "entries_hash, hash) select a.district_id, 1, repeat('0', 64), "
					      "array[a.id], repeat('0', 64), repeat('0', 64) from kept.audit a where "
					      "a.district_id = '" HILLSIDE "' limit 1;");
}

/* The same for plans and what belongs to them. */
static void fill_hillside_plans(void)
{
	query_run(
		superuser,
		"set kept.district = '" HILLSIDE "';"
		"with f as (insert into kept.framework (district_id, name) values ('" HILLSIDE "', 'Own') returning *),"
		" g as (insert into kept.framework_group (district_id, framework_id, group_code, necessity)"
		" select f.district_id, f.id, 'families', 'must' from f)"
		" insert into kept.plan (district_id, framework_id, school_year, title, starts_on, ends_on, "
		"sheet_code, "
		"created_by)"
		" select f.district_id, f.id, '2026-27', 'Compact', '2026-08-01', '2027-06-30', 'abcdefghjk', 'owner' "
		"from f;"
		"insert into kept.plan_version (district_id, plan_id, number, created_by)"
		" select p.district_id, p.id, 1, 'owner' from kept.plan p;"
		"insert into kept.plan_item (district_id, plan_id, version_number, line, group_code, title, text_hash)"
		" select p.district_id, p.id, 1, kept.uuid7(), 'families', 'Leer', repeat('0', 64) from kept.plan p;"
		"insert into kept.plan_response (district_id, plan_id, version_number, item_id, group_code, stance, "
		"identified_by, recorded_by, text_hash, responded_on)"
		" select i.district_id, i.plan_id, 1, i.id, i.group_code, 'agree', 'paper', 'owner', i.text_hash, "
		"'2026-09-01' from kept.plan_item i;"
		"insert into kept.plan_comment (district_id, plan_id, version_number, kind, group_code, from_group, "
		"text, "
		"identified_by, recorded_by)"
		" select p.district_id, p.id, 1, 'comment', 'families', 'students', 'Bien', 'paper', 'owner' from "
		"kept.plan p;"
		"insert into kept.plan_coverage (district_id, plan_id, group_code, state)"
		" select p.district_id, p.id, 'families', 'missing' from kept.plan p;"
		"with m as (insert into kept.meeting (district_id, title, held_on, created_by)"
		" values ('" HILLSIDE "', 'Kickoff', '2026-09-01', 'owner') returning *),"
		" h as (insert into kept.meeting_headcount (district_id, meeting_id, group_code, language, count)"
		" select m.district_id, m.id, 'families', 'es', 7 from m)"
		" insert into kept.meeting_answer (district_id, meeting_id, question, group_code, text)"
		" select m.district_id, m.id, 'agree', 'families', 'Bien' from m;"
		"insert into kept.invitation (district_id, plan_id, group_code, language, subject, text)"
		" select p.district_id, p.id, 'families', 'es', 'Venga', 'Venga' from kept.plan p;"
		"insert into kept.pledge (district_id, commitment_id, organisation_id, pledged, created_by)"
		" select c.district_id, c.id, o.id, 1, 'owner' from kept.commitment c join kept.organisation o on "
		"o.district_id = c.district_id where c.district_id = '" HILLSIDE "' limit 1;"
		"insert into kept.confirmation (district_id, commitment_id, group_code, confirmed, identified_by, "
		"recorded_by)"
		" select c.district_id, c.id, 'families', true, 'paper', 'owner' from kept.commitment c where "
		"c.district_id = '" HILLSIDE "' limit 1;"
		"insert into kept.closed_day (district_id, first_on, last_on, name) values ('" HILLSIDE
		"', '2026-12-21', '2027-01-01', 'Winter break');"
		"insert into kept.handover (district_id, commitment_id, role, from_person_id, to_person_id, "
		"status_before, "
		"handed_by)"
		" select c.district_id, c.id, 'owner', '" HILLSIDE_PERSON "', '" HILLSIDE_PERSON
		"', 'agreed', 'owner' from kept.commitment c where c.district_id = '" HILLSIDE "' limit 1;"
		"insert into kept.notice (district_id, kind, subject_id, occurrence, recipient_id, recipient_kind, "
		"channel, dropped)"
		" select c.district_id, 'kept', c.id, '', '" HILLSIDE_PERSON
		"', 'person', 'none', 'no_contact' from kept.commitment c where c.district_id = '" HILLSIDE
		"' limit 1;");
}

static void expect_state(PGconn *api, const char *sql, const char *table, bool rows_allowed)
{
	PGresult *result = PQexec(api, "savepoint before");
	PQclear(result);
	result = PQexec(api, sql);
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	if (state)
		ck_assert_msg(strcmp(state, "42501") == 0, "%s: %s %s", table, sql, PQresultErrorMessage(result));
	else
		ck_assert_msg(rows_allowed && strcmp(PQcmdTuples(result), "0") == 0, "%s: %s touched %s rows", table,
			      sql, PQcmdTuples(result));
	PQclear(result);
	result = PQexec(api, "rollback to before");
	PQclear(result);
}

START_TEST(no_row_of_another_district_is_seen_or_written)
{
	fill_hillside();
	fill_hillside_plans();
	PGconn *api = route_connect(url), *owner = PQconnectdb(superuser);
	PQclear(PQexec(api, "begin"));
	PGresult *result = PQexec(api, "select kept.enter('key', '" KEY_ADMIN "', '')");
	ck_assert_int_eq(PQresultStatus(result), PGRES_TUPLES_OK);
	PQclear(result);
	result = PQexec(owner, "select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid and "
			       "a.attname = 'district_id'"
			       " where c.relnamespace = 'kept'::regnamespace and c.relkind in ('r', 'p') and not "
			       "c.relispartition order by 1");
	int tables = PQntuples(result);
	ck_assert_int_ge(tables, 24);
	for (int i = 0; i < tables; i++) {
		const char *table = PQgetvalue(result, i, 0);
		char sql[400];
		snprintf(sql, sizeof(sql), "select count(*) from kept.%s where district_id = '" HILLSIDE "'", table);
		ck_assert_msg(query_number(superuser, sql) > 0, "the test has no row of %s", table);
		snprintf(sql, sizeof(sql), "select * from kept.%s where district_id = '" HILLSIDE "'", table);
		expect_state(api, sql, table, true);
		snprintf(sql, sizeof(sql), "insert into kept.%s (district_id) values ('" HILLSIDE "')", table);
		expect_state(api, sql, table, false);
		snprintf(sql, sizeof(sql),
			 "update kept.%s set district_id = district_id where district_id = '" HILLSIDE "'", table);
		expect_state(api, sql, table, true);
		snprintf(sql, sizeof(sql), "delete from kept.%s where district_id = '" HILLSIDE "'", table);
		expect_state(api, sql, table, true);
	}
	PQclear(result);
	expect_state(api, "update kept.district set plan_rev = 9 where id = '" HILLSIDE "'", "district", true);
	expect_state(api, "select * from kept.district where id = '" HILLSIDE "'", "district", true);
	expect_state(api, "update kept.school set district_id = '" HILLSIDE "'", "school", false);
	PQfinish(owner);
	PQfinish(api);
}
END_TEST

START_TEST(outside_a_unit_nothing_is_seen)
{
	PGconn *api = route_connect(url);
	struct route_reply reply = route_ask(api, KEY_ADMIN, "commitment_list", "page_size", "50", NULL);
	ck_assert_int_eq(reply.status, 200);
	route_release(&reply);
	/* The transaction of that unit is over, and so is what it might see. */
	PGresult *result = PQexec(api, "select (select count(*) from kept.district) + (select count(*) from "
				       "kept.person) + (select count(*) from kept.key)");
	ck_assert_str_eq(PQgetvalue(result, 0, 0), "0");
	PQclear(result);
	PQfinish(api);
}
END_TEST

START_TEST(a_key_is_judged_in_the_unit_itself)
{
	PGconn *api = route_connect(url);
	static const struct {
		const char *sql, *state;
	} table[] = {
		{"select kept.enter('key', '" KEY_READER "', 'admin reader')", NULL},
		{"select kept.enter('key', '" KEY_READER "', 'admin steward')", "KT403"},
		{"select kept.enter('key', '" HASH64("9") "', '')", "KT401"},
		{"select kept.enter('key', null, '')", "KT401"},
		{"select kept.enter('link', '" KEY_READER "', '')", "KT401"},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		PGresult *result = PQexec(api, table[i].sql);
		const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
		ck_assert_msg(table[i].state ? state && strcmp(state, table[i].state) == 0 : !state, "%s: %s",
			      table[i].sql, PQresultErrorMessage(result));
		PQclear(result);
	}
	query_run(superuser, "update kept.key set revoked_at = kept.now() where hash = '" KEY_READER "';"
			     "update kept.key set expires_at = kept.now() where hash = '" KEY_PARTNER "'");
	struct route_reply revoked = route_ask(api, KEY_READER, "commitment_list", "page_size", "50", NULL);
	struct route_reply expired = route_ask(api, KEY_PARTNER, "commitment_list", "page_size", "50", NULL);
	ck_assert_int_eq(revoked.status, 401);
	ck_assert_int_eq(expired.status, 401);
	ck_assert_str_eq(revoked.body, expired.body);
	route_release(&revoked);
	route_release(&expired);
	PQfinish(api);
}
END_TEST

START_TEST(operators_commands_refuse_what_does_not_exist)
{
	static const struct {
		const char *sql, *state;
	} table[] = {
		{"select kept.district_add('A', 'Mars/Phobos', 'en')", "KT422"},
		{"select kept.district_add('A', 'EST', 'en')", "KT422"},
		{"select kept.district_add('A', 'America/New_York', 'no language')", "KT422"},
		{"select kept.district_add('A', 'America/New_York', 'en', 'county')", "KT422"},
		{"select kept.district_add(' ', 'America/New_York', 'en')", "KT422"},
		{"select kept.district_add('A', 'America/New_York', 'en-US', 'association')", "00000"},
		{"select kept.key_add('" REGISTER_ID("99") "', 'admin', 'k', '" HASH64("8") "')", "KT422"},
		{"select kept.key_add('" LAKEVIEW "', 'king', 'k', '" HASH64("8") "')", "KT422"},
		{"select kept.key_add('" LAKEVIEW "', 'steward', 'k', '" HASH64("8") "', '" HILLSIDE_SCHOOL "')",
		 "KT422"},
		{"select kept.key_add('" LAKEVIEW "', 'steward', 'k', '" HASH64("8") "', null, 'wizards')", "KT422"},
		{"select kept.key_add('" LAKEVIEW "', 'admin', 'k', '" HASH64("8") "', '" SCHOOL_EAST "')", "KT422"},
		{"select kept.key_add('" LAKEVIEW "', 'steward', 'k', '" HASH64("8") "', '" SCHOOL_EAST
										     "', 'families', '2027-06-01')",
		 "00000"},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char *state = query_state(url, table[i].sql);
		ck_assert_msg(strcmp(state, table[i].state) == 0, "%s: %s", table[i].sql, state);
		free(state);
	}
	ck_assert_int_eq(query_number(superuser, "select count(*) from kept.key where hash = '" HASH64(
							 "8") "' and expires_at = '2027-06-01 04:00:00+00'"),
			 1);
	ck_assert_int_eq(
		query_number(superuser,
			     "select count(*) from kept.reminder_policy p join kept.district d on d.id = p.district_id"
			     " where d.name = 'A' and p.name = 'Default' and p.offsets = '{-7,-2,1,7}' and p.send_at = "
			     "'08:00'"),
		1);
}
END_TEST

START_TEST(the_catalogue_gives_each_district_its_actions_and_frameworks_once)
{
	static const char load[] =
		"select "
		"kept.catalogue_load('{\"language\":\"%s\",\"groups\":[{\"code\":\"families\","
		"\"name\":\"%s\",\"actions\":"
		"[{\"code\":\"test.one\",\"title\":\"%s\",\"description\":null}]}],"
		"\"frameworks\":[{\"code\":\"test\",\"name\":\"Table\",\"groups\":[{\"code\":\"families\","
		"\"necessity\":\"must\"}],\"clauses\":[]}]}')";
	char sql[600];
	for (int twice = 0; twice < 2; twice++) {
		snprintf(sql, sizeof(sql), load, "en", "Families", "Read");
		query_run(url, sql);
		snprintf(sql, sizeof(sql), load, "es", "Familias", "Leer");
		query_run(url, sql);
	}
	ck_assert_int_eq(query_number(superuser, "select (count(*) = (select count(*) from kept.district))::int from "
						 "kept.action where catalogue_code = 'test.one'"
						 " having count(*) > 0"),
			 1);
	ck_assert_int_eq(query_number(superuser, "select (count(*) = (select count(*) from kept.district))::int from "
						 "kept.framework where catalogue_code = 'test' having count(*) > 0"),
			 1);
}
END_TEST

START_TEST(words_come_in_the_first_language_that_has_them_and_what_is_filled_in_stays_as_it_is)
{
	static const char load[] = "select kept.catalogue_load('{\"language\":\"%s\",\"groups\":[],\"texts\":{%s}}')";
	char sql[400];
	snprintf(sql, sizeof(sql), load, "fr", "\"test.hello\":\"Bonjour {name}, {day} {nobody} { fin\"");
	query_run(url, sql);
	static const struct {
		const char *call, *words;
	} rows[] = {{"'test.hello', '{xx,fr,en}', '{\"name\":\"{day}\",\"day\":\"12\"}'",
		     "Bonjour {day}, 12 {nobody} { fin"},
		    {"'language.name', '{fr,es-mx,es}'", "Español"},
		    {"'language.name', '{}'", "English"},
		    {"'test.hello', '{en}'", NULL}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(sql, sizeof(sql), "select (kept.text_for(%s) is not distinct from %s%s%s)::int", rows[i].call,
			 rows[i].words ? "'" : "null", rows[i].words ? rows[i].words : "", rows[i].words ? "'" : "");
		ck_assert_msg(query_number(url, sql) == 1, "%s", rows[i].call);
	}
	snprintf(sql, sizeof(sql), load, "fr", "\"test.other\":\"Salut\"");
	query_run(url, sql);
	ck_assert_int_eq(query_number(superuser, "select count(*) from kept.catalogue_text where language = 'fr'"), 1);
}
END_TEST

int main(void)
{
	cluster = cluster_start(NULL);
	url = cluster_database(cluster, "access", CLUSTER_TEST_CLOCK);
	superuser = cluster_superuser(cluster, "access");
	register_fill(superuser);
	Suite *suite = suite_create("access");
	TCase *test = tcase_create("access");
	tcase_set_timeout(test, 60);
	tcase_add_test(test, row_level_security_is_forced_on_every_table);
	tcase_add_test(test, everything_has_a_comment);
	tcase_add_test(test, the_key_of_a_tenants_table_begins_with_the_district);
	tcase_add_test(test, words_come_in_the_first_language_that_has_them_and_what_is_filled_in_stays_as_it_is);
	tcase_add_test(test, functions_are_granted_by_name_and_pinned_where_they_have_the_owners_rights);
	tcase_add_test(test, no_row_of_another_district_is_seen_or_written);
	tcase_add_test(test, outside_a_unit_nothing_is_seen);
	tcase_add_test(test, a_key_is_judged_in_the_unit_itself);
	tcase_add_test(test, operators_commands_refuse_what_does_not_exist);
	tcase_add_test(test, the_catalogue_gives_each_district_its_actions_and_frameworks_once);
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
