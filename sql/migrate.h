/*
 * migrate.h: brings a database to what this program needs, as its owner, synchronously.
 *
 * In this order: the schema `kept` and the table kept.migration; the clock (kept.now, kept.test_clock); the migrations
 * that are not yet applied, each in one transaction and noted with its SHA-256; all functions anew in one transaction;
 * the catalogue, if kept.catalogue_load(jsonb) exists. Two at once wait for each other (advisory lock). A second run
 * changes nothing. No lock is waited for longer than two seconds: a migration never holds up the service for long.
 *
 * Migrations are forward only: "0001_base.sql", numbered from 1 without gaps. One that was applied never changes.
 */
#ifndef SQL_MIGRATE_H
#define SQL_MIGRATE_H

#include <stdbool.h>

#include "kept/embed.h"

struct migrate_options {
	/* Installs a kept.now() that honours the setting kept.now: an instant is frozen, an interval shifts a running
	 * clock, empty is now(). False installs the plain clock. Only for tests, tours and simulations. */
	bool test_clock;
	/* Told before each step, for instance "migration 0001_base.sql"; NULL: nobody. */
	void (*progress)(void *context, const char *step);
	void *context; /* of progress */
	/* Where the files are; NULL: the embedded ones. Borrowed. */
	const struct embedded_table *migrations;
	const struct embedded_table *functions;
	const struct embedded_table *catalogue;
};

/* Migrates. False: `*error` [out] is one line for a person, to be freed by the caller (NULL: no memory); what was
 * applied before the failure stays and the next run goes on from there. */
bool migrate_database(const char *database_url, const struct migrate_options *options, char **error)
	__attribute__((warn_unused_result));

#endif
