/* Units on a pipe: their answers, their errors, and that each ends exactly once whatever becomes of the connection. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <check.h>

#include "sql/pipe.h"
#include "tests/support/cluster.h"
#include "tests/support/query.h"

#define SECONDS 20.0
#define MANY 40

#define STATEMENT(variable, sql, count)                                                                                \
	static const struct statement_text variable##_text = {#variable ".0", sql, count, {0, 1}};                     \
	static const struct statement variable = {#variable, parameter_names, count, 0, {0}, &variable##_text}

static const char *const parameter_names[] = {"a", "b"};
STATEMENT(echo, "select $1::text, $2::text", 2);
STATEMENT(insert_note, "insert into public.note (body) values ($1) returning body", 1);
STATEMENT(count_notes, "select count(*) from public.note", 0);
STATEMENT(divide, "select 1 / $1::int", 1);
STATEMENT(refuse, "select public.refuse()", 0);
STATEMENT(backend, "select pg_backend_pid()", 0);
STATEMENT(nap, "select pg_sleep($1::float8)", 1);
STATEMENT(prepared_names, "select string_agg(name, ',' order by name) from pg_prepared_statements", 0);
STATEMENT(absent_table, "select count(*) from public.absent", 0);
STATEMENT(insert_child, "insert into public.child (parent) values ($1::int)", 1);
STATEMENT(read_only, "select set_config('transaction_read_only', 'on', true)", 0);
STATEMENT(setting, "select current_setting($1)", 1);
STATEMENT(whole_size, "select length($1)", 1);

/* Libraries of this process, libev among them, see a time of day that is so far ahead. */
static long day_ahead;

int clock_gettime(clockid_t id, struct timespec *now)
{
	long code = syscall(SYS_clock_gettime, id, now);
	if (code == 0 && id == CLOCK_REALTIME)
		now->tv_sec += day_ahead;
	return (int)code;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
	struct timespec fine;
	(void)zone;
	clock_gettime(CLOCK_REALTIME, &fine);
	*now = (struct timeval){fine.tv_sec, fine.tv_nsec / 1000};
	return 0;
}

static struct cluster *cluster;
static char *url; /* of a database of its own for each test */

struct answer {
	int calls;
	enum unit_outcome outcome;
	int count;
	char values[UNIT_STATEMENTS][128];
	char state[8], message[64], detail[64], hint[64];
};

struct rig {
	struct ev_loop *loop;
	struct pipe *pipe;
	struct pipe_settings settings;
	bool submitting;
	int ups, downs, notes;
	char channel[64];
	struct answer answers[MANY];
	int answered;
};

/* The callbacks get one pointer; tests have one rig. */
static struct rig rig;

static void copy(char *to, size_t room, const char *from)
{
	snprintf(to, room, "%s", from ? from : "(null)");
}

static void keep_answer(void *context, struct unit_result *result)
{
	struct answer *answer = context;
	ck_assert(!rig.submitting);
	rig.answered++;
	answer->calls++;
	answer->outcome = result->outcome;
	answer->count = result->result_count;
	for (int i = 0; i < result->result_count; i++) {
		const PGresult *rows = result->results[i];
		if (PQntuples(rows) > 0)
			copy(answer->values[i], sizeof(answer->values[i]),
			     PQgetisnull(rows, 0, 0) ? "NULL" : PQgetvalue(rows, 0, 0));
	}
	if (result->outcome == UNIT_ERROR) {
		copy(answer->state, sizeof(answer->state), result->sqlstate);
		copy(answer->message, sizeof(answer->message), result->message);
		copy(answer->detail, sizeof(answer->detail), result->detail);
		copy(answer->hint, sizeof(answer->hint), result->hint);
	}
}

static void keep_note(void *context, const char *channel)
{
	struct rig *here = context;
	here->notes++;
	copy(here->channel, sizeof(here->channel), channel);
}

static void keep_state(void *context, bool connected)
{
	struct rig *here = context;
	if (connected)
		here->ups++;
	else
		here->downs++;
}

static void set_flag(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)loop;
	(void)events;
	*(bool *)timer->data = true;
}

