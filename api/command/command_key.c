/* key add, key rotate: keys that the operator makes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/command/command.h"
#include "kept/seal.h"
#include "kept/text.h"

/* A new key: its text, and what the database keeps of it. */
struct new_key {
	char text[KEPT_KEY_SIZE];
	char prefix[8];
	struct text hash;
};

static bool new_key_make(struct new_key *key)
{
	uint8_t hash[32];
	key_new(key->text);
	key_hash(hash, key->text);
	memcpy(key->prefix, key->text, 7);
	key->prefix[7] = '\0';
	text_init(&key->hash, 65);
	text_add_hex(&key->hash, hash, sizeof(hash));
	return text_ok(&key->hash);
}

/* Prints it if the database took it, and forgets it. The exit code. */
static int new_key_end(struct new_key *key, bool taken, bool misused)
{
	if (taken) {
		if (isatty(STDOUT_FILENO))
			printf("The key is shown this once. Keep it where only its user can read it:\n");
		printf("%s\n", key->text);
	}
	text_release(&key->hash);
	explicit_bzero(key, sizeof(*key));
	return taken ? COMMAND_DONE : misused ? COMMAND_MISUSED : COMMAND_FAILED;
}

static bool is_id(const char *option, const char *value)
{
	if (!value || text_is_uuid(value))
		return true;
	fprintf(stderr, "kept-api: %s: \"%s\" is not an id\n", option, value);
	return false;
}

int command_key_add(const struct config *config, int argc, char **argv)
{
	const char *district = NULL, *role = NULL, *school = NULL, *group = NULL, *expires = NULL, *name = NULL,
		   *organisation = NULL;
	const struct command_option taken[] = {
		{"--district", &district, NULL},
		{"--role", &role, NULL},
		{"--school", &school, NULL},
		{"--group", &group, NULL},
		{"--expires", &expires, NULL},
		{"--name", &name, NULL},
		{"--organisation", &organisation, NULL},
	};
	struct new_key key;
	char *id;
	bool misused = false;
	if (!command_options(argc, argv, taken, 7, NULL))
		return COMMAND_MISUSED;
	if (!district || !role) {
		fputs("kept-api: key add takes --district and --role (see --help)\n", stderr);
		return COMMAND_MISUSED;
	}
	if (!is_id("--district", district) || !is_id("--school", school) || !is_id("--organisation", organisation))
		return COMMAND_MISUSED;
	/* PostgreSQL would take "infinity" and "tomorrow". */
	if (expires && !text_is_date(expires)) {
		fprintf(stderr, "kept-api: --expires: \"%s\" is not a date like 2027-01-15\n", expires);
		return COMMAND_MISUSED;
	}
	bool made = new_key_make(&key);
	const char *const values[] = {district, role,    key.prefix,       key.hash.bytes, school,
				      group,    expires, name ? name : "", organisation};
	bool added =
		made && command_query(config,
				      "select kept.key_add(district => $1::uuid, role => $2::text, prefix => $3::text, "
				      "hash => $4::text, school => $5::uuid, group_code => $6::text, "
				      "expires_on => $7::date, name => $8::text, organisation => $9::uuid)",
				      values, 9, &id, &misused);
	if (added)
		free(id);
	return new_key_end(&key, added, misused);
}

static bool is_hours(const char *value)
{
	size_t length = strlen(value);
	return length >= 1 && length <= 3 && strspn(value, "0123456789") == length;
}

int command_key_rotate(const struct config *config, int argc, char **argv)
{
	const char *wanted = NULL, *hours = NULL;
	const struct command_option taken[] = {{"--overlap-hours", &hours, NULL}};
	struct new_key key;
	char *id;
	bool misused = false;
	if (!command_options(argc, argv, taken, 1, &wanted))
		return COMMAND_MISUSED;
	if (!wanted) {
		fputs("kept-api: key rotate takes the id of a key (see --help)\n", stderr);
		return COMMAND_MISUSED;
	}
	if (!is_id("key rotate", wanted))
		return COMMAND_MISUSED;
	if (hours && !is_hours(hours)) {
		fprintf(stderr, "kept-api: --overlap-hours: \"%s\" is not a number of hours from 0 to 336\n", hours);
		return COMMAND_MISUSED;
	}
	bool made = new_key_make(&key);
	const char *const values[] = {wanted, key.prefix, key.hash.bytes, hours ? hours : "24"};
	bool rotated = made && command_query(config,
					     "select kept.key_rotate_by_operator(key => $1::uuid, prefix => $2::text, "
					     "hash => $3::text, overlap_hours => $4::int)",
					     values, 4, &id, &misused);
	if (rotated)
		free(id);
	return new_key_end(&key, rotated, misused);
}
