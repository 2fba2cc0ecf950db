/* Limits over the wire: what a client is told, what a guesser costs, and whom a forwarded address convinces. */
#include <check.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kept/text.h"
#include "tests/support/api.h"
#include "tests/support/cluster.h"

#define FAILURES 20
#define GUESSES 10000

static struct cluster *cluster;
static struct api api;

static void start_cluster(void)
{
	cluster = cluster_start(NULL);
	/* The first one leaves the pattern that the others are copies of. */
	free(cluster_database(cluster, "first", CLUSTER_MIGRATED));
}

static void stop_cluster(void)
{
	cluster_stop(cluster);
}

/* In the test itself: each has settings and counts of its own. */
static void start(const char *const *variables)
{
	char name[32];
	snprintf(name, sizeof(name), "limits%d", (int)getpid());
	char *url = cluster_database(cluster, name, CLUSTER_MIGRATED);
	api_start_with(&api, url, "2", variables);
	free(url);
}

static int status_of(struct api_reply reply)
{
	int status = reply.status;
	api_reply_release(&reply);
	return status;
}

/* Reads one item of a structured field that is a list of strings with parameters of integers (RFC 9651):
 * "name";a=1;b=2. Any other text fails. Answers where the next item begins, NULL after the last. */
static const char *read_item(const char *field, char name[32], long values[2], const char *parameters)
{
	size_t length = strcspn(field + 1, "\"");
	ck_assert_msg(field[0] == '"' && length > 0 && length < 32 && field[length + 1] == '"', "%s", field);
	memcpy(name, field + 1, length);
	name[length] = '\0';
	const char *at = field + length + 2;
	for (int i = 0; i < 2; i++) {
		char *end;
		ck_assert_msg(at[0] == ';' && at[1] == parameters[i] && at[2] == '=' && at[3] >= '0' && at[3] <= '9',
			      "%s", field);
		values[i] = strtol(at + 3, &end, 10);
		at = end;
	}
	if (*at == '\0')
		return NULL;
	ck_assert_msg(text_starts(at, ", "), "%s", field);
	return at + 2;
}

struct told {
	char name[32], policies[100];
	long left, seconds, quota, window, retry; /* retry -1: not told */
};

/* What the headers tell; the policy of the limit that has least left comes first. */
static struct told tell(const struct api_reply *reply)
{
	struct told told = {.retry = -1};
	char *policy = api_header(reply, "RateLimit-Policy"), *state = api_header(reply, "RateLimit"),
	     *retry = api_header(reply, "Retry-After"), first[32];
	long values[2];
	ck_assert_msg(policy && state, "%s", reply->head);
	ck_assert_ptr_null(read_item(state, told.name, values, "rt"));
	told.left = values[0];
	told.seconds = values[1];
	const char *next = read_item(policy, first, values, "qw");
	ck_assert_str_eq(first, told.name);
	told.quota = values[0];
	told.window = values[1];
	size_t used = (size_t)snprintf(told.policies, sizeof(told.policies), "%s", first);
	while (next) {
		next = read_item(next, first, values, "qw");
		used += (size_t)snprintf(told.policies + used, sizeof(told.policies) - used, " %s", first);
	}
	if (retry)
		told.retry = strtol(retry, NULL, 10);
	free(policy);
	free(state);
	free(retry);
	return told;
}

/* All units that the database was asked for, by the process's own count. */
static long units(const struct api *of)
{
	struct api_reply reply = api_ask(of, "GET", "/metrics", NULL, NULL);
	long sum = 0;
	ck_assert_int_eq(reply.status, 200);
	for (const char *at = reply.body; (at = strstr(at, "kept_units_total{")); at++)
		sum += strtol(strchr(at, '}') + 1, NULL, 10);
	api_reply_release(&reply);
	return sum;
}

static long metric(const char *line)
{
	struct api_reply reply = api_ask(&api, "GET", "/metrics", NULL, NULL);
	const char *at = strstr(reply.body, line);
	ck_assert_msg(at != NULL, "%s is not told", line);
	long value = strtol(at + strlen(line), NULL, 10);
	api_reply_release(&reply);
	return value;
}

