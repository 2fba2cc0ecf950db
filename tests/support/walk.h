/*
 * walk.h: what it takes to call any operation of the contract: a good body, and a thing for the value of its path.
 *
 * An operation that is new in the contract is added to the tables in walk.c; until then it fails the test.
 */
#ifndef TESTS_SUPPORT_WALK_H
#define TESTS_SUPPORT_WALK_H

#include "tests/support/world.h"

/* A good body, NULL where none is taken. `other`: one that is as good and not the same, NULL where there is none. */
const char *walk_body(const struct world *world, const struct world_place *place,
		      const struct contract_operation *operation, bool other);
/* A new thing of that place for the value of the path, or the values parted by a space; "" where the path has none. */
const char *walk_subject(const struct world *world, const struct world_place *place, const char *path);
/* One more item for the list at that path and target, if there is a way to add one. */
void walk_more(const struct world *world, const struct world_place *place, const char *path, const char *target);
/* The path with its values, which are parted by a space; the last stands for those that are missing. */
const char *walk_target(const char *path, const char *id);
/* What these return is good as long as what text_of() returns. */

#endif
