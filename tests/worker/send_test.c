/* The worker from end to end: what is due goes out once, at its hour, to whom it may go, and nothing else does. */
#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

#include "kept/sign.h"
#include "kept/text.h"
#include "tests/support/route.h"
#include "tests/support/stage.h"

#define EARLY "2027-01-13 11:00:00+00"
#define DUE "2027-01-13 13:00:00+00" /* 08:00 in New York, two days before the date */
#define DATE "2027-01-15"

static struct cluster *cluster;
static struct stage stage;
static char maria[STAGE_ID_SIZE], promise[STAGE_ID_SIZE];

static void start_cluster(void)
{
	cluster = stage_cluster();
}

static void stop_cluster(void)
{
	cluster_stop(cluster);
}

static void open_stage(void)
{
	stage_open(&stage, cluster, "send", EARLY);
	stage_person(&stage, maria, "María O'Neill", "es", "maria@lakeview.example");
}

static void close_stage(void)
{
	stage_close(&stage);
}

static void add_hook(const char *person)
{
	char url[64];

	snprintf(url, sizeof(url), "http://127.0.0.1:%d/hook", http_peer_port(stage.hooks));
	stage_webhook(&stage, person, url);
}

static int received(void)
{
	return smtp_peer_mails(stage.mail) + http_peer_requests(stage.hooks);
}

static void check_spanish_mail(void)
{
	struct smtp_mail mail;

	ck_assert(smtp_peer_mail(stage.mail, 0, &mail));
	ck_assert_str_eq(mail.to, "maria@lakeview.example");
	ck_assert_str_eq(mail.from, "kept@lakeview.example");
	ck_assert_msg(strstr(mail.bytes, "\r\nContent-Language: es\r\n") != NULL, "%s", mail.bytes);
	ck_assert_msg(strstr(mail.bytes, "Dentro_de_2_d=C3=ADas") != NULL, "%s", mail.bytes);
	ck_assert_msg(strstr(mail.bytes, "Hola, Mar=C3=ADa O'Neill:") != NULL, "%s", mail.bytes);
	ck_assert_msg(strstr(mail.bytes, "viernes, 15 de enero de 2027") != NULL, "%s", mail.bytes);
	smtp_mail_release(&mail);
}

static void check_signed_post(void)
{
	struct http_request request;
	char id[64], timestamp[32], signature[256], type[64];
	json_t *json;
	const char *commitment, *title, *due_on;
	int days = 0;

	ck_assert(http_peer_request(stage.hooks, 0, &request));
	ck_assert_str_eq(request.method, "POST");
	ck_assert(http_request_header(&request, "webhook-id", id, sizeof(id)));
	ck_assert(http_request_header(&request, "webhook-timestamp", timestamp, sizeof(timestamp)));
	ck_assert(http_request_header(&request, "webhook-signature", signature, sizeof(signature)));
	ck_assert(http_request_header(&request, "content-type", type, sizeof(type)));
	ck_assert_str_eq(type, "application/json");
	ck_assert(sign_verify(signature, STAGE_SECRET, id, strtoll(timestamp, NULL, 10), time(NULL), request.body,
			      request.length));
	json = json_loads(request.body, JSON_REJECT_DUPLICATES, NULL);
	ck_assert_ptr_nonnull(json);
	ck_assert_str_eq(json_string_value(json_object_get(json, "type")), "reminder.due");
	ck_assert_str_eq(json_string_value(json_object_get(json, "timestamp")), "2027-01-13T13:00:00.000Z");
	ck_assert_int_eq(json_unpack(json, "{s:{s:s, s:s, s:s, s:i}}", "data", "commitment_id", &commitment, "title",
				     &title, "due_on", &due_on, "days_left", &days),
			 0);
	ck_assert_str_eq(commitment, promise);
	ck_assert_str_eq(title, "Read together");
	ck_assert_str_eq(due_on, DATE);
	ck_assert_int_eq(days, 2);
	/* A promise is told, never a person. */
	ck_assert_ptr_null(strstr(request.body, "Neill"));
	ck_assert_ptr_null(strstr(request.body, "lakeview.example/people"));
	ck_assert_ptr_null(strstr(request.body, maria));
	json_decref(json);
	http_request_release(&request);
}

