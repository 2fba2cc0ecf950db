/*
 * kept-api: serves the register over HTTP, and the commands of its operator.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "api/command/command.h"
#include "api/server.h"
#include "kept/config.h"
#include "kept/log.h"

static const char usage[] =
	"usage: kept-api [serve]\n"
	"       kept-api migrate [--test-clock]\n"
	"       kept-api district add NAME --time-zone ZONE --locale TAG [--kind KIND] [--demonstration]\n"
	"       kept-api key add --district ID --role ROLE [--school ID] [--group CODE] [--organisation ID]\n"
	"                        [--expires DATE] [--name NAME]\n"
	"       kept-api key rotate ID [--overlap-hours HOURS]\n"
	"       kept-api secret rotate\n"
	"       kept-api audit verify [--district ID [--head NUMBER:HASH]]\n"
	"       kept-api check-config\n"
	"       kept-api --version | --help\n"
	"\n"
	"  serve         answers HTTP on KEPT_LISTEN until it gets SIGTERM, or SIGINT, which hurries;\n"
	"                SIGHUP has it read the files of its settings again\n"
	"  migrate       brings the database to what this version needs; --test-clock is for tests only\n"
	"  district add  adds a register; prints its id alone on the last line.\n"
	"                KIND: district, association, school, network\n"
	"  key add       adds a key; prints it once, alone on the last line.\n"
	"                ROLE: admin, steward, partner, reader\n"
	"  key rotate    gives a key a new text; prints it once, alone on the last line. The old one is good\n"
	"                for 24 hours more, or as many as you say (0 to 336)\n"
	"  secret rotate puts a new first key into KEPT_SECRET_FILE, or into var/secret\n"
	"  audit verify  walks the chain of audit entries of each district and prints its head; 1 if a block or\n"
	"                an entry was changed, added or removed. --head: one that you noted must be in the chain\n"
	"  check-config  reads the settings and compares them with the database\n"
	"\n"
	"Settings are environment variables (KEPT_DATABASE_URL, KEPT_LISTEN, ...); see README.md.\n"
	"Exit status: 0 done, 2 bad use or configuration, 1 anything else.\n";

static int command_serve(const struct config *config, int argc, char **argv)
{
	if (!command_options(argc, argv, NULL, 0, NULL))
		return COMMAND_MISUSED;
	return server_run(config);
}

static const struct {
	const char *first, *second; /* words of the command */
	int (*run)(const struct config *config, int argc, char **argv);
} commands[] = {
	{"serve", NULL, command_serve},
	{"migrate", NULL, command_migrate},
	{"district", "add", command_district_add},
	{"key", "add", command_key_add},
	{"key", "rotate", command_key_rotate},
	{"audit", "verify", command_audit_verify},
	{"check-config", NULL, command_check_config},
};

static int run_configured(int (*run)(const struct config *, int, char **), int argc, char **argv)
{
	struct config config;
	char *error = NULL;
	if (!config_load(&config, &error)) {
		fprintf(stderr, "kept-api: %s\n", error ? error : "no memory");
		free(error);
		return COMMAND_MISUSED;
	}
	int code = run(&config, argc, argv);
	config_release(&config);
	return code;
}

int main(int argc, char **argv)
{
	const char *first = argc > 1 ? argv[1] : "serve", *second = argc > 2 ? argv[2] : "";
	log_start("kept-api");
	/* Secrets are in memory: no core dump, no reading by others of the same account. */
	prctl(PR_SET_DUMPABLE, 0);
	if (strcmp(first, "--version") == 0) {
		puts("kept-api " KEPT_VERSION);
		return COMMAND_DONE;
	}
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--help") == 0) {
			fputs(usage, stdout);
			return COMMAND_DONE;
		}
	if (strcmp(first, "secret") == 0 && strcmp(second, "rotate") == 0)
		return command_secret_rotate(argc - 3, argv + 3);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(first, commands[i].first) != 0 ||
		    (commands[i].second && strcmp(second, commands[i].second) != 0))
			continue;
		int words = argc > 1 ? (commands[i].second ? 3 : 2) : 1;
		return run_configured(commands[i].run, argc - words, argv + words);
	}
	fprintf(stderr, "kept-api: unknown command: %s (see --help)\n", first);
	return COMMAND_MISUSED;
}
