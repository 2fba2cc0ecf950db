/*
 * cluster.h: a private PostgreSQL cluster for one test program.
 *
 * It has a socket in a folder of its own and no TCP. A keeper process starts it and ends it: when cluster_stop() is
 * called, at exit, and also when the test program dies in any way. As root the server runs by the account `postgres`.
 * All functions end the program with a message if the cluster cannot do what was asked.
 */
#ifndef TESTS_SUPPORT_CLUSTER_H
#define TESTS_SUPPORT_CLUSTER_H

#include <stdbool.h>

struct cluster;

struct cluster_settings {
	bool fsync;                /* durable as in production; false is faster */
	const char *configuration; /* lines added to postgresql.conf; NULL: none */
};

enum cluster_content {
	CLUSTER_EMPTY,      /* nothing in it */
	CLUSTER_MIGRATED,   /* migrated with the plain clock */
	CLUSTER_TEST_CLOCK, /* migrated with the test clock */
};

/* Starts one; NULL: defaults. Owned by the caller, who ends it with cluster_stop(). */
struct cluster *cluster_start(const struct cluster_settings *settings);
/* Ends the server at once and removes its folder. Accepts NULL. */
void cluster_stop(struct cluster *cluster);

/* Makes the database (an old one of that name goes), owned by the login `kept`, which is no superuser but may create
 * roles. Returns the connection string of that login, to be freed by the caller. The first migrated one takes a while,
 * the next are copies. */
char *cluster_database(struct cluster *cluster, const char *name, enum cluster_content content);
/* Connection string of the superuser, to be freed by the caller. */
char *cluster_superuser(const struct cluster *cluster, const char *database);

/* Ends the server as a power cut does (immediate shutdown), or as an administrator does (fast shutdown: 57P01). */
void cluster_cut(struct cluster *cluster);
void cluster_shut(struct cluster *cluster);
/* Starts it again after one of these, and waits until it answers. */
void cluster_resume(struct cluster *cluster);

/* Sets kept.now for all sessions, also those that are open (from their next statement on): an instant, an interval, or
 * "" for the time as it is. It has an effect in databases with the test clock. */
void cluster_clock(struct cluster *cluster, const char *now);

/* Folder of the cluster: its socket lies there and the server's `log`. */
const char *cluster_folder(const struct cluster *cluster);

#endif
