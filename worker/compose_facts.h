/*
 * compose_facts.h: the frozen facts of a reminder or a notice, read from their JSON and checked.
 */
#ifndef WORKER_COMPOSE_FACTS_H
#define WORKER_COMPOSE_FACTS_H

#include <stdbool.h>

#include <jansson.h>

/* What a mail is about: a rung of the ladder, or what is told beside it. */
enum compose_kind { COMPOSE_REMINDER, COMPOSE_INVITATION, COMPOSE_KEPT, COMPOSE_LATE, COMPOSE_HANDOVER };

/* All texts are borrowed from the JSON. */
struct compose_facts {
	enum compose_kind kind;
	const char *rung;     /* P-2D, P0D, P+1D, NOW-… */
	bool ask;             /* proposed: the mail asks instead of reminding */
	const char *language; /* of an invitation a BCP 47 tag for sure */
	const char *date;     /* instant of freezing, UTC */
	const char *to_name;
	const char *to_address;
	const char *reply_name; /* "" when there is nobody */
	const char *reply_address;
	const char *district;
	const char *school; /* "" none */
	const char *title;
	const char *group_name;
	const char *due_on;         /* "" none: only of what was kept or handed over */
	const char *completed_on;   /* "" unless kept */
	const char *owner;          /* never "" */
	bool owner_is_group;        /* nobody else is named: owner is group_name */
	const char *role;           /* owner, helper, accountable, escalation, beneficiary */
	const char *when_where_how; /* "" none; may have several lines */
	int days;                   /* to the due date, negative when past */
	const char *subject;        /* of an invitation, which has nothing of a commitment; else NULL */
	const char *text;           /* its paragraphs, parted by blank lines */
};

/* False: a fact is missing or malformed, or one that may reach a header holds a control character; *why is a constant
 * sentence. */
bool compose_facts_read(struct compose_facts *facts, const json_t *json, const char **why)
	__attribute__((warn_unused_result));

#endif
