#include "kept/config_read.h"

#include <errno.h>
#include <libpq-fe.h>
#include <openssl/pem.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kept/config.h"
#include "kept/config_check.h"
#include "kept/limits.h"
#include "kept/log.h"
#include "kept/seal.h"
#include "kept/text.h"

#define SECRET_PATH "var/secret"
#define RATE_ADVICE "must be COUNT/SECONDS, a count to 9999999 in seconds to 86400, for instance 600/60, or off"

static bool is_database_url(const char *value)
{
	char *problem = NULL;
	PQconninfoOption *options = PQconninfoParse(value, &problem);

	PQfreemem(problem);
	PQconninfoFree(options);
	return options != NULL;
}

static bool is_secret(const char *value)
{
	struct seal *seal = seal_new(value);

	seal_free(seal);
	return seal != NULL;
}

static bool is_mail_from(const char *value)
{
	char *name, *address;

	if (!config_mail_from(value, &name, &address))
		return false;
	free(name);
	free(address);
	return true;
}

static bool is_duration(const char *value)
{
	double seconds;

	return config_seconds(value, &seconds);
}

static bool is_rate(const char *value)
{
	struct config_rate rate;

	return config_rate(value, &rate);
}

static bool is_thread_count(const char *value)
{
	int number;

	return config_number(value, 1, 64, &number);
}

int config_word_index(const char *const *words, const char *value)
{
	for (int i = 0; words[i]; i++)
		if (strcmp(words[i], value) == 0)
			return i;
	return -1;
}

const char *const config_tls_words[] = {"off", "opportunistic", "required", NULL};
const char *const config_level_words[] = {"debug", "info", "warning", "error", NULL};

static bool is_tls(const char *value)
{
	return config_word_index(config_tls_words, value) >= 0;
}

static bool is_level(const char *value)
{
	return config_word_index(config_level_words, value) >= 0;
}

static bool is_authorities(const char *path)
{
	FILE *file = *path ? fopen(path, "re") : NULL;
	X509 *authority = file ? PEM_read_X509(file, NULL, NULL, NULL) : NULL;
	bool found = authority != NULL;

	X509_free(authority);
	if (file)
		fclose(file);
	return found || !*path;
}

static const struct {
	const char *name;
	const char *fallback;             /* NULL: worked out, or required */
	bool (*check)(const char *value); /* NULL: any line */
	const char *advice;               /* follows the name when `check` says no */
} settings[SETTINGS] = {
	[DATABASE_URL] =
		{"KEPT_DATABASE_URL", NULL, is_database_url,
		 "is no libpq connection string: write postgresql://user@host/dbname or host=… dbname=… user=…"},
	[LISTEN] = {"KEPT_LISTEN", "127.0.0.1:8420", config_is_listen,
		    "must be host:port, for instance 127.0.0.1:8420, or unix: and a path of at most 107 bytes"},
	[PUBLIC_URL] =
		{"KEPT_PUBLIC_URL", "http://127.0.0.1:8420", config_is_web_url,
		 "must be the address that people use, for instance https://kept.example.org, without user name, "
		 "query or fragment"},
	[TRUSTED_PROXY] =
		{"KEPT_TRUSTED_PROXY", "", config_is_proxies,
		 "must be addresses or CIDRs separated by commas, for instance 127.0.0.1,10.0.0.0/8; the word "
		 "unix trusts whoever connects to a unix socket"},
	[MAIL_URL] = {"KEPT_MAIL_URL", NULL, config_is_mail_url,
		      "must be smtp://host:port, smtps://host:port or file:///an/absolute/folder; a login goes into "
		      "KEPT_MAIL_USER and KEPT_MAIL_PASSWORD"},
	[MAIL_USER] = {"KEPT_MAIL_USER", "", NULL, NULL},
	[MAIL_PASSWORD] = {"KEPT_MAIL_PASSWORD", "", NULL, NULL},
	[MAIL_TLS] = {"KEPT_MAIL_TLS", NULL, is_tls, "must be required, opportunistic or off"},
	[MAIL_FROM] =
		{"KEPT_MAIL_FROM", "Kept <kept@localhost>", is_mail_from,
		 "must be a name and an address: Kept <kept@example.org>, the name without quotes and backslashes"},
	[SECRET] = {"KEPT_SECRET", NULL, is_secret,
		    "must be id:key, or several separated by commas: ids of a-z and 0-9, keys of 32 or more printable "
		    "characters without spaces; make one with: echo \"k1:$(openssl rand -hex 32)\""},
	[EGRESS_ALLOW] = {"KEPT_EGRESS_ALLOW", "", config_is_targets,
			  "must be CIDR:port separated by commas, for instance 10.20.0.15/32:443 or [fd00::]/8:443 "
			  "(port * is any)"},
	[TLS_CA] = {"KEPT_TLS_CA", "", is_authorities,
		    "must be the path of a readable PEM file with at least one certificate"},
	[CHECK_EVERY] = {"KEPT_CHECK_EVERY", "30s", is_duration,
			 "must be a whole number and ms, s, m or h, from 10ms to 24h, for instance 30s"},
	[WORKER_LISTEN] = {"KEPT_WORKER_LISTEN", "", config_is_host_port,
			   "must be host:port, for instance 127.0.0.1:8421"},
	[LOOPS] = {"KEPT_LOOPS", NULL, is_thread_count, "must be a number from 1 to 64"},
	[WRITERS] = {"KEPT_WRITERS", "16", is_thread_count, "must be a number from 1 to 64"},
	[RATE_KEY] = {"KEPT_RATE_KEY", "60000/60", is_rate, RATE_ADVICE},
	[RATE_DISTRICT] = {"KEPT_RATE_DISTRICT", "120000/60", is_rate, RATE_ADVICE},
	[RATE_ADDRESS] = {"KEPT_RATE_ADDRESS", "120000/60", is_rate, RATE_ADVICE},
	[RATE_FAILURES] = {"KEPT_RATE_FAILURES", "300/60", is_rate, RATE_ADVICE},
	[LOG] = {"KEPT_LOG", "info", is_level, "must be debug, info, warning or error"},
};

