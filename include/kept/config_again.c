#include "kept/config_again.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "kept/log.h"

#define NAMES_BYTES 1024

#define FOR_API (1u << CONFIG_API)
#define FOR_WORKER (1u << CONFIG_WORKER)

/* What is not here is taken over by whoever uses it. */
static const struct {
	const char *name;
	size_t place; /* of a string in struct config */
	unsigned programs;
} strings[] = {
	{"KEPT_DATABASE_URL", offsetof(struct config, database_url), FOR_API | FOR_WORKER},
	{"KEPT_LISTEN", offsetof(struct config, listen), FOR_API},
	{"KEPT_TRUSTED_PROXY", offsetof(struct config, trusted_proxy), FOR_API},
	{"KEPT_WORKER_LISTEN", offsetof(struct config, worker_listen), FOR_WORKER},
};

/* Of the API: what has been counted would not fit another limit. */
static const struct {
	const char *name;
	size_t place; /* of a rate in struct config */
} rates[] = {
	{"KEPT_RATE_KEY", offsetof(struct config, rate_key)},
	{"KEPT_RATE_DISTRICT", offsetof(struct config, rate_district)},
	{"KEPT_RATE_ADDRESS", offsetof(struct config, rate_address)},
	{"KEPT_RATE_FAILURES", offsetof(struct config, rate_failures)},
};

static void add_name(struct text *names, const char *name)
{
	if (names->length > 0)
		text_adds(names, " ");
	text_adds(names, name);
}

void config_restart_needed(const struct config *start, const struct config *now, enum config_program program,
			   struct text *names)
{
	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
		const char *const *before = (const void *)((const char *)start + strings[i].place);
		const char *const *after = (const void *)((const char *)now + strings[i].place);

		if ((strings[i].programs & (1u << program)) && strcmp(*before, *after) != 0)
			add_name(names, strings[i].name);
	}
	if (program == CONFIG_API && start->loops != now->loops)
		add_name(names, "KEPT_LOOPS");
	if (program == CONFIG_API && start->writers != now->writers)
		add_name(names, "KEPT_WRITERS");
	for (size_t i = 0; program == CONFIG_API && i < sizeof(rates) / sizeof(rates[0]); i++) {
		const struct config_rate *before = (const void *)((const char *)start + rates[i].place);
		const struct config_rate *after = (const void *)((const char *)now + rates[i].place);

		if (before->count != after->count || before->seconds != after->seconds)
			add_name(names, rates[i].name);
	}
}

bool config_load_again(struct config *now)
{
	char *error = NULL;

	if (config_load(now, &error))
		return true;
	config_kept(error ? error : "no memory");
	free(error);
	return false;
}

void config_kept(const char *why)
{
	log_write(LOG_ERROR_LEVEL, "reload_failed", "swhy", why, NULL);
}

void config_taken_over(const struct config *start, const struct config *now, enum config_program program)
{
	struct text names;

	text_init(&names, NAMES_BYTES);
	config_restart_needed(start, now, program, &names);
	log_write(LOG_INFO_LEVEL, "reloaded", "srestart_needed", names.length > 0 ? names.bytes : "", NULL);
	text_release(&names);
}
