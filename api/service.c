#include "api/service.h"

#include "kept/embed.h"

bool service_init(struct service *service, const struct config *config, struct metrics *metrics, struct limits *limits)
{
	service->config = config;
	service->metrics = metrics;
	service->limits = limits;
	service->enter = statement_find("enter");
	service->health = statement_find("health");
	service->plans = statement_find("plans_published");
	service->undo = statement_find("dry_run");
	service->wake = statement_find("wake");
	service->migration = (int)embedded_migrations.count; /* numbered from 1 without gaps */
	atomic_init(&service->large_bodies, 0);
	atomic_init(&service->sheets, 0);
	atomic_init(&service->stopping, false);
	atomic_init(&service->hurried, false);
	atomic_init(&service->waking, false);
	atomic_init(&service->woken_at, 0);
	return service->enter && service->health && service->plans && service->undo && service->wake;
}