/* Runs the loop until *number is at least `least`; the test fails after SECONDS. */
static void run_until(const int *number, int least)
{
	bool late = false;
	ev_timer guard;
	ev_now_update(rig.loop);
	ev_timer_init(&guard, set_flag, SECONDS, 0);
	guard.data = &late;
	ev_timer_start(rig.loop, &guard);
	while (*number < least && !late)
		ev_run(rig.loop, EVRUN_ONCE);
	ev_timer_stop(rig.loop, &guard);
	ck_assert_msg(!late, "waited %g s for %d, have %d", SECONDS, least, *number);
}

static void run_for(double seconds)
{
	bool over = false;
	ev_timer guard;
	ev_now_update(rig.loop);
	ev_timer_init(&guard, set_flag, seconds, 0);
	guard.data = &over;
	ev_timer_start(rig.loop, &guard);
	while (!over)
		ev_run(rig.loop, EVRUN_ONCE);
}

static void open_rig(int in_flight, int queue)
{
	url = cluster_database(cluster, "pipe", CLUSTER_EMPTY);
	query_run(url, "create table note (body text);"
		       "create table parent (id int primary key);"
		       "create table child (parent int references parent deferrable initially deferred);"
		       "create function refuse() returns int language plpgsql as $$ begin raise exception 'Not so.'"
		       " using errcode = 'KT409', detail = '[]', hint = 'again'; end $$");
	char *with_options;
	ck_assert_int_gt(asprintf(&with_options, "%s options='-c work_mem=3MB'", url), 0);
	free(url);
	url = with_options;
	rig = (struct rig){.loop = ev_loop_new(0)};
	rig.settings = (struct pipe_settings){.loop = rig.loop,
					      .database_url = url,
					      .application_name = "pipe_test",
					      .statement_timeout_ms = 60000,
					      .units_in_flight = in_flight,
					      .queue_units = queue,
					      .listen_channel = "kept_\"wake",
					      .notified = keep_note,
					      .state_changed = keep_state,
					      .context = &rig};
	rig.pipe = pipe_new(&rig.settings);
	ck_assert_ptr_nonnull(rig.pipe);
}

static void close_rig(void)
{
	pipe_free(rig.pipe);
	ev_loop_destroy(rig.loop);
	free(url);
}

static unsigned long submit_two(struct answer *answer, const struct statement *first, const char *a, const char *b,
				const struct statement *second, const char *c, double seconds)
{
	const char *const values[] = {a, b}, *const more[] = {c, NULL};
	struct unit_statement statements[] = {{first, values}, {second, more}};
	rig.submitting = true;
	unsigned long id = pipe_submit(rig.pipe, statements, second ? 2 : 1, seconds, keep_answer, answer);
	rig.submitting = false;
	return id;
}

static unsigned long submit(struct answer *answer, const struct statement *statement, const char *a)
{
	return submit_two(answer, statement, a, NULL, NULL, NULL, SECONDS);
}

static struct answer ask(const struct statement *statement, const char *a)
{
	struct answer answer = {0};
	int before = rig.answered;
	ck_assert_uint_ne(submit(&answer, statement, a), 0);
	run_until(&rig.answered, before + 1);
	return answer;
}

START_TEST(a_unit_is_answered_with_all_its_results)
{
	open_rig(8, 100);
	ck_assert_uint_ne(submit_two(&rig.answers[0], &echo, "María", NULL, &insert_note, "", SECONDS), 0);
	run_until(&rig.answered, 1);
	ck_assert_int_eq(rig.answers[0].outcome, UNIT_DONE);
	ck_assert_int_eq(rig.answers[0].count, 2);
	ck_assert_str_eq(rig.answers[0].values[0], "María");
	ck_assert_str_eq(rig.answers[0].values[1], "");
	ck_assert_str_eq(ask(&echo, NULL).values[0], "NULL");
	close_rig();
}
END_TEST

START_TEST(a_statement_is_prepared_once)
{
	open_rig(8, 100);
	for (int i = 0; i < MANY; i++)
		ck_assert_uint_ne(submit_two(&rig.answers[i], &echo, "x", "y", &echo, "z", SECONDS), 0);
	run_until(&rig.answered, MANY);
	for (int i = 0; i < MANY; i++)
		ck_assert_int_eq(rig.answers[i].outcome, UNIT_DONE);
	ck_assert_str_eq(ask(&prepared_names, NULL).values[0], "echo.0,prepared_names.0");
	close_rig();
}
END_TEST

