#include "sql/database.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "kept/limits.h"
#include "kept/text.h"

#define OPTIONS_BYTES (64 * 1024)
#define SESSION                                                                                                        \
	"-c timezone=UTC -c datestyle=ISO,YMD -c intervalstyle=postgres -c search_path=pg_catalog,pg_temp -c jit=off"
#define TCP_USER_TIMEOUT_MS "5000"
#define TEXT_OF(token) #token
#define DIGITS_OF(macro) TEXT_OF(macro)

static const struct database_error errors[] = {
	{"KT", 0, DATABASE_FAULT_CLIENT, false, false},      /* raised by kept.refuse() */
	{"08", 503, DATABASE_FAULT_AWAY, false, true},       /* connection */
	{"0A000", 500, DATABASE_FAULT_OURS, false, true},    /* also: a prepared statement whose function has changed */
	{"22", 422, DATABASE_FAULT_CLIENT, false, false},    /* a value out of range or malformed */
	{"23", 422, DATABASE_FAULT_CLIENT, false, false},    /* a constraint */
	{"23505", 409, DATABASE_FAULT_CLIENT, false, false}, /* there already */
	{"25006", 503, DATABASE_FAULT_AWAY, false, true},    /* a server that has become read-only */
	{"26000", 500, DATABASE_FAULT_OURS, false, true},    /* a prepared statement is gone */
	{"28", 503, DATABASE_FAULT_AWAY, false, true},       /* login refused */
	{"40001", 503, DATABASE_FAULT_AWAY, true, false},    /* serialization */
	{"40P01", 503, DATABASE_FAULT_AWAY, true, false},    /* deadlock */
	{"42501", 403, DATABASE_FAULT_CLIENT, false, false}, /* row-level security: outside the key's scope */
	{"53", 503, DATABASE_FAULT_AWAY, false, false},      /* disk, memory or connections are used up */
	{"55P03", 503, DATABASE_FAULT_AWAY, true, false},    /* lock_timeout */
	{"57014", 503, DATABASE_FAULT_AWAY, false, false},   /* statement_timeout */
	{"57", 503, DATABASE_FAULT_AWAY, false, true},       /* shut down, crashed, starting */
	{"58", 503, DATABASE_FAULT_AWAY, false, false},      /* an error of the server's system */
};

struct database_error database_error_of(const char *sqlstate)
{
	struct database_error found = {sqlstate, 500, DATABASE_FAULT_OURS, false, false};
	size_t best = 0;
	for (size_t i = 0; sqlstate && i < sizeof(errors) / sizeof(errors[0]); i++) {
		size_t length = strlen(errors[i].state);
		if (length > best && !strncmp(errors[i].state, sqlstate, length)) {
			found = errors[i];
			best = length;
		}
	}
	if (best && !found.status) {
		char *end;
		long status = strtol(sqlstate + best, &end, 10);
		found.status = !*end && status >= 400 && status <= 599 ? (int)status : 500;
		if (found.status == 500)
			found.fault = DATABASE_FAULT_OURS;
	}
	return found;
}

/* A value of the `options` keyword: blanks and backslashes would end it. */
static void add_option_value(struct text *options, const char *value)
{
	for (; *value; value++) {
		if (*value == ' ' || *value == '\\')
			text_adds(options, "\\");
		text_add(options, value, 1);
	}
}

static char *session_options(const char *present, const struct database_session *session)
{
	/* Without `options` in the string libpq would take this variable; with ours it no longer does. */
	if (!present)
		present = getenv("PGOPTIONS");
	struct text options;
	text_init(&options, OPTIONS_BYTES);
	if (present && *present)
		text_addf(&options, "%s ", present);
	text_adds(&options, SESSION);
	if (session->one_plan)
		text_adds(&options, " -c plan_cache_mode=force_generic_plan");
	if (session->may_forget)
		text_adds(&options, " -c synchronous_commit=off");
	if (session->statement_timeout_ms > 0)
		text_addf(&options, " -c statement_timeout=%d", session->statement_timeout_ms);
	if (session->lock_timeout_ms > 0)
		text_addf(&options, " -c lock_timeout=%d", session->lock_timeout_ms);
	if (session->role) {
		text_adds(&options, " -c role=");
		add_option_value(&options, session->role);
	}
	return text_take(&options);
}

