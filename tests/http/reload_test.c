/* SIGHUP: kept-api reads the files of its settings again and goes on; what is wrong changes nothing. */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/api.h"
#include "tests/support/cluster.h"
#include "tests/support/visitors.h"

#define RELOADS 40
#define PATIENCE_SECONDS 20
#define FIRST "one:01234567890123456789012345678901"
#define SECOND "two:abcdefghijabcdefghijabcdefghijab"

static struct cluster *cluster;
static struct api api; /* its own process only makes the district and the key */
static struct api face;
static struct program program;

/* Whole or not at all: the program may be reading. */
static void write_file(const char *name, const char *value)
{
	char path[128], made[136];
	snprintf(path, sizeof(path), "%s/%s", api.folder, name);
	snprintf(made, sizeof(made), "%s.new", path);
	FILE *file = fopen(made, "w");
	ck_assert(file && fprintf(file, "%s\n", value) > 0 && fclose(file) == 0);
	ck_assert_int_eq(rename(made, path), 0);
}

static void start_all(void)
{
	static const char *const serve[] = {"serve", NULL};
	cluster = cluster_start(NULL);
	char *url = cluster_database(cluster, "reload", CLUSTER_MIGRATED), database[1024];
	api_start(&api, url, "1");
	snprintf(database, sizeof(database), "KEPT_DATABASE_URL=%s", url);
	free(url);
	write_file("secret", FIRST);
	write_file("level", "info");
	write_file("writers", "4");
	write_file("public", "http://first.example");
	const char *const environment[] = {
		database,
		"KEPT_LOOPS=3",
		"KEPT_WRITERS_FILE=writers",
		"KEPT_LISTEN=127.0.0.1:0",
		"KEPT_SECRET_FILE=secret",
		"KEPT_LOG_FILE=level",
		"KEPT_PUBLIC_URL_FILE=public",
		NULL,
	};
	const struct program_settings settings = {.name = "kept-api",
						  .arguments = serve,
						  .environment = environment,
						  .folder = api.folder,
						  .log = "reload-log"};
	program_start(&program, &settings);
	ck_assert(program_log_until(&program, "\"event\":\"listening\"", PATIENCE_SECONDS));
	char *log = program_log(&program);
	face = api;
	face.port = (int)strtol(strstr(log, "127.0.0.1:") + strlen("127.0.0.1:"), NULL, 10);
	free(log);
	/* Two people, so that a list has a second page. */
	for (int i = 0; i < 2; i++) {
		struct api_reply reply =
			api_ask(&face, "POST", "/v1/people", NULL, "{\"name\":\"Ana\",\"groups\":[\"families\"]}");
		ck_assert_int_eq(reply.status, 201);
		api_reply_release(&reply);
	}
}

static void stop_all(void)
{
	static const char *const files[] = {"secret", "level", "writers", "public", "reload-log"};
	program_release(&program);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		char path[128];
		snprintf(path, sizeof(path), "%s/%s", api.folder, files[i]);
		unlink(path);
	}
	api_release(&api);
	cluster_stop(cluster);
}

static int count(const char *word)
{
	char *log = program_log(&program);
	int found = 0;
	for (const char *at = log; (at = strstr(at, word)); at++)
		found++;
	free(log);
	return found;
}

/* SIGHUP, and one more line of that event. */
static void reload_to(const char *event)
{
	char word[64];
	snprintf(word, sizeof(word), "\"event\":\"%s\"", event);
	int before = count(word);
	double end = clock_seconds() + PATIENCE_SECONDS;
	program_signal(&program, SIGHUP);
	while (count(word) == before)
		ck_assert_msg(clock_seconds() < end, "%s did not come", event);
	ck_assert_int_eq(count(word), before + 1);
}

static char *page_token(void)
{
	struct api_reply reply = api_ask(&face, "GET", "/v1/people?page_size=1", NULL, NULL);
	char *token = api_member(&reply, "next");
	ck_assert_msg(reply.status == 200 && *token, "%s", reply.body);
	api_reply_release(&reply);
	return token;
}

static int status_of_page(const char *token)
{
	char target[2048];
	snprintf(target, sizeof(target), "/v1/people?page_size=1&page_token=%s", token);
	struct api_reply reply = api_ask(&face, "GET", target, NULL, NULL);
	int status = reply.status;
	api_reply_release(&reply);
	return status;
}