START_TEST(units_beyond_those_in_flight_wait_and_keep_their_order)
{
	open_rig(2, 100);
	for (int i = 0; i < MANY; i++) {
		char number[16];
		snprintf(number, sizeof(number), "%d", i);
		ck_assert_uint_ne(submit_two(&rig.answers[i], &insert_note, number, NULL, &count_notes, NULL, SECONDS),
				  0);
	}
	ck_assert_int_eq(pipe_waiting(rig.pipe), MANY);
	run_until(&rig.ups, 1);
	ck_assert_int_le(pipe_in_flight(rig.pipe), 2);
	run_until(&rig.answered, MANY);
	for (int i = 0; i < MANY; i++) {
		char number[16];
		snprintf(number, sizeof(number), "%d", i + 1);
		ck_assert_int_eq(rig.answers[i].calls, 1);
		ck_assert_str_eq(rig.answers[i].values[1], number);
	}
	ck_assert_int_eq(pipe_in_flight(rig.pipe) + pipe_waiting(rig.pipe), 0);
	close_rig();
}
END_TEST

START_TEST(an_error_undoes_its_unit_and_no_other)
{
	open_rig(8, 100);
	ck_assert_uint_ne(submit(&rig.answers[0], &insert_note, "before"), 0);
	ck_assert_uint_ne(submit_two(&rig.answers[1], &insert_note, "undone", NULL, &refuse, NULL, SECONDS), 0);
	ck_assert_uint_ne(submit(&rig.answers[2], &insert_note, "after"), 0);
	run_until(&rig.answered, 3);
	ck_assert_int_eq(rig.answers[0].outcome, UNIT_DONE);
	ck_assert_int_eq(rig.answers[1].outcome, UNIT_ERROR);
	ck_assert_str_eq(rig.answers[1].state, "KT409");
	ck_assert_str_eq(rig.answers[1].message, "Not so.");
	ck_assert_str_eq(rig.answers[1].detail, "[]");
	ck_assert_str_eq(rig.answers[1].hint, "again");
	ck_assert_int_eq(rig.answers[2].outcome, UNIT_DONE);
	ck_assert_str_eq(ask(&count_notes, NULL).values[0], "2");
	ck_assert_int_eq(rig.downs, 0);
	close_rig();
}
END_TEST

START_TEST(a_statement_behind_an_error_is_not_taken_for_prepared)
{
	open_rig(8, 100);
	ck_assert_uint_ne(submit_two(&rig.answers[0], &divide, "0", NULL, &echo, "x", SECONDS), 0);
	ck_assert_uint_ne(submit(&rig.answers[1], &echo, "y"), 0);
	ck_assert_uint_ne(submit(&rig.answers[2], &divide, "1"), 0);
	run_until(&rig.answered, 3);
	ck_assert_str_eq(rig.answers[0].state, "22012");
	ck_assert_str_eq(rig.answers[1].values[0], "y");
	ck_assert_str_eq(rig.answers[2].values[0], "1");
	ck_assert_int_eq(rig.downs, 0);
	close_rig();
}
END_TEST

START_TEST(a_statement_that_failed_to_prepare_is_tried_anew)
{
	open_rig(8, 100);
	struct answer answer = ask(&absent_table, NULL);
	ck_assert_int_eq(answer.outcome, UNIT_ERROR);
	ck_assert_str_eq(answer.state, "42P01");
	query_run(url, "create table public.absent ()");
	ck_assert_str_eq(ask(&absent_table, NULL).values[0], "0");
	ck_assert_int_eq(rig.downs, 0);
	close_rig();
}
END_TEST

START_TEST(an_error_at_the_commit_is_an_error)
{
	open_rig(8, 100);
	ck_assert_uint_ne(submit(&rig.answers[0], &insert_child, "1"), 0);
	ck_assert_uint_ne(submit(&rig.answers[1], &echo, "x"), 0);
	run_until(&rig.answered, 2);
	ck_assert_int_eq(rig.answers[0].outcome, UNIT_ERROR);
	ck_assert_str_eq(rig.answers[0].state, "23503");
	ck_assert_int_eq(rig.answers[1].outcome, UNIT_DONE);
	close_rig();
}
END_TEST

