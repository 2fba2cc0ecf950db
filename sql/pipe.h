/*
 * pipe.h: one libpq connection in pipeline mode on a libev loop, and the units that run on it.
 *
 * A unit is one to UNIT_STATEMENTS statements and one Sync, so one implicit transaction: all of it happens or nothing.
 * Statements are prepared on first use by each connection. A pipe belongs to the thread of its loop. It connects by
 * itself, with `role=` added to the connection string's options, and again after a loss, at first at once, then with
 * growing pauses of at most KEPT_RECONNECT_SECONDS with jitter. It never cancels (PQcancel may end another's unit).
 *
 * Life of a unit: pipe_submit() borrows nothing (values are copied) and always ends in exactly one call of `done`,
 * from the loop, never from inside pipe_submit(): with results, with an error, or with UNIT_LOST when the connection
 * went away before the answer. Whether a lost unit was carried out is not known; the caller decides on a second try.
 */
#ifndef SQL_PIPE_H
#define SQL_PIPE_H

#include <stdbool.h>
#include <stddef.h>

#include <ev.h>
#include <libpq-fe.h>

#include "sql/statement.h"

#define UNIT_STATEMENTS 4

enum unit_outcome {
	UNIT_DONE,   /* all statements answered and the Sync came */
	UNIT_ERROR,  /* PostgreSQL refused one; nothing of the unit happened */
	UNIT_LOST,   /* the connection went away: it may have happened or not */
	UNIT_REFUSED /* not sent: no connection; it did not happen */
};

struct unit_result {
	enum unit_outcome outcome;
	PGresult *results[UNIT_STATEMENTS]; /* UNIT_DONE: one a statement; UNIT_ERROR: of those before the one refused;
					       borrowed until `done` returns; take one by setting it NULL */
	int result_count;
	const char *sqlstate; /* UNIT_ERROR: five characters; borrowed like the others */
	const char *message;  /* UNIT_ERROR: primary message */
	const char *detail;   /* UNIT_ERROR: detail or "" */
	const char *hint;     /* UNIT_ERROR: hint or "" */
};

typedef void unit_done(void *context, struct unit_result *result);

struct pipe_settings {
	struct ev_loop *loop;
	const char *database_url; /* borrowed until pipe_free() */
	const char *role;         /* kept_api, kept_worker; NULL: the login's own */
	const char *application_name;
	int statement_timeout_ms; /* both set at connect */
	int lock_timeout_ms;
	bool one_plan;              /* a statement is planned once, not for each set of values */
	bool may_forget;            /* what units write may be lost when the server crashes */
	int units_in_flight;        /* most units sent and not answered; more wait in the pipe's queue */
	int queue_units;            /* most units waiting; pipe_submit() then returns false */
	const char *listen_channel; /* LISTEN on this channel; NULL: none */
	void (*notified)(void *context, const char *channel); /* a NOTIFY came */
	void (*state_changed)(void *context, bool connected); /* may be NULL; not from pipe_free() */
	void *context;                                        /* of the two above */
};

struct pipe;

/* Starts to connect. NULL: no memory or a malformed database_url. */
struct pipe *pipe_new(const struct pipe_settings *settings) __attribute__((warn_unused_result));
/* Ends every unit with UNIT_LOST or UNIT_REFUSED, closes, frees. Accepts NULL. Never from inside a callback of the
 * pipe. */
void pipe_free(struct pipe *pipe);

struct unit_statement {
	const struct statement *statement;
	const char *const *values; /* in the order of statement->parameters; NULL is SQL NULL */
};

/* Queues a unit. False: the queue is full (or no memory) and `done` will not be called. Units are sent while connected
 * and fewer than `units_in_flight` are; one that still waits `seconds` after pipe_submit() ends with UNIT_REFUSED. One
 * that was sent and has no answer KEPT_UNIT_GRACE_SECONDS after that (or after its statement timeouts) ends the
 * connection. Returns an id for pipe_orphan(), 0 for failure. */
unsigned long pipe_submit(struct pipe *pipe, const struct unit_statement *statements, int count, double seconds,
			  unit_done *done, void *context) __attribute__((warn_unused_result));
/* The caller goes away: the unit runs to its end, `done` is not called. */
void pipe_orphan(struct pipe *pipe, unsigned long unit);
bool pipe_connected(const struct pipe *pipe);
/* Units sent and not answered, and units waiting. */
int pipe_in_flight(const struct pipe *pipe);
int pipe_waiting(const struct pipe *pipe);

#endif
