/*
 * visitors.h: clients of a kept-api in threads, who ask without end and count what they lose.
 *
 * Some keep their connection, some come anew for each request, some rest between two. A request is lost when it was
 * sent and got no whole reply, though the server had not said that it would close the connection.
 */
#ifndef TESTS_SUPPORT_VISITORS_H
#define TESTS_SUPPORT_VISITORS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "tests/support/api.h"

#define VISITORS 8

struct visitors;

struct visitor {
	struct visitors *all;
	int manner;
	pthread_t thread;
};

struct visitors {
	struct api face; /* for api_connect() */
	atomic_bool enough;
	atomic_int sent, whole, lost, wrong; /* wrong: a whole reply that is neither 200 nor 201 */
	char *read, *write;
	struct visitor each[VISITORS];
};

/* Begins to ask at the port of `api`, with its key. */
void visitors_come(struct visitors *visitors, const struct api *api);
/* Ends that. */
void visitors_leave(struct visitors *visitors);
/* Prints the counts; fails unless at least so many requests were sent and each was answered with 200 or 201. */
void visitors_must_have_lost_nothing(const struct visitors *visitors, int least);

#endif
