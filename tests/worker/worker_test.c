/* The worker as a program, on a real database, against a real relay: each once, whatever happens to it. */
#include <check.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kept/limits.h"
#include "kept/steady.h"
#include "tests/support/fixture.h"
#include "tests/support/http_peer.h"
#include "tests/support/query.h"
#include "tests/support/sending.h"
#include "tests/support/smtp_peer.h"

#define REGISTERED "2027-01-01T12:00:00Z"
#define TWO_DAYS_BEFORE "2027-01-13T13:00:00Z"
#define LEASE_OVER "2027-01-13T13:00:31Z"
#define SECRET "a:0123456789abcdef0123456789abcdef"

static struct cluster *cluster;
static char *database;  /* the superuser's */
static char login[512]; /* the worker's */
static struct smtp_peer *relay;
static char output[64];

static void start_cluster(void)
{
	cluster = cluster_start(NULL);
	free(cluster_database(cluster, "worker", CLUSTER_TEST_CLOCK));
}

static void stop_cluster(void)
{
	cluster_stop(cluster);
}

static void start(void)
{
	database = fixture_open(cluster, "worker");
	snprintf(login, sizeof(login), "%s user=kept", database);
	cluster_clock(cluster, TWO_DAYS_BEFORE);
	relay = smtp_peer_start();
	ck_assert_ptr_nonnull(relay);
	snprintf(output, sizeof(output), "/tmp/kept-worker-test-XXXXXX");
	close(mkstemp(output));
}

static void stop(void)
{
	smtp_peer_stop(relay);
	unlink(output);
	free(database);
}

/* Starts the worker; what it says on standard error is added to the file `output`. */
static pid_t worker_start(const char *argument, const char *mail_url)
{
	const char *build = getenv("KEPT_BUILD");
	char path[300], url[80];
	pid_t child;

	snprintf(path, sizeof(path), "%s/kept-worker", build ? build : "build");
	snprintf(url, sizeof(url), "smtp://127.0.0.1:%d", smtp_peer_port(relay));
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		int file = open(output, O_WRONLY | O_APPEND);

		dup2(file, STDERR_FILENO);
		setenv("KEPT_DATABASE_URL", login, 1);
		setenv("KEPT_MAIL_URL", mail_url ? mail_url : url, 1);
		setenv("KEPT_SECRET", SECRET, 1);
		setenv("KEPT_EGRESS_ALLOW", "127.0.0.1/32:*", 1);
		setenv("KEPT_CHECK_EVERY", "10m", 1);
		setenv("KEPT_LOG", "debug", 1);
		execl(path, "kept-worker", argument, (char *)NULL);
		_exit(127);
	}
	return child;
}

