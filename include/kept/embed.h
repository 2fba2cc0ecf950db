/*
 * embed.h: files compiled into the programs by build/embed.
 *
 * The Makefile makes one table a folder: embedded_migrations, embedded_functions, embedded_catalogue,
 * embedded_messages, embedded_pages. Tables are sorted by name (bytewise) and constant.
 */
#ifndef KEPT_EMBED_H
#define KEPT_EMBED_H

#include <stddef.h>

struct embedded {
	const char *name;  /* base name, for instance "0001_base.sql" */
	const char *bytes; /* followed by a NUL that is not counted */
	size_t length;
};

struct embedded_table {
	const struct embedded *files;
	size_t count;
};

extern const struct embedded_table embedded_migrations; /* sql/migrations */
extern const struct embedded_table embedded_functions;  /* sql/functions */
extern const struct embedded_table embedded_catalogue;  /* sql/catalogue */
extern const struct embedded_table embedded_messages;   /* worker/messages */
extern const struct embedded_table embedded_pages;      /* api/pages */

/* The file of that name, or NULL. */
const struct embedded *embedded_find(const struct embedded_table *table, const char *name);

#endif
