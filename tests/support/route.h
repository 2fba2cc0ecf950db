/*
 * route.h: asks one route's statement as the API does, without HTTP: kept.enter, then the statement, one transaction,
 * as the role kept_api. An answer that the contract does not describe fails the test.
 */
#ifndef TESTS_SUPPORT_ROUTE_H
#define TESTS_SUPPORT_ROUTE_H

#include <libpq-fe.h>

struct route_reply {
	char state[6];  /* SQLSTATE; 00000: answered */
	int status;     /* HTTP status; of a refusal too */
	char *body;     /* "" for none; of a refusal the detail */
	char *etag;     /* "" for none */
	char *location; /* "" for none */
	char *next;     /* "" for none */
	char *errors;   /* of a refusal: the field errors, "" for none */
	char *code;     /* of a refusal: the problem's code, "" for the status's own */
};

/* A connection as kept_api; to be ended with PQfinish(). A failure fails the test. */
PGconn *route_connect(const char *url);
/* Asks with the key of that hash. `...` are names and values of parameters, ended by NULL; a parameter that is not
 * named is NULL. To be released. */
struct route_reply route_ask(PGconn *connection, const char *hash, const char *statement, ...)
	__attribute__((sentinel));
void route_release(struct route_reply *reply);
/* The member of the body at a path like "owner/name" or "0/id": text as it is, all else as JSON, "" when it is not
 * there. Good until the next call. */
const char *route_member(const struct route_reply *reply, const char *path);
/* How many items the body's array has, or the array at that path of it. */
int route_count(const struct route_reply *reply, const char *path);

/* Fails the test unless the reply has that status; releases it. */
void route_expect(struct route_reply reply, int status);
/* Fails the test unless the member at the path is that text, see route_member(). */
void route_expect_member(const struct route_reply *reply, const char *path, const char *value);
/* Sets the test clock for what the connection asks from now on. */
void route_clock(PGconn *connection, const char *instant);

#endif
