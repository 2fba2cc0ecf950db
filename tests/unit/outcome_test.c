/* What an attempt's end means and when the next one is: worker/outcome.h as tables. */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "kept/limits.h"
#include "worker/outcome.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NONE (-1.0)
#define H 3600.0

struct row {
	enum send_error error;
	int status;
	int attempt;
	double retry_after;
	double useful;
	enum outcome outcome;
	enum send_error said;
	double retry; /* at random 0.5 */
	double pause;
	int gone;
};

static void check_row(size_t i, const struct row *row, const struct send_result *result)
{
	ck_assert_msg(result->outcome == row->outcome, "row %zu: %s, not %s", i, outcome_word(result->outcome),
		      outcome_word(row->outcome));
	ck_assert_msg(result->error == row->said, "row %zu: %s, not %s", i, send_error_word(result->error),
		      send_error_word(row->said));
	ck_assert_msg(fabs(result->retry_seconds - row->retry) < 1e-6, "row %zu: retry %g", i, result->retry_seconds);
	ck_assert_msg(fabs(result->lane_pause_seconds - row->pause) < 1e-6, "row %zu: pause %g", i,
		      result->lane_pause_seconds);
	ck_assert_msg(result->endpoint_gone == (row->gone != 0), "row %zu: gone", i);
	ck_assert_int_eq(result->status, row->status);
	ck_assert_int_eq(result->duration_ms, 77);
}

static struct attempt_end end_of(const struct row *row)
{
	return (struct attempt_end){.error = row->error,
				    .status = row->status,
				    .attempt = row->attempt,
				    .retry_after_seconds = row->retry_after,
				    .useful_seconds = row->useful,
				    .random = 0.5};
}

