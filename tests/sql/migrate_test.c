/* What `migrate` does to a database: forward only, twice the same, and the clock that was asked for. */
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "sql/migrate.h"
#include "tests/support/cluster.h"
#include "tests/support/query.h"

#define FILE(name, sql)                                                                                                \
	{                                                                                                              \
		name, sql, sizeof(sql) - 1                                                                             \
	}
#define TABLE(files)                                                                                                   \
	{                                                                                                              \
		files, sizeof(files) / sizeof((files)[0])                                                              \
	}

static struct cluster *cluster;

static const struct embedded good[] = {
	FILE("0001_one.sql", "create table kept.one (a int); insert into kept.one values (1);"),
	FILE("0002_two.sql", "create table kept.two (b int);"),
};
static const struct embedded_table nothing = {0};
static const struct embedded_table good_table = TABLE(good);

static struct migrate_options options_of(const struct embedded_table *migrations)
{
	return (struct migrate_options){.migrations = migrations, .functions = &nothing, .catalogue = &nothing};
}

static void expect_well(const char *url, const struct migrate_options *options)
{
	char *error = NULL;
	if (!migrate_database(url, options, &error))
		ck_abort_msg("%s", error ? error : "no memory");
}

/* Migrates, expecting a refusal of one line that contains `words`. */
static void expect_refusal(const char *url, const struct migrate_options *options, const char *words)
{
	char *error = NULL;
	ck_assert(!migrate_database(url, options, &error));
	ck_assert_ptr_nonnull(error);
	ck_assert_msg(strstr(error, words) != NULL, "'%s' lacks '%s'", error, words);
	ck_assert_msg(!strchr(error, '\n'), "more than a line: %s", error);
	free(error);
}

static void expect_text(const char *url, const char *sql, const char *expected)
{
	char *text = query_text(url, sql);
	ck_assert_str_eq(text, expected);
	free(text);
}

static void count_step(void *context, const char *step)
{
	(void)step;
	++*(int *)context;
}

#define SCHEMA                                                                                                         \
	"select md5(string_agg(line, chr(10) order by line)) from ("                                                   \
	" select c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)"                         \
	"  || coalesce(c.relacl::text, '') as line from pg_attribute a join pg_class c on c.oid = a.attrelid"          \
	"  where c.relnamespace = 'kept'::regnamespace"                                                                \
	" union all select pg_get_functiondef(oid) || coalesce(proacl::text, '') from pg_proc"                         \
	"  where pronamespace = 'kept'::regnamespace and prokind = 'f'"                                                \
	" union all select conrelid::regclass || pg_get_constraintdef(oid) from pg_constraint"                         \
	"  where connamespace = 'kept'::regnamespace"                                                                  \
	" union all select row(schemaname, tablename, policyname, roles, cmd, qual, with_check)::text from "           \
	"pg_policies"                                                                                                  \
	" union all select tgrelid::regclass || pg_get_triggerdef(oid) from pg_trigger where not tgisinternal"         \
	" union all select number || name || sha256 || applied_at from kept.migration) l"

START_TEST(a_second_run_changes_nothing)
{
	char *url = cluster_database(cluster, "twice", CLUSTER_EMPTY);
	int steps = 0;
	struct migrate_options options = {.progress = count_step, .context = &steps};
	expect_well(url, &options);
	ck_assert_int_gt(steps, 1);
	char *first = query_text(url, SCHEMA);
	expect_well(url, &options);
	expect_text(url, SCHEMA, first);
	free(first);
	free(url);
}
END_TEST

START_TEST(a_second_database_of_the_same_cluster_shares_the_roles)
{
	char *url = cluster_database(cluster, "neighbour", CLUSTER_EMPTY);
	expect_well(url, &(struct migrate_options){0});
	free(url);
}
END_TEST

START_TEST(a_changed_migration_is_refused)
{
	static const struct embedded changed[] = {FILE("0001_one.sql", "create table kept.one (a bigint);")};
	static const struct embedded_table table = TABLE(changed);
	char *url = cluster_database(cluster, "changed", CLUSTER_EMPTY);
	struct migrate_options options = options_of(&good_table);
	expect_well(url, &options);
	static const struct embedded both[] = {
		FILE("0001_one.sql", "create table kept.one (a bigint);"),
		FILE("0002_two.sql", "create table kept.two (b int);"),
	};
	static const struct embedded_table both_table = TABLE(both);
	options = options_of(&both_table);
	expect_refusal(url, &options, "0001_one.sql: it was applied and has changed since");
	options = options_of(&table);
	expect_refusal(url, &options, "the database has migration 2 and this program knows 1");
	free(url);
}
END_TEST

