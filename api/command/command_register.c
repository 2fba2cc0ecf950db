/* migrate, district add, key add: what makes a register. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/command/command.h"
#include "kept/seal.h"
#include "kept/text.h"
#include "sql/migrate.h"

static void show_step(void *context, const char *step)
{
	(void)context;
	fprintf(stderr, "%s\n", step);
}

int command_migrate(const struct config *config, int argc, char **argv)
{
	struct migrate_options options = {0};
	const struct command_option taken[] = {{"--test-clock", NULL, &options.test_clock}};
	char *error = NULL;
	if (!command_options(argc, argv, taken, 1, NULL))
		return COMMAND_MISUSED;
	if (isatty(STDERR_FILENO))
		options.progress = show_step;
	if (migrate_database(config->database_url, &options, &error))
		return COMMAND_DONE;
	fprintf(stderr, "kept-api: migrate: %s\n", error ? error : "no memory");
	free(error);
	return COMMAND_FAILED;
}

int command_district_add(const struct config *config, int argc, char **argv)
{
	const char *name = NULL, *zone = NULL, *locale = NULL, *kind = NULL;
	bool demonstration = false, misused;
	const struct command_option taken[] = {
		{"--time-zone", &zone, NULL},
		{"--locale", &locale, NULL},
		{"--kind", &kind, NULL},
		{"--demonstration", NULL, &demonstration},
	};
	char *id;
	if (!command_options(argc, argv, taken, 4, &name))
		return COMMAND_MISUSED;
	if (!name || !zone || !locale) {
		fputs("kept-api: district add takes a NAME, --time-zone and --locale (see --help)\n", stderr);
		return COMMAND_MISUSED;
	}
	const char *const values[] = {name, zone, locale, kind ? kind : "district", demonstration ? "t" : "f"};
	if (!command_query(config,
			   "select kept.district_add(name => $1::text, time_zone => $2::text, locale => $3::text, "
			   "kind => $4::text, demonstration => $5::boolean)",
			   values, 5, &id, &misused))
		return misused ? COMMAND_MISUSED : COMMAND_FAILED;
	if (!isatty(STDOUT_FILENO))
		printf("%s\n", id);
	else
		printf("Added \"%s\". Its id, for key add --district:\n%s\n", name, id);
	free(id);
	return COMMAND_DONE;
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
	char key[KEPT_KEY_SIZE], prefix[8], *id;
	uint8_t hash[32];
	struct text hex;
	bool misused;
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
	key_new(key);
	key_hash(hash, key);
	memcpy(prefix, key, 7);
	prefix[7] = '\0';
	text_init(&hex, 65);
	text_add_hex(&hex, hash, sizeof(hash));
	const char *const values[] = {district, role,    prefix,           hex.bytes,   school,
				      group,    expires, name ? name : "", organisation};
	bool added = text_ok(&hex) &&
		     command_query(config,
				   "select kept.key_add(district => $1::uuid, role => $2::text, prefix => $3::text, "
				   "hash => $4::text, school => $5::uuid, group_code => $6::text, "
				   "expires_on => $7::date, name => $8::text, organisation => $9::uuid)",
				   values, 9, &id, &misused);
	text_release(&hex);
	if (added) {
		if (isatty(STDOUT_FILENO))
			printf("The key is shown this once. Keep it where only its user can read it:\n");
		printf("%s\n", key);
		free(id);
	}
	explicit_bzero(key, sizeof(key));
	return added ? COMMAND_DONE : misused ? COMMAND_MISUSED : COMMAND_FAILED;
}
