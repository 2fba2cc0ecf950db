#include "kept/seal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/sha.h>

#include "kept/limits.h"

#define PREFIX "ks1."
#define KEY_BYTES 32
#define NONCE_BYTES 12
#define TAG_BYTES 16
#define ID_CHARACTERS 16
#define SECRET_CHARACTERS 32 /* at least */

struct seal_key {
	char id[ID_CHARACTERS + 1];
	char *secret;
};

struct seal {
	struct seal_key keys[KEPT_SECRET_KEYS];
	size_t count;
};

static const struct seal_key *find(const struct seal *seal, const char *id, size_t length)
{
	for (size_t i = 0; i < seal->count; i++)
		if (strlen(seal->keys[i].id) == length && memcmp(seal->keys[i].id, id, length) == 0)
			return &seal->keys[i];
	return NULL;
}

/* `entry` is "id:key" of `length` characters. */
static bool add_key(struct seal *seal, const char *entry, size_t length)
{
	const char *colon = memchr(entry, ':', length);
	size_t id_length = colon ? (size_t)(colon - entry) : 0;
	size_t secret_length = colon ? length - id_length - 1 : 0;
	struct seal_key *key = &seal->keys[seal->count];

	if (id_length < 1 || id_length > ID_CHARACTERS || secret_length < SECRET_CHARACTERS)
		return false;
	if (strspn(entry, "abcdefghijklmnopqrstuvwxyz0123456789") != id_length)
		return false;
	for (size_t i = 1; i <= secret_length; i++)
		if (colon[i] <= ' ' || colon[i] > '~')
			return false;
	if (seal->count == KEPT_SECRET_KEYS || find(seal, entry, id_length))
		return false;
	key->secret = strndup(colon + 1, secret_length);
	if (!key->secret)
		return false;
	memcpy(key->id, entry, id_length);
	seal->count++;
	return true;
}

struct seal *seal_new(const char *secret)
{
	struct seal *seal = calloc(1, sizeof(*seal));

	if (!seal)
		return NULL;
	for (;;) {
		size_t length = strcspn(secret, ",");

		if (!add_key(seal, secret, length)) {
			seal_free(seal);
			return NULL;
		}
		if (!secret[length])
			return seal;
		secret += length + 1;
	}
}

void seal_free(struct seal *seal)
{
	if (!seal)
		return;
	for (size_t i = 0; i < seal->count; i++) {
		OPENSSL_cleanse(seal->keys[i].secret, strlen(seal->keys[i].secret));
		free(seal->keys[i].secret);
	}
	free(seal);
}

static bool derive(const struct seal_key *key, const char *purpose, uint8_t out[KEY_BYTES])
{
	return hash_hkdf_sha256(out, KEY_BYTES, key->secret, strlen(key->secret), "", 0, purpose, strlen(purpose));
}

/* A context of AES-256-GCM with key, nonce and additional data set; NULL: no memory. */
static EVP_CIPHER_CTX *cipher_new(const uint8_t key[KEY_BYTES], const uint8_t nonce[NONCE_BYTES], const char *context,
				  int encrypt)
{
	EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
	size_t length = strlen(context);
	int used;

	if (!cipher || length > KEPT_SEAL_BYTES ||
	    EVP_CipherInit_ex(cipher, EVP_aes_256_gcm(), NULL, key, nonce, encrypt) != 1 ||
	    EVP_CipherUpdate(cipher, NULL, &used, (const uint8_t *)context, (int)length) != 1) {
		EVP_CIPHER_CTX_free(cipher);
		return NULL;
	}
	return cipher;
}

/* Writes nonce, ciphertext and tag: `length` and 28 bytes. */
static bool encrypt(const uint8_t key[KEY_BYTES], const char *context, const void *plain, size_t length, uint8_t *out)
{
	EVP_CIPHER_CTX *cipher;
	int used;
	bool done;

	random_bytes(out, NONCE_BYTES);
	cipher = cipher_new(key, out, context, 1);
	out += NONCE_BYTES;
	done = cipher && EVP_EncryptUpdate(cipher, out, &used, plain, (int)length) == 1 &&
	       EVP_EncryptFinal_ex(cipher, out + length, &used) == 1 &&
	       EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_GET_TAG, TAG_BYTES, out + length) == 1;
	EVP_CIPHER_CTX_free(cipher);
	return done;
}

/* `length` is that of the plain bytes; `bytes` holds nonce, ciphertext and tag. */
static bool decrypt(const uint8_t key[KEY_BYTES], const char *context, uint8_t *bytes, size_t length, uint8_t *out)
{
	EVP_CIPHER_CTX *cipher = cipher_new(key, bytes, context, 0);
	int used;
	bool done;

	bytes += NONCE_BYTES;
	done = cipher && EVP_DecryptUpdate(cipher, out, &used, bytes, (int)length) == 1 &&
	       EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_SET_TAG, TAG_BYTES, bytes + length) == 1 &&
	       EVP_DecryptFinal_ex(cipher, out + length, &used) == 1;
	EVP_CIPHER_CTX_free(cipher);
	return done;
}

