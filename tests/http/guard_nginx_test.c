/* The same requests as in guard_wire_test.c to nginx with deploy/nginx/kept.conf: what it stops never reaches Kept, and
 * what it passes is a plain request there. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kept/text.h"
#include "tests/support/api.h"
#include "tests/support/cluster.h"
#include "tests/support/front.h"
#include "tests/support/raw_requests.h"

static struct cluster *cluster;
static struct api api;
static struct front front;

static void start_all(void)
{
	cluster = cluster_start(NULL);
	char *url = cluster_database(cluster, "front", CLUSTER_MIGRATED);
	api_start(&api, url, "1");
	front_start(&front, &api);
	free(url);
}

static void stop_all(void)
{
	front_release(&front);
	api_release(&api);
	cluster_stop(cluster);
}

static int count(const char *text, const char *word)
{
	int found = 0;
	for (; (text = strstr(text, word)); text += strlen(word))
		found++;
	return found;
}

/* How many requests Kept has told of. */
static int heard(void)
{
	char *log = program_log(&api.program);
	int requests = count(log, "\"event\":\"request\"");
	free(log);
	return requests;
}

START_TEST(request_is_stopped_or_passed_as_a_plain_one)
{
	const struct raw_request *raw = &raw_requests[_i];
	int before = heard(), fd = api_connect(&front.face);
	struct text out;
	text_init(&out, 64 * 1024);
	text_add(&out, raw->bytes, raw->length);
	if (raw->proxy == STOPPED)
		text_adds(&out, RAW_BEHIND);
	api_write(fd, out.bytes, out.length);
	struct api_reply reply = api_read(fd, false, 10);
	ck_assert_msg(reply.status == raw->proxied, "%s: %d, not %d: %s", raw->name, reply.status, raw->proxied,
		      reply.body);
	if (raw->proxy == STOPPED) {
		struct api_reply more = api_read(fd, false, 0.1);
		ck_assert_msg(more.status == 0, "%s: what stood behind it was answered", raw->name);
		api_reply_release(&more);
	}
	close(fd);
	/* Kept tells of a request when its reply is sent, so before nginx sends it on or soon after. */
	double end = clock_seconds() + 5;
	int wanted = before + (raw->proxy == PASSED);
	while (heard() < wanted && clock_seconds() < end)
		usleep(2000);
	ck_assert_msg(heard() == wanted, "%s: Kept heard %d requests", raw->name, heard() - before);
	api_reply_release(&reply);
	text_release(&out);
}
END_TEST

START_TEST(nothing_behind_a_request_was_heard)
{
	char *log = program_log(&api.program);
	ck_assert_ptr_null(strstr(log, "\"route\":\"" RAW_BEHIND_ROUTE "\""));
	free(log);
}
END_TEST

START_TEST(metrics_are_for_those_inside)
{
	struct api_reply reply = api_ask(&front.face, "GET", "/metrics", NULL, NULL);
	ck_assert_int_eq(reply.status, 403);
	api_reply_release(&reply);
}
END_TEST

START_TEST(body_in_chunks_comes_with_its_length)
{
	char *head = api_request(&front.face, "POST", "/v1/people",
				 "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n", NULL);
	int fd = api_connect(&front.face);
	api_write(fd, head, strlen(head));
	api_write(fd, "2\r\n{}\r\n0\r\n\r\n", 12);
	struct api_reply reply = api_read(fd, false, 10);
	ck_assert_int_eq(reply.status, 422);
	/* In chunks Kept would have closed. */
	ck_assert(!reply.closed);
	api_reply_release(&reply);
	free(head);
	close(fd);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("guard_nginx");
	TCase *all = tcase_create("guard_nginx");
	tcase_set_timeout(all, 60);
	tcase_add_unchecked_fixture(all, start_all, stop_all);
	tcase_add_loop_test(all, request_is_stopped_or_passed_as_a_plain_one, 0, (int)raw_request_count);
	tcase_add_test(all, nothing_behind_a_request_was_heard);
	tcase_add_test(all, metrics_are_for_those_inside);
	tcase_add_test(all, body_in_chunks_comes_with_its_length);
	suite_add_tcase(suite, all);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