START_TEST(spanish_reader_gets_one_mail_and_one_signed_post_at_its_hour)
{
	add_hook(maria);
	stage_promise(&stage, promise, maria, "Read together", DATE, "");
	stage_once(&stage);
	stage_clock(&stage, "2027-01-13 12:59:59.999+00");
	stage_once(&stage);
	ck_assert_int_eq(received(), 0);
	stage_clock(&stage, DUE);
	stage_once(&stage);
	ck_assert_int_eq(smtp_peer_mails(stage.mail), 1);
	ck_assert_int_eq(http_peer_requests(stage.hooks), 1);
	check_spanish_mail();
	check_signed_post();
	stage_once(&stage);
	stage_clock(&stage, "2027-01-14 13:00:00+00");
	stage_once(&stage);
	ck_assert_int_eq(received(), 2);
	stage_complete(&stage, 2, NULL);
	stage_no_repeats(&stage);
}
END_TEST

START_TEST(running_worker_sends_when_the_hour_comes)
{
	struct program worker;

	stage_promise(&stage, promise, maria, "Read together", DATE, "");
	stage_worker(&stage, &worker, false);
	ck_assert(stage_until(&stage, "select count(*) = 1 from kept.heartbeat"));
	stage_clock(&stage, DUE);
	ck_assert(smtp_peer_wait(stage.mail, 1, STAGE_SECONDS));
	ck_assert(stage_until(&stage, "select count(*) = 1 from kept.delivery where outcome = 'sent'"));
	stage_stop(&worker);
	stage_complete(&stage, 1, NULL);
}
END_TEST

/* Messages in the folder below the worker's working directory. */
static int mails_in_folder(void)
{
	char path[64];
	struct dirent *entry;
	DIR *directory;
	int count = 0;

	snprintf(path, sizeof(path), "%s/var/mail", stage.folder);
	directory = opendir(path);
	while (directory && (entry = readdir(directory))) {
		size_t length = strlen(entry->d_name);

		count += length > 4 && strcmp(entry->d_name + length - 4, ".eml") == 0;
	}
	if (directory)
		closedir(directory);
	return count;
}

START_TEST(demonstration_district_writes_to_the_folder_whatever_the_relay)
{
	stage_change(&stage, "update kept.district set demonstration = true");
	stage_promise(&stage, promise, maria, "Read together", DATE, "");
	stage_clock(&stage, DUE);
	stage_once(&stage);
	ck_assert_int_eq(mails_in_folder(), 1);
	ck_assert_int_eq(smtp_peer_connections(stage.mail), 0);
	ck_assert_int_eq(stage_number(&stage, "select count(*) from kept.delivery where outcome = 'sent'"), 1);
}
END_TEST

/* Lines that are not of the log, and whether one of them holds `word`. */
static int plain_lines(const struct program *program, const char *word, bool *said)
{
	char *log = program_log(program), *line = log, *end;
	int count = 0;

	for (*said = false; (end = strchr(line, '\n')); line = end + 1) {
		*end = '\0';
		if (*line == '{')
			continue;
		count++;
		*said = *said || strstr(line, word);
	}
	free(log);
	return count;
}

START_TEST(test_clock_never_lets_mail_leave_this_machine)
{
	struct program worker;
	bool said;

	free(stage.mail_url);
	stage.mail_url = strdup("smtp://192.0.2.1:2525");
	stage_promise(&stage, promise, maria, "Read together", DATE, "");
	stage_clock(&stage, DUE);
	stage_worker(&stage, &worker, _i == 1);
	ck_assert(program_wait(&worker, STAGE_SECONDS));
	ck_assert_int_eq(worker.status, 2);
	ck_assert_int_eq(plain_lines(&worker, "KEPT_MAIL_URL", &said), 1);
	ck_assert(said);
	program_release(&worker);
	ck_assert_int_eq(
		stage_number(&stage, "select (select count(*) from kept.reminder) + (select count(*) from kept.batch)"),
		0);
}
END_TEST

/* What happens to a promise or its reader between the plan and the send. */
static const struct {
	const char *reason;
	const char *statement; /* of the promise if it has a body, else of the person; NULL: sql */
	const char *body;
	const char *sql; /* test.promise and test.person are set */
} changes[] = {
	{"completed", "commitment_move", "{\"status\":\"completed\"}", NULL},
	{"no_longer_due", "commitment_move", "{\"status\":\"withdrawn\"}", NULL},
	{"no_longer_due", "commitment_move", "{\"status\":\"declined\"}", NULL},
	{"moved", "commitment_move", "{\"status\":\"deferred\",\"due_on\":\"2027-03-01\",\"reason\":\"Snow\"}", NULL},
	{"moved", "commitment_change", "{\"due_on\":\"2027-01-22\"}", NULL},
	{"contact_removed", "person_remove", NULL, NULL},
	{"contact_paused", NULL, NULL,
	 "update kept.contact set paused = true where person_id = current_setting('test.person')::uuid"},
	{"party_removed", NULL, NULL,
	 "delete from kept.party where commitment_id = current_setting('test.promise')::uuid"},
	{"commitment_removed", NULL, NULL,
	 "delete from kept.commitment where id = current_setting('test.promise')::uuid"},
};
#define CHANGES (int)(sizeof(changes) / sizeof(changes[0]))

