/*
 * transport.h: many libcurl transfers at once on a libev loop, without a thread for each.
 *
 * One curl_multi by its socket and timer callbacks (https://curl.se/libcurl/c/libcurl-multi.html). Connections stay
 * open and are used again for the same host. For HTTP only: libcurl 7.88 waits inside one call for the answer after an
 * SMTP message (smtp_done), which would stop the whole loop; mail.h has its own threads for that reason.
 */
#ifndef WORKER_TRANSPORT_H
#define WORKER_TRANSPORT_H

#include <stdbool.h>

#include <curl/curl.h>
#include <ev.h>

/*
 * Once in a process, before any thread: starts libcurl, and sets RES_OPTIONS, unless the operator did, so that a silent
 * name server holds a transfer for one second and not for ten. False: libcurl does not start.
 */
bool transport_prepare_process(void) __attribute__((warn_unused_result));

/* Trusts the authorities of that PEM file beside the system's; "" changes nothing. False: no memory. */
bool transport_trust(CURL *easy, const char *authorities) __attribute__((warn_unused_result));

struct transport;

/* A transfer ended; the handle is out of the multi. Called once, from the loop. */
typedef void transfer_done(void *context, CURL *easy, CURLcode code);

/* NULL: no memory. */
struct transport *transport_new(struct ev_loop *loop) __attribute__((warn_unused_result));
/* The transfers in it must have ended or been removed; closes the connections. Accepts NULL. */
void transport_free(struct transport *transport);

/* A transfer: the handle, and what to call. Embed one and keep it until `done`. */
struct transfer {
	CURL *easy;
	transfer_done *done;
	void *context;
};

/* Starts the transfer; uses CURLOPT_PRIVATE of the handle. `done` is never called from inside. False: not started. */
bool transport_add(struct transport *transport, struct transfer *transfer) __attribute__((warn_unused_result));
/* Ends a running transfer without calling `done`. */
void transport_remove(struct transport *transport, struct transfer *transfer);

#endif