static void random_key(char key[49])
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	unsigned char bytes[43];
	ck_assert_int_eq(RAND_bytes(bytes, sizeof(bytes)), 1);
	memcpy(key, "kept_", 5);
	for (int i = 0; i < 43; i++)
		key[5 + i] = alphabet[bytes[i] % 64];
	key[48] = '\0';
}

/* With another key than the admin's, on an open connection. */
static struct api_reply ask_with(int fd, const char *key, const char *headers)
{
	char bytes[1024];
	int length = snprintf(bytes, sizeof(bytes),
			      "GET /v1/district HTTP/1.1\r\nHost: kept.example\r\nAuthorization: Bearer %s\r\n%s\r\n",
			      key, headers);
	api_write(fd, bytes, (size_t)length);
	return api_read(fd, false, 20);
}

START_TEST(key_learns_what_is_left_and_when_to_come_back)
{
	static const char *const variables[] = {"KEPT_RATE_KEY=5/3600", NULL};
	start(variables);
	for (long left = 4; left >= 0; left--) {
		struct api_reply reply =
			api_ask(&api, "GET", left == 2 ? "/v1/people?x=1" : "/v1/district", NULL, NULL);
		ck_assert_int_eq(reply.status, left == 2 ? 400 : 200);
		struct told told = tell(&reply);
		ck_assert_str_eq(told.policies, "key district address");
		ck_assert(told.quota == 5 && told.window == 3600 && told.left == left && told.retry == -1);
		api_reply_release(&reply);
	}
	struct api_reply reply = api_ask(&api, "POST", "/v1/people", NULL, "{\"name\":\"A\"}");
	struct told told = tell(&reply);
	char *type = api_member(&reply, "type"), *violated = strstr(reply.body, "\"violated-policies\":[\"key\"]");
	ck_assert_int_eq(reply.status, 429);
	ck_assert_str_eq(told.name, "key");
	ck_assert(told.left == 0 && told.seconds > 0 && told.seconds <= 720 && told.retry >= told.seconds);
	ck_assert_msg(strstr(type, "/docs/problems/too-many-requests") && violated, "%s", reply.body);
	free(type);
	api_reply_release(&reply);
	/* What is not done with the key is not counted for it. */
	for (int i = 0; i < 10; i++) {
		ck_assert_int_eq(status_of(api_ask(&api, "GET", "/livez", NULL, NULL)), 200);
		ck_assert_int_eq(status_of(api_ask(&api, "GET", "/openapi.json", NULL, NULL)), 200);
	}
	ck_assert_int_eq(metric("kept_limited_total{limit=\"key\"} "), 1);
	ck_assert_int_eq(metric("kept_limited_total{limit=\"address\"} "), 0);
	api_release(&api);
}
END_TEST

START_TEST(second_is_enough_when_the_reply_says_so)
{
	static const char *const variables[] = {"KEPT_RATE_KEY=2/2", NULL};
	start(variables);
	int status = 200;
	struct told told = {0};
	for (int i = 0; i < 100 && status == 200; i++) {
		struct api_reply reply = api_ask(&api, "GET", "/v1/district", NULL, NULL);
		told = tell(&reply);
		status = status_of(reply);
	}
	ck_assert_int_eq(status, 429);
	ck_assert_int_eq(told.retry, 1);
	usleep(1000000);
	ck_assert_int_eq(status_of(api_ask(&api, "GET", "/v1/district", NULL, NULL)), 200);
	api_release(&api);
}
END_TEST

