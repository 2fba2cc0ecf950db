/*
 * shown_plan.h: a plan that can be shown, written past the API: each group has a responsibility, somebody wrote markup
 * into one, some were adopted and became promises of every outcome and visibility. Its district is called by markup
 * too.
 */
#ifndef TESTS_SUPPORT_SHOWN_PLAN_H
#define TESTS_SUPPORT_SHOWN_PLAN_H

#include "tests/support/world.h"

#define SHOWN_HOSTILE "<script>alert(\"O'Neill\")</script> & <b>"

/* A plan of the place's school, whose only version has that status. `slug` NULL: one of its own. Returns the slug and
 * the sheet's code with a space between. */
const char *shown_plan(const struct world *world, const struct world_place *place, const char *slug, const char *status,
		       bool published);

#endif
