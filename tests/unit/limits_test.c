/* Who is let in and who is not, request by request, on a clock that the test moves. */
#include "api/limits/limits.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "kept/limits.h"

#define SECOND INT64_C(1000000000)
#define KEY(name) "kept_AA" name

static struct limits *limits;
static int64_t now;

static struct client_address address_of(const char *text)
{
	struct client_address address = {.kind = CLIENT_ADDRESS_UNIX};
	if (strcmp(text, "unix") != 0)
		ck_assert(client_address_read(&address, text, strlen(text)));
	return address;
}

static void begin(void)
{
	const struct config config = {
		.trusted_proxy = (char[]){"10.0.0.0/8"},
		.rate_key = {5, 50},
		.rate_district = {8, 40},
		.rate_address = {20, 60},
		.rate_failures = {3, 30},
	};
	limits = limits_new(&config);
	ck_assert_ptr_nonnull(limits);
	now = 100 * SECOND;
}

static void end(void)
{
	limits_free(limits);
}

static struct limits_request arrive(const char *from)
{
	struct limits_request request = {0};
	struct client_address client = address_of(from);
	(void)!limits_arrive(limits, &request, &client, LIMITS_REQUESTS, now);
	return request;
}

static bool enter(struct limits_request *request, const char *key)
{
	uint8_t hash[32] = {0};
	memcpy(hash, key, strnlen(key, sizeof(hash)));
	return limits_enter(limits, request, key, hash, now);
}

/* A whole request; '+' the unit finds the key right, '-' wrong. True: it came to the unit. */
static bool ask(struct limits_request *request, const char *from, const char *key, char verdict, const char *district)
{
	*request = arrive(from);
	if (request->refused || !enter(request, key) || !limits_ask(limits, request, now))
		return false;
	if (verdict == '+')
		limits_right(limits, request, district, now);
	else
		limits_wrong(limits, request, now);
	return true;
}

static bool right(const char *from, const char *key)
{
	struct limits_request request;
	return ask(&request, from, key, '+', "d1");
}

static bool wrong(const char *from, const char *key)
{
	struct limits_request request;
	return ask(&request, from, key, '-', "");
}

START_TEST(key_is_limited_and_then_let_in_again)
{
	struct limits_request request;
	for (int i = 0; i < 5; i++)
		ck_assert(right("192.0.2.1", KEY("good")));
	ck_assert(!ask(&request, "192.0.2.2", KEY("good"), '+', "d1"));
	ck_assert_int_eq(request.by, LIMIT_KEY);
	ck_assert_int_eq(request.wait_seconds, 10);
	now += request.wait_seconds * SECOND;
	ck_assert(right("192.0.2.1", KEY("good")));
	ck_assert(!right("192.0.2.1", KEY("good")));
}
END_TEST

START_TEST(keys_of_one_district_share_its_limit)
{
	struct limits_request request;
	for (int i = 0; i < 4; i++)
		ck_assert(right("192.0.2.1", KEY("one")) && right("192.0.2.1", KEY("two")));
	ck_assert(!ask(&request, "192.0.2.1", KEY("one"), '+', "d1"));
	ck_assert_int_eq(request.by, LIMIT_DISTRICT);
	ck_assert_int_eq(request.wait_seconds, 5);
	/* A key that is new here is not refused: which district it is of comes out with its unit. */
	ck_assert(right("192.0.2.1", KEY("three")));
	ck_assert(ask(&request, "192.0.2.1", KEY("other"), '+', "d2"));
	/* What the district refused was not taken from the key; the third key's request counts, too. */
	now += 5 * SECOND;
	ck_assert(!right("192.0.2.1", KEY("one")));
	now += 5 * SECOND;
	ck_assert(right("192.0.2.1", KEY("one")));
}
END_TEST