static const struct row http_rows[] = {
	{SEND_OK, 200, 1, NONE, NONE, OUTCOME_SENT, SEND_OK, 0, 0, 0},
	{SEND_OK, 201, 1, NONE, NONE, OUTCOME_SENT, SEND_OK, 0, 0, 0},
	{SEND_OK, 204, 9, NONE, 0, OUTCOME_SENT, SEND_OK, 0, 0, 0},
	{SEND_OK, 299, 10, 60, NONE, OUTCOME_SENT, SEND_OK, 0, 0, 0},
	{SEND_OK, 300, 1, NONE, NONE, OUTCOME_RETRY, SEND_REDIRECT, 5, 0, 0},
	{SEND_OK, 301, 2, NONE, NONE, OUTCOME_RETRY, SEND_REDIRECT, 300, 0, 0},
	{SEND_OK, 302, 10, NONE, NONE, OUTCOME_FAILED, SEND_REDIRECT, 0, 0, 0},
	{SEND_REDIRECT, 307, 1, 60, NONE, OUTCOME_RETRY, SEND_REDIRECT, 5, 0, 0},
	{SEND_OK, 399, 1, NONE, NONE, OUTCOME_RETRY, SEND_REDIRECT, 5, 0, 0},
	{SEND_OK, 400, 1, NONE, NONE, OUTCOME_RETRY, SEND_STATUS, 5, 0, 0},
	{SEND_OK, 401, 3, NONE, NONE, OUTCOME_RETRY, SEND_STATUS, 1800, 0, 0},
	{SEND_OK, 404, 4, NONE, NONE, OUTCOME_RETRY, SEND_STATUS, 2 * H, 0, 0},
	{SEND_OK, 404, 4, 99999, NONE, OUTCOME_RETRY, SEND_STATUS, 2 * H, 0, 0},
	{SEND_OK, 410, 1, NONE, NONE, OUTCOME_FAILED, SEND_STATUS, 0, 0, 1},
	{SEND_STATUS, 410, 10, 5, 0, OUTCOME_FAILED, SEND_STATUS, 0, 0, 1},
	{SEND_OK, 429, 1, NONE, NONE, OUTCOME_RETRY, SEND_STATUS, 30, 30, 0},
	{SEND_OK, 429, 1, 0, NONE, OUTCOME_RETRY, SEND_STATUS, 5, 0, 0},
	{SEND_OK, 429, 1, 3600, NONE, OUTCOME_RETRY, SEND_STATUS, 3600, 3600, 0},
	{SEND_OK, 429, 3, 60, NONE, OUTCOME_RETRY, SEND_STATUS, 1800, 60, 0},
	{SEND_OK, 429, 10, 60, NONE, OUTCOME_FAILED, SEND_STATUS, 0, 60, 0},
	{SEND_OK, 429, 1, 1e9, NONE, OUTCOME_RETRY, SEND_STATUS, 24 * H, 24 * H, 0},
	{SEND_OK, 500, 5, NONE, NONE, OUTCOME_RETRY, SEND_STATUS, 5 * H, 0, 0},
	{SEND_OK, 500, 1, 900, NONE, OUTCOME_RETRY, SEND_STATUS, 5, 0, 0},
	{SEND_OK, 502, 1, NONE, NONE, OUTCOME_RETRY, SEND_STATUS, 30, 30, 0},
	{SEND_OK, 502, 2, 9000, NONE, OUTCOME_RETRY, SEND_STATUS, 300, 30, 0},
	{SEND_OK, 503, 1, NONE, NONE, OUTCOME_RETRY, SEND_STATUS, 5, 0, 0},
	{SEND_OK, 503, 1, 120, NONE, OUTCOME_RETRY, SEND_STATUS, 120, 120, 0},
	{SEND_OK, 504, 1, NONE, NONE, OUTCOME_RETRY, SEND_STATUS, 30, 30, 0},
	{SEND_OK, 599, 6, NONE, NONE, OUTCOME_RETRY, SEND_STATUS, 10 * H, 0, 0},
	{SEND_OK, 100, 1, NONE, NONE, OUTCOME_RETRY, SEND_BROKEN, 5, 0, 0},
	{SEND_OK, 0, 1, NONE, NONE, OUTCOME_RETRY, SEND_BROKEN, 5, 0, 0},
	{SEND_OK, 999, 1, NONE, NONE, OUTCOME_RETRY, SEND_BROKEN, 5, 0, 0},
	{SEND_NAME, 0, 7, NONE, NONE, OUTCOME_RETRY, SEND_NAME, 14 * H, 0, 0},
	{SEND_CONNECT, 0, 8, NONE, NONE, OUTCOME_RETRY, SEND_CONNECT, 20 * H, 0, 0},
	{SEND_TLS, 0, 9, NONE, NONE, OUTCOME_RETRY, SEND_TLS, 24 * H, 0, 0},
	{SEND_TLS, 0, 10, NONE, NONE, OUTCOME_FAILED, SEND_TLS, 0, 0, 0},
	{SEND_BLOCKED, 0, 1, NONE, NONE, OUTCOME_RETRY, SEND_BLOCKED, 5, 0, 0},
	{SEND_BLOCKED, 0, 11, NONE, NONE, OUTCOME_FAILED, SEND_BLOCKED, 0, 0, 0},
	{SEND_TIMEOUT, 0, 1, NONE, NONE, OUTCOME_RETRY, SEND_TIMEOUT, 5, 0, 0},
	{SEND_BROKEN, 200, 1, NONE, NONE, OUTCOME_RETRY, SEND_BROKEN, 5, 0, 0},
	{SEND_COMPOSE, 0, 1, NONE, NONE, OUTCOME_FAILED, SEND_COMPOSE, 0, 0, 0},
	{SEND_LOCAL, 0, 1, NONE, NONE, OUTCOME_RETRY, SEND_LOCAL, 5, 0, 0},
	/* usefulness: a next try exactly at its end still counts */
	{SEND_OK, 500, 2, NONE, 300, OUTCOME_RETRY, SEND_STATUS, 300, 0, 0},
	{SEND_OK, 500, 2, NONE, 299, OUTCOME_EXPIRED, SEND_STATUS, 0, 0, 0},
	{SEND_OK, 500, 1, NONE, 0, OUTCOME_EXPIRED, SEND_STATUS, 0, 0, 0},
	{SEND_OK, 429, 1, 600, 599, OUTCOME_EXPIRED, SEND_STATUS, 0, 600, 0},
	{SEND_CONNECT, 0, 10, NONE, 0, OUTCOME_FAILED, SEND_CONNECT, 0, 0, 0},
};

