/* Small pure parts of the worker: pacing, what a peer said, results as JSON, the page of counters. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "worker/attempt.h"
#include "worker/rate.h"
#include "worker/settle.h"
#include "worker/webhook_headers.h"

START_TEST(rate_starts_so_many_a_second)
{
	struct rate rate = {0};
	int started = 0;

	rate_set(&rate, 50);
	for (double now = 100; now < 110; now += 0.001)
		while (rate_wait(&rate, now) <= 0) {
			rate_count(&rate, now);
			started++;
		}
	ck_assert_int_ge(started, 499);
	ck_assert_int_le(started, 502);
}
END_TEST

START_TEST(rate_saves_nothing_up_while_idle)
{
	struct rate rate = {0};
	int started = 0;

	rate_set(&rate, 10);
	rate_count(&rate, 100);
	while (rate_wait(&rate, 200) <= 0) {
		rate_count(&rate, 200);
		started++;
	}
	ck_assert_int_eq(started, 1);
	ck_assert_double_eq_tol(rate_wait(&rate, 200), 0.1, 1e-9);
}
END_TEST

START_TEST(no_rate_is_no_limit)
{
	struct rate rate = {0};

	for (int i = 0; i < 1000; i++) {
		ck_assert_double_eq(rate_wait(&rate, 5), 0);
		rate_count(&rate, 5);
	}
}
END_TEST

static const struct {
	const char *bytes;
	size_t length;
	const char *expected;
} answers[] = {
	{"", 0, NULL},
	{" \r\n\t", 4, NULL},
	{"250 ok\r\n", 8, "250 ok"},
	{"250-one\r\n250 two\r\n", 18, "250-one\n250 two"},
	{"a\0b", 3, "a?b"},
	{"a\x1b[31mb\x7f", 8, "a?[31mb?"},
	{"\xff\xc3\xa9\xe2\x82", 5, "?\xc3\xa9??"},
	{"\xed\xa0\x80", 3, "???"},
};

START_TEST(what_a_peer_said_becomes_valid_text)
{
	char *answer = attempt_answer(answers[_i].bytes, answers[_i].length);

	if (answers[_i].expected)
		ck_assert_str_eq(answer, answers[_i].expected);
	else
		ck_assert_ptr_null(answer);
	free(answer);
}
END_TEST

START_TEST(time_of_use_that_is_spent_does_not_become_endless)
{
	struct send_job job = {.attempt = 3, .useful_seconds = 1};
	struct attempt_end end;

	attempt_end_init(&end, &job, 2000);
	ck_assert_double_eq(end.useful_seconds, 0);
	job.useful_seconds = -1;
	attempt_end_init(&end, &job, 2000);
	ck_assert_double_lt(end.useful_seconds, 0);
	ck_assert_int_eq(end.attempt, 3);
	ck_assert(end.random >= 0 && end.random < 1);
}
END_TEST

START_TEST(results_are_json_with_null_for_what_is_not_there)
{
	char said[] = "say \"no\"\n";
	struct send_result sent = {.outcome = OUTCOME_SENT, .status = 204, .duration_ms = 12};
	struct send_result retry = {
		.outcome = OUTCOME_RETRY, .error = SEND_BLOCKED, .retry_seconds = 5.25, .answer = said};
	struct text text;
	json_t *json;
	const char *word, *error;

	text_init(&text, 4096);
	settle_begin(&text);
	settle_add(&text, "id-1", &sent);
	settle_add(&text, "id-2", &retry);
	settle_end(&text);
	ck_assert(text_ok(&text));
	json = json_loadb(text.bytes, text.length, JSON_REJECT_DUPLICATES, NULL);
	ck_assert_uint_eq(json_array_size(json), 2);
	ck_assert(json_is_null(json_object_get(json_array_get(json, 0), "error")));
	ck_assert(json_is_null(json_object_get(json_array_get(json, 0), "answer")));
	ck_assert_int_eq(json_integer_value(json_object_get(json_array_get(json, 0), "status")), 204);
	ck_assert(json_is_null(json_object_get(json_array_get(json, 1), "status")));
	word = json_string_value(json_object_get(json_array_get(json, 1), "outcome"));
	error = json_string_value(json_object_get(json_array_get(json, 1), "error"));
	ck_assert_str_eq(word, "retry");
	ck_assert_str_eq(error, "blocked_address");
	ck_assert_double_eq(json_real_value(json_object_get(json_array_get(json, 1), "retry_seconds")), 5.25);
	ck_assert_str_eq(json_string_value(json_object_get(json_array_get(json, 1), "answer")), "say \"no\"\n");
	json_decref(json);
	text_release(&text);
}
END_TEST

START_TEST(webhook_id_has_no_dot_and_no_hyphen)
{
	char id[WEBHOOK_ID_SIZE];

	webhook_id(id, "01890a5d-ac96-7b74-8b35-0242ac130003");
	ck_assert_str_eq(id, "msg_01890a5dac967b748b350242ac130003");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("attempt");
	TCase *all = tcase_create("all");
	SRunner *runner;
	int failed;

	tcase_add_test(all, rate_starts_so_many_a_second);
	tcase_add_test(all, rate_saves_nothing_up_while_idle);
	tcase_add_test(all, no_rate_is_no_limit);
	tcase_add_loop_test(all, what_a_peer_said_becomes_valid_text, 0, (int)(sizeof(answers) / sizeof(answers[0])));
	tcase_add_test(all, time_of_use_that_is_spent_does_not_become_endless);
	tcase_add_test(all, results_are_json_with_null_for_what_is_not_there);
	tcase_add_test(all, webhook_id_has_no_dot_and_no_hyphen);
	suite_add_tcase(suite, all);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
