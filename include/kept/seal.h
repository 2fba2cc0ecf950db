/*
 * seal.h: authenticated encryption of small texts under the keys of KEPT_SECRET, hashes and random bytes.
 *
 * A sealed text is "ks1.<key id>.<base64url of nonce(12) ciphertext tag(16)>": AES-256-GCM (NIST SP 800-38D), key by
 * HKDF-SHA-256 (RFC 5869) from the named secret with `purpose` as info. The additional data is `context`: a text sealed
 * for one row opens for no other. The first key of the ring seals, all open. Nothing here logs or keeps a plain text.
 */
#ifndef KEPT_SEAL_H
#define KEPT_SEAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kept/text.h"

#define SEAL_PURPOSE_ENDPOINT "endpoint secret" /* webhook secrets in rows and in stored replies */
#define SEAL_PURPOSE_PAGE "page token"
#define SEAL_PURPOSE_KEY "new key" /* an API key inside a stored reply */

struct seal; /* the key ring; immutable after seal_new(), shared by threads */

/* Parses "id:key,…": ids [a-z0-9]{1,16}, each once; keys of at least 32 printable ASCII characters without space and
 * comma; at most KEPT_SECRET_KEYS. NULL: malformed or no memory. */
struct seal *seal_new(const char *secret) __attribute__((warn_unused_result));
void seal_free(struct seal *seal);

/* Appends the sealed text to `out`. False: no memory, or more than KEPT_SEAL_BYTES. */
bool seal_close(const struct seal *seal, const char *purpose, const char *context, const void *plain, size_t length,
		struct text *out) __attribute__((warn_unused_result));
/* Appends the plain bytes to `out`. False: other context, purpose or key, or changed text; `out` is as before. */
bool seal_open(const struct seal *seal, const char *purpose, const char *context, const char *sealed, struct text *out)
	__attribute__((warn_unused_result));

/* SHA-256 (FIPS 180-4). Aborts the process without memory: half a hash must never be stored or compared. */
void hash_sha256(uint8_t out[32], const void *bytes, size_t length);
/* HMAC-SHA-256 (RFC 2104). False: no memory. */
bool hash_hmac_sha256(uint8_t out[32], const void *key, size_t key_length, const void *bytes, size_t length)
	__attribute__((warn_unused_result));
/* HKDF with SHA-256 (RFC 5869), extract and expand. False: no memory, or out_length over 255 * 32. */
bool hash_hkdf_sha256(uint8_t *out, size_t out_length, const void *key, size_t key_length, const void *salt,
		      size_t salt_length, const void *info, size_t info_length) __attribute__((warn_unused_result));
/* Cryptographic random bytes (getentropy). Aborts the process if the kernel has none. */
void random_bytes(void *out, size_t length);
/* A random UUID, version 4 (RFC 9562, section 5.4), in lower case. */
void random_uuid(char out[37]);
/* Equality in a time that depends on `length` alone. */
bool equal_constant_time(const void *a, const void *b, size_t length);

/* An API key: "kept_" and 43 base64url characters (256 bits). Room for KEPT_KEY_SIZE bytes, NUL included. */
#define KEPT_KEY_SIZE 49
void key_new(char out[KEPT_KEY_SIZE]);
/* SHA-256 of the key's text; what the database holds. */
void key_hash(uint8_t out[32], const char *key);

#endif
