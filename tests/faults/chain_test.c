/*
 * The audit's chain goes on whatever happens: late commits, several workers, kills, dump and restore.
 */
#include <check.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <libpq-fe.h>

#include "tests/support/audit.h"
#include "tests/support/query.h"
#include "tests/support/world.h"

#define PATIENCE 30.0

static struct world world;

static void start_all(void)
{
	world_start(&world, "chain");
}

static void stop_all(void)
{
	world_stop(&world);
}

static void run(const char *sql)
{
	query_run(world.superuser, sql);
}

static long long number(const char *sql)
{
	return query_number(world.superuser, sql);
}

#define UNCHAINED "select count(*) from kept.audit_pending"
/* Entries that are not in exactly one block. */
#define MISPLACED                                                                                                      \
	"select count(*) from kept.audit a where 1 <> (select count(*) from kept.audit_block b where b.district_id = " \
	"a.district_id and a.id = any (b.entries))"

START_TEST(an_entry_that_is_committed_late_is_not_passed_over)
{
	PGconn *late = PQconnectdb(world.superuser);
	ck_assert_int_eq(PQstatus(late), CONNECTION_OK);
	PQclear(PQexec(late, "begin"));
	PGresult *result =
		PQexec(late, text_of("update kept.school set name = 'Late' where id = '%s'", world.hillside.school));
	ck_assert_str_eq(PQcmdTuples(result), "1");
	PQclear(result);
	/* A millisecond later by the clock of ids. */
	world_clock(&world, "2027-01-10 15:00:01+00");
	world_make(&world, world.hillside.admin, "/v1/schools", "{\"name\":\"Meanwhile\"}");
	world_work(&world);
	ck_assert_int_eq(number(UNCHAINED), 0);
	long long blocks = number("select count(*) from kept.audit_block");
	PQclear(PQexec(late, "commit"));
	PQfinish(late);
	ck_assert_int_eq(number(UNCHAINED), 1);
	world_work(&world);
	ck_assert_int_eq(number("select count(*) from kept.audit_block"), blocks + 1);
	ck_assert_int_eq(number(MISPLACED), 0);
	audit_must_verify(&world);
	world_clock(&world, WORLD_NOW);
}
END_TEST

static void worker_start(struct program *worker, const char *folder, const char *log)
{
	program_start(
		worker,
		&(struct program_settings){
			.name = "kept-worker",
			.environment = (const char *const[]){text_of("KEPT_DATABASE_URL=%s", world.api.database_url),
							     text_of("KEPT_MAIL_URL=file://%s/mail", folder),
							     "KEPT_SECRET="
							     "k1:01234567890123456789012345678901",
							     "KEPT_CHECK_EVERY=100ms", NULL},
			.folder = folder,
			.log = log,
		});
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *at)
{
	(void)status;
	(void)type;
	(void)at;
	return remove(path);
}

START_TEST(two_workers_that_die_again_and_again_chain_each_entry_once)
{
	static const char *const logs[] = {"one", "other"};
	char folder[] = "/tmp/kept-audit-XXXXXX";
	struct program workers[2];
	ck_assert_ptr_nonnull(mkdtemp(folder));
	long long blocks = number("select count(*) from kept.audit_block");
	for (int i = 0; i < 2; i++)
		worker_start(&workers[i], folder, logs[i]);
	for (int turn = 0; turn < 16; turn++) {
		for (int i = 0; i < 15; i++)
			audit_change(&world, text_of("Turn %d, %d", turn, i));
		/* In the middle of whatever it does. */
		usleep(20000 * (unsigned)(turn % 5));
		program_kill(&workers[turn % 2]);
		program_release(&workers[turn % 2]);
		worker_start(&workers[turn % 2], folder, logs[turn % 2]);
	}
	ck_assert(query_until(world.superuser, "select not exists (select from kept.audit_pending)", PATIENCE));
	for (int i = 0; i < 2; i++) {
		program_kill(&workers[i]);
		program_release(&workers[i]);
	}
	(void)nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	ck_assert_int_eq(number(MISPLACED), 0);
	ck_assert_int_gt(number("select count(*) from kept.audit_block"), blocks + 3);
	audit_must_verify(&world);
}
END_TEST

