/* migrate, district add: what makes a register. */
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
