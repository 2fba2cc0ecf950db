/*
 * load.h: a load generator for HTTP/1.1 on loopback: so many connections, each with one request under way, one thread.
 */
#ifndef TESTS_BENCH_LOAD_H
#define TESTS_BENCH_LOAD_H

#include <stddef.h>

#include "kept/text.h"

/* Appends the whole request number `number` (from 0). */
typedef void load_write(void *context, struct text *out, unsigned long number);

struct load {
	int port;
	int connections;
	double warm_seconds; /* at first, not measured */
	double seconds;
	int status;          /* of each answer */
	unsigned long first; /* number of the first request */
	load_write *write;
	void *context;
};

struct load_result {
	unsigned long asked; /* requests sent, the warm ones too */
	unsigned long wrong; /* answers of another status */
	double per_second, p50_ms, p99_ms;
};

/* Ends the program when the server goes away. */
void load_run(const struct load *load, struct load_result *result);
/* One request; answers its seconds, and ends the program on another status. */
double load_once(int port, const struct text *request, int status);

#endif
