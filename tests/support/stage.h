/*
 * stage.h: all that a worker needs to be run for real: a database with the test clock, an SMTP peer, HTTP peers, and a
 * folder; with one district, Lakeview, in America/New_York and the default ladder.
 *
 * The clock is the cluster's: one stage at a time. All functions fail the test when something cannot be done.
 */
#ifndef TESTS_SUPPORT_STAGE_H
#define TESTS_SUPPORT_STAGE_H

#include <stdbool.h>

#include "kept/seal.h"
#include "tests/support/cluster.h"
#include "tests/support/http_peer.h"
#include "tests/support/program.h"
#include "tests/support/smtp_peer.h"

#define STAGE_ID_SIZE 37
#define STAGE_SECONDS 60.0 /* that anything may take that is not timed */
#define STAGE_KEY "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" /* its hash; of an admin */
#define STAGE_RING "a:0123456789abcdef0123456789abcdef" /* what STAGE_SECRET is sealed by */
#define STAGE_SECRET "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="

struct stage {
	struct cluster *cluster;
	char *url;       /* for programs */
	char *superuser; /* for questions and changes */
	char folder[32]; /* where programs run; mail for demonstration districts goes to var/mail in it */
	char *mail_url;  /* KEPT_MAIL_URL; of the peer unless a test sets another */
	bool files;      /* workers read mail_from, secret and log_level from files of these names in the folder */
	int page;        /* port of 127.0.0.1 where workers show their figures; 0: none */
	struct smtp_peer *mail;
	struct http_peer *hooks;
	char *sealed_secret; /* STAGE_SECRET as rows hold it */
	char district[STAGE_ID_SIZE];
	int programs; /* started so far */
};

/* A cluster that has what its databases are copied from, so that forked tests need not make it. */
struct cluster *stage_cluster(void);
/* Makes a database of that name and sets the clock. */
void stage_open(struct stage *stage, struct cluster *cluster, const char *name, const char *now);
/* Ends the peers, removes the folder, and sets the clock back. */
void stage_close(struct stage *stage);
void stage_clock(struct stage *stage, const char *now);

/* A worker in the folder; its log is a file of its own. */
void stage_worker(struct stage *stage, struct program *worker, bool once);
/* Runs a worker that does all that is due, and fails unless it ends with 0. */
void stage_once(struct stage *stage);
/* Ends a running worker by SIGTERM, which must end with 0. */
void stage_stop(struct program *worker);

/* SQL as superuser, formatted as by printf. */
void stage_change(struct stage *stage, const char *format, ...) __attribute__((format(printf, 2, 3)));
long long stage_number(struct stage *stage, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* To be freed by the caller. */
char *stage_text(struct stage *stage, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* True when the question answers t; false after STAGE_SECONDS. */
bool stage_until(struct stage *stage, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Asks a route's statement with STAGE_KEY; it must answer with that status. `id` and `body` as the route takes them. */
void stage_route(struct stage *stage, int status, const char *statement, const char *id, const char *body);
/* A person, with a mail address unless it is NULL. */
void stage_person(struct stage *stage, char id[STAGE_ID_SIZE], const char *name, const char *language,
		  const char *address);
/* A webhook contact for a person. */
void stage_webhook(struct stage *stage, const char *person, const char *url);
/* An endpoint that gets these events, written as in {commitment.*}. */
void stage_endpoint(struct stage *stage, char id[STAGE_ID_SIZE], const char *url, const char *events);
/* A promise of that person, by the route. `more` are further members, "" or beginning with a comma. */
void stage_promise(struct stage *stage, char id[STAGE_ID_SIZE], const char *owner, const char *title,
		   const char *due_on, const char *more);

struct stage_crowd {
	const char *channel; /* email, webhook */
	int people;          /* owners */
	int promises;        /* of them all */
	const char *address; /* %s in it is the owner's number */
	int domains;         /* email: @0.example, @1.example, … are added; 0: the address is whole */
	const char *due_on;
};
/* Many people and promises at once, by SQL. */
void stage_crowd(struct stage *stage, const struct stage_crowd *crowd);
/* Tells every owner, by a notice, that the promise was handed to them. */
void stage_notify(struct stage *stage);
/* Lanes made from now on let everything through at once. */
void stage_fast_lanes(struct stage *stage);
/* All leases have run out. */
void stage_expire(struct stage *stage);

/* Sessions of workers, as a condition on pg_stat_activity. */
#define STAGE_WORKER_SESSIONS "application_name = 'kept-worker' and datname = current_database()"
/* From now on whoever does that (insert, update, delete) to a row of that table stands still, until stage_let_go(). */
void stage_hold(struct stage *stage, const char *event, const char *table);
/* Waits until a worker stands still there. */
bool stage_worker_held(struct stage *stage);
void stage_let_go(struct stage *stage);

/*
 * Writes what the peers got into public.received (message_id, channel, recipient, digest): a row for each mail and each
 * POST, by its Message-ID or webhook-id. `more` are further peers, ended by NULL; NULL: none.
 */
void stage_receive(struct stage *stage, struct http_peer *const *more);
/*
 * Fails unless exactly so many reminders and notices of people were sent: each recorded once as sent, got at least
 * once, repeated only where an attempt is unknown and then the same in every byte, and nothing is left. Calls
 * stage_receive().
 */
void stage_complete(struct stage *stage, long long messages, struct http_peer *const *more);
/* Fails if a message was got more than once. After stage_complete(). */
void stage_no_repeats(struct stage *stage);

#endif
