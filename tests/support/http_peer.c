/* http_peer.c: see http_peer.h. */
#include "tests/support/http_peer.h"

#include <ctype.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>

#include "kept/text.h"
#include "tests/support/program.h"

struct http_peer {
	struct MHD_Daemon *daemon;
	int port;
	pthread_mutex_t lock; /* guards all below */
	pthread_cond_t changed;
	bool stopping;
	struct http_script script; /* header and body owned */
	int script_times;          /* negative: for ever */
	struct http_request *requests;
	int request_count, connection_count;
};

/* One request while it comes in. */
struct incoming {
	struct text headers, body;
};

/* False: the peer is being stopped. */
static bool pause_for(struct http_peer *peer, double seconds)
{
	struct timespec until = clock_deadline(seconds);
	bool stopping;

	pthread_mutex_lock(&peer->lock);
	while (!peer->stopping && pthread_cond_timedwait(&peer->changed, &peer->lock, &until) == 0)
		;
	stopping = peer->stopping;
	pthread_mutex_unlock(&peer->lock);
	return !stopping;
}

static enum MHD_Result note_header(void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct text *headers = context;

	(void)kind;
	for (; *name; name++)
		text_addf(headers, "%c", tolower((unsigned char)*name));
	text_addf(headers, ": %s\n", value ? value : "");
	return MHD_YES;
}

static void keep(struct http_peer *peer, const char *method, const char *path, struct incoming *incoming)
{
	struct http_request request = {.method = strdup(method), .path = strdup(path), .length = incoming->body.length};
	struct http_request *requests;

	text_add(&incoming->headers, "", 0);
	request.headers = text_take(&incoming->headers);
	request.body = text_take(&incoming->body);
	pthread_mutex_lock(&peer->lock);
	requests = realloc(peer->requests, ((size_t)peer->request_count + 1) * sizeof(*requests));
	if (!requests || !request.method || !request.path || !request.headers || !request.body)
		abort();
	peer->requests = requests;
	requests[peer->request_count++] = request;
	pthread_cond_broadcast(&peer->changed);
	pthread_mutex_unlock(&peer->lock);
}

static ssize_t endless_bytes(void *context, uint64_t position, char *out, size_t room)
{
	struct http_peer *peer = context;
	bool stopping, trickle;

	(void)position;
	pthread_mutex_lock(&peer->lock);
	stopping = peer->stopping;
	trickle = peer->script.trickle;
	pthread_mutex_unlock(&peer->lock);
	if (stopping || (trickle && !pause_for(peer, 0.05)))
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (trickle)
		room = 1;
	memset(out, 'x', room);
	return (ssize_t)room;
}

static struct MHD_Response *respond(struct http_peer *peer, const struct http_script *script)
{
	struct MHD_Response *response;
	char name[80];
	const char *colon = script->header ? strchr(script->header, ':') : NULL;

	if (script->endless || script->trickle)
		response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 4096, endless_bytes, peer, NULL);
	else
		response = MHD_create_response_from_buffer(script->body ? strlen(script->body) : 0,
							   (void *)(script->body ? script->body : ""),
							   MHD_RESPMEM_MUST_COPY);
	if (response && colon) {
		snprintf(name, sizeof(name), "%.*s", (int)(colon - script->header), script->header);
		MHD_add_response_header(response, name, colon + 1 + strspn(colon + 1, " "));
	}
	return response;
}

static enum MHD_Result answer(struct http_peer *peer, struct MHD_Connection *connection)
{
	struct http_script script = {0};
	struct MHD_Response *response;
	enum MHD_Result queued;
	unsigned int status;

	pthread_mutex_lock(&peer->lock);
	if (peer->script_times != 0)
		script = peer->script;
	if (peer->script_times > 0)
		peer->script_times--;
	script.header = script.header ? strdup(script.header) : NULL;
	script.body = script.body ? strdup(script.body) : NULL;
	pthread_mutex_unlock(&peer->lock);
	response = NULL;
	if (!script.drop && (script.delay_ms == 0 || pause_for(peer, script.delay_ms / 1000.0)) &&
	    (!script.hang || pause_for(peer, 3600)))
		response = respond(peer, &script);
	status = script.status                                     ? (unsigned int)script.status
		 : script.body || script.endless || script.trickle ? 200
								   : 204;
	queued = response ? MHD_queue_response(connection, status, response) : MHD_NO;
	if (response)
		MHD_destroy_response(response);
	free((char *)script.header);
	free((char *)script.body);
	return queued;
}

static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *path, const char *method,
			      const char *version, const char *upload, size_t *upload_size, void **request)
{
	struct http_peer *peer = context;
	struct incoming *incoming = *request;

	(void)version;
	if (!incoming) {
		incoming = calloc(1, sizeof(*incoming));
		if (!incoming)
			abort();
		text_init(&incoming->headers, 64 * 1024);
		text_init(&incoming->body, 1024 * 1024);
		MHD_get_connection_values(connection, MHD_HEADER_KIND, note_header, &incoming->headers);
		*request = incoming;
		return MHD_YES;
	}
	if (*upload_size > 0) {
		text_add(&incoming->body, upload, *upload_size);
		*upload_size = 0;
		return MHD_YES;
	}
	keep(peer, method, path, incoming);
	return answer(peer, connection);
}

static void forget(void *context, struct MHD_Connection *connection, void **request,
		   enum MHD_RequestTerminationCode code)
{
	struct incoming *incoming = *request;

