/*
 * The figures of both programs: clean, bounded, and explained in api/docs/metrics.md, which explains no others.
 */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/reply/metrics.h"
#include "kept/text.h"
#include "tests/support/exposition_check.h"
#include "worker/counts.h"

#define MANUAL "api/docs/metrics.md"

static char *manual_read(void)
{
	FILE *file = fopen(MANUAL, "re");
	ck_assert_msg(file, MANUAL " cannot be read; tests run from the top of the checkout");
	char *bytes = calloc(1, 1 << 16);
	ck_assert_ptr_nonnull(bytes);
	ck_assert_uint_gt(fread(bytes, 1, (1 << 16) - 1, file), 0);
	fclose(file);
	return bytes;
}

static char *api_figures(struct metrics *metrics)
{
	struct text out;
	text_init(&out, 1 << 22);
	metrics_write(metrics, &out);
	char *text = text_take(&out);
	ck_assert_ptr_nonnull(text);
	return text;
}

static char *worker_figures(struct counts *counts)
{
	struct text out;
	text_init(&out, 1 << 22);
	counts_write(counts, &out);
	char *text = text_take(&out);
	ck_assert_ptr_nonnull(text);
	return text;
}

/* Each family of the figures has its row, with its type, under that heading or under "Both". */
static int must_be_explained(const char *figures, const char *manual, const char *heading)
{
	const char *own = strstr(manual, heading), *both = strstr(manual, "\n## Both");
	ck_assert(own && both);
	const char *end = strstr(own + 1, "\n## ");
	int families = 0;
	for (const char *at = figures; (at = strstr(at, "# TYPE ")); at++, families++) {
		char name[100], type[20], row[200];
		ck_assert_int_eq(sscanf(at, "# TYPE %99s %19s", name, type), 2);
		snprintf(row, sizeof(row), "\n| `%s` | %s |", name, type);
		const char *found = strstr(own, row);
		if (!found || (end && found > end))
			found = strstr(both, row);
		ck_assert_msg(found, MANUAL " does not explain %s, a %s, under \"%s\"", name, type, heading + 4);
	}
	return families;
}

START_TEST(each_figure_is_explained_and_no_other)
{
	struct metrics *metrics = metrics_new();
	struct counts *counts = counts_new();
	ck_assert(metrics && counts);
	char *api = api_figures(metrics), *worker = worker_figures(counts), *manual = manual_read();
	ck_assert_int_gt(must_be_explained(api, manual, "\n## kept-api"), 15);
	ck_assert_int_gt(must_be_explained(worker, manual, "\n## kept-worker"), 15);
	int rows = 0;
	for (const char *at = manual; (at = strstr(at, "\n| `")); at++, rows++) {
		char name[100], type[120];
		ck_assert_int_eq(sscanf(at, "\n| `%99[^`]", name), 1);
		snprintf(type, sizeof(type), "# TYPE %s ", name);
		ck_assert_msg(strstr(api, type) || strstr(worker, type), MANUAL " explains %s, which is not told",
			      name);
	}
	ck_assert_int_gt(rows, 30);
	/* What the text between the tables names is there, too. */
	for (const char *at = manual; (at = strstr(at, "`kept_")); at++) {
		char name[100], type[120];
		ck_assert_int_eq(sscanf(at, "`%99[a-z_]", name), 1);
		snprintf(type, sizeof(type), "# TYPE %s ", name);
		ck_assert_msg(strstr(api, type) || strstr(worker, type), MANUAL " names %s, which is not told", name);
	}
	free(api);
	free(worker);
	free(manual);
	metrics_free(metrics);
	counts_free(counts);
}
END_TEST

START_TEST(figures_are_clean_from_the_first_moment)
{
	struct metrics *metrics = metrics_new();
	struct counts *counts = counts_new();
	ck_assert(metrics && counts);
	char *api = api_figures(metrics), *worker = worker_figures(counts);
	exposition_must_be_clean(api);
	exposition_must_be_clean(worker);
	free(api);
	free(worker);
	metrics_free(metrics);
	counts_free(counts);
}
END_TEST

START_TEST(the_series_of_requests_are_bounded_by_routes_and_statuses)
{
	struct metrics *metrics = metrics_new();
	ck_assert_ptr_nonnull(metrics);
	for (size_t i = 0; i <= contract_operation_count; i++)
		for (int status = -5; status < 1200; status++) {
			const struct metrics_request request = {
				.operation = i < contract_operation_count ? &contract_operations[i] : NULL,
				.status = status,
				.seconds = (double)status / 50.0,
				.bytes_in = 3,
				.bytes_out = 5,
			};
			metrics_request(metrics, &request);
		}
	char *api = api_figures(metrics);
	exposition_must_be_clean(api);
	/* 40 statuses, 16 lines of a histogram and two of bytes for each; and what has no route. */
	ck_assert_uint_le(exposition_samples(api), (contract_operation_count + 1) * (METRICS_STATUSES + 18) + 60);
	ck_assert_double_eq(
		exposition_value(api, "kept_requests_total{method=\"other\",route=\"none\",status=\"200\"}"), 1);
	ck_assert_double_gt(
		exposition_value(api, "kept_requests_total{method=\"other\",route=\"none\",status=\"other\"}"), 1000);
	ck_assert_double_eq(exposition_value(api, "kept_request_seconds_count{method=\"other\",route=\"none\"}"), 1205);
	ck_assert_double_eq(exposition_value(api, "kept_reply_body_bytes_total{method=\"other\",route=\"none\"}"),
			    5 * 1205);
	free(api);
	metrics_free(metrics);
}
END_TEST

