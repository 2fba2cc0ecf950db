/*
 * webhook.h: posts signed payloads (Standard Webhooks, https://www.standardwebhooks.com/) to addresses that the policy
 * permits.
 *
 * The body's stored bytes are what is signed and sent. The address is judged on the socket at connect, so that neither
 * a name that changes its address nor a spelling of an address gets past. No proxy, no redirect, no user name, no
 * compression, HTTP/1.1 over https; http only to targets that the allow list names. An answer is read up to
 * KEPT_WEBHOOK_ANSWER_BYTES: complete headers decide. What an allow-listed target answers is not kept: it may be
 * private.
 */
#ifndef WORKER_WEBHOOK_H
#define WORKER_WEBHOOK_H

#include <stdbool.h>

#include "kept/seal.h"
#include "worker/address.h"
#include "worker/attempt.h"
#include "worker/transport.h"

struct webhook_settings {
	struct transport *transport; /* borrowed, like all below */
	const struct address_policy *policy;
	const struct seal *seal;
	const char *tls_authorities; /* PEM file, trusted beside the system's; "" none */
	double seconds;              /* KEPT_WEBHOOK_SECONDS */
	double connect_seconds;      /* KEPT_WEBHOOK_CONNECT_SECONDS */
};

struct webhook;

/* NULL: no memory. */
struct webhook *webhook_new(const struct webhook_settings *settings) __attribute__((warn_unused_result));
/* What is under way ends without its `done`. Accepts NULL. */
void webhook_free(struct webhook *webhook);

/* Starts to send; ends in one call of `done`, which may come from inside. */
void webhook_send(struct webhook *webhook, const struct send_job *job, send_done *done, void *context);
/* True while something is under way. */
bool webhook_busy(const struct webhook *webhook);
/* Gives up what is under way: each ends as OUTCOME_UNKNOWN, at once. */
void webhook_stop(struct webhook *webhook);

#endif