START_TEST(address_is_limited_whatever_it_asks)
{
	struct limits_request request;
	for (int i = 0; i < 20; i++)
		ck_assert(!arrive("2001:db8:0:1::1").refused);
	request = arrive("2001:db8:0:1:ffff::2");
	ck_assert(request.refused);
	ck_assert_int_eq(request.by, LIMIT_ADDRESS);
	ck_assert_int_eq(request.wait_seconds, 3);
	struct limits_request probe = {0};
	ck_assert(limits_arrive(limits, &probe,
				&(struct client_address){CLIENT_ADDRESS_6, {0x20, 1, 0x0d, 0xb8, [7] = 1}},
				LIMITS_PROBES, now));
	ck_assert(!arrive("2001:db8:0:2::1").refused);
	ck_assert(!arrive("192.0.2.1").refused);
}
END_TEST

START_TEST(guesser_is_stopped_before_the_unit)
{
	struct limits_request request;
	char key[] = KEY("x0");
	int units = 0;
	for (int i = 0; i < 10; i++) {
		key[sizeof(key) - 2] = (char)('0' + i);
		units += wrong("192.0.2.1", key);
	}
	ck_assert_int_eq(units, 3);
	ck_assert(!ask(&request, "192.0.2.1", "kept_ZZother", '-', ""));
	ck_assert_int_eq(request.by, LIMIT_FAILURES_ADDRESS);
	ck_assert_int_eq(request.wait_seconds, 10);
	now += 10 * SECOND;
	ck_assert(wrong("192.0.2.1", "kept_ZZother"));
	ck_assert(!wrong("192.0.2.1", "kept_ZZother"));
}
END_TEST

/* To read and judge a body costs more than a unit. */
START_TEST(guesser_is_stopped_before_the_body)
{
	struct limits_request request;
	ck_assert(right("192.0.2.1", KEY("good")));
	for (int i = 0; i < 3; i++)
		ck_assert(wrong("192.0.2.1", KEY("bad")));
	request = arrive("192.0.2.1");
	ck_assert(!enter(&request, KEY("bad")));
	ck_assert_int_eq(request.by, LIMIT_FAILURES_ADDRESS);
	ck_assert_int_eq(request.wait_seconds, 10);
	request = arrive("192.0.2.1");
	ck_assert(enter(&request, KEY("good")));
	request = arrive("192.0.2.2");
	ck_assert(enter(&request, KEY("bad")));
	/* It was no guess, so it took nothing. */
	now += 10 * SECOND;
	ck_assert(wrong("192.0.2.1", KEY("bad")));
}
END_TEST

START_TEST(known_key_goes_on_beside_a_guesser)
{
	ck_assert(right("192.0.2.1", KEY("good")));
	for (int i = 0; i < 10; i++)
		(void)wrong("192.0.2.1", KEY("bad"));
	ck_assert(!wrong("192.0.2.1", KEY("bad")));
	ck_assert(right("192.0.2.1", KEY("good")));
	/* Until it is found wrong itself: then it is one of them. */
	ck_assert(wrong("192.0.2.1", KEY("good")));
	ck_assert(!right("192.0.2.1", KEY("good")));
}
END_TEST

START_TEST(prefix_is_closed_to_all_who_have_failed)
{
	struct limits_request request;
	ck_assert(wrong("192.0.2.1", KEY("a")) && wrong("192.0.2.2", KEY("b")) && wrong("192.0.2.3", KEY("c")));
	ck_assert(!ask(&request, "192.0.2.1", KEY("d"), '-', ""));
	ck_assert_int_eq(request.by, LIMIT_FAILURES_PREFIX);
	ck_assert_str_eq(limit_name(request.by), limit_name(LIMIT_FAILURES_ADDRESS));
	/* A stranger's failures do not keep a new owner out, but he has one try. */
	ck_assert(right("192.0.2.9", KEY("new")));
	ck_assert(wrong("192.0.2.8", KEY("e")));
	ck_assert(!wrong("192.0.2.8", KEY("f")));
	/* Another prefix is open. */
	ck_assert(wrong("192.0.2.1", "kept_ZZa"));
}
END_TEST

