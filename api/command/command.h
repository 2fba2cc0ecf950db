/*
 * command.h: the commands of kept-api beside serving. Each reads its own arguments and returns the exit code of the
 * program: 0 done, 2 bad use or configuration, 1 anything else. Results go to standard output, the rest to standard
 * error. They work as the owner of the database (the login of KEPT_DATABASE_URL, without the API's role).
 */
#ifndef API_COMMAND_H
#define API_COMMAND_H

#include <stdbool.h>

#include "kept/config.h"

#define COMMAND_DONE 0
#define COMMAND_FAILED 1
#define COMMAND_MISUSED 2

/* One option that a command takes. */
struct command_option {
	const char *name;   /* "--role" */
	const char **value; /* [out] its value, borrowed from the arguments; NULL for a flag */
	bool *flag;         /* [out] for a flag */
};

/*
 * Reads "--name value", "--name=value" and flags; the one argument that is no option goes to *free_argument, which may
 * be NULL if none is taken. False: what is wrong was said on standard error.
 */
bool command_options(int argc, char **argv, const struct command_option *options, int count, const char **free_argument)
	__attribute__((warn_unused_result));

/*
 * Runs one statement as the owner, all parameters as text, and gives the first cell, owned by the caller. False: what
 * is wrong was said on standard error; *misused [out] if it was refused by design, so that the arguments are to be
 * changed.
 */
bool command_query(const struct config *config, const char *sql, const char *const *values, int count, char **cell,
		   bool *misused) __attribute__((warn_unused_result));

/* argc and argv begin after the words of the command. */
int command_migrate(const struct config *config, int argc, char **argv);
int command_district_add(const struct config *config, int argc, char **argv);
int command_key_add(const struct config *config, int argc, char **argv);
int command_key_rotate(const struct config *config, int argc, char **argv);
int command_audit_verify(const struct config *config, int argc, char **argv);
int command_check_config(const struct config *config, int argc, char **argv);
/* Needs no configuration: it makes a part of it. */
int command_secret_rotate(int argc, char **argv);

#endif
