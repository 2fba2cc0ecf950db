/* seal.h: hashes (FIPS 180-4, RFC 4231, RFC 5869), sealed texts and API keys. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "kept/limits.h"
#include "kept/seal.h"
#include "kept/text.h"

#define COUNT(table) ((int)(sizeof(table) / sizeof(*(table))))
#define SECRET_A "a1:0123456789abcdef0123456789abcdef"
#define SECRET_B "b2:fedcba9876543210fedcba9876543210"
#define PURPOSE "a purpose"

static void assert_hex(const uint8_t *bytes, size_t length, const char *hex)
{
	struct text text;

	text_init(&text, 1000);
	text_add_hex(&text, bytes, length);
	ck_assert_str_eq(text.bytes, hex);
	text_release(&text);
}

static size_t from_hex(uint8_t *out, size_t room, const char *hex)
{
	ck_assert(text_from_hex(out, &room, hex, strlen(hex)));
	return room;
}

/* FIPS 180-4 examples. */
static const struct {
	const char *message, *digest;
} sha_rows[] = {
	{"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
	{"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
	{"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
	 "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
};

START_TEST(sha256_matches_fips_180_4)
{
	uint8_t digest[32];

	hash_sha256(digest, sha_rows[_i].message, strlen(sha_rows[_i].message));
	assert_hex(digest, 32, sha_rows[_i].digest);
}
END_TEST

#define AA20 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define DD10 "dddddddddddddddddddd"
#define CD10 "cdcdcdcdcdcdcdcdcdcd"

/* RFC 4231, cases 1 to 4, 6 and 7 (5 is truncated). */
static const struct {
	const char *key, *message, *digest;
} hmac_rows[] = {
	{"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "4869205468657265",
	 "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
	{"4a656665", "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
	 "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
	{AA20, DD10 DD10 DD10 DD10 DD10, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
	{"0102030405060708090a0b0c0d0e0f10111213141516171819", CD10 CD10 CD10 CD10 CD10,
	 "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
	{AA20 AA20 AA20 AA20 AA20 AA20 "aaaaaaaaaaaaaaaaaaaaaa",
	 "54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a65204b6579202d2048617368204b6579204669727374",
	 "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
	{AA20 AA20 AA20 AA20 AA20 AA20 "aaaaaaaaaaaaaaaaaaaaaa",
	 "5468697320697320612074657374207573696e672061206c6172676572207468616e20626c6f636b2d73697a65206b657920616e64206"
	 "1"
	 "206c6172676572207468616e20626c6f636b2d73697a6520646174612e20546865206b6579206e6565647320746f20626520686173686"
	 "5"
	 "64206265666f7265206265696e6720757365642062792074686520484d414320616c676f726974686d2e",
	 "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
};

START_TEST(hmac_matches_rfc_4231)
{
	uint8_t key[200], message[200], digest[32];
	size_t key_length = from_hex(key, sizeof(key), hmac_rows[_i].key);
	size_t length = from_hex(message, sizeof(message), hmac_rows[_i].message);

	ck_assert(hash_hmac_sha256(digest, key, key_length, message, length));
	assert_hex(digest, 32, hmac_rows[_i].digest);
}
END_TEST

/* RFC 5869, appendix A, cases 1 to 3. */
static const struct {
	const char *key, *salt, *info, *out;
} hkdf_rows[] = {
	{"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "000102030405060708090a0b0c", "f0f1f2f3f4f5f6f7f8f9",
	 "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"},
	{"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f3031323334353"
	 "63738"
	 "393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f",
	 "606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f808182838485868788898a8b8c8d8e8f9091929394959"
	 "69798"
	 "999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
	 "b0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedfe0e1e2e3e4e5e"
	 "6e7e8"
	 "e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
	 "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09da3275600c2f0"
	 "9b836"
	 "7793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87"},
	{"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "", "",
	 "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"},
};

START_TEST(hkdf_matches_rfc_5869)
{
	uint8_t key[80], salt[80], info[80], out[82];
	size_t key_length = from_hex(key, sizeof(key), hkdf_rows[_i].key);
	size_t salt_length = from_hex(salt, sizeof(salt), hkdf_rows[_i].salt);
	size_t info_length = from_hex(info, sizeof(info), hkdf_rows[_i].info);
	size_t length = strlen(hkdf_rows[_i].out) / 2;

	ck_assert(hash_hkdf_sha256(out, length, key, key_length, salt, salt_length, info, info_length));
	assert_hex(out, length, hkdf_rows[_i].out);
}
END_TEST

static char *seal_text(const char *secret, const char *purpose, const char *context, const char *plain)
{
	struct seal *seal = seal_new(secret);
	struct text text;

	ck_assert_ptr_nonnull(seal);
	text_init(&text, 100000);
	ck_assert(seal_close(seal, purpose, context, plain, strlen(plain), &text));
	seal_free(seal);
	return text_take(&text);
}

/* What it opens to, or NULL. */
static char *open_text(const char *secret, const char *purpose, const char *context, const char *sealed)
{
	struct seal *seal = seal_new(secret);
	struct text text;
	bool open;

	ck_assert_ptr_nonnull(seal);
	text_init(&text, 100000);
	text_adds(&text, "before");
	open = seal_open(seal, purpose, context, sealed, &text);
	seal_free(seal);
	if (!open)
		ck_assert_str_eq(text.bytes, "before");
	else
		ck_assert(text_starts(text.bytes, "before"));
	if (open)
		memmove(text.bytes, text.bytes + 6, text.length - 5);
	else
		text_release(&text);
	return open ? text_take(&text) : NULL;
}

static const char *const plain_rows[] = {"", "x", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
					 "Mar\xC3\xAD"
					 "a"};

START_TEST(sealed_text_opens_again)
{
	char *sealed = seal_text(SECRET_A, PURPOSE, "row 1", plain_rows[_i]);
	struct seal *seal = seal_new(SECRET_A);
	struct text text;

	ck_assert(text_starts(sealed, "ks1.a1."));
	text_init(&text, 1000);
	text_adds(&text, "");
	ck_assert(seal_open(seal, PURPOSE, "row 1", sealed, &text));
	ck_assert_str_eq(text.bytes, plain_rows[_i]);
	text_release(&text);
	seal_free(seal);
	free(sealed);
}
END_TEST

START_TEST(sealed_text_differs_each_time_and_hides_the_plain)
{
	char *one = seal_text(SECRET_A, PURPOSE, "", "plainplainplain"),
	     *two = seal_text(SECRET_A, PURPOSE, "", "plainplainplain");

	ck_assert_str_ne(one, two);
	ck_assert_ptr_null(strstr(one, "plain"));
	ck_assert_uint_eq(strlen(one), strlen("ks1.a1.") + ((12 + 15 + 16) * 4 + 2) / 3);
	free(one);
	free(two);
}
END_TEST

/* A text sealed elsewhere with the documented parts, so that the format cannot change unnoticed: key HKDF-SHA-256 of
 * the secret with info "page token", nonce of zeros, context "ctx", plain "hello". */
START_TEST(format_is_fixed)
{
	char *plain =
		open_text(SECRET_A, SEAL_PURPOSE_PAGE, "ctx", "ks1.a1.AAAAAAAAAAAAAAAAANnIB44ibh0N2zjcsibGHwUkDUt1");

	ck_assert_ptr_nonnull(plain);
	ck_assert_str_eq(plain, "hello");
	free(plain);
}
END_TEST

START_TEST(other_context_purpose_or_key_does_not_open)
{
	char *sealed = seal_text(SECRET_A, PURPOSE, "row 1", "plain");

	ck_assert_ptr_null(open_text(SECRET_A, PURPOSE, "row 2", sealed));
	ck_assert_ptr_null(open_text(SECRET_A, PURPOSE, "", sealed));
	ck_assert_ptr_null(open_text(SECRET_A, "another purpose", "row 1", sealed));
	ck_assert_ptr_null(open_text("a1:another-secret-another-secret-another", PURPOSE, "row 1", sealed));
	ck_assert_ptr_null(open_text(SECRET_B, PURPOSE, "row 1", sealed));
	ck_assert_ptr_null(open_text("zz:0123456789abcdef0123456789abcdef", PURPOSE, "row 1", sealed));
	free(sealed);
}
END_TEST

START_TEST(changing_any_character_is_noticed)
{
	char *sealed = seal_text(SECRET_A, PURPOSE, "row 1", "plain");

	for (size_t i = 0; sealed[i]; i++) {
		char right = sealed[i];

		sealed[i] = right == 'A' ? 'B' : 'A';
		ck_assert_msg(!open_text(SECRET_A, PURPOSE, "row 1", sealed), "character %zu", i);
		sealed[i] = right;
	}
	for (size_t length = strlen(sealed); length--;) {
		sealed[length] = '\0';
		ck_assert_msg(!open_text(SECRET_A, PURPOSE, "row 1", sealed), "length %zu", length);
	}
	free(sealed);
}
END_TEST

static const char *const bad_sealed[] = {"",
					 "ks1.",
					 "ks1.a1",
					 "ks1.a1.",
					 "ks1..AAAA",
					 "ks1.a1.AAAA",
					 "ks2.a1.AAAA",
					 "plain",
					 "ks1.a1.====",
					 "ks1.a1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"};

START_TEST(malformed_text_does_not_open)
{
	ck_assert_ptr_null(open_text(SECRET_A, PURPOSE, "", bad_sealed[_i]));
}
END_TEST

START_TEST(rotated_ring_seals_with_the_first_and_opens_all)
{
	char *old = seal_text(SECRET_A, PURPOSE, "", "old"),
	     *new = seal_text(SECRET_B "," SECRET_A, PURPOSE, "", "new"), *plain;

	ck_assert(text_starts(new, "ks1.b2."));
	plain = open_text(SECRET_B "," SECRET_A, PURPOSE, "", old);
	ck_assert_str_eq(plain, "old");
	free(plain);
	plain = open_text(SECRET_B "," SECRET_A, PURPOSE, "", new);
	ck_assert_str_eq(plain, "new");
	free(plain);
	ck_assert_ptr_null(open_text(SECRET_B, PURPOSE, "", old));
	ck_assert_ptr_null(open_text(SECRET_A, PURPOSE, "", new));
	free(old);
	free(new);
}
END_TEST

START_TEST(result_keeps_to_its_ceiling)
{
	struct seal *seal = seal_new(SECRET_A);
	struct text text;

	text_init(&text, 20);
	ck_assert(!seal_close(seal, PURPOSE, "", "plain", 5, &text));
	text_release(&text);
	text_init(&text, 10);
	ck_assert(!seal_close(seal, PURPOSE, "", "", (size_t)KEPT_SEAL_BYTES + 1, &text));
	text_release(&text);
	seal_free(seal);
}
END_TEST

static const char *const bad_secrets[] = {
	"",
	"a1",
	"a1:short",
	"a1:0123456789abcdef0123456789abcde",
	":0123456789abcdef0123456789abcdef",
	"0123456789abcdef0123456789abcdef",
	"A1:0123456789abcdef0123456789abcdef",
	"a-1:0123456789abcdef0123456789abcdef",
	"abcdefghijklmnopq:0123456789abcdef0123456789abcdef",
	"a1:0123456789abcdef 123456789abcdef",
	"a1:0123456789abcdef\n123456789abcdef",
	SECRET_A ",",
	"," SECRET_A,
	SECRET_A ",b2:short",
	SECRET_A "," SECRET_A,
};

START_TEST(malformed_ring_is_refused)
{
	ck_assert_ptr_null(seal_new(bad_secrets[_i]));
}
END_TEST

START_TEST(ring_has_a_ceiling)
{
	struct text ring;
	struct seal *seal;

	text_init(&ring, 10000);
	for (int i = 0; i < KEPT_SECRET_KEYS; i++)
		text_addf(&ring, "%sk%d:0123456789abcdef0123456789abcdef", i ? "," : "", i);
	seal = seal_new(ring.bytes);
	ck_assert_ptr_nonnull(seal);
	seal_free(seal);
	text_adds(&ring, ",more:0123456789abcdef0123456789abcdef");
	ck_assert_ptr_null(seal_new(ring.bytes));
	text_release(&ring);
	seal_free(NULL);
}
END_TEST

START_TEST(keys_are_long_random_and_hashed_as_text)
{
	char one[KEPT_KEY_SIZE], two[KEPT_KEY_SIZE];
	uint8_t hash[32], again[32], bytes[32];
	size_t room = sizeof(bytes);

	key_new(one);
	key_new(two);
	ck_assert_uint_eq(strlen(one), KEPT_KEY_SIZE - 1);
	ck_assert(text_starts(one, "kept_"));
	ck_assert(text_from_base64url(bytes, &room, one + 5, 43));
	ck_assert_uint_eq(room, 32);
	ck_assert_str_ne(one, two);
	key_hash(hash, one);
	hash_sha256(again, one, strlen(one));
	ck_assert(equal_constant_time(hash, again, 32));
	key_hash(again, two);
	ck_assert(!equal_constant_time(hash, again, 32));
}
END_TEST

START_TEST(random_bytes_fill_all_of_it)
{
	uint8_t bytes[1000] = {0};
	int zeros = 0;

	random_bytes(bytes, sizeof(bytes));
	for (size_t i = 900; i < sizeof(bytes); i++)
		zeros += bytes[i] == 0;
	ck_assert_int_lt(zeros, 20);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("seal");
	TCase *tests = tcase_create("seal");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_add_loop_test(tests, sha256_matches_fips_180_4, 0, COUNT(sha_rows));
	tcase_add_loop_test(tests, hmac_matches_rfc_4231, 0, COUNT(hmac_rows));
	tcase_add_loop_test(tests, hkdf_matches_rfc_5869, 0, COUNT(hkdf_rows));
	tcase_add_loop_test(tests, sealed_text_opens_again, 0, COUNT(plain_rows));
	tcase_add_test(tests, sealed_text_differs_each_time_and_hides_the_plain);
	tcase_add_test(tests, format_is_fixed);
	tcase_add_test(tests, other_context_purpose_or_key_does_not_open);
	tcase_add_test(tests, changing_any_character_is_noticed);
	tcase_add_loop_test(tests, malformed_text_does_not_open, 0, COUNT(bad_sealed));
	tcase_add_test(tests, rotated_ring_seals_with_the_first_and_opens_all);
	tcase_add_test(tests, result_keeps_to_its_ceiling);
	tcase_add_loop_test(tests, malformed_ring_is_refused, 0, COUNT(bad_secrets));
	tcase_add_test(tests, ring_has_a_ceiling);
	tcase_add_test(tests, keys_are_long_random_and_hashed_as_text);
	tcase_add_test(tests, random_bytes_fill_all_of_it);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
