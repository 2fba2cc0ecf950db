/*
 * front.h: nginx as a child of the test, with deploy/nginx/kept.conf in front of a kept-api.
 *
 * The file is used as it stands, but for ports, addresses and the lines of TLS.
 */
#ifndef TESTS_SUPPORT_FRONT_H
#define TESTS_SUPPORT_FRONT_H

#include "tests/support/api.h"

struct front {
	struct program program;
	char folder[64];
	struct api face; /* for api_connect(): nginx's port; nothing else of it is set but the key */
};

/* Starts it in front of `api` and waits until it takes connections. */
void front_start(struct front *front, const struct api *api);
void front_release(struct front *front);

#endif
