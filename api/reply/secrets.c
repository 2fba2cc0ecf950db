#include "api/reply/secrets.h"

#include <string.h>

#include "kept/limits.h"
#include "kept/sign.h"

#define SEALED_BYTES 1024

static bool add_sealed(const struct seal *seal, const char *purpose, const char *plain, struct text *out)
{
	struct text sealed;
	text_init(&sealed, SEALED_BYTES);
	bool ok = seal_close(seal, purpose, SECRETS_CONTEXT, plain, strlen(plain), &sealed) && text_ok(&sealed);
	if (ok) {
		text_adds(out, "{\"secret\":");
		text_add_json(out, sealed.bytes, sealed.length);
	}
	text_release(&sealed);
	return ok;
}

bool secrets_add_webhook(const struct seal *seal, struct text *out)
{
	char secret[SIGN_SECRET_SIZE];
	sign_secret_new(secret);
	bool ok = add_sealed(seal, SEAL_PURPOSE_ENDPOINT, secret, out);
	explicit_bzero(secret, sizeof(secret));
	text_adds(out, "}");
	return ok && text_ok(out);
}

bool secrets_add_key(const struct seal *seal, struct text *out)
{
	char key[KEPT_KEY_SIZE];
	uint8_t hash[32];
	key_new(key);
	key_hash(hash, key);
	bool ok = add_sealed(seal, SEAL_PURPOSE_KEY, key, out);
	text_adds(out, ",\"hash\":\"");
	text_add_hex(out, hash, sizeof(hash));
	text_addf(out, "\",\"prefix\":\"%.7s\"}", key);
	explicit_bzero(key, sizeof(key));
	return ok && text_ok(out);
}

static bool open_one(const struct seal *seal, const char *purpose, json_t *parent, const char *name, const char *sealed)
{
	struct text plain;
	text_init(&plain, SEALED_BYTES);
	bool ok = seal_open(seal, purpose, SECRETS_CONTEXT, sealed, &plain) && text_ok(&plain) &&
		  json_object_set_new(parent, name, json_stringn(plain.bytes, plain.length)) == 0;
	if (plain.bytes)
		explicit_bzero(plain.bytes, plain.length);
	text_release(&plain);
	return ok;
}

/* Each member that holds a sealed text is opened, or left out where `seal` is NULL. */
static bool open_all(const struct seal *seal, json_t *value, int depth, int *opened)
{
	const char *name;
	json_t *member;
	size_t i;
	void *next;
	if (depth > KEPT_JSON_DEPTH)
		return true;
	json_object_foreach_safe (value, next, name, member) {
		const char *text = json_string_value(member);
		bool secret = strcmp(name, "secret") == 0, key = strcmp(name, "key") == 0;
		if (text && (secret || key) && text_starts(text, "ks1.")) {
			if (!seal)
				json_object_del(value, name);
			else if (!open_one(seal, secret ? SEAL_PURPOSE_ENDPOINT : SEAL_PURPOSE_KEY, value, name, text))
				return false;
			*opened += 1;
		} else if (!open_all(seal, member, depth + 1, opened)) {
			return false;
		}
	}
	json_array_foreach (value, i, member)
		if (!open_all(seal, member, depth + 1, opened))
			return false;
	return true;
}

bool secrets_open(const struct seal *seal, json_t *value, int *opened)
{
	*opened = 0;
	return open_all(seal, value, 0, opened);
}

void secrets_drop(json_t *value)
{
	int dropped = 0;
	(void)!open_all(NULL, value, 0, &dropped);
}