static int worker_end(pid_t child, double seconds)
{
	double end = steady_seconds() + seconds;
	int status = 0;

	while (waitpid(child, &status, WNOHANG) == 0) {
		if (steady_seconds() > end) {
			kill(child, SIGKILL);
			waitpid(child, &status, 0);
			ck_abort_msg("the worker did not end within %.0f s", seconds);
		}
		usleep(5000);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void worker_once(void)
{
	ck_assert_int_eq(worker_end(worker_start("--once", NULL), 60), 0);
}

static bool output_has(const char *text)
{
	char bytes[65536];
	FILE *file = fopen(output, "r");
	size_t length = file ? fread(bytes, 1, sizeof(bytes) - 1, file) : 0;

	if (file)
		fclose(file);
	bytes[length] = '\0';
	return strstr(bytes, text) != NULL;
}

static long long number(const char *sql)
{
	return query_number(database, sql);
}

/* Each mail that the relay has, once and to another person. */
static void check_each_once(int count)
{
	ck_assert_int_eq(smtp_peer_mails(relay), count);
	for (int i = 0; i < count; i++) {
		struct smtp_mail one;

		ck_assert(smtp_peer_mail(relay, i, &one));
		for (int n = i + 1; n < count; n++) {
			struct smtp_mail other;

			ck_assert(smtp_peer_mail(relay, n, &other));
			ck_assert_str_ne(one.to, other.to);
			smtp_mail_release(&other);
		}
		smtp_mail_release(&one);
	}
	ck_assert_int_eq(number("select count(*) from kept.delivery where outcome = 'sent'"), count);
	ck_assert_int_eq(number("select count(*) from kept.batch"), 0);
}

static void crowd(int count)
{
	fixture_crowd(database, REGISTERED, count, "lakeview.example", "2027-01-15");
	query_run(database, "update kept.lane set rate = 10000");
	query_run(database, "alter table kept.lane alter rate set default 10000");
}

START_TEST(once_sends_what_is_due_records_it_and_ends)
{
	struct smtp_mail mail;

	worker_once();
	ck_assert_int_eq(smtp_peer_mails(relay), 1);
	ck_assert(smtp_peer_mail(relay, 0, &mail));
	ck_assert_str_eq(mail.to, "maria@lakeview.example");
	ck_assert_ptr_nonnull(strstr(mail.bytes, "Content-Language: es"));
	smtp_mail_release(&mail);
	ck_assert_int_eq(number("select count(*) from kept.delivery where outcome = 'sent' and attempts = 1"), 1);
	ck_assert_int_eq(number("select count(*) from kept.attempt where outcome = 'sent' and status = 250"), 1);
	worker_once();
	ck_assert_int_eq(smtp_peer_mails(relay), 1);
	ck_assert_int_eq(number("select count(*) from kept.heartbeat"), 2);
}
END_TEST

START_TEST(test_clock_with_a_relay_elsewhere_is_refused_before_anything_is_leased)
{
	ck_assert_int_eq(worker_end(worker_start("--once", "smtp://relay.example"), 30), 2);
	ck_assert(output_has("KEPT_MAIL_URL must be"));
	ck_assert_int_eq(number("select count(*) from kept.reminder"), 0);
}
END_TEST

START_TEST(two_workers_send_each_of_many_once)
{
	pid_t first, second;

	crowd(300);
	first = worker_start("--once", NULL);
	second = worker_start("--once", NULL);
	ck_assert_int_eq(worker_end(first, 60), 0);
	ck_assert_int_eq(worker_end(second, 60), 0);
	/* One may end while the other still holds a batch whose next window it does not see. */
	worker_once();
	check_each_once(301);
}
END_TEST

START_TEST(notify_wakes_a_sleeping_worker)
{
	pid_t child = worker_start(NULL, NULL);

	ck_assert(smtp_peer_wait(relay, 1, 30));
	ck_assert(query_until(database, "select not exists (select from kept.batch)", 10));
	fixture_crowd(database, TWO_DAYS_BEFORE, 1, "lakeview.example", "2027-01-15");
	ck_assert_int_eq(smtp_peer_mails(relay), 1);
	query_run(database, "notify kept_wake");
	ck_assert(smtp_peer_wait(relay, 2, 5));
	kill(child, SIGTERM);
	ck_assert_int_eq(worker_end(child, 10), 0);
}
END_TEST

START_TEST(stopped_worker_settles_what_it_sent_and_gives_back_the_rest)
{
	pid_t child;

	crowd(100);
	smtp_peer_script(relay, ".", NULL, 200, -1);
	child = worker_start(NULL, NULL);
	ck_assert(smtp_peer_wait(relay, 5, 30));
	kill(child, SIGTERM);
	ck_assert_int_eq(worker_end(child, 15), 0);
	ck_assert_int_eq(number("select count(*) from kept.delivery where outcome = 'sent'"), smtp_peer_mails(relay));
	ck_assert_int_lt(smtp_peer_mails(relay), 100);
	ck_assert_int_eq(number("select count(*) from kept.batch where lease_id is not null"), 0);
	ck_assert_int_eq(number("select count(*) from kept.attempt where outcome <> 'sent'"), 0);
	smtp_peer_script(relay, ".", NULL, 0, 0);
	worker_once();
	check_each_once(101);
}
END_TEST

START_TEST(killed_worker_loses_nothing_and_repeats_only_its_open_window)
{
	pid_t child;
	int repeats;

	crowd(200);
	smtp_peer_script(relay, ".", NULL, 50, -1);
	child = worker_start(NULL, NULL);
	ck_assert(smtp_peer_wait(relay, 30, 30));
	kill(child, SIGKILL);
	worker_end(child, 10);
	smtp_peer_script(relay, ".", NULL, 0, 0);
	cluster_clock(cluster, LEASE_OVER);
	worker_once();
	ck_assert_int_eq(number("select count(*) from kept.delivery where outcome = 'sent'"), 201);
	ck_assert_int_gt(number("select count(*) from kept.attempt where outcome = 'unknown'"), 0);
	repeats = smtp_peer_mails(relay) - 201;
	ck_assert_int_ge(repeats, 0);
	ck_assert_int_le(repeats, 2 * 64);
}
END_TEST

START_TEST(database_that_goes_and_comes_back_gets_each_result_once)
{
	pid_t child;

	crowd(100);
	smtp_peer_script(relay, ".", NULL, 100, -1);
	child = worker_start(NULL, NULL);
	ck_assert(smtp_peer_wait(relay, 5, 30));
	cluster_cut(cluster);
	/* The open windows end while there is no database to tell. */
	ck_assert(smtp_peer_wait(relay, 64, 30));
	cluster_resume(cluster);
	ck_assert(query_until(database, "select count(*) = 101 from kept.delivery where outcome = 'sent'", 30));
	kill(child, SIGTERM);
	ck_assert_int_eq(worker_end(child, 15), 0);
	ck_assert(output_has("database_away"));
	ck_assert(!output_has("lease_lost"));
	check_each_once(101);
}
END_TEST

START_TEST(worker_without_a_database_waits_and_stops_when_told)
{
	pid_t child;

	cluster_shut(cluster);
	child = worker_start(NULL, NULL);
	for (double end = steady_seconds() + 20; !output_has("unreachable") && steady_seconds() < end;)
		usleep(20000);
	ck_assert(output_has("unreachable"));
	cluster_resume(cluster);
	ck_assert(smtp_peer_wait(relay, 1, 20));
	ck_assert(query_until(database, "select exists (select from kept.delivery)", 10));
	cluster_shut(cluster);
	kill(child, SIGTERM);
	ck_assert_int_eq(worker_end(child, 5), 0);
	ck_assert_int_eq(truncate(output, 0), 0);
	child = worker_start(NULL, NULL);
	for (double end = steady_seconds() + 20; !output_has("unreachable") && steady_seconds() < end;)
		usleep(20000);
	kill(child, SIGTERM);
	ck_assert_int_eq(worker_end(child, 3), 0);
	cluster_resume(cluster);
}
END_TEST

/* Greets like PostgreSQL (Frontend/Backend Protocol 3.0: AuthenticationOk, ParameterStatus, ReadyForQuery), then says
 * no more. */
static void *greet_and_hush(void *context)
{
	static const char greeting[] = "R\0\0\0\10\0\0\0\0"
				       "S\0\0\0\30server_version\0"
				       "15.0\0"
				       "S\0\0\0\27in_hot_standby\0off\0"
				       "S\0\0\0\46default_transaction_read_only\0off\0"
				       "Z\0\0\0\5I";
	int listener = *(int *)context, client;
	char bytes[1024];

	while ((client = accept(listener, NULL, NULL)) >= 0) {
		if (read(client, bytes, sizeof(bytes)) > 0 && write(client, greeting, sizeof(greeting) - 1) > 0)
			while (read(client, bytes, sizeof(bytes)) > 0)
				;
		close(client);
	}
	return NULL;
}

START_TEST(once_ends_when_the_database_takes_connections_and_never_answers)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t length = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	pthread_t thread;

	ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, length), 0);
	ck_assert_int_eq(listen(listener, 8), 0);
	ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&address, &length), 0);
	ck_assert_int_eq(pthread_create(&thread, NULL, greet_and_hush, &listener), 0);
	snprintf(login, sizeof(login),
		 "host=127.0.0.1 port=%d user=kept dbname=kept sslmode=disable gssencmode=disable",
		 ntohs(address.sin_port));
	ck_assert_int_eq(worker_end(worker_start("--once", NULL), 40), 1);
	ck_assert(output_has("database_connected"));
	ck_assert(output_has("PostgreSQL does not answer"));
	shutdown(listener, SHUT_RDWR);
	pthread_join(thread, NULL);
	close(listener);
}
END_TEST

