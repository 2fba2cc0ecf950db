/* ETags, idempotency, pages, secrets, as a client sees them. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/api.h"
#include "tests/support/cluster.h"
#include "tests/support/query.h"

#define PARALLEL 20

static struct cluster *cluster;
static struct api api;
static char *superuser;

static void start_all(void)
{
	cluster = cluster_start(NULL);
	char *url = cluster_database(cluster, "manners", CLUSTER_MIGRATED);
	superuser = cluster_superuser(cluster, "manners");
	api_start(&api, url, "2");
	free(url);
}

static void stop_all(void)
{
	api_release(&api);
	free(superuser);
	cluster_stop(cluster);
}

static struct api_reply add_person(const char *name, const char *headers)
{
	char body[256];
	snprintf(body, sizeof(body), "{\"name\":\"%s\",\"groups\":[\"families\"]}", name);
	return api_ask(&api, "POST", "/v1/people", headers, body);
}

static long long people_named(const char *name)
{
	char sql[256];
	snprintf(sql, sizeof(sql), "select count(*) from kept.person where name = '%s'", name);
	return query_number(superuser, sql);
}

START_TEST(new_thing_has_location_and_etag_and_reads_equal)
{
	struct api_reply made = add_person("Reads Equal", NULL);
	ck_assert_int_eq(made.status, 201);
	char *location = api_header(&made, "Location"), *etag = api_header(&made, "ETag"),
	     *id = api_member(&made, "id");
	ck_assert(etag[0] == '"' && etag[strlen(etag) - 1] == '"');
	ck_assert_ptr_nonnull(strstr(location, id));
	struct api_reply read = api_ask(&api, "GET", location, NULL, NULL);
	char *again = api_header(&read, "ETag"), *cache = api_header(&read, "Cache-Control"),
	     *vary = api_header(&read, "Vary");
	ck_assert_int_eq(read.status, 200);
	ck_assert_str_eq(cache, "no-store");
	ck_assert_str_eq(vary, "Authorization, Accept-Language");
	ck_assert_ptr_nonnull(again);
	free(location), free(etag), free(id), free(again), free(cache), free(vary);
	api_reply_release(&made);
	api_reply_release(&read);
}
END_TEST

START_TEST(known_representation_is_not_sent_again)
{
	struct api_reply made = add_person("Not Again", NULL);
	char *location = api_header(&made, "Location"), header[256];
	struct api_reply read = api_ask(&api, "GET", location, NULL, NULL);
	char *etag = api_header(&read, "ETag"), *length = api_header(&read, "Content-Length");
	snprintf(header, sizeof(header), "If-None-Match: \"0-x\", %s\r\n", etag);
	struct api_reply same = api_ask(&api, "GET", location, header, NULL);
	ck_assert_int_eq(same.status, 304);
	ck_assert_str_eq(same.body, "");
	char *same_etag = api_header(&same, "ETag"), *same_length = api_header(&same, "Content-Length");
	ck_assert_str_eq(same_etag, etag);
	/* RFC 9110, 8.6: as 200 would have it, or none. */
	if (same_length)
		ck_assert_str_eq(same_length, length);
	struct api_reply head = api_ask(&api, "HEAD", location, NULL, NULL);
	ck_assert_int_eq(head.status, 200);
	char *head_length = api_header(&head, "Content-Length");
	ck_assert_str_eq(head_length, length);
	free(location), free(etag), free(length), free(same_etag), free(same_length), free(head_length);
	api_reply_release(&made);
	api_reply_release(&read);
	api_reply_release(&same);
	api_reply_release(&head);
}
END_TEST

START_TEST(second_writer_on_the_same_version_is_refused)
{
	struct api_reply made = add_person("Two Writers", NULL);
	char *location = api_header(&made, "Location"), *etag = api_header(&made, "ETag"), header[256];
	snprintf(header, sizeof(header), "If-Match: %s\r\n", etag);
	struct api_reply first = api_ask(&api, "PATCH", location, header, "{\"language\":\"es\"}");
	struct api_reply second = api_ask(&api, "PATCH", location, header, "{\"language\":\"en\"}");
	struct api_reply any = api_ask(&api, "PATCH", location, "If-Match: *\r\n", "{\"language\":\"fr\"}");
	ck_assert_int_eq(first.status, 200);
	ck_assert_int_eq(second.status, 412);
	ck_assert_int_eq(any.status, 200);
	struct api_reply gone = api_ask(&api, "DELETE", location, "If-Match: *\r\n", NULL);
	ck_assert_int_eq(gone.status, 204);
	free(location), free(etag);
	api_reply_release(&made);
	api_reply_release(&first);
	api_reply_release(&second);
	api_reply_release(&any);
	api_reply_release(&gone);
}
END_TEST