const char *config_variable(size_t index)
{
	return index < SETTINGS ? settings[index].name : NULL;
}

bool config_fail(char **error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	if (vasprintf(error, format, arguments) < 0)
		*error = NULL;
	va_end(arguments);
	return false;
}

bool config_no_memory(char **error)
{
	return config_fail(error, "There is not enough memory to read the settings.");
}

void config_wipe(char *value)
{
	if (value)
		explicit_bzero(value, strlen(value));
	free(value);
}

/* Our own file of secrets is for its owner alone; of another's file, which a container may mount as it likes, the log
 * tells. */
static bool is_private(FILE *file, const char *name, bool ours, char **error)
{
	struct stat status;

	if (fstat(fileno(file), &status) != 0 || !S_ISREG(status.st_mode))
		return true;
	if (ours && (status.st_mode & 077))
		return config_fail(error, "%s: others may read the file: chmod 600 " SECRET_PATH, name);
	if (!ours && (status.st_mode & S_IROTH) && strcmp(name, "KEPT_SECRET_FILE") == 0)
		log_write(LOG_WARNING_LEVEL, "secret_file_readable_by_all", "svariable", name, NULL);
	return true;
}

/* Reads the file less one final newline into *value [out]. `name` is the variable to speak of. */
static bool read_file(const char *name, const char *path, char **value, char **error)
{
	FILE *file = fopen(path, "rbe");
	char *bytes;
	size_t length;
	int problem;

	if (!file)
		return config_fail(error, "%s: the file cannot be opened (%s): check the path and who may read it.",
				   name, strerror(errno));
	if (!is_private(file, name, strcmp(path, SECRET_PATH) == 0, error)) {
		fclose(file);
		return false;
	}
	/* No buffer that would keep a copy of a secret. */
	(void)setvbuf(file, NULL, _IONBF, 0);
	bytes = calloc(1, KEPT_SETTING_BYTES + 2);
	if (!bytes) {
		fclose(file);
		return config_no_memory(error);
	}
	errno = 0;
	length = fread(bytes, 1, KEPT_SETTING_BYTES + 1, file);
	problem = ferror(file) ? errno : 0;
	fclose(file);
	if (length && bytes[length - 1] == '\n')
		bytes[--length] = '\0';
	if (!problem && length && length <= KEPT_SETTING_BYTES && strlen(bytes) == length) {
		*value = bytes;
		return true;
	}
	explicit_bzero(bytes, KEPT_SETTING_BYTES + 2);
	free(bytes);
	if (problem)
		return config_fail(error, "%s: the file cannot be read (%s): check the path.", name, strerror(problem));
	return config_fail(
		error, "%s: the file must hold the value in one line of text: it is empty, too long or binary.", name);
}

/* *value [out] is owned; NULL: not set. */
static bool read_setting(const char *name, char **value, char **error)
{
	char file_name[64];
	const char *direct = getenv(name), *path;

	snprintf(file_name, sizeof(file_name), "%s_FILE", name);
	path = getenv(file_name);
	*value = NULL;
	if (path && *path) {
		if (direct && *direct)
			return config_fail(error, "%s and %s are both set: unset one of them.", name, file_name);
		return read_file(file_name, path, value, error);
	}
	if (!direct || !*direct)
		return true;
	*value = strdup(direct);
	return *value ? true : config_no_memory(error);
}

/* People write lists with spaces; what reads them later need not know. */
static void drop_spaces(char *list)
{
	char *out = list;

	for (; *list; list++)
		if (*list != ' ')
			*out++ = *list;
	*out = '\0';
}

bool config_read(char **values, char **error)
{
	for (size_t i = 0; i < SETTINGS; i++) {
		const char *name = settings[i].name;

		if (!read_setting(name, &values[i], error))
			return false;
		if (!values[i] && i == SECRET && access(SECRET_PATH, F_OK) == 0 &&
		    !read_file("KEPT_SECRET (" SECRET_PATH ")", SECRET_PATH, &values[i], error))
			return false;
		if (!values[i] && settings[i].fallback) {
			values[i] = strdup(settings[i].fallback);
			if (!values[i])
				return config_no_memory(error);
			continue;
		}
		if (!values[i])
			continue;
		if (!text_is_line(values[i]))
			return config_fail(error, "%s must be one line of UTF-8 text without control characters.",
					   name);
		if (i == TRUSTED_PROXY || i == EGRESS_ALLOW)
			drop_spaces(values[i]);
		if (settings[i].check && !settings[i].check(values[i]))
			return config_fail(error, "%s %s.", name, settings[i].advice);
	}
	if (!values[SECRET])
		return config_fail(
			error,
			"KEPT_SECRET is not set: set it, or KEPT_SECRET_FILE, to id:key with a key of 32 or more "
			"characters; make one with: echo \"k1:$(openssl rand -hex 32)\"");
	return true;
}