START_TEST(relay_that_is_away_costs_one_round_and_not_the_whole_window)
{
	crowd(100);
	ck_assert_int_eq(worker_end(worker_start("--once", "smtp://127.0.0.1:1"), 60), 0);
	ck_assert_int_gt(number("select count(*) from kept.attempt where error = 'connect'"), 0);
	ck_assert_int_le(number("select count(*) from kept.attempt"), 2 * KEPT_MAIL_CONNECTIONS);
	ck_assert_int_eq(number("select count(*) from kept.batch where lease_id is not null"), 0);
	cluster_clock(cluster, "2027-01-13T13:10:00Z");
	worker_once();
	check_each_once(101);
}
END_TEST

START_TEST(late_settle_after_a_takeover_records_nothing)
{
	pid_t child;

	smtp_peer_script(relay, ".", NULL, 60000, 1);
	child = worker_start(NULL, NULL);
	ck_assert(smtp_peer_wait(relay, 1, 30));
	/* It stands still past its lease; another takes over and sends; then it goes on. */
	kill(child, SIGSTOP);
	cluster_clock(cluster, LEASE_OVER);
	worker_once();
	ck_assert_int_eq(smtp_peer_mails(relay), 2);
	ck_assert_int_eq(number("select count(*) from kept.attempt"), 2);
	kill(child, SIGCONT);
	smtp_peer_stop(relay);
	relay = NULL;
	ck_assert(query_until(database, "select true", 5));
	for (double end = steady_seconds() + 20; !output_has("lease_lost") && steady_seconds() < end;)
		usleep(20000);
	ck_assert(output_has("lease_lost"));
	kill(child, SIGTERM);
	ck_assert_int_eq(worker_end(child, 15), 0);
	ck_assert_int_eq(number("select count(*) from kept.attempt"), 2);
	ck_assert_int_eq(number("select count(*) from kept.delivery where outcome = 'sent'"), 1);
}
END_TEST

