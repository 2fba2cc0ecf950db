#include "tests/support/promise.h"

#include <check.h>
#include <stdio.h>

#include "tests/support/register.h"

const char *promise_made(PGconn *api, const char *more)
{
	static char ids[8][40];
	static int turn;
	char body[2000], *id = ids[turn++ % 8];
	snprintf(body, sizeof(body),
		 "{\"group\":\"families\",\"title\":\"Read together\",\"owner\":{\"person_id\":\"" PERSON_MARIA
		 "\"}%s%s}",
		 *more ? "," : "", more);
	struct route_reply reply = promise_create(api, KEY_ADMIN, body);
	ck_assert_msg(reply.status == 201, "%s %s %s", reply.state, reply.body, reply.errors);
	snprintf(id, 40, "%s", route_member(&reply, "id"));
	route_release(&reply);
	return id;
}

struct route_reply promise_create(PGconn *api, const char *hash, const char *body)
{
	return route_ask(api, hash, "commitment_create", "request", "{}", "body", body, NULL);
}

struct route_reply promise_read(PGconn *api, const char *hash, const char *id)
{
	return route_ask(api, hash, "commitment_read", "id", id, NULL);
}

struct route_reply promise_move(PGconn *api, const char *hash, const char *id, const char *body)
{
	return route_ask(api, hash, "commitment_move", "request", "{}", "id", id, "body", body, NULL);
}

struct route_reply promise_change(PGconn *api, const char *id, const char *body)
{
	return route_ask(api, KEY_ADMIN, "commitment_change", "request", "{}", "id", id, "body", body, NULL);
}

struct route_reply promise_remind(PGconn *api, const char *id)
{
	return route_ask(api, KEY_ADMIN, "commitment_remind", "request", "{}", "id", id, "body", "{}", NULL);
}
