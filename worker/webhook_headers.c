/* webhook_headers.c: see webhook_headers.h. */
#include "worker/webhook_headers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kept/sign.h"
#include "kept/text.h"

#define SECRET_BYTES 256
#define HEADERS 7
#define HEADER_BYTES (TRACE_STATE_SIZE + 16)

void webhook_id(char out[WEBHOOK_ID_SIZE], const char *message_id)
{
	size_t used = 4;

	memcpy(out, "msg_", 4);
	for (; *message_id && used < WEBHOOK_ID_SIZE - 1; message_id++)
		if (*message_id != '-')
			out[used++] = *message_id;
	out[used] = '\0';
}

static bool sign(const struct seal *seal, const struct send_job *job, const char *id, int64_t now,
		 char signature[SIGN_SIGNATURE_SIZE])
{
	struct text secret;
	bool done = false;

	if (!job->secret || !job->secret_context)
		return false;
	text_init(&secret, SECRET_BYTES);
	if (seal_open(seal, SEAL_PURPOSE_ENDPOINT, job->secret_context, job->secret, &secret))
		done = sign_webhook(signature, secret.bytes, id, now, job->body, strlen(job->body));
	if (secret.bytes)
		explicit_bzero(secret.bytes, secret.room);
	text_release(&secret);
	return done;
}

struct curl_slist *webhook_headers(const struct seal *seal, const struct send_job *job, int64_t now)
{
	char id[WEBHOOK_ID_SIZE], signature[SIGN_SIGNATURE_SIZE], parent[TRACE_PARENT_SIZE];
	char lines[HEADERS][HEADER_BYTES];
	struct curl_slist *headers = NULL, *longer;

	webhook_id(id, job->message_id);
	if (!sign(seal, job, id, now, signature))
		return NULL;
	snprintf(lines[0], sizeof(lines[0]), "Content-Type: application/json");
	snprintf(lines[1], sizeof(lines[1]), "webhook-id: %s", id);
	snprintf(lines[2], sizeof(lines[2]), "webhook-timestamp: %lld", (long long)now);
	snprintf(lines[3], sizeof(lines[3]), "webhook-signature: %s", signature);
	/* libcurl leaves out a header of its own that is given without a value. */
	snprintf(lines[4], sizeof(lines[4]), "Expect:");
	trace_parent(&job->trace, parent);
	snprintf(lines[5], sizeof(lines[5]), "traceparent: %s", parent);
	snprintf(lines[6], sizeof(lines[6]), "tracestate: %s", job->trace.state);
	for (int i = 0; i < (job->trace.state[0] ? HEADERS : HEADERS - 1); i++) {
		longer = curl_slist_append(headers, lines[i]);
		if (!longer) {
			curl_slist_free_all(headers);
			return NULL;
		}
		headers = longer;
	}
	return headers;
}