struct promised {
	char person[STAGE_ID_SIZE], promise[STAGE_ID_SIZE];
};

static void promise_all(struct promised promised[])
{
	char address[64];

	for (int i = 0; i < CHANGES; i++) {
		snprintf(address, sizeof(address), "reader%d@lakeview.example", i);
		stage_person(&stage, promised[i].person, "Reader", "en", address);
		stage_promise(&stage, promised[i].promise, promised[i].person, "Read together", DATE, "");
	}
}

static void change_all(const struct promised promised[])
{
	for (int i = 0; i < CHANGES; i++) {
		if (changes[i].body)
			stage_route(&stage, 200, changes[i].statement, promised[i].promise, changes[i].body);
		else if (changes[i].statement)
			stage_route(&stage, 204, changes[i].statement, promised[i].person, NULL);
		else
			stage_change(&stage, "set test.promise = '%s'; set test.person = '%s'; %s", promised[i].promise,
				     promised[i].person, changes[i].sql);
	}
}

static void check_all_dropped(const char *attempts)
{
	for (int i = 0; i < CHANGES; i++) {
		char *end = stage_text(&stage,
				       "select coalesce(d.outcome || ' ' || d.reason || ' ' || d.attempts, 'nothing') "
				       "from public.planned p"
				       " left join kept.delivery d using (message_id) where p.n = %d",
				       i);
		char expected[64];

		snprintf(expected, sizeof(expected), "dropped %s %s", changes[i].reason, attempts);
		ck_assert_str_eq(end, expected);
		free(end);
	}
	ck_assert_int_eq(received(), 0);
	ck_assert_int_eq(
		stage_number(&stage, "select (select count(*) from kept.batch) + (select count(*) from kept.waiting)"),
		0);
}

static void note_planned(const struct promised promised[])
{
	stage_change(&stage, "create table public.planned (n int, message_id uuid)");
	for (int i = 0; i < CHANGES; i++)
		stage_change(&stage,
			     "insert into public.planned select %d, message_id from kept.reminder where commitment_id "
			     "= '%s' and channel = 'email' and message_id is not null",
			     i, promised[i].promise);
	ck_assert_int_eq(stage_number(&stage, "select count(*) from public.planned"), CHANGES);
}

START_TEST(change_between_plan_and_send_drops_the_reminder)
{
	struct promised promised[CHANGES];

	promise_all(promised);
	/* Planned, but the lane is shut. */
	stage_change(&stage,
		     "insert into kept.lane (district_id, channel, destination, paused_until) values"
		     " ('%s', 'email', 'lakeview.example', 'infinity')",
		     stage.district);
	stage_clock(&stage, DUE);
	stage_once(&stage);
	note_planned(promised);
	change_all(promised);
	stage_change(&stage, "update kept.lane set paused_until = null");
	stage_once(&stage);
	check_all_dropped("0");
}
END_TEST

START_TEST(change_between_two_tries_drops_the_reminder)
{
	struct promised promised[CHANGES];

	promise_all(promised);
	smtp_peer_script(stage.mail, "RCPT", "451 4.3.0 later\r\n", 0, CHANGES);
	stage_clock(&stage, DUE);
	stage_once(&stage);
	ck_assert_int_eq(stage_number(&stage, "select count(*) from kept.waiting where why = 'retry'"), CHANGES);
	note_planned(promised);
	change_all(promised);
	stage_clock(&stage, "2027-01-13 13:10:00+00");
	stage_once(&stage);
	check_all_dropped("1");
}
END_TEST

START_TEST(reminder_that_waited_too_long_is_not_sent)
{
	stage_promise(&stage, promise, maria, "Read together", DATE, "");
	smtp_peer_script(stage.mail, "RCPT", "451 4.3.0 later\r\n", 0, 1);
	stage_clock(&stage, DUE);
	stage_once(&stage);
	stage_clock(&stage, "2027-01-16 05:00:00+00"); /* midnight: the day itself is over */
	stage_once(&stage);
	ck_assert_int_eq(received(), 0);
	ck_assert_int_eq(stage_number(&stage, "select count(*) from kept.delivery where outcome in ('dropped', "
					      "'expired') and reason like '%%stale%%'"),
			 1);
}
END_TEST

