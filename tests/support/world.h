/*
 * world.h: a running kept-api with two districts, Lakeview and Hillside, and keys of every role.
 *
 * The clock is the test clock and stands at WORLD_NOW, a Sunday, 10:00 in New York, until a test moves it; a test that
 * does so sets it back. All functions fail the test when something cannot be done.
 */
#ifndef TESTS_SUPPORT_WORLD_H
#define TESTS_SUPPORT_WORLD_H

#include "tests/support/ask.h"
#include "tests/support/cluster.h"

#define WORLD_NOW "2027-01-10 15:00:00+00"
#define WORLD_ABSENT "01a20900-ea91-78a5-90ba-b2d2aab6ae00" /* an id that nothing has */

struct world_place {
	char id[64];
	char admin[64]; /* a key, as all that is named for a role */
	char school[40];
	char person[40];       /* María O'Neill, families, at the school, with a mail address */
	char organisation[40]; /* a chamber, business_community */
};

struct world {
	struct cluster *cluster;
	char *superuser; /* for questions and changes */
	struct api api;
	struct asking asking;
	struct world_place lakeview;               /* America/New_York, en */
	struct world_place hillside;               /* Europe/Madrid, es */
	char steward[64], partner[64], reader[64]; /* of Lakeview; the partner is its chamber */
};

/* In an unchecked fixture. */
void world_start(struct world *world, const char *database);
/* The same with another KEPT_LOOPS than 2, and more settings as for api_start_with(). */
void world_start_with(struct world *world, const char *database, const char *loops, const char *const *more);
void world_stop(struct world *world);
void world_clock(struct world *world, const char *now);

/* A POST that must answer 201; the id of what was made. */
const char *world_make(const struct world *world, const char *key, const char *path, const char *body);
/* A new key of Lakeview; `more` are further members, "" or beginning with a comma. */
const char *world_key(const struct world *world, const char *role, const char *more);
/* An agreed commitment of Lakeview's families, owned by its person; `more` as above. */
const char *world_promise(const struct world *world, const char *more);
/* A digest of all that is stored: two are equal when nothing was written in between. To be freed by the caller. */
char *world_digest(const struct world *world);
/* Runs kept-worker until all that is due is done; mail goes to a folder that is removed. */
void world_work(const struct world *world);

#endif