START_TEST(http_ends_are_judged_by_the_table)
{
	for (size_t i = 0; i < COUNT(http_rows); i++) {
		struct attempt_end end = end_of(&http_rows[i]);
		struct send_result result = {.duration_ms = 77, .retry_seconds = 9, .endpoint_gone = true};
		outcome_http(&result, &end);
		check_row(i, &http_rows[i], &result);
	}
}
END_TEST

static const struct {
	enum mail_phase phase;
	struct row row;
} smtp_rows[] = {
	{MAIL_PHASE_DATA, {SEND_OK, 250, 1, NONE, NONE, OUTCOME_SENT, SEND_OK, 0, 0, 0}},
	{MAIL_PHASE_DATA, {SEND_OK, 0, 1, NONE, NONE, OUTCOME_SENT, SEND_OK, 0, 0, 0}},
	{MAIL_PHASE_RECIPIENT, {SEND_OK, 550, 1, NONE, NONE, OUTCOME_FAILED, SEND_STATUS, 0, 0, 0}},
	{MAIL_PHASE_RECIPIENT, {SEND_STATUS, 553, 1, NONE, NONE, OUTCOME_FAILED, SEND_STATUS, 0, 0, 0}},
	{MAIL_PHASE_RECIPIENT, {SEND_STATUS, 450, 1, NONE, NONE, OUTCOME_RETRY, SEND_STATUS, 60, 0, 0}},
	{MAIL_PHASE_RECIPIENT, {SEND_STATUS, 452, 2, NONE, NONE, OUTCOME_RETRY, SEND_STATUS, 300, 0, 0}},
	{MAIL_PHASE_RECIPIENT, {SEND_STATUS, 421, 1, NONE, NONE, OUTCOME_RETRY, SEND_STATUS, 60, 30, 0}},
	{MAIL_PHASE_DATA, {SEND_STATUS, 554, 1, NONE, NONE, OUTCOME_FAILED, SEND_STATUS, 0, 0, 0}},
	{MAIL_PHASE_DATA, {SEND_STATUS, 451, 3, NONE, NONE, OUTCOME_RETRY, SEND_STATUS, 1800, 0, 0}},
	{MAIL_PHASE_SESSION, {SEND_STATUS, 554, 1, NONE, NONE, OUTCOME_RETRY, SEND_STATUS, 60, 30, 0}},
	{MAIL_PHASE_SESSION, {SEND_STATUS, 450, 4, NONE, NONE, OUTCOME_RETRY, SEND_STATUS, H, 30, 0}},
	{MAIL_PHASE_SESSION, {SEND_AUTH, 535, 1, NONE, NONE, OUTCOME_RETRY, SEND_AUTH, 60, 30, 0}},
	{MAIL_PHASE_SESSION, {SEND_CONNECT, 0, 1, NONE, NONE, OUTCOME_RETRY, SEND_CONNECT, 60, 30, 0}},
	{MAIL_PHASE_SESSION, {SEND_NAME, 0, 1, NONE, NONE, OUTCOME_RETRY, SEND_NAME, 60, 30, 0}},
	{MAIL_PHASE_SESSION, {SEND_TLS, 220, 1, NONE, NONE, OUTCOME_RETRY, SEND_TLS, 60, 30, 0}},
	{MAIL_PHASE_SESSION, {SEND_TIMEOUT, 0, 1, NONE, NONE, OUTCOME_RETRY, SEND_TIMEOUT, 60, 30, 0}},
	{MAIL_PHASE_RECIPIENT, {SEND_TIMEOUT, 250, 1, NONE, NONE, OUTCOME_RETRY, SEND_TIMEOUT, 60, 0, 0}},
	{MAIL_PHASE_DATA, {SEND_TIMEOUT, 354, 1, NONE, NONE, OUTCOME_RETRY, SEND_TIMEOUT, 60, 0, 0}},
	{MAIL_PHASE_DATA, {SEND_BROKEN, 354, 14, NONE, NONE, OUTCOME_RETRY, SEND_BROKEN, 12 * H, 0, 0}},
	{MAIL_PHASE_DATA, {SEND_BROKEN, 354, 15, NONE, NONE, OUTCOME_FAILED, SEND_BROKEN, 0, 0, 0}},
	{MAIL_PHASE_DATA, {SEND_OK, 354, 1, NONE, NONE, OUTCOME_RETRY, SEND_BROKEN, 60, 0, 0}},
	{MAIL_PHASE_SESSION, {SEND_COMPOSE, 0, 1, NONE, NONE, OUTCOME_FAILED, SEND_COMPOSE, 0, 0, 0}},
	{MAIL_PHASE_SESSION, {SEND_LOCAL, 0, 1, NONE, NONE, OUTCOME_RETRY, SEND_LOCAL, 60, 0, 0}},
	{MAIL_PHASE_RECIPIENT, {SEND_STATUS, 450, 5, NONE, 7200, OUTCOME_RETRY, SEND_STATUS, 7200, 0, 0}},
	{MAIL_PHASE_RECIPIENT, {SEND_STATUS, 450, 5, NONE, 7199, OUTCOME_EXPIRED, SEND_STATUS, 0, 0, 0}},
	{MAIL_PHASE_RECIPIENT, {SEND_STATUS, 550, 1, NONE, 0, OUTCOME_FAILED, SEND_STATUS, 0, 0, 0}},
};

