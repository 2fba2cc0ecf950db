/*
 * audit.h: what the tests of the audit's chain share: `kept-api audit verify`, and a change that is one entry.
 */
#ifndef TESTS_SUPPORT_AUDIT_H
#define TESTS_SUPPORT_AUDIT_H

#include "tests/support/world.h"

/* Runs audit verify to its end and gives its exit code; `more` are further arguments, ended by NULL, or NULL. What it
 * printed is to be freed. */
int audit_verify(const struct api *api, char **printed, const char *const *more);
/* Fails the test when the chain does not fit. */
void audit_must_verify(const struct world *world);
/* A change of Lakeview's school, which is one entry. */
void audit_change(const struct world *world, const char *name);

#endif