/* A worker that runs: an Arabic reader hears that a promise is late; then she is erased. */
START_TEST(arabic_mail_arrives_is_shown_as_a_delivery_and_goes_with_the_person)
{
	char fatima[STAGE_ID_SIZE];
	struct smtp_mail mail;

	stage_clock(&stage, "2027-01-16 11:00:00+00"); /* before the hour of reminders */
	stage_person(&stage, fatima, "Fatima", "ar", "fatima@lakeview.example");
	stage_promise(&stage, promise, maria, "Read together", "2027-01-15", ",\"status\":\"agreed\"");
	stage_change(&stage,
		     "insert into kept.party (district_id, commitment_id, role, person_id) values ('%s', '%s', "
		     "'beneficiary', "
		     "'%s'); select kept.notice_send_many('%s', 'late', '%s', '2027-01-15', array['%s'::uuid], null)",
		     stage.district, promise, fatima, stage.district, promise, fatima);
	stage_once(&stage);
	ck_assert_int_eq(smtp_peer_mails(stage.mail), 1);
	ck_assert(smtp_peer_mail(stage.mail, 0, &mail));
	ck_assert_str_eq(mail.to, "fatima@lakeview.example");
	ck_assert_ptr_nonnull(strstr(mail.bytes, "\r\nContent-Language: ar\r\n"));
	ck_assert_ptr_nonnull(strstr(mail.bytes, "\r\nSubject: =?UTF-8?"));
	ck_assert_ptr_nonnull(strstr(mail.bytes, "<html lang=3D\"ar\" dir=3D\"rtl\">"));
	ck_assert_ptr_null(strstr(mail.bytes, "Neill"));
	smtp_mail_release(&mail);
	stage_once(&stage);
	ck_assert_int_eq(smtp_peer_mails(stage.mail), 1);
	ck_assert_int_eq(
		stage_number(&stage,
			     "select count(*) from kept.outgoing o where o.kind = 'notice' and o.notice = 'late' and "
			     "o.state = 'sent' and o.commitment_id = '%s' and o.recipient_id = '%s' and "
			     "kept.delivery_json(o)::text not like '%%fatima@%%'",
			     promise, fatima),
		1);
	stage_change(&stage, "update kept.attempt set answer = 'ok fatima@lakeview.example'");
	PGconn *api = route_connect(stage.url);
	struct route_reply reply = route_ask(api, STAGE_KEY, "person_remove", "request", "{}", "id", fatima, NULL);
	ck_assert_msg(reply.status == 204, "%d %s", reply.status, reply.body);
	route_release(&reply);
	PQfinish(api);
	ck_assert_int_eq(stage_number(&stage, "select count(*) from kept.message where content::text like '%%atima%%'"),
			 0);
	ck_assert_int_eq(stage_number(&stage, "select count(*) from kept.message where content = '{\"erased\": true}'"),
			 1);
	ck_assert_int_eq(stage_number(&stage, "select count(*) from kept.attempt where answer is not null"), 0);
}
END_TEST

static Suite *suite(void)
{
	Suite *made = suite_create("send");
	TCase *tests = tcase_create("send");

	tcase_set_timeout(tests, 120);
	tcase_add_unchecked_fixture(tests, start_cluster, stop_cluster);
	tcase_add_checked_fixture(tests, open_stage, close_stage);
	tcase_add_test(tests, spanish_reader_gets_one_mail_and_one_signed_post_at_its_hour);
	tcase_add_test(tests, running_worker_sends_when_the_hour_comes);
	tcase_add_test(tests, demonstration_district_writes_to_the_folder_whatever_the_relay);
	tcase_add_loop_test(tests, test_clock_never_lets_mail_leave_this_machine, 0, 2);
	tcase_add_test(tests, change_between_plan_and_send_drops_the_reminder);
	tcase_add_test(tests, change_between_two_tries_drops_the_reminder);
	tcase_add_test(tests, reminder_that_waited_too_long_is_not_sent);
	tcase_add_test(tests, arabic_mail_arrives_is_shown_as_a_delivery_and_goes_with_the_person);
	suite_add_tcase(made, tests);
	return made;
}

int main(void)
{
	SRunner *runner = srunner_create(suite());
	int failed;

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