START_TEST(units_in_flight_on_a_lost_backend_end_once_and_the_waiting_go_on)
{
	open_rig(4, 100);
	ck_assert_str_ne(ask(&backend, NULL).values[0], "");
	ck_assert_int_eq(ask(&nap, "0").outcome, UNIT_DONE);
	int before = rig.answered;
	ck_assert_uint_ne(submit_two(&rig.answers[0], &insert_note, "early", NULL, &nap, "0", SECONDS), 0);
	run_until(&rig.answered, before + 1);
	for (int i = 1; i < 10; i++)
		ck_assert_uint_ne(submit(&rig.answers[i], i == 1 ? &nap : &backend, i == 1 ? "60" : NULL), 0);
	ck_assert(query_until(url,
			      "select count(*) = 1 from pg_stat_activity where application_name = 'pipe_test'"
			      " and wait_event = 'PgSleep'",
			      SECONDS));
	query_run(url, "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'pipe_test'");
	run_until(&rig.answered, before + 10);
	run_for(0.3);
	ck_assert_int_eq(rig.answered, before + 10);
	for (int i = 0; i < 10; i++) {
		ck_assert_int_eq(rig.answers[i].calls, 1);
		ck_assert_int_eq(rig.answers[i].outcome, i >= 1 && i < 5 ? UNIT_LOST : UNIT_DONE);
	}
	ck_assert_int_eq(rig.ups, 2);
	ck_assert_int_eq(rig.downs, 1);
	close_rig();
}
END_TEST

