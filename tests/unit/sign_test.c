/* sign.h: Standard Webhooks v1, with the example of its specification and what a receiver must refuse. */
#include <check.h>
#include <stdint.h>
#include <string.h>

#include "kept/sign.h"
#include "kept/text.h"

#define COUNT(table) ((int)(sizeof(table) / sizeof(*(table))))

/* https://github.com/standard-webhooks/standard-webhooks, tests of its libraries. */
#define SECRET "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define ID "msg_p5jXN8AQM9LWM0D4loKWxJek"
#define TIME 1614265330
#define BODY "{\"test\": 2432232314}"
#define SIGNATURE "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
#define OTHER "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc="

START_TEST(signature_matches_the_specification)
{
	char out[SIGN_SIGNATURE_SIZE];

	ck_assert(sign_webhook(out, SECRET, ID, TIME, BODY, strlen(BODY)));
	ck_assert_str_eq(out, SIGNATURE);
}
END_TEST

static const struct {
	const char *what, *header, *secret, *id;
	int64_t timestamp, now;
	const char *body;
	bool valid;
} rows[] = {
	{"as sent", SIGNATURE, SECRET, ID, TIME, TIME, BODY, true},
	{"300 s late", SIGNATURE, SECRET, ID, TIME, TIME + 300, BODY, true},
	{"300 s early", SIGNATURE, SECRET, ID, TIME, TIME - 300, BODY, true},
	{"second of several", OTHER " " SIGNATURE, SECRET, ID, TIME, TIME, BODY, true},
	{"first of several", SIGNATURE " " OTHER, SECRET, ID, TIME, TIME, BODY, true},
	{"beside another version", "v1a,AAAA " SIGNATURE " v2,x", SECRET, ID, TIME, TIME, BODY, true},
	{"spaces around", "  " SIGNATURE " ", SECRET, ID, TIME, TIME, BODY, true},
	{"301 s late", SIGNATURE, SECRET, ID, TIME, TIME + 301, BODY, false},
	{"301 s early", SIGNATURE, SECRET, ID, TIME, TIME - 301, BODY, false},
	{"far apart", SIGNATURE, SECRET, ID, INT64_MIN, INT64_MAX, BODY, false},
	{"other timestamp", SIGNATURE, SECRET, ID, TIME + 1, TIME, BODY, false},
	{"other id", SIGNATURE, SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJel", TIME, TIME, BODY, false},
	{"other body", SIGNATURE, SECRET, ID, TIME, TIME, "{\"test\": 2432232315}", false},
	{"body cut", SIGNATURE, SECRET, ID, TIME, TIME, "{\"test\": 2432232314", false},
	{"empty body", SIGNATURE, SECRET, ID, TIME, TIME, "", false},
	{"other secret", SIGNATURE, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSx", ID, TIME, TIME, BODY, false},
	{"secret without prefix", SIGNATURE, "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", ID, TIME, TIME, BODY, false},
	{"changed signature", "v1,h0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", SECRET, ID, TIME, TIME, BODY, false},
	{"no signature", "", SECRET, ID, TIME, TIME, BODY, false},
	{"version alone", "v1,", SECRET, ID, TIME, TIME, BODY, false},
	{"without version", "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", SECRET, ID, TIME, TIME, BODY, false},
	{"another version's", "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", SECRET, ID, TIME, TIME, BODY, false},
	{"cut", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE", SECRET, ID, TIME, TIME, BODY, false},
	{"too long", SIGNATURE "A", SECRET, ID, TIME, TIME, BODY, false},
	{"separated by comma", OTHER "," SIGNATURE, SECRET, ID, TIME, TIME, BODY, false},
	{"id with a dot", SIGNATURE, SECRET, "msg.1", TIME, TIME, BODY, false},
};

START_TEST(receiver_takes_only_what_was_signed)
{
	bool valid = sign_verify(rows[_i].header, rows[_i].secret, rows[_i].id, rows[_i].timestamp, rows[_i].now,
				 rows[_i].body, strlen(rows[_i].body));

	ck_assert_msg(valid == rows[_i].valid, "%s", rows[_i].what);
}
END_TEST

START_TEST(body_bytes_are_signed_as_they_are)
{
	static const char body[] = "a\0b\xFF";
	char out[SIGN_SIGNATURE_SIZE];

	ck_assert(sign_webhook(out, SECRET, ID, TIME, body, 4));
	ck_assert(sign_verify(out, SECRET, ID, TIME, TIME, body, 4));
	ck_assert(!sign_verify(out, SECRET, ID, TIME, TIME, body, 3));
	ck_assert(!sign_verify(out, SECRET, ID, TIME, TIME, "a\0c\xFF", 4));
	ck_assert(sign_webhook(out, SECRET, ID, TIME, "", 0));
	ck_assert(sign_verify(out, SECRET, ID, TIME, TIME, "", 0));
}
END_TEST

START_TEST(id_with_a_dot_or_without_text_is_not_signed)
{
	char out[SIGN_SIGNATURE_SIZE];

	ck_assert(!sign_webhook(out, SECRET, "msg.1", TIME, BODY, strlen(BODY)));
	ck_assert(!sign_webhook(out, SECRET, "", TIME, BODY, strlen(BODY)));
}
END_TEST

static const struct {
	const char *secret;
	bool valid;
} secret_rows[] = {
	{SECRET, true},
	{"whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==",
	 true}, /* 64 bytes */
	{"whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
	 false},                                           /* 65 */
	{"whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", false}, /* 23 */
	{"whsec_", false},
	{"", false},
	{"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", false},
	{"WHSEC_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", false},
	{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS", false},
	{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa_w", false},
	{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n", false},
};

START_TEST(secret_has_24_to_64_bytes)
{
	ck_assert_msg(sign_secret_valid(secret_rows[_i].secret) == secret_rows[_i].valid, "%s", secret_rows[_i].secret);
}
END_TEST

START_TEST(new_secret_is_random_and_signs)
{
	char one[SIGN_SECRET_SIZE], two[SIGN_SECRET_SIZE], out[SIGN_SIGNATURE_SIZE];

	sign_secret_new(one);
	sign_secret_new(two);
	ck_assert_uint_eq(strlen(one), SIGN_SECRET_SIZE - 1);
	ck_assert(text_starts(one, "whsec_"));
	ck_assert_str_ne(one, two);
	ck_assert(sign_secret_valid(one));
	ck_assert(sign_webhook(out, one, ID, TIME, BODY, strlen(BODY)));
	ck_assert(sign_verify(out, one, ID, TIME, TIME, BODY, strlen(BODY)));
	ck_assert(!sign_verify(out, two, ID, TIME, TIME, BODY, strlen(BODY)));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sign");
	TCase *tests = tcase_create("sign");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_add_test(tests, signature_matches_the_specification);
	tcase_add_loop_test(tests, receiver_takes_only_what_was_signed, 0, COUNT(rows));
	tcase_add_test(tests, body_bytes_are_signed_as_they_are);
	tcase_add_test(tests, id_with_a_dot_or_without_text_is_not_signed);
	tcase_add_loop_test(tests, secret_has_24_to_64_bytes, 0, COUNT(secret_rows));
	tcase_add_test(tests, new_secret_is_random_and_signs);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