START_TEST(keys_change_and_what_the_old_one_sealed_opens_while_it_is_there)
{
	char *first = page_token();
	ck_assert_ptr_nonnull(strstr(first, ".one."));
	write_file("secret", SECOND "," FIRST);
	reload_to("reloaded");
	char *second = page_token();
	ck_assert_ptr_nonnull(strstr(second, ".two."));
	ck_assert_int_eq(status_of_page(first), 200);
	write_file("secret", SECOND);
	reload_to("reloaded");
	ck_assert_int_eq(status_of_page(first), 400);
	ck_assert_int_eq(status_of_page(second), 200);
	free(first);
	free(second);
}
END_TEST

START_TEST(level_and_links_change_and_what_needs_a_restart_is_named)
{
	write_file("level", "debug");
	write_file("public", "https://second.example");
	write_file("writers", "5");
	reload_to("reloaded");
	ck_assert_int_eq(count("\"restart_needed\":\"KEPT_WRITERS\""), 1);
	ck_assert_int_eq(count("\"route\":\"/livez\""), 0);
	struct api_reply reply = api_ask(&face, "GET", "/livez", NULL, NULL);
	api_reply_release(&reply);
	ck_assert(program_log_until(&program, "\"route\":\"/livez\"", 5));
	reply = api_ask(&face, "GET", "/nothing", NULL, NULL);
	ck_assert_ptr_nonnull(strstr(reply.body, "https://second.example/docs/problems/not-found"));
	api_reply_release(&reply);
}
END_TEST

START_TEST(wrong_file_changes_nothing_and_says_so_once)
{
	static const struct {
		const char *name, *wrong, *good;
	} files[] = {
		{"secret", "one:short", FIRST},
		{"level", "loud", "info"},
		{"writers", "0", "4"},
		{"public", "nonsense", "http://first.example"},
	};
	char *before = page_token();
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		write_file(files[i].name, files[i].wrong);
		reload_to("reload_failed");
		ck_assert_int_eq(status_of_page(before), 200);
		write_file(files[i].name, files[i].good);
	}
	char path[128];
	snprintf(path, sizeof(path), "%s/secret", api.folder);
	ck_assert_int_eq(unlink(path), 0);
	reload_to("reload_failed");
	ck_assert_int_eq(status_of_page(before), 200);
	/* No value in the log. */
	ck_assert_int_eq(count("nonsense"), 0);
	ck_assert_int_eq(count("\"event\":\"reloaded\""), 0);
	free(before);
}
END_TEST

START_TEST(reloads_under_load_lose_no_request)
{
	struct visitors visitors;
	visitors_come(&visitors, &face);
	char *first = page_token();
	for (int i = 0; i < RELOADS; i++) {
		int before = atomic_load(&visitors.whole);
		write_file("secret", i % 2 ? FIRST "," SECOND : SECOND "," FIRST);
		write_file("level", i % 2 ? "info" : "error");
		/* The line itself may be below the level. */
		write_file("writers", "4");
		program_signal(&program, SIGHUP);
		double end = clock_seconds() + PATIENCE_SECONDS;
		while (atomic_load(&visitors.whole) < before + 50 && clock_seconds() < end) {
			ck_assert_int_eq(status_of_page(first), 200);
			char *token = page_token();
			ck_assert_int_eq(status_of_page(token), 200);
			free(token);
		}
	}
	visitors_leave(&visitors);
	printf("%d reloads: ", RELOADS);
	visitors_must_have_lost_nothing(&visitors, RELOADS * 50);
	program_signal(&program, SIGTERM);
	ck_assert(program_wait(&program, PATIENCE_SECONDS));
	ck_assert_int_eq(program.status, 0);
	free(first);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("reload");
	TCase *all = tcase_create("reload");
	tcase_set_timeout(all, 120);
	tcase_add_checked_fixture(all, start_all, stop_all);
	tcase_add_test(all, keys_change_and_what_the_old_one_sealed_opens_while_it_is_there);
	tcase_add_test(all, level_and_links_change_and_what_needs_a_restart_is_named);
	tcase_add_test(all, wrong_file_changes_nothing_and_says_so_once);
	tcase_add_test(all, reloads_under_load_lose_no_request);
	suite_add_tcase(suite, all);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