static double seconds_now(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* _i: 0 a power cut, 1 an orderly stop. */
START_TEST(a_server_that_comes_back_is_used_within_five_seconds)
{
	open_rig(1, 100);
	run_until(&rig.ups, 1);
	ck_assert_uint_ne(submit(&rig.answers[0], &nap, "60"), 0);
	ck_assert_uint_ne(submit_two(&rig.answers[1], &echo, "hasty", NULL, NULL, NULL, 0.5), 0);
	ck_assert_uint_ne(submit(&rig.answers[2], &echo, "patient"), 0);
	run_for(0.1);
	if (_i == 0)
		cluster_cut(cluster);
	else
		cluster_shut(cluster);
	run_until(&rig.answered, 2);
	ck_assert_int_eq(rig.answers[0].outcome, UNIT_LOST);
	ck_assert_int_eq(rig.answers[1].outcome, UNIT_REFUSED);
	ck_assert(!pipe_connected(rig.pipe));
	run_for(3);
	ck_assert_int_eq(rig.answered, 2);
	cluster_resume(cluster);
	double since = seconds_now();
	run_until(&rig.answered, 3);
	ck_assert_double_lt(seconds_now() - since, 5);
	ck_assert_str_eq(rig.answers[2].values[0], "patient");
	ck_assert_int_eq(rig.ups, 2);
	close_rig();
}
END_TEST

START_TEST(a_full_queue_says_so)
{
	open_rig(1, 3);
	for (int i = 0; i < 3; i++)
		ck_assert_uint_ne(submit(&rig.answers[i], &echo, "x"), 0);
	ck_assert_uint_eq(submit(&rig.answers[3], &echo, "x"), 0);
	run_until(&rig.answered, 3);
	run_for(0.05);
	ck_assert_int_eq(rig.answers[3].calls, 0);
	close_rig();
}
END_TEST

START_TEST(an_orphan_runs_to_its_end_in_silence)
{
	open_rig(1, 10);
	run_until(&rig.ups, 1);
	unsigned long flying = submit(&rig.answers[0], &insert_note, "flying");
	unsigned long waiting = submit(&rig.answers[1], &insert_note, "waiting");
	pipe_orphan(rig.pipe, flying);
	pipe_orphan(rig.pipe, waiting);
	pipe_orphan(rig.pipe, 12345);
	ck_assert_str_eq(ask(&count_notes, NULL).values[0], "2");
	ck_assert_int_eq(rig.answers[0].calls + rig.answers[1].calls, 0);
	close_rig();
}
END_TEST

START_TEST(a_notification_arrives_also_after_a_new_connection)
{
	open_rig(1, 10);
	ck_assert_int_eq(ask(&echo, "x").outcome, UNIT_DONE);
	query_run(url, "notify \"kept_\"\"wake\"");
	run_until(&rig.notes, 1);
	ck_assert_str_eq(rig.channel, "kept_\"wake");
	query_run(url, "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'pipe_test'");
	run_until(&rig.ups, 2);
	ck_assert_int_eq(ask(&echo, "x").outcome, UNIT_DONE);
	query_run(url, "notify \"kept_\"\"wake\"");
	run_until(&rig.notes, 2);
	close_rig();
}
END_TEST

START_TEST(a_freed_pipe_ends_all_its_units)
{
	open_rig(1, 10);
	run_until(&rig.ups, 1);
	ck_assert_int_eq(ask(&echo, "x").outcome, UNIT_DONE);
	ck_assert_uint_ne(submit(&rig.answers[0], &nap, "60"), 0);
	ck_assert_uint_ne(submit(&rig.answers[1], &echo, "x"), 0);
	pipe_free(rig.pipe);
	rig.pipe = NULL;
	ck_assert_int_eq(rig.answers[0].outcome, UNIT_LOST);
	ck_assert_int_eq(rig.answers[1].outcome, UNIT_REFUSED);
	ck_assert_int_eq(rig.answers[0].calls + rig.answers[1].calls, 2);
	close_rig();
}
END_TEST

START_TEST(a_read_only_server_is_left)
{
	open_rig(4, 10);
	struct answer before = ask(&backend, NULL);
	ck_assert_uint_ne(submit_two(&rig.answers[0], &read_only, NULL, NULL, &insert_note, "x", SECONDS), 0);
	ck_assert_uint_ne(submit(&rig.answers[1], &backend, NULL), 0);
	run_until(&rig.answered, 3);
	ck_assert_str_eq(rig.answers[0].state, "25006");
	ck_assert_int_eq(rig.answers[1].outcome, UNIT_DONE);
	run_until(&rig.ups, 2);
	ck_assert_str_ne(ask(&backend, NULL).values[0], before.values[0]);
	close_rig();
}
END_TEST

START_TEST(the_session_has_what_the_string_says_and_what_kept_needs)
{
	open_rig(4, 10);
	ck_assert_str_eq(ask(&setting, "work_mem").values[0], "3MB");
	ck_assert_str_eq(ask(&setting, "statement_timeout").values[0], "1min");
	ck_assert_str_eq(ask(&setting, "TimeZone").values[0], "UTC");
	ck_assert_str_eq(ask(&setting, "application_name").values[0], "pipe_test");
	ck_assert_str_eq(ask(&setting, "role").values[0], "none");
	query_run(url,
		  "do $$ begin if to_regrole('kept_pipe') is null then create role kept_pipe; end if;"
		  " if not pg_has_role('kept', 'kept_pipe', 'member') then grant kept_pipe to kept; end if; end $$");
	pipe_free(rig.pipe);
	rig.settings.role = "kept_pipe";
	rig.pipe = pipe_new(&rig.settings);
	ck_assert_str_eq(ask(&setting, "role").values[0], "kept_pipe");
	close_rig();
}
END_TEST

START_TEST(a_connection_that_is_refused_is_tried_again_and_units_are_told)
{
	open_rig(4, 10);
	pipe_free(rig.pipe);
	rig.settings.role = "kept_nobody";
	rig.pipe = pipe_new(&rig.settings);
	ck_assert_uint_ne(submit_two(&rig.answers[0], &echo, "x", NULL, NULL, NULL, 0.3), 0);
	run_until(&rig.answered, 1);
	ck_assert_int_eq(rig.answers[0].outcome, UNIT_REFUSED);
	close_rig();
}
END_TEST

START_TEST(a_dead_host_is_passed_over)
{
	open_rig(4, 10);
	pipe_free(rig.pipe);
	char *two;
	ck_assert_int_gt(asprintf(&two, "host=/nowhere,%s port=5432 user=kept dbname=pipe", cluster_folder(cluster)),
			 0);
	rig.settings.database_url = two;
	rig.pipe = pipe_new(&rig.settings);
	ck_assert_str_eq(ask(&echo, "x").values[0], "x");
	close_rig();
	free(two);
}
END_TEST

START_TEST(a_value_larger_than_the_socket_takes_is_sent)
{
	open_rig(4, 10);
	enum { SIZE = 20 * 1000 * 1000 };
	char *large = malloc(SIZE + 1);
	ck_assert_ptr_nonnull(large);
	memset(large, 'x', SIZE);
	large[SIZE] = '\0';
	ck_assert_str_eq(ask(&whole_size, large).values[0], "20000000");
	free(large);
	close_rig();
}
END_TEST

START_TEST(a_server_that_stands_still_is_given_up)
{
	open_rig(4, 10);
	rig.settings.statement_timeout_ms = 100;
	pipe_free(rig.pipe);
	rig.pipe = pipe_new(&rig.settings);
	pid_t stopped = (pid_t)strtol(ask(&backend, NULL).values[0], NULL, 10);
	ck_assert_int_gt(stopped, 1);
	ck_assert_int_eq(kill(stopped, SIGSTOP), 0);
	int before = rig.answered;
	ck_assert_uint_ne(submit_two(&rig.answers[0], &echo, "x", NULL, NULL, NULL, 0.5), 0);
	run_until(&rig.answered, before + 1);
	kill(stopped, SIGCONT);
	ck_assert_int_eq(rig.answers[0].outcome, UNIT_LOST);
	ck_assert_int_eq(ask(&echo, "x").outcome, UNIT_DONE);
	close_rig();
}
END_TEST

/* _i: 0 forward, 1 back. */
START_TEST(a_clock_that_is_set_moves_no_deadline)
{
	open_rig(1, 10);
	ck_assert_int_eq(ask(&nap, "0").outcome, UNIT_DONE);
	double before = ev_time();
	int answered = rig.answered;
	ck_assert_uint_ne(submit(&rig.answers[0], &nap, "2"), 0);
	ck_assert_uint_ne(submit(&rig.answers[1], &echo, "patient"), 0);
	ck_assert_uint_ne(submit_two(&rig.answers[2], &echo, "hasty", NULL, NULL, NULL, 1), 0);
	day_ahead = _i == 0 ? 86400 : -86400;
	/* libev looks at the time of day twice a second. */
	run_for(0.7);
	ck_assert_double_gt(_i == 0 ? ev_now(rig.loop) - before : before - ev_now(rig.loop), 80000);
	ck_assert_int_eq(rig.answered, answered);
	run_until(&rig.answered, answered + 1);
	ck_assert_int_eq(rig.answers[2].outcome, UNIT_REFUSED);
	run_until(&rig.answered, answered + 3);
	ck_assert_int_eq(rig.answers[0].outcome, UNIT_DONE);
	ck_assert_str_eq(rig.answers[1].values[0], "patient");
	ck_assert_int_eq(rig.downs, 0);
	day_ahead = 0;
	close_rig();
}
END_TEST

START_TEST(a_malformed_string_makes_no_pipe)
{
	struct pipe_settings settings = {.loop = EV_DEFAULT, .database_url = "password=hidden nonsense"};
	ck_assert_ptr_null(pipe_new(&settings));
}
END_TEST

int main(void)
{
	cluster = cluster_start(NULL);
	Suite *suite = suite_create("pipe");
	TCase *test = tcase_create("pipe");
	tcase_set_timeout(test, 90);
	tcase_add_test(test, a_unit_is_answered_with_all_its_results);
	tcase_add_test(test, a_statement_is_prepared_once);
	tcase_add_test(test, units_beyond_those_in_flight_wait_and_keep_their_order);
	tcase_add_test(test, an_error_undoes_its_unit_and_no_other);
	tcase_add_test(test, a_statement_behind_an_error_is_not_taken_for_prepared);
	tcase_add_test(test, a_statement_that_failed_to_prepare_is_tried_anew);
	tcase_add_test(test, an_error_at_the_commit_is_an_error);
	tcase_add_test(test, units_in_flight_on_a_lost_backend_end_once_and_the_waiting_go_on);
	tcase_add_loop_test(test, a_server_that_comes_back_is_used_within_five_seconds, 0, 2);
	tcase_add_test(test, a_full_queue_says_so);
	tcase_add_test(test, an_orphan_runs_to_its_end_in_silence);
	tcase_add_test(test, a_notification_arrives_also_after_a_new_connection);
	tcase_add_test(test, a_freed_pipe_ends_all_its_units);
	tcase_add_test(test, a_read_only_server_is_left);
	tcase_add_test(test, the_session_has_what_the_string_says_and_what_kept_needs);
	tcase_add_test(test, a_connection_that_is_refused_is_tried_again_and_units_are_told);
	tcase_add_test(test, a_dead_host_is_passed_over);
	tcase_add_test(test, a_value_larger_than_the_socket_takes_is_sent);
	tcase_add_test(test, a_server_that_stands_still_is_given_up);
	tcase_add_loop_test(test, a_clock_that_is_set_moves_no_deadline, 0, 2);
	tcase_add_test(test, a_malformed_string_makes_no_pipe);
	suite_add_tcase(suite, test);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	cluster_stop(cluster);
	return failed ? 1 : 0;
}
