/*
 * api.h: kept-api as a child of the test, with a district and an admin key, and a client that sends exact bytes.
 *
 * All functions fail the test when something cannot be done.
 */
#ifndef TESTS_SUPPORT_API_H
#define TESTS_SUPPORT_API_H

#include <stdbool.h>
#include <stddef.h>

#include "tests/support/program.h"

struct api {
	struct program program;
	char folder[64];    /* of its own, removed at the end */
	char *database_url; /* the owner's */
	int port;           /* on 127.0.0.1 */
	char district[64];
	char key[64]; /* an admin's */
};

/* Starts it on a migrated database of the login `kept` and waits until it is ready. `loops` is KEPT_LOOPS. */
void api_start(struct api *api, const char *database_url, const char *loops);
/* The same with more settings, "NAME=value", up to 8; NULL ends them. */
void api_start_with(struct api *api, const char *database_url, const char *loops, const char *const *more);
/* Ends it at once, removes its folder. */
void api_release(struct api *api);
/* Runs a command of kept-api to its end; gives the exit code, and what it printed in *output (owned) unless NULL. */
int api_command(struct api *api, const char *const *arguments, char **output);

struct api_reply {
	int status; /* 0: no reply came */
	char *head; /* status line and headers */
	char *body;
	bool closed;    /* the server closed the connection after it */
	bool left_open; /* waiting for more went on until the time was over */
};

/* A new connection. */
int api_connect(const struct api *api);
void api_write(int fd, const char *bytes, size_t length);
/* Reads one reply within `seconds`; `head_only` for a reply to HEAD. */
struct api_reply api_read(int fd, bool head_only, double seconds);
/* True if the server closes the connection within `seconds`. */
bool api_closes(int fd, double seconds);
void api_reply_release(struct api_reply *reply);

/* One request with the admin's key on a connection of its own. `headers` are whole lines with CRLF, or NULL; a body is
 * sent as application/json, for PATCH application/merge-patch+json. */
struct api_reply api_ask(const struct api *api, const char *method, const char *target, const char *headers,
			 const char *body);
/* The same request as bytes, to be freed by the caller. */
char *api_request(const struct api *api, const char *method, const char *target, const char *headers, const char *body);

/* The value of a header, to be freed by the caller; NULL: it is not there. */
char *api_header(const struct api_reply *reply, const char *name);
/* A member of the body that is a string, or "" ; `path` like "items.0.id". To be freed by the caller. */
char *api_member(const struct api_reply *reply, const char *path);

#endif
