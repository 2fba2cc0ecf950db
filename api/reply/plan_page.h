/*
 * plan_page.h: /plans/{slug}: what everybody may know of a plan: the eight groups, who is at the table, what was
 * agreed, kept, kept later, is late, was let go. Never a person.
 */
#ifndef API_PLAN_PAGE_H
#define API_PLAN_PAGE_H

#include <stdbool.h>

struct exchange;

/* Makes the page of the reply's JSON (kept.page); false: a problem is set. */
bool plan_page(struct exchange *exchange);

#endif