START_TEST(smtp_ends_are_judged_by_the_table)
{
	for (size_t i = 0; i < COUNT(smtp_rows); i++) {
		struct attempt_end end = end_of(&smtp_rows[i].row);
		struct send_result result = {.duration_ms = 77};
		outcome_smtp(&result, &end, smtp_rows[i].phase);
		check_row(i, &smtp_rows[i].row, &result);
	}
}
END_TEST

static double sum_of(enum channel channel, int *attempts)
{
	double sum = 0;
	for (*attempts = 1; next_try(channel, *attempts, 0.5) >= 0; (*attempts)++)
		sum += next_try(channel, *attempts, 0.5);
	return sum;
}

START_TEST(webhooks_are_tried_ten_times_in_seventy_six_hours)
{
	static const double pauses[] = {5, 300, 1800, 2 * H, 5 * H, 10 * H, 14 * H, 20 * H, 24 * H};
	int attempts;
	double sum = sum_of(CHANNEL_WEBHOOK, &attempts);
	ck_assert_int_eq(attempts, 10);
	ck_assert_double_eq_tol(sum / H, 75.6, 0.05);
	for (int i = 0; i < 9; i++)
		ck_assert_double_eq_tol(next_try(CHANNEL_WEBHOOK, i + 1, 0.5), pauses[i], 1e-6);
}
END_TEST

START_TEST(mail_is_tried_for_about_four_days)
{
	int attempts;
	double sum = sum_of(CHANNEL_EMAIL, &attempts);
	ck_assert_int_eq(attempts, 15);
	ck_assert_double_ge(sum, 90 * H);
	ck_assert_double_le(sum, 96 * H);
}
END_TEST

START_TEST(pauses_differ_by_at_most_a_fifth)
{
	for (int attempt = 1; attempt <= 9; attempt++) {
		double middle = next_try(CHANNEL_WEBHOOK, attempt, 0.5);
		ck_assert_double_eq_tol(next_try(CHANNEL_WEBHOOK, attempt, 0), 0.8 * middle, 1e-6);
		ck_assert_double_lt(next_try(CHANNEL_WEBHOOK, attempt, 0.999999), 1.2 * middle);
	}
	ck_assert_double_eq_tol(next_try(CHANNEL_EMAIL, 0, 0.5), 60, 1e-6);
	ck_assert_double_lt(next_try(CHANNEL_WEBHOOK, 10, 0.5), 0);
	ck_assert_double_lt(next_try(CHANNEL_WEBHOOK, 2000000000, 0.5), 0);
}
END_TEST