/* Many sessions that chain at the same instant, which two workers hardly do. */
START_TEST(sessions_that_chain_at_once_make_one_chain)
{
	PGconn *sessions[6];
	for (int i = 0; i < 6; i++) {
		sessions[i] = PQconnectdb(world.superuser);
		PQclear(PQexec(sessions[i], "set role kept_worker"));
	}
	for (int turn = 0; turn < 30; turn++) {
		audit_change(&world, text_of("At once %d", turn));
		for (int i = 0; i < 6; i++)
			ck_assert_int_eq(PQsendQuery(sessions[i], "select * from kept.audit_chain(20)"), 1);
		for (int i = 0; i < 6; i++)
			for (PGresult *result; (result = PQgetResult(sessions[i])); PQclear(result))
				ck_assert_msg(PQresultStatus(result) == PGRES_TUPLES_OK, "%s",
					      PQresultErrorMessage(result));
	}
	for (int i = 0; i < 6; i++)
		PQfinish(sessions[i]);
	world_work(&world);
	ck_assert_int_eq(number(MISPLACED), 0);
	audit_must_verify(&world);
}
END_TEST

START_TEST(a_block_has_at_most_a_thousand_entries)
{
	run("insert into kept.audit (district_id, table_name, row_id, change, members) select d.id, 'school', n::text, "
	    "'update', '{}' from kept.district d, generate_series(1, 2500) n where d.name = 'Hillside';"
	    "insert into kept.audit_pending select district_id, id from kept.audit a where not exists (select from "
	    "kept.audit_block b where b.district_id = a.district_id and a.id = any (b.entries)) on conflict do "
	    "nothing");
	world_work(&world);
	ck_assert_int_eq(number(UNCHAINED), 0);
	ck_assert_int_eq(number("select count(*) from kept.audit_block where cardinality(entries) = 1000"), 2);
	audit_must_verify(&world);
}
END_TEST

static void run_program(const char *name, const char *one, const char *two, const char *three)
{
	pid_t child = fork();
	int status;
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		execlp(name, name, one, two, three, (char *)NULL);
		_exit(127);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s failed", name);
}

START_TEST(a_chain_survives_dump_and_restore_and_goes_on)
{
	char file[] = "/tmp/kept-dump-XXXXXX";
	close(mkstemp(file));
	audit_change(&world, "Not in a block yet");
	run_program("pg_dump", text_of("--dbname=%s", world.superuser), "--file", file);
	free(cluster_database(world.cluster, "restored", CLUSTER_EMPTY));
	char *superuser = cluster_superuser(world.cluster, "restored");
	run_program("psql", text_of("%s options='-c client_min_messages=error'", superuser), "-qbXf", file);
	unlink(file);
	struct world copy = world;
	copy.superuser = superuser;
	ck_assert(asprintf(&copy.api.database_url, "%s user=kept", superuser) > 0);
	ck_assert_int_eq(query_number(superuser, UNCHAINED), 1);
	char *before, *after;
	ck_assert_int_eq(audit_verify(&world.api, &before, NULL), 0);
	ck_assert_int_eq(audit_verify(&copy.api, &after, NULL), 0);
	ck_assert_str_eq(before, after);
	free(after);
	world_work(&copy);
	ck_assert_int_eq(query_number(superuser, UNCHAINED), 0);
	ck_assert_int_eq(query_number(superuser, MISPLACED), 0);
	ck_assert_int_eq(audit_verify(&copy.api, &after, NULL), 0);
	ck_assert_str_ne(before, after);
	free(before);
	free(after);
	free(superuser);
	free(copy.api.database_url);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("chain");
	TCase *all = tcase_create("chain");
	tcase_set_timeout(all, 240);
	tcase_add_unchecked_fixture(all, start_all, stop_all);
	tcase_add_test(all, an_entry_that_is_committed_late_is_not_passed_over);
	tcase_add_test(all, two_workers_that_die_again_and_again_chain_each_entry_once);
	tcase_add_test(all, sessions_that_chain_at_once_make_one_chain);
	tcase_add_test(all, a_block_has_at_most_a_thousand_entries);
	tcase_add_test(all, a_chain_survives_dump_and_restore_and_goes_on);
	suite_add_tcase(suite, all);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
