/*
 * compose_letter.h: the sentences of one mail, in the order of reading; text and HTML are made of the same.
 */
#ifndef WORKER_COMPOSE_LETTER_H
#define WORKER_COMPOSE_LETTER_H

#include <stdbool.h>

#include "worker/compose_facts.h"
#include "worker/words.h"

#define LETTER_FOOTER 3

/* Owned, but for what is of the facts. An invitation has its own text and none of what stands between hello and footer.
 */
struct letter {
	const struct compose_facts *facts; /* borrowed */
	const struct words_language *language;
	const char *place; /* who sends: school, else district; borrowed from the facts */
	char *subject;
	char *hello;
	char *lead;
	char *promise_by;
	char *promise_due; /* NULL when there is no date */
	char *plan;        /* NULL when there is no plan to quote */
	char *action;
	char *thanks;
	char *footer[LETTER_FOOTER];
};

/* Release it also on failure: ICU or memory. */
bool letter_write(struct letter *letter, struct words *words, const struct compose_facts *facts)
	__attribute__((warn_unused_result));
void letter_release(struct letter *letter);

/* The language of the whole: an invitation's own, else that of the words. */
const char *letter_language(const struct letter *letter);

#endif
