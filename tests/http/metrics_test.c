/*
 * /metrics of a running kept-api: clean, true, and of the same size whatever is asked.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/exposition_check.h"
#include "tests/support/world.h"

#define MANY 10000

static struct world world;

static char *figures(void)
{
	struct answer answer = must(200, ask(&world.asking, NULL, "GET", "/metrics", NULL, NULL));
	char *body = strdup(answer.body);
	ck_assert_ptr_nonnull(body);
	ck_assert_str_eq(header(&answer, "Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
	answer_release(&answer);
	return body;
}

static double value(const char *series)
{
	char *text = figures();
	double found = exposition_value(text, series);
	free(text);
	/* Not there yet is none yet. */
	return found == found ? found : 0;
}

/* A request is counted when its last byte has gone, which may be after it was read here. */
static void must_become(const char *series, double wanted)
{
	double begun = clock_seconds(), found;
	while ((found = value(series)) < wanted && clock_seconds() - begun < 10)
		usleep(20000);
	ck_assert_msg(found == wanted, "%s is %g, not %g", series, found, wanted);
}

START_TEST(what_was_asked_is_counted_by_route_and_status)
{
	const char *absent = "/v1/schools/" WORLD_ABSENT;
	char series[300], target[100];
	snprintf(target, sizeof(target), "/v1/schools/%s", world.lakeview.school);
#define SCHOOL "kept_requests_total{method=\"GET\",route=\"/v1/schools/{id}\",status=\"%s\"}"
	snprintf(series, sizeof(series), SCHOOL, "200");
	double found = value(series);
	must_be(200, ask(&world.asking, world.lakeview.admin, "GET", target, NULL, NULL));
	must_become(series, found + 1);
	snprintf(series, sizeof(series), SCHOOL, "404");
	found = value(series);
	must_be(404, ask(&world.asking, world.lakeview.admin, "GET", absent, NULL, NULL));
	must_become(series, found + 1);
	snprintf(series, sizeof(series), SCHOOL, "401");
	found = value(series);
	must_be(401, ask(&world.asking, NULL, "GET", absent, NULL, NULL));
	must_become(series, found + 1);
}
END_TEST

START_TEST(bodies_are_counted_both_ways)
{
	static const char in[] = "kept_request_body_bytes_total{method=\"POST\",route=\"/v1/schools\"}",
			  out[] = "kept_reply_body_bytes_total{method=\"POST\",route=\"/v1/schools\"}",
			  body[] = "{\"name\":\"Counted\"}";
	double had_in = value(in), had_out = value(out);
	struct answer answer = must(201, ask(&world.asking, world.lakeview.admin, "POST", "/v1/schools", NULL, body));
	must_become(in, had_in + (double)strlen(body));
	must_become(out, had_out + (double)strlen(answer.body));
	answer_release(&answer);
}
END_TEST

START_TEST(connections_and_lanes_are_told)
{
	char *text = figures();
	exposition_must_be_clean(text);
	ck_assert_double_eq(exposition_value(text, "kept_database_connections_wanted{lane=\"write\"}"), 16);
	ck_assert_double_ge(exposition_value(text, "kept_database_connections{lane=\"fast\"}"), 1);
	ck_assert_double_ge(exposition_value(text, "kept_client_connections"), 1);
	ck_assert_double_gt(exposition_value(text, "kept_units_waiting_max"), 0);
	ck_assert_double_eq(exposition_value(text, "kept_units_waiting{lane=\"write\"}"), 0);
	ck_assert_double_ge(exposition_value(text, "kept_unit_wait_seconds_total{lane=\"fast\"}"), 0);
	ck_assert_double_gt(exposition_value(text, "process_open_fds"), 10);
	ck_assert_double_gt(exposition_value(text, "process_resident_memory_bytes"), 1e6);
	ck_assert_double_gt(exposition_value(text, "process_cpu_seconds_total"), 0);
	free(text);
}
END_TEST

/* A new connection where the last one was closed. */
static void send_and_forget(int *fd, const char *method, const char *target)
{
	char *bytes = api_request(&world.api, method, target, NULL, NULL);
	if (*fd < 0)
		*fd = api_connect(&world.api);
	api_write(*fd, bytes, strlen(bytes));
	struct api_reply reply = api_read(*fd, false, 10);
	ck_assert_int_gt(reply.status, 0);
	if (reply.closed) {
		close(*fd);
		*fd = -1;
	}
	free(bytes);
	api_reply_release(&reply);
}

START_TEST(ten_thousand_ids_paths_and_methods_make_no_new_series)
{
	size_t before = 0;
	int fd = -1;
	for (int i = 0; i < MANY; i++) {
		char target[100], method[16];
		/* Each kind comes a few times before it is looked at. */
		if (i == 40) {
			char *text = figures();
			before = exposition_samples(text);
			free(text);
		}
		snprintf(target, sizeof(target), i % 2 ? "/v1/schools/01a20900-ea91-78a5-90ba-%012d" : "/nothing/%d",
			 i);
		snprintf(method, sizeof(method), i % 100 == 8 ? "M%d" : "GET", i);
		send_and_forget(&fd, method, target);
	}
	if (fd >= 0)
		close(fd);
	char *text = figures();
	exposition_must_be_clean(text);
	ck_assert_uint_gt(before, 100);
	ck_assert_uint_eq(exposition_samples(text), before);
	ck_assert_double_gt(
		exposition_value(text, "kept_requests_total{method=\"other\",route=\"none\",status=\"404\"}"),
		MANY / 3.0);
	ck_assert_double_gt(
		exposition_value(text, "kept_requests_total{method=\"other\",route=\"none\",status=\"501\"}"), 50);
	free(text);
}
END_TEST

static void start_all(void)
{
	world_start(&world, "metrics");
}

static void stop_all(void)
{
	world_stop(&world);
}

int main(void)
{
	Suite *suite = suite_create("http metrics");
	TCase *all = tcase_create("metrics");
	tcase_set_timeout(all, 60);
	tcase_add_unchecked_fixture(all, start_all, stop_all);
	tcase_add_test(all, what_was_asked_is_counted_by_route_and_status);
	tcase_add_test(all, bodies_are_counted_both_ways);
	tcase_add_test(all, connections_and_lanes_are_told);
	tcase_add_test(all, ten_thousand_ids_paths_and_methods_make_no_new_series);
	suite_add_tcase(suite, all);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
