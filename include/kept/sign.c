#include "kept/sign.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "kept/seal.h"
#include "kept/text.h"

#define PREFIX "whsec_"
#define VERSION "v1,"
#define SECRET_LEAST 24
#define SECRET_MOST 64
#define TOLERANCE_SECONDS 300

static bool secret_bytes(const char *secret, uint8_t out[SECRET_MOST], size_t *length)
{
	*length = SECRET_MOST;
	if (!text_starts(secret, PREFIX))
		return false;
	secret += strlen(PREFIX);
	return text_from_base64(out, length, secret, strlen(secret)) && *length >= SECRET_LEAST;
}

/* Writes prefix and base64, which must fill `out` of `size` bytes, NUL included, to the last. */
static bool coded(char *out, size_t size, const char *prefix, const uint8_t *bytes, size_t length)
{
	struct text text;
	bool done;

	text_init(&text, size - 1);
	text_adds(&text, prefix);
	text_add_base64(&text, bytes, length);
	done = text_ok(&text) && text.length == size - 1;
	if (done)
		memcpy(out, text.bytes, size);
	if (text.bytes)
		OPENSSL_cleanse(text.bytes, text.length);
	text_release(&text);
	return done;
}

void sign_secret_new(char out[SIGN_SECRET_SIZE])
{
	uint8_t bytes[32];

	random_bytes(bytes, sizeof(bytes));
	/* A secret that is not whole must never leave. */
	if (!coded(out, SIGN_SECRET_SIZE, PREFIX, bytes, sizeof(bytes)))
		abort();
	OPENSSL_cleanse(bytes, sizeof(bytes));
}

bool sign_secret_valid(const char *secret)
{
	uint8_t bytes[SECRET_MOST];
	size_t length;
	bool valid = secret_bytes(secret, bytes, &length);

	OPENSSL_cleanse(bytes, sizeof(bytes));
	return valid;
}

bool sign_webhook(char out[SIGN_SIGNATURE_SIZE], const char *secret, const char *id, int64_t timestamp,
		  const void *body, size_t length)
{
	uint8_t bytes[SECRET_MOST], digest[32];
	size_t secret_length;
	struct text content;
	bool done;

	/* With a dot in the id, two contents could be signed alike. */
	if (!*id || strchr(id, '.') || !secret_bytes(secret, bytes, &secret_length))
		return false;
	text_init(&content, strlen(id) + length + 32);
	text_addf(&content, "%s.%" PRId64 ".", id, timestamp);
	text_add(&content, body, length);
	done = text_ok(&content) && hash_hmac_sha256(digest, bytes, secret_length, content.bytes, content.length) &&
	       coded(out, SIGN_SIGNATURE_SIZE, VERSION, digest, sizeof(digest));
	OPENSSL_cleanse(bytes, sizeof(bytes));
	text_release(&content);
	return done;
}

bool sign_verify(const char *header, const char *secret, const char *id, int64_t timestamp, int64_t now,
		 const void *body, size_t length)
{
	char right[SIGN_SIGNATURE_SIZE];
	uint64_t apart = now > timestamp ? (uint64_t)now - (uint64_t)timestamp : (uint64_t)timestamp - (uint64_t)now;
	bool found = false;

	if (apart > TOLERANCE_SECONDS || !sign_webhook(right, secret, id, timestamp, body, length))
		return false;
	for (size_t size; *header; header += size + (header[size] == ' ')) {
		size = strcspn(header, " ");
		if (size == SIGN_SIGNATURE_SIZE - 1 && equal_constant_time(header, right, size))
			found = true;
	}
	return found;
}
