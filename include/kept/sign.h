/*
 * sign.h: Standard Webhooks signatures, version v1 (https://www.standardwebhooks.com/, symmetric).
 *
 * A secret is "whsec_" and base64 of 24 to 64 bytes; Kept makes 32. The signed content is "id.timestamp.body" with the
 * exact body bytes; the signature is "v1," and base64 of HMAC-SHA-256 (RFC 2104).
 */
#ifndef KEPT_SIGN_H
#define KEPT_SIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIGN_SECRET_SIZE 51    /* "whsec_" 44 characters and NUL: what sign_secret_new() writes */
#define SIGN_SIGNATURE_SIZE 48 /* "v1," 44 characters and NUL */

void sign_secret_new(char out[SIGN_SECRET_SIZE]);
/* True if the secret is well formed. */
bool sign_secret_valid(const char *secret);
/* Writes the signature. False: the secret is malformed, the id is empty or holds a dot, or no memory. `timestamp` is in
 * Unix seconds. */
bool sign_webhook(char out[SIGN_SIGNATURE_SIZE], const char *secret, const char *id, int64_t timestamp,
		  const void *body, size_t length) __attribute__((warn_unused_result));
/* True if one of the space-separated signatures of the header is right, in constant time for each, and `timestamp` is
 * within 300 s of `now`. */
bool sign_verify(const char *header, const char *secret, const char *id, int64_t timestamp, int64_t now,
		 const void *body, size_t length) __attribute__((warn_unused_result));

#endif
