/* outfit.c: see outfit.h. */
#include "worker/outfit.h"

#include <stdlib.h>

#include "kept/config_again.h"
#include "kept/log.h"

static struct sender *make_sender(const struct outfit_settings *settings, const struct outfit *outfit)
{
	const struct sender_settings sender = {
		.loop = settings->loop,
		.config = outfit->config,
		.seal = outfit->seal,
		.policy = outfit->policy,
		.words = settings->words,
		.limits = sender_limits(),
		.room = settings->room,
		.context = settings->context,
	};

	return sender_new(&sender);
}

/* False: *error as in outfit_new(). outfit->config must be at its place for good, since the sender borrows it. */
static bool make_parts(struct outfit *outfit, const struct outfit_settings *settings, char **error)
{
	outfit->seal = seal_new(outfit->config->secret);
	outfit->policy = address_policy_new(outfit->config->egress_allow, error);
	if (!outfit->policy)
		return false;
	if (!address_policy_deny_own(outfit->policy))
		log_write(LOG_WARNING_LEVEL, "own_addresses_not_read", NULL);
	outfit->sender = outfit->seal ? make_sender(settings, outfit) : NULL;
	return outfit->sender != NULL;
}

struct outfit *outfit_new(const struct outfit_settings *settings, const struct config *config, char **error)
{
	struct outfit *outfit = calloc(1, sizeof(*outfit));

	*error = NULL;
	if (!outfit)
		return NULL;
	outfit->config = config;
	if (make_parts(outfit, settings, error))
		return outfit;
	outfit_free(outfit);
	return NULL;
}

struct outfit *outfit_again(const struct outfit_settings *settings)
{
	struct outfit *outfit = calloc(1, sizeof(*outfit));
	char *error = NULL;

	if (!outfit) {
		config_kept("no memory");
		return NULL;
	}
	if (!config_load_again(&outfit->own)) {
		free(outfit);
		return NULL;
	}
	outfit->config = &outfit->own;
	if (make_parts(outfit, settings, &error))
		return outfit;
	config_kept(error ? error : "no memory");
	free(error);
	outfit_free(outfit);
	return NULL;
}

void outfit_free(struct outfit *outfit)
{
	if (!outfit)
		return;
	sender_free(outfit->sender);
	address_policy_free(outfit->policy);
	seal_free(outfit->seal);
	config_release(&outfit->own);
	free(outfit);
}