#define NOW 1800000000 /* Fri, 15 Jan 2027 08:00:00 GMT */

static const struct {
	const char *value;
	double seconds;
} retry_after_rows[] = {
	{NULL, -1},
	{"", -1},
	{" ", -1},
	{"0", 0},
	{"120", 120},
	{" 120\t", 120},
	{"120\r\n", 120},
	{"86400", 86400},
	{"86401", 86400},
	{"99999999999999999999999999", 86400},
	{"-5", -1},
	{"1.5", -1},
	{"5s", -1},
	{"0x10", -1},
	{"soon", -1},
	{"Fri, 15 Jan 2027 08:00:00 GMT", 0},
	{"Fri, 15 Jan 2027 08:01:00 GMT", 60},
	{"Fri, 15 Jan 2027 07:00:00 GMT", 0},
	{"Sat, 16 Jan 2027 07:59:59 GMT", 86399},
	{"Mon, 15 Jan 2029 08:00:00 GMT", 86400},
	{"Friday, 15-Jan-27 08:01:40 GMT", 100},
	{"Sunday, 06-Nov-94 08:49:37 GMT", 0},
	{"Fri Jan 15 08:00:07 2027", 7},
	{"Fri, 15 Jan 2027 08:01:00 EST", -1},
	{"Fri, 15 Jan 2027 08:01:00", -1},
	{"Fri, 15 Jan 2027 25:01:00 GMT", -1},
	{"Fri, 15 Foo 2027 08:01:00 GMT", -1},
	{"Fri, 15 Jan 2027 08:01:00 GMT GMT", -1},
	{"Fri, 32 Jan 2027 08:01:00 GMT", -1},
	{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", -1},
};

START_TEST(retry_after_is_read_as_seconds_and_as_dates)
{
	for (size_t i = 0; i < COUNT(retry_after_rows); i++) {
		double seconds = retry_after_parse(retry_after_rows[i].value, NOW);
		ck_assert_msg(fabs(seconds - retry_after_rows[i].seconds) < 1e-6, "%s: %g", retry_after_rows[i].value,
			      seconds);
	}
}
END_TEST

START_TEST(words_are_those_that_the_database_knows)
{
	ck_assert_str_eq(outcome_word(OUTCOME_SENT), "sent");
	ck_assert_str_eq(outcome_word(OUTCOME_RETRY), "retry");
	ck_assert_str_eq(outcome_word(OUTCOME_FAILED), "failed");
	ck_assert_str_eq(outcome_word(OUTCOME_EXPIRED), "expired");
	ck_assert_str_eq(outcome_word(OUTCOME_UNKNOWN), "unknown");
	ck_assert_str_eq(outcome_word(OUTCOME_DROPPED), "dropped");
	ck_assert_str_eq(outcome_word(OUTCOME_SUPERSEDED), "superseded");
	ck_assert_str_eq(send_error_word(SEND_BLOCKED), "blocked_address");
	ck_assert_str_eq(send_error_word(SEND_NAME), "name");
	ck_assert_str_eq(send_error_word(SEND_LOCAL), "local");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("outcome");
	TCase *tests = tcase_create("outcome");
	tcase_add_test(tests, http_ends_are_judged_by_the_table);
	tcase_add_test(tests, smtp_ends_are_judged_by_the_table);
	tcase_add_test(tests, webhooks_are_tried_ten_times_in_seventy_six_hours);
	tcase_add_test(tests, mail_is_tried_for_about_four_days);
	tcase_add_test(tests, pauses_differ_by_at_most_a_fifth);
	tcase_add_test(tests, retry_after_is_read_as_seconds_and_as_dates);
	tcase_add_test(tests, words_are_those_that_the_database_knows);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
