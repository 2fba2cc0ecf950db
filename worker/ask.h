/*
 * ask.h: a unit of statements whose values are given by name.
 */
#ifndef WORKER_ASK_H
#define WORKER_ASK_H

#include "sql/pipe.h"

struct ask_value {
	const char *name;
	const char *value; /* NULL is SQL NULL */
};

struct ask {
	const char *statement; /* its name in statement_table */
	const struct ask_value *values;
	int value_count;
};

/* As pipe_submit(). A statement's parameter that is not among the values is NULL. 0: it is not queued, or no such
 * statement. */
unsigned long ask_submit(struct pipe *pipe, const struct ask *asks, int count, double seconds, unit_done *done,
			 void *context) __attribute__((warn_unused_result));

/* SQL state of an error, "" for any other end. */
const char *ask_state(const struct unit_result *result);

#endif
