/* check-config: do the settings fit each other and the database? */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/command/command.h"
#include "kept/embed.h"
#include "kept/limits.h"
#include "kept/text.h"

#define WORKER_CONNECTIONS 4 /* of one worker, at most */

static int at_least(int value, int least)
{
	return value < least ? least : value;
}

static int connections(const struct config *config)
{
	return config->loops + at_least(config->writers, config->loops) +
	       at_least(KEPT_SLOW_CONNECTIONS, config->loops);
}

/* Free for programs: max_connections less what is kept for superusers. */
static const char limits_query[] =
	"select current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int "
	"|| ' ' || coalesce((select rolconnlimit from pg_catalog.pg_roles where rolname = current_user), -1) "
	"|| ' ' || coalesce((select max(number) from kept.migration), 0) || ' ' || "
	"current_setting('server_version_num')";

static void print_rate(const char *of, const struct config_rate *rate)
{
	if (rate->count > 0)
		printf("%s %d in %d s", of, rate->count, rate->seconds);
	else
		printf("%s off", of);
}

/* Not an error: what limits go by may be wanted so. */
static void print_limits(const struct config *config)
{
	bool is_unix = text_starts(config->listen, "unix:");
	print_rate("limits: key", &config->rate_key);
	print_rate(", district", &config->rate_district);
	print_rate(", address", &config->rate_address);
	print_rate(", wrong keys", &config->rate_failures);
	printf("\nproxies: %s\n", *config->trusted_proxy ? config->trusted_proxy : "none is trusted");
	if (is_unix && !strstr(config->trusted_proxy, "unix"))
		printf("proxies: all clients of the unix socket count as one; if a proxy tells their addresses, add "
		       "the "
		       "word unix to KEPT_TRUSTED_PROXY\n");
}

int command_check_config(const struct config *config, int argc, char **argv)
{
	char *cell, *at;
	bool misused;
	if (!command_options(argc, argv, NULL, 0, NULL))
		return COMMAND_MISUSED;
	int needed = connections(config);
	printf("settings: read and well-formed\n");
	print_limits(config);
	if (!command_query(config, limits_query, NULL, 0, &cell, &misused))
		return COMMAND_FAILED;
	long most = strtol(cell, &at, 10), of_login = strtol(at, &at, 10), migration = strtol(at, &at, 10),
	     version = strtol(at, NULL, 10);
	free(cell);
	if (of_login >= 0 && of_login < most)
		most = of_login;
	printf("database: PostgreSQL %ld, migration %ld of %zu\n", version / 10000, migration,
	       embedded_migrations.count);
	printf("connections: %d for this API, up to %d for a worker; %ld are allowed\n", needed, WORKER_CONNECTIONS,
	       most);
	if ((size_t)migration < embedded_migrations.count) {
		fputs("kept-api: migrations are missing: run kept-api migrate\n", stderr);
		return COMMAND_MISUSED;
	}
	if (needed + WORKER_CONNECTIONS > most) {
		fprintf(stderr,
			"kept-api: KEPT_WRITERS and KEPT_LOOPS ask for more connections than max_connections allows: "
			"lower them "
			"to %ld together with the worker, or raise max_connections\n",
			most);
		return COMMAND_MISUSED;
	}
	return COMMAND_DONE;
}