	(void)context;
	(void)connection;
	(void)code;
	if (incoming) {
		text_release(&incoming->headers);
		text_release(&incoming->body);
		free(incoming);
	}
	*request = NULL;
}

static void count_connection(void *context, struct MHD_Connection *connection, void **private,
			     enum MHD_ConnectionNotificationCode code)
{
	struct http_peer *peer = context;

	(void)connection;
	(void)private;
	if (code != MHD_CONNECTION_NOTIFY_STARTED)
		return;
	pthread_mutex_lock(&peer->lock);
	peer->connection_count++;
	pthread_mutex_unlock(&peer->lock);
}

struct http_peer *http_peer_start_tls(const struct certificate *certificate)
{
	struct http_peer *peer = calloc(1, sizeof(*peer));
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct MHD_OptionItem tls[] = {
		{MHD_OPTION_HTTPS_MEM_CERT, 0, certificate ? certificate->chain : NULL},
		{MHD_OPTION_HTTPS_MEM_KEY, 0, certificate ? certificate->key : NULL},
		{MHD_OPTION_END, 0, NULL},
	};
	pthread_condattr_t attributes;

	if (!peer)
		return NULL;
	pthread_mutex_init(&peer->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&peer->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	peer->daemon = MHD_start_daemon(MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL |
						(certificate ? MHD_USE_TLS : 0),
					0, NULL, NULL, handle, peer, MHD_OPTION_ARRAY, certificate ? tls : &tls[2],
					MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_NOTIFY_COMPLETED, forget, NULL,
					MHD_OPTION_NOTIFY_CONNECTION, count_connection, peer, MHD_OPTION_END);
	if (!peer->daemon) {
		free(peer);
		return NULL;
	}
	peer->port = MHD_get_daemon_info(peer->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
	return peer;
}

struct http_peer *http_peer_start(void)
{
	return http_peer_start_tls(NULL);
}

void http_peer_stop(struct http_peer *peer)
{
	if (!peer)
		return;
	pthread_mutex_lock(&peer->lock);
	peer->stopping = true;
	pthread_cond_broadcast(&peer->changed);
	pthread_mutex_unlock(&peer->lock);
	MHD_stop_daemon(peer->daemon);
	for (int i = 0; i < peer->request_count; i++)
		http_request_release(&peer->requests[i]);
	free(peer->requests);
	free((char *)peer->script.header);
	free((char *)peer->script.body);
	pthread_cond_destroy(&peer->changed);
	pthread_mutex_destroy(&peer->lock);
	free(peer);
}

int http_peer_port(const struct http_peer *peer)
{
	return peer->port;
}

void http_peer_script_times(struct http_peer *peer, const struct http_script *script, int times)
{
	pthread_mutex_lock(&peer->lock);
	free((char *)peer->script.header);
	free((char *)peer->script.body);
	peer->script = *script;
	peer->script.header = script->header ? strdup(script->header) : NULL;
	peer->script.body = script->body ? strdup(script->body) : NULL;
	peer->script_times = times;
	pthread_mutex_unlock(&peer->lock);
}

void http_peer_script(struct http_peer *peer, const struct http_script *script)
{
	http_peer_script_times(peer, script, -1);
}

static int read_locked(struct http_peer *peer, const int *value)
{
	int copy;

	pthread_mutex_lock(&peer->lock);
	copy = *value;
	pthread_mutex_unlock(&peer->lock);
	return copy;
}

int http_peer_connections(struct http_peer *peer)
{
	return read_locked(peer, &peer->connection_count);
}

int http_peer_requests(struct http_peer *peer)
{
	return read_locked(peer, &peer->request_count);
}

bool http_peer_wait(struct http_peer *peer, int requests, double seconds)
{
	struct timespec until = clock_deadline(seconds);
	int code = 0;
	bool reached;

	pthread_mutex_lock(&peer->lock);
	while (peer->request_count < requests && code == 0)
		code = pthread_cond_timedwait(&peer->changed, &peer->lock, &until);
	reached = peer->request_count >= requests;
	pthread_mutex_unlock(&peer->lock);
	return reached;
}

bool http_peer_request(struct http_peer *peer, int index, struct http_request *request)
{
	bool found;

	pthread_mutex_lock(&peer->lock);
	found = index >= 0 && index < peer->request_count;
	if (found) {
		const struct http_request *kept = &peer->requests[index];

		*request = (struct http_request){strdup(kept->method), strdup(kept->path), strdup(kept->headers),
						 malloc(kept->length + 1), kept->length};
		if (request->body)
			memcpy(request->body, kept->body, kept->length + 1);
		found = request->method && request->path && request->headers && request->body;
	}
	pthread_mutex_unlock(&peer->lock);
	return found;
}

void http_request_release(struct http_request *request)
{
	free(request->method);
	free(request->path);
	free(request->headers);
	free(request->body);
}

bool http_request_header(const struct http_request *request, const char *name, char *out, size_t size)
{
	size_t length = strlen(name);

	for (const char *line = request->headers; *line;) {
		const char *end = strchr(line, '\n');

		if (strncmp(line, name, length) == 0 && line[length] == ':') {
			const char *value = line + length + 2;

			return end && snprintf(out, size, "%.*s", (int)(end - value), value) < (int)size;
		}
		if (!end)
			break;
		line = end + 1;
	}
	return false;
}
