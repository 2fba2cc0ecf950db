/*
 * fixture.h: a small register, put into a database by hand, for tests of the worker's SQL.
 *
 * One district in America/New_York (ladder -7, -2, 1, 7 at 08:00), one person with one mail address who owns one
 * agreed commitment, "Read together", due on 2027-01-15, registered on 2027-01-01. Each question is one transaction of
 * its own at a given instant of the test clock. All functions fail the test if the database refuses.
 */
#ifndef TESTS_SUPPORT_FIXTURE_H
#define TESTS_SUPPORT_FIXTURE_H

#include "tests/support/cluster.h"

#define FIXTURE_DISTRICT "'00000000-0000-7000-8000-0000000000d1'::uuid"
#define FIXTURE_PERSON "'00000000-0000-7000-8000-0000000000a1'::uuid"
#define FIXTURE_CONTACT "'00000000-0000-7000-8000-0000000000c1'::uuid"
#define FIXTURE_COMMITMENT "'00000000-0000-7000-8000-0000000000b1'::uuid"
#define FIXTURE_ENDPOINT "'00000000-0000-7000-8000-0000000000e1'::uuid"
#define FIXTURE_WORKER "'11111111-1111-7111-8111-111111111111'::uuid"
#define FIXTURE_OTHER_WORKER "'22222222-2222-7222-8222-222222222222'::uuid"

/* Makes the database; returns the superuser's connection string, to be freed by the caller. */
char *fixture_open(struct cluster *cluster, const char *name);
/* Runs statements as the superuser. */
void fixture_change(const char *url, const char *instant, const char *sql);
/* Runs statements as the worker; first column of the last one's first row, "" for none. To be freed by the caller. */
char *fixture_ask(const char *url, const char *instant, const char *sql);
/* The same as a number. */
long long fixture_count(const char *url, const char *instant, const char *sql);
/* SQLSTATE that the statements end with as the worker. To be freed by the caller. */
char *fixture_state(const char *url, const char *instant, const char *sql);
/* A look of FIXTURE_WORKER that takes up to 16 batches; answers how many messages it sends. */
long long fixture_tick(const char *url, const char *instant);
/* Settles the batch that FIXTURE_WORKER has open, all messages of the window with this result (members of the object
 * without message_id, JSON without braces); answers how many messages the next window sends. */
long long fixture_settle(const char *url, const char *instant, const char *result);
/* Adds so many agreed commitments due on that date, each with an owner of its own at `domain`, and reckons them. */
void fixture_crowd(const char *url, const char *instant, int count, const char *domain, const char *due_on);

#endif