static const char *value_of(const PQconninfoOption *parsed, const char *keyword)
{
	for (; parsed->keyword; parsed++) {
		if (!strcmp(parsed->keyword, keyword))
			return parsed->val;
	}
	return NULL;
}

static bool add(struct database_url *url, size_t *count, const char *keyword, const char *value)
{
	if (*count + 1 >= DATABASE_KEYWORDS)
		return false;
	url->keywords[*count] = strdup(keyword);
	url->values[*count] = strdup(value);
	return url->keywords[*count] && url->values[(*count)++];
}

static double connect_seconds(const PQconninfoOption *parsed)
{
	const char *timeout = value_of(parsed, "connect_timeout"), *hosts = value_of(parsed, "host");
	if (!hosts)
		hosts = value_of(parsed, "hostaddr");
	int count = 1;
	for (; hosts && *hosts; hosts++)
		count += *hosts == ',';
	long seconds = timeout ? strtol(timeout, NULL, 10) : 0;
	return (double)count * (seconds > 0 && seconds < 3600 ? (double)seconds : KEPT_CONNECT_SECONDS);
}

static bool fill(struct database_url *url, const PQconninfoOption *parsed, const struct database_session *session)
{
	static const char *const defaults[][2] = {{"target_session_attrs", "read-write"},
						  {"tcp_user_timeout", TCP_USER_TIMEOUT_MS},
						  {"connect_timeout", DIGITS_OF(KEPT_CONNECT_SECONDS)}};
	size_t count = 0;
	bool well = true;
	for (const PQconninfoOption *option = parsed; option->keyword && well; option++) {
		bool ours = !strcmp(option->keyword, "options") || !strcmp(option->keyword, "client_encoding");
		if (option->val && !ours)
			well = add(url, &count, option->keyword, option->val);
	}
	char *options = session_options(value_of(parsed, "options"), session);
	well = well && options && add(url, &count, "options", options) && add(url, &count, "client_encoding", "UTF8");
	free(options);
	for (size_t i = 0; well && i < sizeof(defaults) / sizeof(defaults[0]); i++) {
		if (!value_of(parsed, defaults[i][0]))
			well = add(url, &count, defaults[i][0], defaults[i][1]);
	}
	if (well && session->application_name && !value_of(parsed, "fallback_application_name"))
		well = add(url, &count, "fallback_application_name", session->application_name);
	url->connect_seconds = connect_seconds(parsed);
	return well;
}

bool database_url(struct database_url *url, const char *string, const struct database_session *session, char **error)
{
	char *complaint = NULL;
	memset(url, 0, sizeof(*url));
	*error = NULL;
	PQconninfoOption *parsed = PQconninfoParse(string, &complaint);
	if (!parsed) {
		/* libpq's own words may quote the string, and with it the password. */
		PQfreemem(complaint);
		*error = strdup("KEPT_DATABASE_URL is no libpq connection string; write for instance "
				"postgresql://kept@host/kept or host=/run/postgresql dbname=kept");
		return false;
	}
	bool well = fill(url, parsed, session);
	PQconninfoFree(parsed);
	if (!well)
		database_url_release(url);
	return well;
}

void database_url_release(struct database_url *url)
{
	for (size_t i = 0; i < DATABASE_KEYWORDS; i++) {
		if (url->values[i])
			explicit_bzero(url->values[i], strlen(url->values[i]));
		free(url->values[i]);
		free(url->keywords[i]);
	}
	memset(url, 0, sizeof(*url));
}
