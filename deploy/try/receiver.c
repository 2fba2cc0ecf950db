/*
 * receiver.c: a sample receiver of Kept's webhooks, for the first run and for integrators to read.
 *
 * It takes POSTs on a loopback address, verifies the Standard Webhooks signature against each secret of a file (one
 * whsec_… a line, read at each request), and writes what it got to FOLDER/<webhook-id>.json. A repeat of a delivery has
 * the same webhook-id and so overwrites its file: that is how a receiver should treat repeats.
 *
 *   kept-receiver PORT SECRETS FOLDER
 *
 * 204 taken, 401 no secret fits, 400 not a webhook, 405 not POST, 413 too large, 500 the file could not be written.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jansson.h>
#include <microhttpd.h>

#include "kept/limits.h"
#include "kept/sign.h"
#include "kept/text.h"

struct receiver {
	const char *secrets;
	const char *folder;
};

static enum MHD_Result answer(struct MHD_Connection *connection, unsigned int status)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
	if (!response)
		return MHD_NO;
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED && MHD_add_response_header(response, "Allow", "POST") != MHD_YES)
		status = MHD_HTTP_INTERNAL_SERVER_ERROR;
	enum MHD_Result result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

/* The id becomes a file name: letters, digits, '-' and '_' only. */
static bool id_is_plain(const char *id)
{
	size_t length = strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");
	return length > 0 && length <= 100 && id[length] == '\0';
}

static bool signed_by_a_secret(const char *path, const char *signature, const char *id, int64_t timestamp,
			       const struct text *body)
{
	FILE *file = fopen(path, "re");
	if (!file)
		return false;
	char line[128];
	bool verified = false;
	while (!verified && fgets(line, sizeof line, file)) {
		line[strcspn(line, "\r\n")] = '\0';
		verified = sign_verify(signature, line, id, timestamp, (int64_t)time(NULL), body->bytes, body->length);
	}
	fclose(file);
	return verified;
}

static bool write_record(const char *path, const json_t *record)
{
	FILE *file = fopen(path, "we");
	if (!file)
		return false;
	bool written = json_dumpf(record, file, JSON_INDENT(2)) == 0 && fputc('\n', file) == '\n';
	return fclose(file) == 0 && written;
}

static bool keep(const char *folder, const char *id, const char *timestamp, const struct text *body)
{
	json_error_t error;
	json_t *content = json_loadb(body->bytes, body->length, JSON_REJECT_DUPLICATES, &error);
	json_t *record = content ? json_pack("{s:s, s:s, s:s, s:o}", "webhook-id", id, "webhook-timestamp", timestamp,
					     "signature", "verified", "body", content)
				 : NULL;
	struct text path, temporary;
	text_init(&path, 4096);
	text_init(&temporary, 4096);
	text_addf(&path, "%s/%s.json", folder, id);
	text_addf(&temporary, "%s/.%s.new", folder, id);
	bool kept = record && text_ok(&path) && text_ok(&temporary) && write_record(temporary.bytes, record) &&
		    rename(temporary.bytes, path.bytes) == 0;
	if (kept)
		printf("%s\n", path.bytes);
	text_release(&path);
	text_release(&temporary);
	json_decref(record);
	return kept;
}

static unsigned int receive(const struct receiver *receiver, struct MHD_Connection *connection, const struct text *body)
{
	const char *id = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "webhook-id");
	const char *timestamp = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "webhook-timestamp");
	const char *signature = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "webhook-signature");
	if (!id || !timestamp || !signature || !id_is_plain(id))
		return MHD_HTTP_BAD_REQUEST;
	char *end;
	errno = 0;
	long long seconds = strtoll(timestamp, &end, 10);
	if (errno || end == timestamp || *end)
		return MHD_HTTP_BAD_REQUEST;
	if (!signed_by_a_secret(receiver->secrets, signature, id, seconds, body))
		return MHD_HTTP_UNAUTHORIZED;
	return keep(receiver->folder, id, timestamp, body) ? MHD_HTTP_NO_CONTENT : MHD_HTTP_INTERNAL_SERVER_ERROR;
}

static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *url, const char *method,
			      const char *version, const char *bytes, size_t *length, void **request)
{
	(void)url;
	(void)version;
	struct text *body = *request;
	if (!body) {
		body = malloc(sizeof *body);
		if (!body)
			return MHD_NO;
		text_init(body, KEPT_WEBHOOK_BODY_BYTES);
		*request = body;
		return MHD_YES;
	}
	if (*length) {
		text_add(body, bytes, *length);
		*length = 0;
		return MHD_YES;
	}
	if (strcmp(method, "POST") != 0)
		return answer(connection, MHD_HTTP_METHOD_NOT_ALLOWED);
	if (!text_ok(body))
		return answer(connection, MHD_HTTP_CONTENT_TOO_LARGE);
	return answer(connection, body->length ? receive(context, connection, body) : MHD_HTTP_BAD_REQUEST);
}

static void forget(void *context, struct MHD_Connection *connection, void **request,
		   enum MHD_RequestTerminationCode code)
{
	(void)context;
	(void)connection;
	(void)code;
	if (*request)
		text_release(*request);
	free(*request);
	*request = NULL;
}

int main(int argc, char **argv)
{
	char *end = NULL;
	unsigned long port = argc == 4 ? strtoul(argv[1], &end, 10) : 0;
	if (argc != 4 || *end || port == 0 || port > 65535) {
		fprintf(stderr, "usage: kept-receiver PORT SECRETS FOLDER\n");
		return 2;
	}
	struct receiver receiver = {.secrets = argv[2], .folder = argv[3]};
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);

	sigset_t stop;
	sigemptyset(&stop);
	sigaddset(&stop, SIGINT);
	sigaddset(&stop, SIGTERM);
	sigprocmask(SIG_BLOCK, &stop, NULL);
	setvbuf(stdout, NULL, _IOLBF, 0);

	struct MHD_Daemon *daemon =
		MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD, (uint16_t)port, NULL, NULL, handle, &receiver,
				 MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_NOTIFY_COMPLETED, forget, NULL,
				 MHD_OPTION_CONNECTION_TIMEOUT, 15u, MHD_OPTION_END);
	if (!daemon) {
		fprintf(stderr, "kept-receiver: port %lu of 127.0.0.1 could not be taken: %s\n", port, strerror(errno));
		return 1;
	}
	int signal_number;
	sigwait(&stop, &signal_number);
	MHD_stop_daemon(daemon);
	return 0;
}