START_TEST(each_attempt_is_counted_by_channel_outcome_and_reason)
{
	struct counts *counts = counts_new();
	ck_assert_ptr_nonnull(counts);
	for (int error = SEND_OK; error <= SEND_LOCAL; error++)
		for (int outcome = OUTCOME_SENT; outcome <= OUTCOME_SUPERSEDED; outcome++) {
			counts_attempt(counts, CHANNEL_EMAIL, (enum outcome)outcome, (enum send_error)error);
			counts_attempt(counts, CHANNEL_WEBHOOK, (enum outcome)outcome, (enum send_error)error);
			counts_attempt(counts, CHANNEL_WEBHOOK, (enum outcome)outcome, (enum send_error)error);
		}
	counts_held(counts, 3, 1);
	counts_looked(counts);
	char *worker = worker_figures(counts);
	exposition_must_be_clean(worker);
	ck_assert_double_eq(exposition_value(worker, "kept_worker_batches_held"), 3);
	ck_assert_double_eq(exposition_value(worker, "kept_worker_looks_total"), 1);
	ck_assert_double_gt(exposition_value(worker, "kept_worker_lease_age_seconds"), 0);
	ck_assert_double_ge(exposition_value(worker, "kept_worker_last_look_age_seconds"), 0);
	for (int error = SEND_OK + 1; error <= SEND_LOCAL; error++) {
		char series[200];
		snprintf(series, sizeof(series),
			 "kept_worker_outcomes_total{channel=\"webhook\",outcome=\"retry\",reason=\"%s\"}",
			 send_error_word((enum send_error)error));
		ck_assert_msg(exposition_value(worker, series) == 2, "%s", series);
	}
	/* No reason fell among the others. */
	ck_assert_ptr_null(strstr(worker, "reason=\"other\""));
	free(worker);
	counts_free(counts);
}
END_TEST

START_TEST(the_judge_sees_what_is_wrong)
{
	static const char *const table[] = {
		"",
		"kept_a 1\n",
		"# HELP kept_a x\n# TYPE kept_a gauge\nkept_a 1",
		"# HELP kept_a \n# TYPE kept_a gauge\nkept_a 1\n",
		"# HELP kept_a x\n# TYPE kept_a counter\nkept_a 1\n",
		"# HELP kept_a_total x\n# TYPE kept_a_total gauge\nkept_a_total 1\n",
		"# HELP kept_a_total x\n# TYPE kept_a_total counter\nkept_a_total -1\n",
		"# HELP kept_a_ms x\n# TYPE kept_a_ms gauge\nkept_a_ms 1\n",
		"# HELP kept_a x\n# TYPE kept_a gauge\nkept_b 1\n",
		"# HELP kept_a x\n# TYPE kept_a gauge\nkept_a 1\nkept_a 2\n",
		"# HELP kept_a x\n# TYPE kept_a gauge\nkept_a{l=\"x\ny\"} 1\n",
		"# HELP kept_a x\n# TYPE kept_a gauge\nkept_a{l=\"x\"} one\n",
		"# HELP kept_a x\n# TYPE kept_a gauge\nkept_a 1\n# HELP kept_a x\n# TYPE kept_a gauge\n",
		"# HELP kept_a x\n# TYPE kept_a histogram\nkept_a_bucket{le=\"1\"} 2\nkept_a_bucket{le=\"+Inf\"} 1\n",
		"# HELP kept_a x\n# TYPE kept_a histogram\nkept_a_bucket{le=\"1\"} 2\nkept_a_sum 1\nkept_a_count 2\n",
		"# HELP kept_a x\n# TYPE kept_a histogram\nkept_a_bucket{le=\"+Inf\"} 2\nkept_a_sum 1\nkept_a_count "
		"3\n",
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char *fault = exposition_fault(table[i]);
		ck_assert_msg(fault, "taken as good: %s", table[i]);
		free(fault);
	}
	char *fault = exposition_fault("# HELP kept_a x\n# TYPE kept_a histogram\nkept_a_bucket{le=\"+Inf\"} 2\n"
				       "kept_a_sum 1\nkept_a_count 2\n");
	ck_assert_msg(!fault, "%s", fault);
	ck_assert(isnan(exposition_value("kept_a 1\n", "kept_b")));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("metrics");
	TCase *all = tcase_create("metrics");
	tcase_add_test(all, each_figure_is_explained_and_no_other);
	tcase_add_test(all, figures_are_clean_from_the_first_moment);
	tcase_add_test(all, the_series_of_requests_are_bounded_by_routes_and_statuses);
	tcase_add_test(all, each_attempt_is_counted_by_channel_outcome_and_reason);
	tcase_add_test(all, the_judge_sees_what_is_wrong);
	suite_add_tcase(suite, all);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
