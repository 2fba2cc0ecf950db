/*
 * lanes.h: the connections of one loop to PostgreSQL, and what waits for them.
 *
 * fast: reads, one connection, KEPT_FAST_UNITS in flight. write: several connections with one unit in flight each, so
 * that commits flush together. slow: reports. What cannot be sent yet waits in one bounded queue for all lanes of a
 * loop; within a lane turns go round by credential, so that one busy client does not hold up the others.
 *
 * While a lane has no connection, units wait for at most KEPT_AWAY_SECONDS since it was lost; later ones are refused
 * at once. A lane without connection never delays the others. All belongs to the thread of the loop.
 */
#ifndef API_LANES_H
#define API_LANES_H

#include <stdbool.h>
#include <stdint.h>

#include <ev.h>

#include "api/contract.h"
#include "sql/pipe.h"

struct lanes;
struct lane_unit; /* one unit, from lanes_submit() to its `done` or lanes_orphan() */
struct metrics;

struct lanes_settings {
	struct ev_loop *loop;
	const char *database_url; /* borrowed until lanes_free() */
	int writers;              /* connections of the write lane of this loop, at least 1 */
	int slow;                 /* of the slow lane, at least 1 */
	struct metrics *metrics;
};

enum lanes_answer {
	LANES_TAKEN, /* `done` will be called once, from the loop */
	LANES_FULL,  /* the queue is full, or no memory */
	LANES_AWAY   /* the lane has had no connection for too long */
};

/* Starts to connect. NULL: no memory or a malformed database_url. */
struct lanes *lanes_new(const struct lanes_settings *settings) __attribute__((warn_unused_result));
/* Ends all units: `done` is called with UNIT_LOST or UNIT_REFUSED. Accepts NULL. */
void lanes_free(struct lanes *lanes);

struct lane_request {
	enum contract_lane lane;
	uint64_t flow; /* whose turn it takes: a number made of the credential */
	bool repeat;   /* after a lost connection it is sent once more: a read, or a write with an Idempotency-Key */
	const struct unit_statement *statements; /* all is copied */
	int count;
	unit_done *done;
	void *context;
};

/* `*unit` [out] is for lanes_orphan() and good until `done` is called. */
enum lanes_answer lanes_submit(struct lanes *lanes, const struct lane_request *request, struct lane_unit **unit)
	__attribute__((warn_unused_result));
/* The caller goes away: what was not sent yet is forgotten, what was runs to its end; `done` is not called. */
void lanes_orphan(struct lane_unit *unit);

/* Whether the fast and the write lane have a connection now. */
bool lanes_ready(const struct lanes *lanes);
/* Units that were submitted and have not ended, orphans included. */
int lanes_units(const struct lanes *lanes);

#endif
