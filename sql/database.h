/*
 * database.h: how Kept connects to PostgreSQL, and what its errors mean.
 */
#ifndef SQL_DATABASE_H
#define SQL_DATABASE_H

#include <stdbool.h>

#define DATABASE_KEYWORDS 64

struct database_session {
	const char *role;             /* taken at connect; NULL: the login's own */
	const char *application_name; /* NULL: libpq's */
	int statement_timeout_ms;     /* 0: none */
	int lock_timeout_ms;          /* 0: none */
	bool one_plan;                /* a statement is planned once, not for each set of values */
	bool may_forget;              /* a commit does not wait for the disk: what it wrote may be lost in a crash */
};

/* Keywords and values as PQconnectStartParams() takes them, ended by NULL. Owned strings; database_url_release(). */
struct database_url {
	char *keywords[DATABASE_KEYWORDS];
	char *values[DATABASE_KEYWORDS];
	double connect_seconds; /* for all hosts together: the string's connect_timeout for each, or
				   KEPT_CONNECT_SECONDS */
};

/*
 * Reads a libpq connection string (keywords or URI, several hosts allowed) and adds what Kept needs: to its `options`
 * the role, the time limits, and a session in UTC with ISO dates and only pg_catalog in the search path; and, unless
 * the string has them, target_session_attrs=read-write, tcp_user_timeout and connect_timeout, so that a dead or demoted
 * host is passed over. Nothing that the string has is replaced, but client_encoding is always UTF8. False: `*error`
 * [out] is one line without any secret, to be freed by the caller (NULL: no memory).
 */
bool database_url(struct database_url *url, const char *string, const struct database_session *session, char **error)
	__attribute__((warn_unused_result));
/* Frees the strings; those that may hold a password are wiped. */
void database_url_release(struct database_url *url);

enum database_fault {
	DATABASE_FAULT_CLIENT, /* what was asked cannot be done */
	DATABASE_FAULT_OURS,   /* a defect of Kept: to be logged as one */
	DATABASE_FAULT_AWAY    /* PostgreSQL is not there, busy or out of something: later it may work */
};

struct database_error {
	const char *state; /* SQLSTATE of five characters, or a class of two; PostgreSQL documentation, appendix A */
	int status;        /* HTTP status of a reply; for class KT the number in the state itself */
	enum database_fault fault;
	bool retryable; /* the very same unit may be sent again at once */
	bool reconnect; /* this connection is of no more use */
};

/* The meaning of an SQLSTATE: the entry for the state, else for its class, else 500 and ours. `sqlstate` may be NULL.
 */
struct database_error database_error_of(const char *sqlstate);

#endif
