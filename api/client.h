/*
 * client.h: what libmicrohttpd calls for each connection and request of one loop; and the deadline of a connection.
 *
 * libmicrohttpd's own time limit is for inactivity: a client that sends a byte now and then would stay for ever. So the
 * first request has KEPT_REQUEST_SECONDS from accept to the last byte of its reply, each later one as much from its
 * request line, and between two the request line must come within KEPT_IDLE_SECONDS. What a client has not read by then
 * is thrown away.
 */
#ifndef API_CLIENT_H
#define API_CLIENT_H

#include <microhttpd.h>

struct loop;

/* Starts the daemon of the loop with all callbacks. `listen_fd` is taken by it. NULL: it could not. */
struct MHD_Daemon *client_daemon(struct loop *loop, int listen_fd, int connections) __attribute__((warn_unused_result));

#endif
