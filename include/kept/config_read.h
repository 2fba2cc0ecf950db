/*
 * config_read.h: the variables of config.h as checked strings, read from the environment or the files it names.
 */
#ifndef KEPT_CONFIG_READ_H
#define KEPT_CONFIG_READ_H

#include <stdbool.h>

/* config_variable() gives their names. */
enum setting {
	DATABASE_URL,
	LISTEN,
	PUBLIC_URL,
	TRUSTED_PROXY,
	MAIL_URL,
	MAIL_USER,
	MAIL_PASSWORD,
	MAIL_TLS,
	MAIL_FROM,
	SECRET,
	EGRESS_ALLOW,
	TLS_CA,
	CHECK_EVERY,
	WORKER_LISTEN,
	LOOPS,
	WRITERS,
	RATE_KEY,
	RATE_DISTRICT,
	RATE_ADDRESS,
	RATE_FAILURES,
	LOG,
	SETTINGS
};

/*
 * Fills values[SETTINGS], which are NULL before: what the environment says, else the fixed default, else NULL; all pass
 * their check, and SECRET is there. False: *error [out] is one line, owned, NULL without memory. Either way the caller
 * frees what values[] holds, with config_wipe().
 */
bool config_read(char **values, char **error) __attribute__((warn_unused_result));

/* Sets *error and returns false, so that a caller can return it. */
bool config_fail(char **error, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool config_no_memory(char **error);
/* Overwrites and frees; accepts NULL. */
void config_wipe(char *value);

/* Words in the order of enum mail_tls and of enum log_level; they end with NULL. */
extern const char *const config_tls_words[];
extern const char *const config_level_words[];
/* Index of the word in such a list, or -1. */
int config_word_index(const char *const *words, const char *value);

#endif
