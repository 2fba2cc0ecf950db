/*
 * secrets.h: secrets that Kept makes for somebody and shows once. SQL stores and answers only their sealed text; so
 * does the stored reply of an Idempotency-Key. They are opened in the reply on its way out.
 */
#ifndef API_SECRETS_H
#define API_SECRETS_H

#include <stdbool.h>

#include <jansson.h>

#include "kept/seal.h"
#include "kept/text.h"

/* The additional data of all seals made here: the row does not exist yet. */
#define SECRETS_CONTEXT "secret"

/* Appends {"secret":"ks1.…"} with a new webhook secret. */
bool secrets_add_webhook(const struct seal *seal, struct text *out) __attribute__((warn_unused_result));
/* Appends {"secret":"ks1.…","hash":"…","prefix":"kept_ab"} with a new API key. */
bool secrets_add_key(const struct seal *seal, struct text *out) __attribute__((warn_unused_result));

/* Replaces each member `secret` or `key` that is a sealed text, at any depth; counts them in *opened [out]. False: one
 * does not open, or no memory. */
bool secrets_open(const struct seal *seal, json_t *value, int *opened) __attribute__((warn_unused_result));
/* Leaves those members out: in a dry run they would open nothing. */
void secrets_drop(json_t *value);

#endif
