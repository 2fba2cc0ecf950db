/*
 * server.h: the API process: its socket, its loops, its end.
 *
 * On SIGTERM and SIGINT: not ready any more (and replies close their connections); after KEPT_STOP_PAUSE_SECONDS accept
 * no more; answer what is under way within KEPT_DRAIN_SECONDS; leave. A second signal leaves the pause out.
 */
#ifndef API_SERVER_H
#define API_SERVER_H

#include "kept/config.h"

/* Serves until it is told to stop. Returns the exit code of the program. */
int server_run(const struct config *config);

#endif
