/*
 * problem.h: every refusal and failure that the API can answer, in one table, and its JSON (RFC 9457).
 *
 * A problem is {"type","title","status","detail","instance","errors"}: `type` is KEPT_PUBLIC_URL/docs/problems/CODE,
 * `title` is constant for its type, `detail` says in one sentence what is wrong here and what to do, `instance` is
 * urn:uuid: and the request's id, which is also in the log. `errors` lists all wrong fields at once, each with a JSON
 * pointer into the body or the name of a parameter. No SQL, no path of a file, no address is ever told.
 */
#ifndef API_PROBLEM_H
#define API_PROBLEM_H

#include <stdbool.h>
#include <stddef.h>

#include "kept/text.h"

struct problem {
	const char *code;   /* last part of `type`; stable */
	int status;         /* HTTP status */
	const char *title;  /* the same for each problem of this type */
	const char *about;  /* for the page of this problem: what happened */
	const char *advice; /* and what to do */
};

extern const struct problem problem_table[];
extern const size_t problem_count;

/* The problem of that code, or NULL. */
const struct problem *problem_find(const char *code);
/* The plain problem of an HTTP status; `internal` for a status that has none. */
const struct problem *problem_of_status(int status);

/* What is wrong with the fields of one request: a JSON array that grows, at most KEPT_ERRORS items. */
struct problem_errors {
	struct text items; /* without the brackets */
	int count;
	bool more; /* an error was left out, because the list was full */
};

void problem_errors_init(struct problem_errors *errors);
void problem_errors_release(struct problem_errors *errors);
/* Adds {"pointer": where, "detail": detail}, or sets `more` when the list is full. */
void problem_errors_pointer(struct problem_errors *errors, const char *where, const char *detail);
/* Adds {"pointer": where, "line": line, "detail": detail}, or sets `more` when the list is full: a line of a sheet. */
void problem_errors_line(struct problem_errors *errors, const char *where, size_t line, const char *detail);
/* Adds {"parameter": where, "detail": detail}, or sets `more` when the list is full. `where` may be any bytes. */
void problem_errors_parameter(struct problem_errors *errors, const char *where, const char *detail);

/* What one problem tells. `errors` is a JSON array or NULL; `detail` is UTF-8 or NULL for the title alone. */
struct problem_reply {
	const struct problem *problem;
	const char *public_url;
	const char *request_id;
	const char *detail;
	const char *errors;
	const char *violated; /* name of the limit that was broken, for `violated-policies`; NULL: none */
	bool more_errors;     /* there were more than fit into `errors`; the detail then says so */
};

/* Appends the JSON of the problem. */
void problem_write(struct text *out, const struct problem_reply *reply);

/*
 * The problem for an error of PostgreSQL, whose meaning sql/database.h tells. `code` is the error's hint: a code of the
 * table that fits the status better than the plain one, or "". *by_design [out]: SQL refused with words for people
 * (SQLSTATE class KT), which may be told.
 */
const struct problem *problem_of_sqlstate(const char *sqlstate, const char *code, bool *by_design);

#endif