START_TEST(repeat_with_the_same_key_gets_the_same_reply)
{
	static const char body[] = "{\"name\":\"Once Only\",\"groups\":[\"families\"],"
				   "\"contacts\":[{\"channel\":\"webhook\",\"address\":\"https://hooks.example/a\"}]}";
	static const char key[] = "Idempotency-Key: \"once-1\"\r\n";
	struct api_reply first = api_ask(&api, "POST", "/v1/people", key, body);
	struct api_reply second = api_ask(&api, "POST", "/v1/people", key, body);
	struct api_reply bare = api_ask(&api, "POST", "/v1/people", "Idempotency-Key: once-1\r\n", body);
	ck_assert_int_eq(first.status, 201);
	ck_assert_int_eq(second.status, 201);
	ck_assert_str_eq(first.body, second.body);
	ck_assert_str_eq(first.body, bare.body);
	ck_assert_ptr_nonnull(strstr(first.body, "whsec_"));
	ck_assert_int_eq(people_named("Once Only"), 1);
	struct api_reply other = add_person("Somebody Else", key);
	char *type = api_member(&other, "type");
	ck_assert_int_eq(other.status, 422);
	ck_assert_ptr_nonnull(strstr(type, "key-reused"));
	ck_assert_int_eq(people_named("Somebody Else"), 0);
	free(type);
	api_reply_release(&first);
	api_reply_release(&second);
	api_reply_release(&bare);
	api_reply_release(&other);
}
END_TEST

START_TEST(parallel_repeats_make_one_row)
{
	static const char body[] = "{\"name\":\"All At Once\",\"groups\":[\"families\"]}";
	char *request = api_request(&api, "POST", "/v1/people", "Idempotency-Key: parallel\r\n", body), *made = NULL;
	int fds[PARALLEL], created = 0;
	for (int i = 0; i < PARALLEL; i++)
		fds[i] = api_connect(&api);
	for (int i = 0; i < PARALLEL; i++)
		api_write(fds[i], request, strlen(request));
	for (int i = 0; i < PARALLEL; i++) {
		struct api_reply reply = api_read(fds[i], false, 20);
		ck_assert_msg(reply.status == 201 || reply.status == 409, "%d %s", reply.status, reply.body);
		if (reply.status == 201) {
			created++;
			if (made)
				ck_assert_str_eq(made, reply.body);
			else
				made = strdup(reply.body);
		} else {
			char *after = api_header(&reply, "Retry-After");
			ck_assert_ptr_nonnull(after);
			free(after);
		}
		api_reply_release(&reply);
		close(fds[i]);
	}
	ck_assert_int_ge(created, 1);
	ck_assert_int_eq(people_named("All At Once"), 1);
	free(made);
	free(request);
}
END_TEST

START_TEST(secrets_are_shown_once_and_kept_sealed)
{
	struct api_reply made =
		api_ask(&api, "POST", "/v1/keys", "Idempotency-Key: a-key\r\n", "{\"name\":\"x\",\"role\":\"reader\"}");
	ck_assert_int_eq(made.status, 201);
	char *key = api_member(&made, "key"), *location = api_header(&made, "Location"), sql[256];
	ck_assert_uint_eq(strlen(key), 48);
	struct api_reply read = api_ask(&api, "GET", location, NULL, NULL);
	ck_assert_int_eq(read.status, 200);
	ck_assert_ptr_null(strstr(read.body, key));
	snprintf(sql, sizeof(sql), "select count(*) from kept.idempotency where body like '%%%s%%'", key);
	ck_assert_int_eq(query_number(superuser, sql), 0);
	ck_assert_int_eq(query_number(superuser, "select count(*) from kept.idempotency where body like '%ks1.%'") > 0,
			 1);
	/* The new key works at once, within its role. */
	char admin[64];
	memcpy(admin, api.key, sizeof(admin));
	memcpy(api.key, key, 49);
	struct api_reply groups = api_ask(&api, "GET", "/v1/groups", NULL, NULL);
	struct api_reply refused = api_ask(&api, "GET", "/v1/keys", NULL, NULL);
	memcpy(api.key, admin, sizeof(admin));
	ck_assert_int_eq(groups.status, 200);
	ck_assert_int_eq(refused.status, 403);
	free(key), free(location);
	api_reply_release(&made);
	api_reply_release(&read);
	api_reply_release(&groups);
	api_reply_release(&refused);
}
END_TEST

