/* The ladder of a promise as its readers live it: whole days of the worker's clock, from registering to a week too
 * late. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kept/text.h"
#include "tests/support/stage.h"

#define REGISTERED "2027-03-01 12:00:00+00"
#define DATE "2027-03-16"
/* 08:00 in New York: daylight saving time begins on March 14. */
#define WEEK_BEFORE "2027-03-09 13:00:00+00"
#define TWO_DAYS_BEFORE "2027-03-14 12:00:00+00"
#define DAY_AFTER "2027-03-17 12:00:00+00"
#define WEEK_AFTER "2027-03-23 12:00:00+00"
#define MAILS 64 /* or events, that one look reads */

static struct cluster *cluster;
static struct stage stage;
static int seen; /* mails looked at so far */

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
	stage_open(&stage, cluster, "ladder", REGISTERED);
	seen = 0;
}

static void close_stage(void)
{
	stage_close(&stage);
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sorts the names and joins them with blanks; takes them. To be freed by the caller. */
static char *join(char *names[], size_t count)
{
	struct text joined;

	qsort(names, count, sizeof(names[0]), compare);
	text_init(&joined, 8192);
	text_adds(&joined, "");
	for (size_t i = 0; i < count; i++) {
		text_addf(&joined, "%s%s", i ? " " : "", names[i]);
		free(names[i]);
	}
	return text_take(&joined);
}

/* Sets the clock, runs a worker, and compares who got mail: local parts, sorted, with blanks between. */
static void expect(const char *instant, const char *readers)
{
	char *names[MAILS], *got;
	struct smtp_mail mail;
	size_t count = 0;

	stage_clock(&stage, instant);
	stage_once(&stage);
	for (; smtp_peer_mail(stage.mail, seen, &mail); seen++) {
		ck_assert_uint_lt(count, MAILS);
		names[count++] = strndup(mail.to, strcspn(mail.to, "@"));
		smtp_mail_release(&mail);
	}
	got = join(names, count);
	ck_assert_msg(strcmp(got, readers) == 0, "at %s: '%s', not '%s'", instant, got, readers);
	free(got);
}

static void add_person(char id[STAGE_ID_SIZE], const char *name)
{
	char address[80];

	snprintf(address, sizeof(address), "%s@lakeview.example", name);
	stage_person(&stage, id, name, "en", address);
}

/* A promise of a new person of that name. */
static void add_promise(char id[STAGE_ID_SIZE], const char *owner, const char *more)
{
	char person[STAGE_ID_SIZE];

	add_person(person, owner);
	stage_promise(&stage, id, person, "Read together", DATE, more);
}

/* What was not sent: rung and reason, in order of time. */
static void expect_dropped(const char *promise, const char *expected)
{
	char *dropped = stage_text(
		&stage,
		"select coalesce(string_agg(rung || ' ' || dropped, ', ' order by due_at), '') from kept.reminder"
		" where commitment_id = '%s' and channel <> 'event' and dropped is not null",
		promise);

	ck_assert_str_eq(dropped, expected);
	free(dropped);
}

START_TEST(owner_and_helper_get_the_ladder_and_the_accountable_what_comes_after)
{
	char promise[STAGE_ID_SIZE], helper[STAGE_ID_SIZE], accountable[STAGE_ID_SIZE], *more;

	add_person(helper, "helper");
	add_person(accountable, "accountable");
	ck_assert(asprintf(&more,
			   ",\"parties\":[{\"role\":\"helper\",\"person_id\":\"%s\"},{\"role\":\"accountable\","
			   "\"person_id\":\"%s\"}]",
			   helper, accountable) > 0);
	add_promise(promise, "owner", more);
	free(more);
	expect(REGISTERED, "");
	expect("2027-03-09 12:59:59.999+00", "");
	expect(WEEK_BEFORE, "helper owner");
	expect("2027-03-14 11:59:59.999+00", "");
	expect(TWO_DAYS_BEFORE, "helper owner");
	expect("2027-03-16 12:00:00+00", "");
	expect("2027-03-17 11:59:59.999+00", "");
	expect(DAY_AFTER, "accountable helper owner");
	expect(WEEK_AFTER, "accountable helper owner");
	expect("2027-06-01 12:00:00+00", "");
	expect_dropped(promise, "");
	stage_complete(&stage, 10, NULL);
	stage_no_repeats(&stage);
}
END_TEST

START_TEST(proposed_promise_is_a_question_and_only_before_its_date)
{
	char promise[STAGE_ID_SIZE];
	struct smtp_mail mail;

	add_promise(promise, "owner", ",\"status\":\"proposed\"");
	expect(WEEK_BEFORE, "owner");
	ck_assert(smtp_peer_mail(stage.mail, 0, &mail));
	ck_assert_msg(strstr(mail.bytes, "Subject: Would you promise this by") != NULL, "%s", mail.bytes);
	smtp_mail_release(&mail);
	expect(TWO_DAYS_BEFORE, "owner");
	expect(DAY_AFTER, "");
	expect(WEEK_AFTER, "");
}
END_TEST

START_TEST(closed_promise_is_not_reminded_of_again)
{
	char completed[STAGE_ID_SIZE], declined[STAGE_ID_SIZE], withdrawn[STAGE_ID_SIZE], started[STAGE_ID_SIZE];

	add_promise(completed, "completed", "");
	add_promise(declined, "declined", "");
	add_promise(withdrawn, "withdrawn", "");
	add_promise(started, "started", "");
	expect(WEEK_BEFORE, "completed declined started withdrawn");
	stage_route(&stage, 200, "commitment_move", completed, "{\"status\":\"completed\"}");
	stage_route(&stage, 200, "commitment_move", declined, "{\"status\":\"declined\"}");
	stage_route(&stage, 200, "commitment_move", withdrawn, "{\"status\":\"withdrawn\"}");
	stage_route(&stage, 200, "commitment_move", started, "{\"status\":\"in_progress\"}");
	expect(TWO_DAYS_BEFORE, "started");
	expect(DAY_AFTER, "started");
	stage_route(&stage, 200, "commitment_move", completed,
		    "{\"status\":\"in_progress\",\"reason\":\"Half of it\"}");
	expect(WEEK_AFTER, "completed started");
}
END_TEST

START_TEST(new_date_starts_the_ladder_anew_and_repeats_nothing)
{
	char changed[STAGE_ID_SIZE], deferred[STAGE_ID_SIZE], returned[STAGE_ID_SIZE];

	add_promise(changed, "changed", "");
	add_promise(deferred, "deferred", "");
	add_promise(returned, "returned", "");
	expect(WEEK_BEFORE, "changed deferred returned");
	stage_route(&stage, 200, "commitment_change", changed, "{\"due_on\":\"2027-04-16\"}");
	stage_route(&stage, 200, "commitment_move", deferred,
		    "{\"status\":\"deferred\",\"due_on\":\"2027-04-16\",\"reason\":\"Snow\"}");
	stage_route(&stage, 200, "commitment_change", returned, "{\"due_on\":\"2027-04-16\"}");
	stage_once(&stage);
	stage_route(&stage, 200, "commitment_change", returned, "{\"due_on\":\"" DATE "\"}");
	expect(WEEK_BEFORE, "");
	expect(TWO_DAYS_BEFORE, "returned");
	expect(DAY_AFTER, "returned");
	expect(WEEK_AFTER, "returned");
	expect("2027-04-09 12:00:00+00", "changed deferred");
	expect("2027-04-14 12:00:00+00", "changed deferred");
	expect("2027-04-17 12:00:00+00", "changed deferred");
	expect("2027-04-23 12:00:00+00", "changed deferred");
}
END_TEST

START_TEST(reader_in_another_zone_has_mail_at_eight_there)
{
	char person[STAGE_ID_SIZE], promise[STAGE_ID_SIZE];

	add_person(person, "west");
	stage_route(&stage, 200, "person_change", person, "{\"time_zone\":\"America/Los_Angeles\"}");
	stage_promise(&stage, promise, person, "Read together", DATE, "");
	expect("2027-03-09 15:59:59+00", "");
	expect("2027-03-09 16:00:00+00", "west");
	expect("2027-03-14 14:59:59+00", "");
	expect("2027-03-14 15:00:00+00", "west");
}
END_TEST

START_TEST(what_is_not_sent_is_recorded_with_its_reason)
{
	char nobody[STAGE_ID_SIZE], paused[STAGE_ID_SIZE], person[STAGE_ID_SIZE];

	stage_person(&stage, person, "Nobody", "en", NULL);
	stage_promise(&stage, nobody, person, "Read together", DATE, "");
	add_promise(paused, "paused", "");
	stage_change(&stage, "update kept.contact set paused = true");
	expect(WEEK_BEFORE, "");
	expect_dropped(nobody, "P-7D no_contact");
	expect_dropped(paused, "P-7D paused");
	stage_change(&stage, "update kept.contact set paused = false");
	expect(TWO_DAYS_BEFORE, "paused");
	expect_dropped(nobody, "P-7D no_contact, P-2D no_contact");
	expect_dropped(paused, "P-7D paused");
}
END_TEST

START_TEST(days_before_the_promise_was_made_are_passed_over)
{
	char late[STAGE_ID_SIZE], today[STAGE_ID_SIZE];

	stage_clock(&stage, "2027-03-12 12:00:00+00");
	add_promise(late, "late", "");
	expect("2027-03-12 12:00:00+00", "");
	expect_dropped(late, "P-7D passed_before_start");
	expect(TWO_DAYS_BEFORE, "late");
	/* The hour has passed, the day has not. */
	stage_clock(&stage, "2027-03-14 15:00:00+00");
	add_promise(today, "today", "");
	expect("2027-03-14 15:00:00+00", "today");
	expect_dropped(today, "P-7D passed_before_start");
}
END_TEST

START_TEST(worker_that_was_away_sends_only_what_is_still_true)
{
	char overtaken[STAGE_ID_SIZE], stale[STAGE_ID_SIZE];

	add_promise(overtaken, "reader", "");
	expect("2027-03-15 12:00:00+00", "reader");
	expect_dropped(overtaken, "P-7D overtaken");
	stage_clock(&stage, REGISTERED);
	add_promise(stale, "other", "");
	expect("2027-03-20 12:00:00+00", "other reader");
	expect_dropped(stale, "P-7D stale, P-2D stale");
}
END_TEST

/* Types of the events that the peer got, sorted: those of one transaction have no order. */
static char *event_types(void)
{
	struct http_request request;
	char *types[MAILS];
	size_t count = 0;

	for (int i = 0; http_peer_request(stage.hooks, i, &request); i++) {
		const char *type = strstr(request.body, "\"type\":\"");

		ck_assert(type && count < MAILS);
		type += strlen("\"type\":\"");
		types[count++] = strndup(type, strcspn(type, "\""));
		http_request_release(&request);
	}
	return join(types, count);
}

START_TEST(endpoint_hears_of_each_rung_once)
{
	char endpoint[STAGE_ID_SIZE], promise[STAGE_ID_SIZE], url[64], *types;

	snprintf(url, sizeof(url), "http://127.0.0.1:%d/events", http_peer_port(stage.hooks));
	stage_endpoint(&stage, endpoint, url, "{commitment.*}");
	add_promise(promise, "owner", "");
	expect(REGISTERED, "");
	expect(WEEK_BEFORE, "owner");
	expect(TWO_DAYS_BEFORE, "owner");
	expect("2027-03-16 12:00:00+00", "");
	expect(DAY_AFTER, "owner");
	stage_route(&stage, 200, "commitment_move", promise, "{\"status\":\"completed\"}");
	expect(WEEK_AFTER, "");
	types = event_types();
	ck_assert_str_eq(
		types,
		"commitment.agreed commitment.completed commitment.created commitment.due_soon commitment.due_soon"
		" commitment.due_today commitment.overdue commitment.status_changed");
	free(types);
}
END_TEST

static Suite *suite(void)
{
	Suite *made = suite_create("ladder");
	TCase *tests = tcase_create("ladder");

	tcase_set_timeout(tests, 120);
	tcase_add_unchecked_fixture(tests, start_cluster, stop_cluster);
	tcase_add_checked_fixture(tests, open_stage, close_stage);
	tcase_add_test(tests, owner_and_helper_get_the_ladder_and_the_accountable_what_comes_after);
	tcase_add_test(tests, proposed_promise_is_a_question_and_only_before_its_date);
	tcase_add_test(tests, closed_promise_is_not_reminded_of_again);
	tcase_add_test(tests, new_date_starts_the_ladder_anew_and_repeats_nothing);
	tcase_add_test(tests, reader_in_another_zone_has_mail_at_eight_there);
	tcase_add_test(tests, what_is_not_sent_is_recorded_with_its_reason);
	tcase_add_test(tests, days_before_the_promise_was_made_are_passed_over);
	tcase_add_test(tests, worker_that_was_away_sends_only_what_is_still_true);
	tcase_add_test(tests, endpoint_hears_of_each_rung_once);
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
