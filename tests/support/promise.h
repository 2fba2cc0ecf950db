/*
 * promise.h: what tests of statements do with commitments of the register (register.h), as the API asks for it. Replies
 * are to be released.
 */
#ifndef TESTS_SUPPORT_PROMISE_H
#define TESTS_SUPPORT_PROMISE_H

#include "tests/support/route.h"

/*
 * Registers a commitment of María's in the group families, by the admin's key. `more` are members beside group, title
 * and owner; "" for none. Returns its id, in one static place each of 8.
 */
const char *promise_made(PGconn *api, const char *more);
struct route_reply promise_create(PGconn *api, const char *hash, const char *body);
struct route_reply promise_read(PGconn *api, const char *hash, const char *id);
struct route_reply promise_move(PGconn *api, const char *hash, const char *id, const char *body);
/* By the admin's key, both. */
struct route_reply promise_change(PGconn *api, const char *id, const char *body);
struct route_reply promise_remind(PGconn *api, const char *id);

#endif
