/*
 * exchange.h: one request and its reply, from the request line to the last byte.
 *
 * Phases: READING (headers and body arrive), WAITING (suspended, a unit is under way), ANSWERED (the reply is queued).
 * The exchange belongs to the thread of its loop and lives until libmicrohttpd says that the request is completed. The
 * unit is an object of its own (lanes.h): at the deadline the exchange is answered with 504 and the unit is orphaned. A
 * client that leaves while its request is suspended is noticed when the reply is sent.
 */
#ifndef API_EXCHANGE_H
#define API_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ev.h>
#include <jansson.h>
#include <microhttpd.h>

#include "api/contract.h"
#include "api/limits/limits.h"
#include "api/reply/problem.h"
#include "api/reply/reply.h"
#include "api/request/guard.h"
#include "api/request/prefer.h"
#include "api/request/request.h"
#include "api/request/wire.h"
#include "api/unit/lanes.h"
#include "kept/text.h"
#include "kept/trace.h"

#define EXCHANGE_PARAMETERS REQUEST_PARAMETERS

enum exchange_phase { EXCHANGE_READING, EXCHANGE_WAITING, EXCHANGE_ANSWERED };

struct loop;
struct sheet;
struct exchange;

/* Makes the reply out of what a unit brought; the reply is sent afterwards, unless it has submitted another unit. */
typedef void exchange_unit_done(struct exchange *exchange, struct unit_result *result);

struct exchange {
	struct loop *loop;
	struct MHD_Connection *connection;
	struct exchange *previous, *next; /* all of the loop */
	struct exchange *next_resume;     /* those to be resumed in this turn */
	enum exchange_phase phase;
	double began;     /* steady_seconds() */
	double answer_by; /* 504 then, so that the reply is sent before the connection's time is over */
	ev_timer deadline;
	char id[37]; /* request id, a random UUID */
	struct trace trace;

	/* The request */
	char *target;            /* a copy as sent; `path` and `query` lie in it */
	const char *target_sent; /* libmicrohttpd's own: only its place counts */
	const char *path;
	char *query;        /* NULL: none */
	const char *method; /* libmicrohttpd's, good while the exchange lives */
	bool first_call_done;
	bool refused; /* a problem is set; it is sent when the body has come */
	bool close;   /* close the connection after the reply */
	struct guard_headers headers;
	struct wire wire;
	struct contract_match match;
	const struct contract_operation *operation; /* NULL until it is known */
	struct text body;
	bool large;        /* the body counts among the large ones of the process */
	bool sheet;        /* it is text/csv */
	size_t discarded;  /* bytes of a body that nobody will look at */
	size_t body_bytes; /* that came, looked at or not */
	json_t *json;      /* the validated body */
	char *body_text;   /* minified */

	/* Parameters for the statement; owned */
	char *values[EXCHANGE_PARAMETERS]; /* of operation->parameters, decoded; NULL absent */
	char *request_json;
	char *after; /* opened page token */
	char languages[KEPT_LANGUAGES_BYTES];
	char *secrets; /* set by a before hook */
	char page_size[8];
	char idempotency_key[KEPT_IDEMPOTENCY_KEY_BYTES + 1]; /* "" none */
	struct request_tags if_match;                         /* empty: none or `*` */
	struct prefer prefer;                                 /* tells something of writes only */

	/* The credential */
	char key_hash[65]; /* lower hex, "" none */
	char district[37]; /* known after the unit; for the log */
	char credential[37];

	struct limits_request limits; /* the client's address, and what was counted for it */

	/* At work */
	struct lane_unit *unit;
	exchange_unit_done *unit_done;
	struct problem_errors errors;
	const char *problem_errors; /* JSON array that goes into the problem in place of `errors`; borrowed */
	struct reply reply;
	bool csv;                /* a list is asked for as CSV */
	struct sheet *sheet_out; /* owned; NULL: none */
	bool shows_secret;       /* the reply holds what is shown once */
	int status;              /* of the reply, for the log */
};

/* A new exchange in the loop's list, or NULL. `target` is copied. */
struct exchange *exchange_new(struct loop *loop, struct MHD_Connection *connection, const char *target)
	__attribute__((warn_unused_result));
/* Leaves the list, orphans the unit, frees all. Accepts NULL. */
void exchange_free(struct exchange *exchange);

/* Submits a unit for this exchange: `done` will make the reply. False: a problem was set as the reply. */
bool exchange_submit(struct exchange *exchange, const struct lane_request *request, exchange_unit_done *done)
	__attribute__((warn_unused_result));
/* From libmicrohttpd's handler, after exchange_submit(): nothing more happens on the connection until the answer. */
void exchange_suspend(struct exchange *exchange);

/* Sends what is in exchange->reply; a suspended exchange is resumed at the end of the turn. */
void exchange_answer(struct exchange *exchange);
/* Sets a problem as the reply; detail may be NULL. exchange->errors goes with it. Does not send. */
void exchange_problem(struct exchange *exchange, const char *code, const char *detail);
/* The same for a request whose body may still come: it is thrown away, and the problem is sent after it. Always false.
 */
bool exchange_refuse(struct exchange *exchange, const char *code, const char *detail);
/* Orphans the unit and answers a problem. */
void exchange_give_up(struct exchange *exchange, const char *code, const char *detail);

/* Value of the request header, or NULL. */
const char *exchange_header(const struct exchange *exchange, const char *name);
/* Appends the values of all lines of the header, joined by commas (RFC 9110, 5.3). */
void exchange_header_lines(const struct exchange *exchange, const char *name, struct text *out);

#endif