START_TEST(guesses_at_once_cost_no_more_than_one_by_one)
{
	struct limits_request requests[10];
	int units = 0;
	for (int i = 0; i < 10; i++) {
		char key[] = KEY("x0");
		key[sizeof(key) - 2] = (char)('0' + i);
		requests[i] = arrive("192.0.2.1");
		units += enter(&requests[i], key) && limits_ask(limits, &requests[i], now);
	}
	ck_assert_int_eq(units, 3);
	/* Without an answer that says what the keys are, nothing was tried. */
	for (int i = 0; i < 3; i++)
		limits_unsure(limits, &requests[i], now);
	ck_assert(wrong("192.0.2.1", KEY("y")));
}
END_TEST

START_TEST(right_key_costs_no_failure)
{
	for (int i = 0; i < 10; i++) {
		char key[] = KEY("x0");
		key[sizeof(key) - 2] = (char)('0' + i);
		ck_assert(right("192.0.2.1", key) || i >= 8); /* of the district */
	}
	ck_assert(wrong("192.0.2.1", KEY("a")) && wrong("192.0.2.1", KEY("b")) && wrong("192.0.2.1", KEY("c")));
	ck_assert(!wrong("192.0.2.1", KEY("d")));
}
END_TEST

/* Those that came with a wrong key under way owe all the same. */
START_TEST(requests_with_one_key_go_together_and_pay_afterwards)
{
	struct limits_request first = arrive("192.0.2.1"), others[5], late = arrive("192.0.2.1");
	ck_assert(wrong("192.0.2.1", KEY("a")) && wrong("192.0.2.1", KEY("b")));
	ck_assert(enter(&first, KEY("c")) && limits_ask(limits, &first, now));
	for (int i = 0; i < 5; i++) {
		others[i] = arrive("192.0.2.1");
		ck_assert(enter(&others[i], KEY("c")) && limits_ask(limits, &others[i], now));
	}
	ck_assert(!wrong("192.0.2.1", KEY("d")));
	limits_wrong(limits, &first, now);
	ck_assert(!enter(&late, KEY("c")) && !limits_ask(limits, &late, now));
	for (int i = 0; i < 5; i++)
		limits_wrong(limits, &others[i], now);
	now += 30 * SECOND;
	ck_assert(!wrong("192.0.2.1", KEY("e")));
	now += 10 * SECOND;
	ck_assert(wrong("192.0.2.1", KEY("e")));
}
END_TEST

START_TEST(given_up_request_has_spent_its_tokens)
{
	struct limits_request request = arrive("192.0.2.1");
	ck_assert(enter(&request, KEY("c")) && limits_ask(limits, &request, now));
	limits_end(limits, &request);
	ck_assert(wrong("192.0.2.1", KEY("c")) && wrong("192.0.2.1", KEY("c")));
	ck_assert(!wrong("192.0.2.1", KEY("c")));
}
END_TEST

static void told(const struct limits_request *request, const char *policy, const char *state)
{
	struct text policies, states;
	text_init(&policies, 1000);
	text_init(&states, 1000);
	ck_assert(limits_tell(limits, request, &policies, &states));
	ck_assert_str_eq(policies.bytes, policy);
	ck_assert_str_eq(states.bytes, state);
	text_release(&policies);
	text_release(&states);
}

START_TEST(fields_tell_the_tightest_first)
{
	struct limits_request request;
	ck_assert(ask(&request, "192.0.2.1", KEY("good"), '+', "d1"));
	told(&request, "\"key\";q=5;w=50, \"district\";q=8;w=40, \"address\";q=20;w=60", "\"key\";r=4;t=10");
	ck_assert(ask(&request, "192.0.2.1", KEY("two"), '+', "d1") &&
		  ask(&request, "192.0.2.1", KEY("three"), '+', "d1"));
	told(&request, "\"district\";q=8;w=40, \"key\";q=5;w=50, \"address\";q=20;w=60", "\"district\";r=5;t=15");
	while (right("192.0.2.1", KEY("good")))
		;
	ck_assert(!ask(&request, "192.0.2.1", KEY("good"), '+', "d1"));
	told(&request, "\"key\";q=5;w=50, \"address\";q=20;w=60", "\"key\";r=0;t=10");
	ck_assert(ask(&request, "192.0.2.5", "kept_ZZbad", '-', ""));
	told(&request, "\"address\";q=20;w=60", "\"address\";r=19;t=3");
	while (wrong("192.0.2.5", "kept_ZZbad"))
		;
	ck_assert(!ask(&request, "192.0.2.5", "kept_ZZbad", '-', ""));
	told(&request, "\"failures\";q=3;w=30, \"address\";q=20;w=60", "\"failures\";r=0;t=10");
}
END_TEST