START_TEST(a_failed_migration_leaves_nothing_of_itself_and_names_its_line)
{
	static const struct embedded bad[] = {
		FILE("0001_one.sql", "create table kept.one (a int);"),
		FILE("0002_bad.sql", "create table kept.half (a int);\n-- é\nselect * from\n kept.nowhere;"),
	};
	static const struct embedded_table table = TABLE(bad);
	char *url = cluster_database(cluster, "failed", CLUSTER_EMPTY);
	struct migrate_options options = options_of(&table);
	expect_refusal(url, &options, "0002_bad.sql:4: relation \"kept.nowhere\" does not exist (42P01)");
	expect_text(url, "select to_regclass('kept.half') is null and to_regclass('kept.one') is not null", "t");
	options = options_of(&good_table);
	expect_refusal(url, &options, "0001_one.sql: it was applied and has changed since");
	free(url);
}
END_TEST

START_TEST(a_file_cannot_end_its_transaction)
{
	static const struct embedded bad[] = {FILE("0001_bad.sql", "create table kept.one (a int); commit;")};
	static const struct embedded_table table = TABLE(bad);
	char *url = cluster_database(cluster, "commits", CLUSTER_EMPTY);
	struct migrate_options options = options_of(&table);
	expect_refusal(url, &options, "0001_bad.sql: a file may not begin or end a transaction");
	free(url);
}
END_TEST

START_TEST(a_gap_in_the_numbers_is_refused)
{
	static const struct embedded gap[] = {FILE("0002_two.sql", "select 1")};
	static const struct embedded_table table = TABLE(gap);
	char *url = cluster_database(cluster, "gap", CLUSTER_EMPTY);
	struct migrate_options options = options_of(&table);
	expect_refusal(url, &options, "0002_two.sql: the next migration's name must begin with 0001_");
	free(url);
}
END_TEST

START_TEST(functions_are_replaced_and_may_use_one_of_a_later_file)
{
	static const struct embedded first[] = {
		FILE("a.sql", "create or replace function kept.a() returns int language sql as 'select kept.b()'"),
		FILE("b.sql", "create or replace function kept.b() returns int language sql as 'select 1'"),
	};
	static const struct embedded second[] = {
		FILE("b.sql", "create or replace function kept.b() returns int language sql as 'select 2'"),
	};
	static const struct embedded broken[] = {
		FILE("c.sql",
		     "create or replace function kept.c() returns int language plpgsql as 'begin retrun 1; end'"),
	};
	static const struct embedded_table tables[] = {TABLE(first), TABLE(second), TABLE(broken)};
	char *url = cluster_database(cluster, "functions", CLUSTER_EMPTY);
	struct migrate_options options = options_of(&good_table);
	options.functions = &tables[0];
	expect_well(url, &options);
	expect_text(url, "select kept.a()", "1");
	options.functions = &tables[1];
	expect_well(url, &options);
	expect_text(url, "select kept.a()", "2");
	options.functions = &tables[2];
	expect_refusal(url, &options, "c.sql");
	expect_text(url, "select to_regproc('kept.c') is null", "t");
	free(url);
}
END_TEST

START_TEST(the_catalogue_is_loaded_when_there_is_a_loader)
{
	static const struct embedded functions[] = {
		FILE("load.sql", "create or replace function kept.catalogue_load(c jsonb) returns void language sql"
				 " as 'insert into kept.one values ((c->>''n'')::int)'"),
	};
	static const struct embedded files[] = {FILE("en.json", "{\"n\":41}"), FILE("es.json", "{\"n\":42}")};
	static const struct embedded_table functions_table = TABLE(functions), files_table = TABLE(files);
	char *url = cluster_database(cluster, "catalogue", CLUSTER_EMPTY);
	struct migrate_options options = options_of(&good_table);
	options.catalogue = &files_table;
	expect_well(url, &options);
	expect_text(url, "select max(a) from kept.one", "1");
	options.functions = &functions_table;
	expect_well(url, &options);
	expect_text(url, "select max(a) from kept.one", "42");
	free(url);
}
END_TEST

START_TEST(the_test_clock_stands_runs_shifted_or_is_plain)
{
	char *url = cluster_database(cluster, "clock", CLUSTER_EMPTY);
	struct migrate_options options = options_of(&good_table);
	options.test_clock = true;
	expect_well(url, &options);
	expect_text(url, "select kept.test_clock() and kept.now() = now()", "t");
	expect_text(url, "set kept.now = '2027-01-15T13:00:00Z'; select kept.now() = '2027-01-15 08:00-05'", "t");
	expect_text(url, "set kept.now = '3 days'; select kept.now() = now() + interval '3 days'", "t");
	expect_text(url, "set kept.now = '-2 hours'; select kept.now() = now() - interval '2 hours'", "t");
	expect_text(url, "set kept.now = 'P1D'; select kept.now() = now() + interval '1 day'", "t");
	expect_text(url, "set kept.now = ''; select kept.now() = now()", "t");
	options.test_clock = false;
	expect_well(url, &options);
	expect_text(url, "set kept.now = '3 days'; select not kept.test_clock() and kept.now() = now()", "t");
	free(url);
}
END_TEST

