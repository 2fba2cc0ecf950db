/*
 * config_again.h: reading the settings again while a program runs (SIGHUP).
 *
 * The environment of a process does not change, but the files that NAME_FILE names, and var/secret, do: config_load()
 * reads them again. Each program takes over what it can; the rest is read at its start alone.
 */
#ifndef KEPT_CONFIG_AGAIN_H
#define KEPT_CONFIG_AGAIN_H

#include "kept/config.h"
#include "kept/text.h"

enum config_program { CONFIG_API, CONFIG_WORKER };

/* Fills `now`, which the caller releases. False: it is empty, config_kept() has been called, and everything stays as it
 * was, the level of the log too. */
bool config_load_again(struct config *now) __attribute__((warn_unused_result));
/* Writes the line "reload_failed", and why, to the log. */
void config_kept(const char *why);
/* Writes the line "reloaded" to the log, when all use the new settings: with those that need a restart, see below. */
void config_taken_over(const struct config *start, const struct config *now, enum config_program program);

/* Appends the names of the variables that differ and need a restart of the program, with a space between. */
void config_restart_needed(const struct config *start, const struct config *now, enum config_program program,
			   struct text *names);

#endif