START_TEST(limit_that_is_off_limits_nothing)
{
	const struct config config = {.trusted_proxy = (char[]){""}};
	struct limits_request request;
	struct text text;
	text_init(&text, 100);
	limits_free(limits);
	limits = limits_new(&config);
	ck_assert_ptr_nonnull(limits);
	for (int i = 0; i < 1000; i++) {
		ck_assert(ask(&request, "192.0.2.1", KEY("good"), '+', "d1"));
		ck_assert(ask(&request, "192.0.2.1", KEY("bad"), '-', ""));
		ck_assert(!limits_tell(limits, &request, &text, &text));
	}
	text_release(&text);
}
END_TEST

START_TEST(connections_of_one_address_are_limited)
{
	struct client_address a = address_of("192.0.2.1"), b = address_of("192.0.2.2"), proxy = address_of("10.0.0.1"),
			      here = address_of("127.0.0.1"), name = address_of("unix");
	uint64_t ids[KEPT_ADDRESS_CONNECTIONS], id;
	for (int i = 0; i < KEPT_ADDRESS_CONNECTIONS; i++)
		ck_assert(limits_connect(limits, &a, &ids[i]) && ids[i] != 0);
	ck_assert(!limits_connect(limits, &a, &id));
	limits_disconnect(limits, id);
	ck_assert(!limits_connect(limits, &a, &id));
	ck_assert(limits_connect(limits, &b, &id) && id != 0);
	limits_disconnect(limits, id);
	for (int i = 0; i <= KEPT_CONNECTIONS; i++) {
		ck_assert(limits_connect(limits, &proxy, &id) && id == 0);
		ck_assert(limits_connect(limits, &here, &id) && id == 0);
		ck_assert(limits_connect(limits, &name, &id) && id == 0);
	}
	limits_disconnect(limits, ids[0]);
	ck_assert(limits_connect(limits, &a, &id));
	for (int i = 0; i < KEPT_ADDRESS_CONNECTIONS; i++)
		limits_disconnect(limits, ids[i]);
	/* Each address gives its place up with its last connection. */
	for (unsigned i = 0; i < 4 * KEPT_CONNECTIONS; i++) {
		struct client_address other = {CLIENT_ADDRESS_4, {203, 0, (uint8_t)(i / 256), (uint8_t)(i % 256)}};
		ck_assert(limits_connect(limits, &other, &id));
		limits_disconnect(limits, id);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("limits");
	TCase *all = tcase_create("limits");
	tcase_add_checked_fixture(all, begin, end);
	tcase_add_test(all, key_is_limited_and_then_let_in_again);
	tcase_add_test(all, keys_of_one_district_share_its_limit);
	tcase_add_test(all, address_is_limited_whatever_it_asks);
	tcase_add_test(all, guesser_is_stopped_before_the_unit);
	tcase_add_test(all, guesser_is_stopped_before_the_body);
	tcase_add_test(all, known_key_goes_on_beside_a_guesser);
	tcase_add_test(all, prefix_is_closed_to_all_who_have_failed);
	tcase_add_test(all, guesses_at_once_cost_no_more_than_one_by_one);
	tcase_add_test(all, right_key_costs_no_failure);
	tcase_add_test(all, requests_with_one_key_go_together_and_pay_afterwards);
	tcase_add_test(all, given_up_request_has_spent_its_tokens);
	tcase_add_test(all, fields_tell_the_tightest_first);
	tcase_add_test(all, limit_that_is_off_limits_nothing);
	tcase_add_test(all, connections_of_one_address_are_limited);
	suite_add_tcase(suite, all);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