START_TEST(guessing_costs_few_units_and_stops_nobody_else)
{
	static const char *const variables[] = {"KEPT_RATE_FAILURES=20/3600", "KEPT_LOG=error", NULL};
	int refused = 0, wrong = 0, fd;
	char key[49];
	start(variables);
	ck_assert_int_eq(status_of(api_ask(&api, "GET", "/v1/district", NULL, NULL)), 200);
	long before = units(&api);
	fd = api_connect(&api);
	for (int i = 0; i < GUESSES; i++) {
		random_key(key);
		struct api_reply reply = ask_with(fd, key, "");
		char *detail = reply.status == 429 ? api_member(&reply, "detail") : NULL;
		refused += reply.status == 429;
		wrong += reply.status == 401;
		ck_assert_msg(!detail || text_starts(detail, "Wrong keys were tried too often."), "%s", detail);
		free(detail);
		api_reply_release(&reply);
	}
	ck_assert_int_eq(wrong, FAILURES);
	ck_assert_int_eq(refused, GUESSES - FAILURES);
	ck_assert_int_eq(units(&api) - before, FAILURES);
	/* The right key goes on, from the same address and by the same connection. */
	ck_assert_int_eq(status_of(ask_with(fd, api.key, "")), 200);
	ck_assert_int_eq(metric("kept_limited_total{limit=\"failures_of_address\"} "), GUESSES - FAILURES);
	close(fd);
	api_release(&api);
}
END_TEST

START_TEST(malformed_key_is_no_guess)
{
	static const char *const variables[] = {"KEPT_RATE_FAILURES=1/3600", NULL};
	start(variables);
	int fd = api_connect(&api);
	for (int i = 0; i < 10; i++)
		ck_assert_int_eq(status_of(ask_with(fd, "kept_short", "")), 401);
	close(fd);
	api_release(&api);
}
END_TEST

START_TEST(new_key_may_begin_with_a_crowd)
{
	enum { CROWD = 64 };
	/* One for each loop, which may both ask at the same instant. */
	static const char *const variables[] = {"KEPT_RATE_FAILURES=2/3600", NULL};
	int fds[CROWD];
	start(variables);
	char *request = api_request(&api, "GET", "/v1/district", NULL, NULL);
	for (int i = 0; i < CROWD; i++)
		fds[i] = api_connect(&api);
	for (int i = 0; i < CROWD; i++)
		api_write(fds[i], request, strlen(request));
	for (int i = 0; i < CROWD; i++) {
		ck_assert_int_eq(status_of(api_read(fds[i], false, 20)), 200);
		close(fds[i]);
	}
	free(request);
	api_release(&api);
}
END_TEST

START_TEST(revoked_key_is_refused_by_its_unit)
{
	static const char *const variables[] = {"KEPT_RATE_FAILURES=3/3600", NULL};
	start(variables);
	struct api_reply made = api_ask(&api, "POST", "/v1/keys", NULL, "{\"role\":\"reader\"}");
	char *key = api_member(&made, "key"), *id = api_member(&made, "id"), path[80];
	int fd = api_connect(&api);
	ck_assert_int_eq(made.status, 201);
	for (int i = 0; i < 10; i++)
		ck_assert_int_eq(status_of(ask_with(fd, key, "")), 200);
	snprintf(path, sizeof(path), "/v1/keys/%s", id);
	ck_assert_int_eq(status_of(api_ask(&api, "DELETE", path, "If-Match: *\r\n", NULL)), 204);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(status_of(ask_with(fd, key, "")), 401);
	ck_assert_int_eq(status_of(ask_with(fd, key, "")), 429);
	ck_assert_int_eq(status_of(ask_with(fd, api.key, "")), 200);
	free(key);
	free(id);
	close(fd);
	api_reply_release(&made);
	api_release(&api);
}
END_TEST

/* Asks so often for what needs no key, each time with another number in place of the # of the header; answers how often
 * it was refused. */
static int refusals(int times, const char *header)
{
	int refused = 0, before = (int)strcspn(header, "#");
	for (int i = 0; i < times; i++) {
		char lines[200];
		snprintf(lines, sizeof(lines), "%.*s%d%s\r\n", before, header, i, header + before + 1);
		struct api_reply reply = api_ask(&api, "GET", i % 2 ? "/nothing" : "/openapi.json", lines, NULL);
		refused += reply.status == 429;
		api_reply_release(&reply);
	}
	return refused;
}