START_TEST(the_whole_product_takes_either_clock)
{
	char *plain = cluster_database(cluster, "plain", CLUSTER_MIGRATED);
	char *moved = cluster_database(cluster, "moved", CLUSTER_TEST_CLOCK);
	expect_text(plain, "set kept.now = '3 days'; select not kept.test_clock() and kept.now() = now()", "t");
	expect_text(moved, "set kept.now = '3 days'; select kept.now() = now() + interval '3 days'", "t");
	cluster_clock(cluster, "2027-01-15T13:00:00Z");
	expect_text(moved, "select kept.now() = '2027-01-15T13:00:00Z'", "t");
	cluster_clock(cluster, "");
	expect_text(moved, "select kept.now() = now()", "t");
	free(plain);
	free(moved);
}
END_TEST

START_TEST(a_lock_that_is_held_stops_a_migration_after_two_seconds)
{
	static const struct embedded blocked[] = {
		FILE("0001_one.sql", "create table kept.one (a int); insert into kept.one values (1);"),
		FILE("0002_wait.sql", "select pg_advisory_xact_lock(1)"),
	};
	static const struct embedded_table table = TABLE(blocked);
	char *url = cluster_database(cluster, "locked", CLUSTER_EMPTY);
	query_hold(url, "select pg_advisory_lock(1)");
	struct migrate_options options = options_of(&table);
	expect_refusal(url, &options, "0002_wait.sql: canceling statement due to lock timeout (55P03)");
	free(url);
}
END_TEST

/* Entries from before there was a chain are not left out of it. */
START_TEST(audit_entries_of_an_older_version_go_in_line)
{
	const struct embedded_table older = {embedded_migrations.files, 7}, locking = {embedded_migrations.files, 8};
	const struct migrate_options before = options_of(&older), locked = options_of(&locking), all = {0};
	char *url = cluster_database(cluster, "older", CLUSTER_EMPTY), *superuser = cluster_superuser(cluster, "older");
	expect_well(url, &before);
	query_run(superuser, "insert into kept.district (name, time_zone, locale) select 'D' || n, 'UTC', 'en' from "
			     "generate_series(1, 3) n");
	/* Not while writers are held up: that would take the longer the more there are. */
	expect_well(url, &locked);
	expect_text(superuser, "select count(*) from kept.audit_pending", "0");
	expect_well(url, &all);
	expect_text(superuser, "select count(*) from kept.audit where table_name = 'district' and change = 'insert'",
		    "3");
	expect_text(superuser,
		    "select count(*) from kept.audit a full join kept.audit_pending p on p.district_id = a.district_id "
		    "and p.audit_id = a.id where a.id is null or p.audit_id is null",
		    "0");
	free(url);
	free(superuser);
}
END_TEST

START_TEST(what_cannot_be_reached_is_said_in_one_line)
{
	struct migrate_options options = options_of(&good_table);
	expect_refusal("host=/nowhere dbname=x", &options, "/nowhere");
	expect_refusal("password=hidden nonsense", &options, "KEPT_DATABASE_URL");
}
END_TEST

int main(void)
{
	cluster = cluster_start(NULL);
	Suite *suite = suite_create("migrate");
	TCase *test = tcase_create("migrate");
	tcase_set_timeout(test, 60);
	tcase_add_test(test, a_second_run_changes_nothing);
	tcase_add_test(test, a_second_database_of_the_same_cluster_shares_the_roles);
	tcase_add_test(test, a_changed_migration_is_refused);
	tcase_add_test(test, a_failed_migration_leaves_nothing_of_itself_and_names_its_line);
	tcase_add_test(test, a_file_cannot_end_its_transaction);
	tcase_add_test(test, a_gap_in_the_numbers_is_refused);
	tcase_add_test(test, functions_are_replaced_and_may_use_one_of_a_later_file);
	tcase_add_test(test, the_catalogue_is_loaded_when_there_is_a_loader);
	tcase_add_test(test, the_test_clock_stands_runs_shifted_or_is_plain);
	tcase_add_test(test, the_whole_product_takes_either_clock);
	tcase_add_test(test, a_lock_that_is_held_stops_a_migration_after_two_seconds);
	tcase_add_test(test, audit_entries_of_an_older_version_go_in_line);
	tcase_add_test(test, what_cannot_be_reached_is_said_in_one_line);
	suite_add_tcase(suite, test);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	cluster_stop(cluster);
	return failed ? 1 : 0;
}
