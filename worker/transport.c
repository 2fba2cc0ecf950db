/* transport.c: see transport.h. */
#include "worker/transport.h"

#include <stdlib.h>

#include "kept/limits.h"

struct transport {
	struct ev_loop *loop;
	CURLM *multi;
	ev_timer timer;
};

/* One socket that libcurl wants watched. */
struct watched {
	ev_io io;
	struct transport *transport;
};

bool transport_prepare_process(void)
{
	if (setenv("RES_OPTIONS", "timeout:1 attempts:1", 0) != 0)
		return false;
	return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}

/* CURLOPT_CAINFO takes the place of the system's bundle; the system's folder, which libcurl reads too, stays. */
bool transport_trust(CURL *easy, const char *authorities)
{
	return !authorities[0] || curl_easy_setopt(easy, CURLOPT_CAINFO, authorities) == CURLE_OK;
}

static void finish_ended(struct transport *transport)
{
	const CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(transport->multi, &left))) {
		CURL *easy = message->easy_handle;
		CURLcode code = message->data.result;
		void *private = NULL;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(easy, CURLINFO_PRIVATE, &private);
		curl_multi_remove_handle(transport->multi, easy);
		struct transfer *transfer = private;
		transfer->done(transfer->context, easy, code);
	}
}

static void act(struct transport *transport, curl_socket_t socket, int events)
{
	int running;

	curl_multi_socket_action(transport->multi, socket, events, &running);
	finish_ended(transport);
}

static void socket_ready(struct ev_loop *loop, ev_io *io, int revents)
{
	struct watched *watched = io->data;
	int events = ((revents & EV_READ) ? CURL_CSELECT_IN : 0) | ((revents & EV_WRITE) ? CURL_CSELECT_OUT : 0);

	(void)loop;
	act(watched->transport, io->fd, events);
}

static void timer_fired(struct ev_loop *loop, ev_timer *timer, int revents)
{
	(void)loop;
	(void)revents;
	act(timer->data, CURL_SOCKET_TIMEOUT, 0);
}

static int watch_socket(CURL *easy, curl_socket_t socket, int what, void *context, void *assigned)
{
	struct transport *transport = context;
	struct watched *watched = assigned;
	int events;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (watched)
			ev_io_stop(transport->loop, &watched->io);
		free(watched);
		curl_multi_assign(transport->multi, socket, NULL);
		return 0;
	}
	events = ((what & CURL_POLL_IN) ? EV_READ : 0) | ((what & CURL_POLL_OUT) ? EV_WRITE : 0);
	if (!watched) {
		watched = calloc(1, sizeof(*watched));
		if (!watched)
			return -1;
		watched->transport = transport;
		ev_init(&watched->io, socket_ready);
		watched->io.data = watched;
		curl_multi_assign(transport->multi, socket, watched);
	}
	ev_io_stop(transport->loop, &watched->io);
	ev_io_set(&watched->io, socket, events);
	ev_io_start(transport->loop, &watched->io);
	return 0;
}

static int set_timer(CURLM *multi, long milliseconds, void *context)
{
	struct transport *transport = context;

	(void)multi;
	ev_timer_stop(transport->loop, &transport->timer);
	if (milliseconds >= 0) {
		/* libev counts from the time it last looked at the clock, which may be long ago in a busy turn. */
		ev_now_update(transport->loop);
		ev_timer_set(&transport->timer, (double)milliseconds / 1000.0, 0.0);
		ev_timer_start(transport->loop, &transport->timer);
	}
	return 0;
}

struct transport *transport_new(struct ev_loop *loop)
{
	struct transport *transport = calloc(1, sizeof(*transport));

	if (!transport)
		return NULL;
	transport->loop = loop;
	ev_init(&transport->timer, timer_fired);
	transport->timer.data = transport;
	transport->multi = curl_multi_init();
	if (!transport->multi) {
		free(transport);
		return NULL;
	}
	curl_multi_setopt(transport->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
	curl_multi_setopt(transport->multi, CURLMOPT_SOCKETDATA, transport);
	curl_multi_setopt(transport->multi, CURLMOPT_TIMERFUNCTION, set_timer);
	curl_multi_setopt(transport->multi, CURLMOPT_TIMERDATA, transport);
	curl_multi_setopt(transport->multi, CURLMOPT_MAXCONNECTS, (long)KEPT_WEBHOOK_CONNECTIONS);
	curl_multi_setopt(transport->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
	return transport;
}

void transport_free(struct transport *transport)
{
	if (!transport)
		return;
	curl_multi_cleanup(transport->multi);
	ev_timer_stop(transport->loop, &transport->timer);
	free(transport);
}

bool transport_add(struct transport *transport, struct transfer *transfer)
{
	curl_easy_setopt(transfer->easy, CURLOPT_PRIVATE, transfer);
	return curl_multi_add_handle(transport->multi, transfer->easy) == CURLM_OK;
}

void transport_remove(struct transport *transport, struct transfer *transfer)
{
	curl_multi_remove_handle(transport->multi, transfer->easy);
}
