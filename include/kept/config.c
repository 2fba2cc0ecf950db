#include "kept/config.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kept/config_check.h"
#include "kept/config_read.h"
#include "kept/limits.h"
#include "kept/log.h"
#include "kept/text.h"

/* host='/the/folder/var/postgresql/run' dbname=kept user=kept, with libpq's quoting. NULL: no memory. */
static char *default_database_url(const char *folder)
{
	struct text url;

	text_init(&url, KEPT_SETTING_BYTES);
	text_adds(&url, "host='");
	for (; *folder; folder++) {
		if (*folder == '\'' || *folder == '\\')
			text_adds(&url, "\\");
		text_add(&url, folder, 1);
	}
	text_adds(&url, "/var/postgresql/run' dbname=kept user=kept");
	return text_take(&url);
}

/* The defaults that lie below the working directory. */
static bool set_folders(struct config *config, char *values[SETTINGS], char **error)
{
	char *folder = getcwd(NULL, 0), *mail = NULL;
	bool usable = folder && *folder == '/' && text_is_line(folder), done = false;

	if (usable && asprintf(&mail, "%s/var/mail", folder) < 0)
		mail = NULL;
	if (!values[DATABASE_URL]) {
		/* libpq reads a comma in host as the end of the first host; there is no way to quote it. */
		if (!usable || strchr(folder, ',')) {
			config_fail(error, "KEPT_DATABASE_URL is not set, and its default cannot be used in a folder "
					   "whose name holds "
					   "a comma or a control character: set it.");
			goto out;
		}
		values[DATABASE_URL] = default_database_url(folder);
	}
	if (values[MAIL_URL] && text_starts(values[MAIL_URL], "file://")) {
		config->mail_folder = config_url_path(values[MAIL_URL]);
	} else {
		if (!values[MAIL_URL] && mail)
			values[MAIL_URL] = config_path_url(mail);
		config->mail_folder = mail;
		mail = NULL;
		if (!usable) {
			config_fail(error,
				    "KEPT_MAIL_URL: var/mail cannot be used in a folder whose name holds a control "
				    "character: start in another folder.");
			goto out;
		}
	}
	if (!values[DATABASE_URL] || !values[MAIL_URL] || !config->mail_folder)
		config_no_memory(error);
	else
		done = true;
out:
	free(mail);
	free(folder);
	return done;
}

static bool set_mail(struct config *config, char *values[SETTINGS], char **error)
{
	bool loopback = config_mail_is_loopback(values[MAIL_URL]), smtps = text_starts(values[MAIL_URL], "smtps://");

	if (values[MAIL_TLS])
		config->mail_tls = (enum mail_tls)config_word_index(config_tls_words, values[MAIL_TLS]);
	else
		config->mail_tls = loopback && !smtps ? MAIL_TLS_OFF : MAIL_TLS_REQUIRED;
	if (smtps && config->mail_tls != MAIL_TLS_REQUIRED)
		return config_fail(error, "KEPT_MAIL_TLS must be required, or unset, with an smtps:// KEPT_MAIL_URL.");
	if (*values[MAIL_PASSWORD] && !*values[MAIL_USER])
		return config_fail(error, "KEPT_MAIL_USER is not set, but KEPT_MAIL_PASSWORD is: set both or none.");
	if (*values[MAIL_USER] && !*values[MAIL_PASSWORD])
		return config_fail(error, "KEPT_MAIL_PASSWORD is not set, but KEPT_MAIL_USER is: set both or none.");
	if (*values[MAIL_USER] && !loopback && config->mail_tls != MAIL_TLS_REQUIRED)
		return config_fail(
			error,
			"KEPT_MAIL_TLS must be required when KEPT_MAIL_USER is set: a password is sent over TLS only.");
	if (!config_mail_from(values[MAIL_FROM], &config->mail_from_name, &config->mail_from_address))
		return config_no_memory(error);
	return true;
}

static int usable_cores(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) != 0 || CPU_COUNT(&set) < 1)
		return 1;
	return CPU_COUNT(&set) < 64 ? CPU_COUNT(&set) : 64;
}

/* The checks have said yes to all of these. */
static bool set_numbers(struct config *config, char *values[SETTINGS])
{
	config->loops = usable_cores();
	return (!values[LOOPS] || config_number(values[LOOPS], 1, 64, &config->loops)) &&
	       config_number(values[WRITERS], 1, 64, &config->writers) &&
	       config_rate(values[RATE_KEY], &config->rate_key) &&
	       config_rate(values[RATE_DISTRICT], &config->rate_district) &&
	       config_rate(values[RATE_ADDRESS], &config->rate_address) &&
	       config_rate(values[RATE_FAILURES], &config->rate_failures) &&
	       config_seconds(values[CHECK_EVERY], &config->check_every_seconds);
}

static char *move(char **value)
{
	char *moved = *value;

	*value = NULL;
	return moved;
}

static void set_strings(struct config *config, char *values[SETTINGS])
{
	size_t length = strlen(values[PUBLIC_URL]);

	while (values[PUBLIC_URL][length - 1] == '/')
		values[PUBLIC_URL][--length] = '\0';
	config->database_url = move(&values[DATABASE_URL]);
	config->listen = move(&values[LISTEN]);
	config->public_url = move(&values[PUBLIC_URL]);
	config->trusted_proxy = move(&values[TRUSTED_PROXY]);
	config->mail_url = move(&values[MAIL_URL]);
	config->mail_user = move(&values[MAIL_USER]);
	config->mail_password = move(&values[MAIL_PASSWORD]);
	config->secret = move(&values[SECRET]);
	config->egress_allow = move(&values[EGRESS_ALLOW]);
	config->tls_authorities = move(&values[TLS_CA]);
	config->worker_listen = move(&values[WORKER_LISTEN]);
}

bool config_load(struct config *config, char **error)
{
	char *values[SETTINGS] = {NULL};
	bool done;

	*config = (struct config){0};
	*error = NULL;
	done = config_read(values, error) && set_folders(config, values, error) && set_mail(config, values, error);
	if (done && !set_numbers(config, values))
		done = config_no_memory(error);
	if (done) {
		log_level_set((enum log_level)config_word_index(config_level_words, values[LOG]));
		set_strings(config, values);
	} else {
		config_release(config);
	}
	for (size_t i = 0; i < SETTINGS; i++)
		config_wipe(values[i]);
	return done;
}

void config_release(struct config *config)
{
	config_wipe(config->database_url);
	config_wipe(config->mail_user);
	config_wipe(config->mail_password);
	config_wipe(config->secret);
	free(config->listen);
	free(config->public_url);
	free(config->trusted_proxy);
	free(config->mail_url);
	free(config->mail_folder);
	free(config->mail_from_name);
	free(config->mail_from_address);
	free(config->egress_allow);
	free(config->tls_authorities);
	free(config->worker_listen);
	*config = (struct config){0};
}
