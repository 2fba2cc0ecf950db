/*
 * listen.h: the one listening socket of the API, and what it tells its service manager.
 */
#ifndef API_LISTEN_H
#define API_LISTEN_H

#include <stdbool.h>

#include "kept/text.h"

/*
 * The socket of `address`: "host:port", "[v6]:port", port 0 is any; or "unix:PATH", where a socket that nobody listens
 * on any more is replaced. A socket handed over by systemd (sd_listen_fds(3): LISTEN_PID, LISTEN_FDS) wins. It does not
 * block and is not inherited. -1: `error` says in one line what is wrong.
 */
int listen_open(const char *address, struct text *error) __attribute__((warn_unused_result));
/* Appends where it listens: "127.0.0.1:8420", "unix:/run/kept.sock". */
void listen_name(int fd, struct text *out);

/* Tells the service manager, if there is one (sd_notify(3)): "READY=1", "STOPPING=1". */
void listen_notify(const char *state);

#endif