START_TEST(pages_show_each_item_once)
{
	char target[2048] = "/v1/people?page_size=2";
	int seen = 0;
	for (int i = 0; i < 5; i++) {
		char name[32];
		snprintf(name, sizeof(name), "Page %d", i);
		struct api_reply reply = add_person(name, NULL);
		ck_assert_int_eq(reply.status, 201);
		api_reply_release(&reply);
	}
	long long all = query_number(superuser, "select count(*) from kept.person where erased_at is null");
	for (int page = 0; page < 200; page++) {
		struct api_reply reply = api_ask(&api, "GET", target, NULL, NULL);
		ck_assert_int_eq(reply.status, 200);
		for (int i = 0; i < 2; i++) {
			char path[32];
			snprintf(path, sizeof(path), "items.%d.id", i);
			char *id = api_member(&reply, path);
			seen += *id != '\0';
			free(id);
		}
		char *next = api_member(&reply, "next"), *link = api_header(&reply, "Link");
		ck_assert_int_eq(*next != '\0', link != NULL);
		if (link)
			ck_assert_ptr_nonnull(strstr(link, next));
		snprintf(target, sizeof(target), "/v1/people?page_size=2&page_token=%s", next);
		bool more = *next != '\0';
		if (more && page == 0) {
			char other[2048];
			snprintf(other, sizeof(other), "/v1/people?page_size=2&group=families&page_token=%s", next);
			struct api_reply refused = api_ask(&api, "GET", other, NULL, NULL);
			ck_assert_int_eq(refused.status, 400);
			api_reply_release(&refused);
		}
		free(next);
		free(link);
		api_reply_release(&reply);
		if (!more)
			break;
	}
	ck_assert_int_eq(seen, all);
}
END_TEST

START_TEST(home_page_and_metrics_answer_without_a_key)
{
	struct api_reply home = api_ask(&api, "GET", "/", NULL, NULL),
			 metrics = api_ask(&api, "GET", "/metrics", NULL, NULL),
			 document = api_ask(&api, "GET", "/openapi.json", NULL, NULL);
	ck_assert_int_eq(home.status, 200);
	ck_assert_ptr_nonnull(strstr(home.body, "has not looked yet"));
	ck_assert_ptr_null(strstr(home.body, "{{"));
	ck_assert_int_eq(metrics.status, 200);
	ck_assert_ptr_nonnull(strstr(metrics.body, "kept_build_info{"));
	ck_assert_int_eq(document.status, 200);
	ck_assert_ptr_null(strstr(document.body, "x-kept"));
	api_reply_release(&home);
	api_reply_release(&metrics);
	api_reply_release(&document);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("manners");
	TCase *all = tcase_create("manners");
	tcase_set_timeout(all, 60);
	tcase_add_unchecked_fixture(all, start_all, stop_all);
	tcase_add_test(all, new_thing_has_location_and_etag_and_reads_equal);
	tcase_add_test(all, known_representation_is_not_sent_again);
	tcase_add_test(all, second_writer_on_the_same_version_is_refused);
	tcase_add_test(all, repeat_with_the_same_key_gets_the_same_reply);
	tcase_add_test(all, parallel_repeats_make_one_row);
	tcase_add_test(all, secrets_are_shown_once_and_kept_sealed);
	tcase_add_test(all, pages_show_each_item_once);
	tcase_add_test(all, home_page_and_metrics_answer_without_a_key);
	suite_add_tcase(suite, all);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
