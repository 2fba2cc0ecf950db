/*
 * url.h: checks a webhook's URL with libcurl's own parser, so that checker and client read it alike.
 */
#ifndef WORKER_URL_H
#define WORKER_URL_H

#include <stdbool.h>
#include <stdint.h>

#define URL_BYTES 2000

struct url {
	char host[256]; /* lower case; an IPv6 address in brackets */
	uint16_t port;  /* as written or the scheme's own */
	bool https;     /* false: plain http, which address_permitted() takes only from the allow list */
};

/*
 * True: https or http, a host, no user name, no fragment, no zone, only printable ASCII, at most URL_BYTES; `*url` is
 * filled. False: `*why` [out] is a constant sentence; the attempt ends as SEND_BLOCKED.
 */
bool url_check(struct url *url, const char *text, const char **why) __attribute__((warn_unused_result));

#endif
