/*
 * pipe_internal.h: what the three files of the pipe share. Only they include it.
 *
 * pipe.c: the interface, the queue and its deadlines. pipe_link.c: connect, lose, connect again. pipe_flow.c: send
 * units, read answers. No function here calls `done` while a list is half changed: a callback may submit and orphan.
 */
#ifndef SQL_PIPE_INTERNAL_H
#define SQL_PIPE_INTERNAL_H

#include "sql/database.h"
#include "sql/pipe.h"

#define UNIT_STEPS (2 * UNIT_STATEMENTS + 1)

enum step_kind { STEP_PREPARE, STEP_QUERY, STEP_SYNC };

/* One answer that the server owes us. */
struct step {
	enum step_kind kind;
	int index; /* of the statement in the unit */
};

struct part {
	const struct statement_text *text; /* NULL: the pipe's own LISTEN */
	const char *values[STATEMENT_PARAMETERS];
};

struct unit {
	struct unit *next;
	unsigned long id;
	double seconds;  /* that the caller gave */
	double deadline; /* of waiting, then of the answer; steady_seconds() */
	unit_done *done; /* NULL: an orphan, or the pipe's own */
	void *context;
	struct part parts[UNIT_STATEMENTS];
	int part_count;
	struct step steps[UNIT_STEPS];
	int step_count, step; /* sent; the one that is answered next */
	struct unit_result result;
	bool unknown;    /* whether it was carried out */
	PGresult *error; /* the first error; what `result` says of it points into it */
	char bytes[];    /* of the values */
};

struct unit_list {
	struct unit *first, *last;
	int count;
};

enum link_state { LINK_DOWN, LINK_CONNECTING, LINK_UP };

struct pipe {
	struct pipe_settings settings;
	struct database_url url;
	PGconn *connection;
	enum link_state state;
	bool closing;
	bool stale;  /* sends no more; connects anew when all is answered */
	bool broken; /* a send failed; the loop will tell */
	bool told_failure;
	int failures; /* since the last answer */
	struct unit_list waiting, flying;
	unsigned long last_id;
	void *prepared;                                          /* tree of texts that this connection knows */
	const struct statement_text *preparing[UNIT_STATEMENTS]; /* sent by one unit, not yet answered */
	int preparing_count;
	ev_io reader, writer;
	ev_timer again; /* connects, or gives up connecting */
	ev_timer clock; /* deadlines of units; runs while there are any */
};

/* pipe.c */
void unit_list_add(struct unit_list *list, struct unit *unit);
struct unit *unit_list_take(struct unit_list *list);
/* Calls `done`, once, and frees. */
void unit_finish(struct unit *unit, enum unit_outcome outcome);
/* Keeps the clock running. */
void pipe_watch_deadlines(struct pipe *pipe);

/* pipe_link.c */
void link_start(struct pipe *pipe);
/* Ends the connection; what was in flight is lost; connects anew unless the pipe is closing. */
void link_lose(struct pipe *pipe, const char *why);
/* Ends the connection without a word to anybody. */
void link_close(struct pipe *pipe);

/* pipe_flow.c */
/* Watches the socket of a connection that has just come up, and asks to be notified. False: it is gone already. */
bool flow_begin(struct pipe *pipe) __attribute__((warn_unused_result));
void flow_stop(struct pipe *pipe);
/* Sends what may be sent now. */
void flow_send(struct pipe *pipe);

#endif