START_TEST(event_reaches_its_endpoint_signed)
{
	struct http_peer *peer = http_peer_start();
	struct seal *seal = seal_new(SECRET);
	struct http_request request;
	struct text sealed;
	char sql[2048];

	text_init(&sealed, 1024);
	ck_assert(seal &&
		  seal_close(seal, SEAL_PURPOSE_ENDPOINT, "secret", SENDING_SECRET, strlen(SENDING_SECRET), &sealed));
	snprintf(sql, sizeof(sql),
		 "insert into kept.endpoint (district_id, id, url, events, secret) values (" FIXTURE_DISTRICT
		 ", " FIXTURE_ENDPOINT ", 'http://127.0.0.1:%d/in', '{commitment.*}', '%s');"
		 "insert into kept.event (district_id, id, type, data) values (" FIXTURE_DISTRICT
		 ", '01890a5d-ac96-7b74-8b35-0242ac130003', 'commitment.created', '{\"link\":\"/v1/commitments/x\"}');"
		 "insert into kept.event_pending values (" FIXTURE_DISTRICT ", '01890a5d-ac96-7b74-8b35-0242ac130003')",
		 http_peer_port(peer), sealed.bytes);
	fixture_change(database, REGISTERED, sql);
	worker_once();
	ck_assert_int_ge(http_peer_requests(peer), 1);
	ck_assert(http_peer_request(peer, 0, &request));
	ck_assert_ptr_nonnull(strstr(request.body, "http://127.0.0.1:8420/v1/commitments/x"));
	http_request_release(&request);
	http_peer_stop(peer);
	text_release(&sealed);
	seal_free(seal);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("worker");
	TCase *program = tcase_create("program");
	SRunner *runner;
	int failed;

	tcase_add_unchecked_fixture(program, start_cluster, stop_cluster);
	tcase_add_checked_fixture(program, start, stop);
	tcase_set_timeout(program, 120);
	tcase_add_test(program, once_sends_what_is_due_records_it_and_ends);
	tcase_add_test(program, test_clock_with_a_relay_elsewhere_is_refused_before_anything_is_leased);
	tcase_add_test(program, two_workers_send_each_of_many_once);
	tcase_add_test(program, notify_wakes_a_sleeping_worker);
	tcase_add_test(program, stopped_worker_settles_what_it_sent_and_gives_back_the_rest);
	tcase_add_test(program, killed_worker_loses_nothing_and_repeats_only_its_open_window);
	tcase_add_test(program, database_that_goes_and_comes_back_gets_each_result_once);
	tcase_add_test(program, worker_without_a_database_waits_and_stops_when_told);
	tcase_add_test(program, once_ends_when_the_database_takes_connections_and_never_answers);
	tcase_add_test(program, relay_that_is_away_costs_one_round_and_not_the_whole_window);
	tcase_add_test(program, late_settle_after_a_takeover_records_nothing);
	tcase_add_test(program, event_reaches_its_endpoint_signed);
	suite_add_tcase(suite, program);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
