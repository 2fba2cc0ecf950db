/*
 * webhook_headers.h: the headers of a signed POST (Standard Webhooks).
 */
#ifndef WORKER_WEBHOOK_HEADERS_H
#define WORKER_WEBHOOK_HEADERS_H

#include <stdint.h>

#include <curl/curl.h>

#include "kept/seal.h"
#include "worker/send.h"

#define WEBHOOK_ID_SIZE 37

/* "msg_" and the message's UUID without hyphens: it has no dot, and it is the same at every attempt. */
void webhook_id(char out[WEBHOOK_ID_SIZE], const char *message_id);

/*
 * Content-Type, webhook-id, webhook-timestamp (`now`, Unix seconds), webhook-signature, traceparent and tracestate
 * (trace.h), and no Expect. The job has a body. Owned by the caller, curl_slist_free_all(). NULL: the signing secret is
 * missing or does not open, or no memory.
 */
struct curl_slist *webhook_headers(const struct seal *seal, const struct send_job *job, int64_t now)
	__attribute__((warn_unused_result));

#endif
