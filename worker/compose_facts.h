/*
 * compose_facts.h: the frozen facts of a reminder, read from their JSON and checked.
 */
#ifndef WORKER_COMPOSE_FACTS_H
#define WORKER_COMPOSE_FACTS_H

#include <stdbool.h>

#include <jansson.h>

/* All texts are borrowed from the JSON. */
struct compose_facts {
	const char *rung; /* P-2D, P0D, P+1D, NOW-… */
	bool ask;         /* proposed: the mail asks instead of reminding */
	const char *language;
	const char *date; /* instant of freezing, UTC */
	const char *to_name;
	const char *to_address;
	const char *reply_name; /* "" when there is nobody */
	const char *reply_address;
	const char *district;
	const char *school; /* "" none */
	const char *title;
	const char *group_name;
	const char *due_on;
	const char *owner;
	const char *role;           /* owner, helper, accountable */
	const char *when_where_how; /* "" none; may have several lines */
	int days;                   /* to the due date, negative when past */
};

/* False: a fact is missing or malformed, or one that may reach a header holds a control character; *why is a constant
 * sentence. */
bool compose_facts_read(struct compose_facts *facts, const json_t *json, const char **why)
	__attribute__((warn_unused_result));

#endif