bool seal_close(const struct seal *seal, const char *purpose, const char *context, const void *plain, size_t length,
		struct text *out)
{
	uint8_t key[KEY_BYTES], *bytes;
	bool done = false;

	if (length > KEPT_SEAL_BYTES)
		return false;
	bytes = malloc(NONCE_BYTES + length + TAG_BYTES);
	if (!bytes)
		return false;
	if (derive(&seal->keys[0], purpose, key) && encrypt(key, context, plain, length, bytes)) {
		text_adds(out, PREFIX);
		text_adds(out, seal->keys[0].id);
		text_adds(out, ".");
		text_add_base64url(out, bytes, NONCE_BYTES + length + TAG_BYTES);
		done = text_ok(out);
	}
	OPENSSL_cleanse(key, sizeof(key));
	free(bytes);
	return done;
}

bool seal_open(const struct seal *seal, const char *purpose, const char *context, const char *sealed, struct text *out)
{
	const struct seal_key *named;
	uint8_t key[KEY_BYTES], *bytes, *plain;
	size_t id_length, coded, room, length;
	bool done = false;

	if (!text_starts(sealed, PREFIX))
		return false;
	sealed += strlen(PREFIX);
	id_length = strcspn(sealed, ".");
	named = find(seal, sealed, id_length);
	if (!named || !sealed[id_length])
		return false;
	sealed += id_length + 1;
	coded = strlen(sealed);
	if (coded > (size_t)2 * KEPT_SEAL_BYTES)
		return false;
	room = length = coded;
	bytes = malloc(2 * room + 1);
	if (!bytes)
		return false;
	plain = bytes + room;
	if (text_from_base64url(bytes, &length, sealed, coded) && length >= NONCE_BYTES + TAG_BYTES) {
		length -= NONCE_BYTES + TAG_BYTES;
		if (derive(named, purpose, key) && decrypt(key, context, bytes, length, plain)) {
			text_add(out, plain, length);
			done = text_ok(out);
		}
		OPENSSL_cleanse(key, sizeof(key));
	}
	OPENSSL_cleanse(bytes, 2 * room + 1);
	free(bytes);
	return done;
}

void hash_sha256(uint8_t out[32], const void *bytes, size_t length)
{
	if (!SHA256(bytes, length, out))
		abort();
}

bool hash_hmac_sha256(uint8_t out[32], const void *key, size_t key_length, const void *bytes, size_t length)
{
	unsigned used;

	return key_length <= KEPT_SEAL_BYTES && HMAC(EVP_sha256(), key, (int)key_length, bytes, length, out, &used);
}

bool hash_hkdf_sha256(uint8_t *out, size_t out_length, const void *key, size_t key_length, const void *salt,
		      size_t salt_length, const void *info, size_t info_length)
{
	char digest[] = "SHA256";
	OSSL_PARAM parameters[5], *end = parameters;
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *context = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
	bool done;

	*end++ = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0);
	*end++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)key, key_length);
	if (salt_length)
		*end++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)salt, salt_length);
	if (info_length)
		*end++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)info, info_length);
	*end = OSSL_PARAM_construct_end();
	done = context && EVP_KDF_derive(context, out, out_length, parameters) == 1;
	EVP_KDF_CTX_free(context);
	EVP_KDF_free(kdf);
	return done;
}

void random_bytes(void *out, size_t length)
{
	uint8_t *bytes = out;

	/* Above 256 bytes a signal may cut the answer short; below, after the first seeding, it never does. */
	while (length) {
		size_t part = length < 256 ? length : 256;

		if (getentropy(bytes, part) != 0)
			abort();
		bytes += part;
		length -= part;
	}
}

void random_uuid(char out[37])
{
	uint8_t b[16];

	random_bytes(b, sizeof(b));
	b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
	b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
	snprintf(out, 37, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2],
		 b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
}

bool equal_constant_time(const void *a, const void *b, size_t length)
{
	return CRYPTO_memcmp(a, b, length) == 0;
}

void key_new(char out[KEPT_KEY_SIZE])
{
	static const char prefix[] = "kept_";
	uint8_t bytes[32];
	struct text text;

	random_bytes(bytes, sizeof(bytes));
	text_init(&text, KEPT_KEY_SIZE);
	text_adds(&text, prefix);
	text_add_base64url(&text, bytes, sizeof(bytes));
	/* As with random bytes: a key that is not whole must never leave. */
	if (!text_ok(&text) || text.length != KEPT_KEY_SIZE - 1)
		abort();
	memcpy(out, text.bytes, KEPT_KEY_SIZE);
	OPENSSL_cleanse(bytes, sizeof(bytes));
	OPENSSL_cleanse(text.bytes, text.length);
	text_release(&text);
}

void key_hash(uint8_t out[32], const char *key)
{
	hash_sha256(out, key, strlen(key));
}