START_TEST(forwarded_address_of_a_stranger_changes_nothing)
{
	static const char *const variables[] = {"KEPT_RATE_ADDRESS=100/36000",
						"KEPT_TRUSTED_PROXY=127.0.0.2,10.0.0.0/8", NULL};
	int refused = 0;
	start(variables);
	ck_assert_int_eq(refusals(150, "X-Forwarded-For: 198.51.100.#"), 50);
	ck_assert_int_eq(refusals(50, "Forwarded: for=198.51.100.#"), 50);
	/* Whoever watches is answered all the same, within a count of its own. */
	ck_assert_int_eq(status_of(api_ask(&api, "GET", "/livez", NULL, NULL)), 200);
	ck_assert_int_eq(status_of(api_ask(&api, "GET", "/readyz", NULL, NULL)), 200);
	for (int i = 0; i < 100; i++)
		refused += status_of(api_ask(&api, "GET", "/livez", NULL, NULL)) == 429;
	ck_assert_int_gt(refused, 0);
	api_release(&api);
}
END_TEST

START_TEST(forwarded_address_of_a_trusted_proxy_counts)
{
	static const char *const variables[] = {"KEPT_RATE_ADDRESS=100/36000", "KEPT_TRUSTED_PROXY=127.0.0.1", NULL};
	start(variables);
	ck_assert_int_eq(refusals(200, "X-Forwarded-For: 198.51.100.#"), 0);
	ck_assert_int_eq(refusals(130, "X-Forwarded-For: 198.51.100.#, 203.0.113.1"), 30);
	ck_assert_int_eq(refusals(130, "X-Forwarded-For: 198.51.100.#\r\nX-Forwarded-For: 203.0.113.2"), 30);
	ck_assert_int_eq(refusals(130, "Forwarded: for=\"[2001:db8::#]:80\""), 30); /* one /64 */
	/* The proxy's own count holds what cannot be read, and what disagrees. */
	ck_assert_int_eq(refusals(130, "X-Forwarded-For: nonsense#"), 30);
	ck_assert_int_eq(refusals(20, "X-Forwarded-For: 198.51.100.100\r\nForwarded: for=198.51.100.#"), 20);
	api_release(&api);
}
END_TEST

/* Until both loops have served one: a connection stays with the loop that took it. */
START_TEST(loops_share_one_count)
{
	enum { CONNECTIONS = 40, EACH = 5 };
	static const char *const variables[] = {"KEPT_RATE_KEY=100/3600", NULL};
	int good = 0, refused = 0, fds[CONNECTIONS];
	start(variables);
	for (int i = 0; i < CONNECTIONS; i++)
		fds[i] = api_connect(&api);
	for (int round = 0; round < EACH; round++)
		for (int i = 0; i < CONNECTIONS; i++) {
			int status = status_of(ask_with(fds[i], api.key, ""));
			good += status == 200;
			refused += status == 429;
		}
	ck_assert_int_eq(good, 100);
	ck_assert_int_eq(refused, CONNECTIONS * EACH - 100);
	for (int i = 0; i < CONNECTIONS; i++)
		close(fds[i]);
	api_release(&api);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("limits");
	TCase *all = tcase_create("limits");
	tcase_set_timeout(all, 90);
	tcase_add_unchecked_fixture(all, start_cluster, stop_cluster);
	tcase_add_test(all, key_learns_what_is_left_and_when_to_come_back);
	tcase_add_test(all, second_is_enough_when_the_reply_says_so);
	tcase_add_test(all, guessing_costs_few_units_and_stops_nobody_else);
	tcase_add_test(all, malformed_key_is_no_guess);
	tcase_add_test(all, new_key_may_begin_with_a_crowd);
	tcase_add_test(all, revoked_key_is_refused_by_its_unit);
	tcase_add_test(all, forwarded_address_of_a_stranger_changes_nothing);
	tcase_add_test(all, forwarded_address_of_a_trusted_proxy_counts);
	tcase_add_test(all, loops_share_one_count);
	suite_add_tcase(suite, all);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
