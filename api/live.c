#include "api/live.h"

#include <stdlib.h>

#include "kept/config_again.h"

struct live *live_new(const struct config *config)
{
	struct live *live = calloc(1, sizeof(*live));
	if (!live)
		return NULL;
	live->config = config;
	live->seal = seal_new(config->secret);
	if (live->seal)
		return live;
	live_free(live);
	return NULL;
}

struct live *live_again(void)
{
	struct config now;
	if (!config_load_again(&now))
		return NULL;
	struct live *live = live_new(&now);
	if (!live) {
		config_kept("no memory");
		config_release(&now);
		return NULL;
	}
	live->own = now;
	live->config = &live->own;
	return live;
}

void live_free(struct live *live)
{
	if (!live)
		return;
	seal_free(live->seal);
	config_release(&live->own);
	free(live);
}
