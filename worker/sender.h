/*
 * sender.h: sends jobs by their channel: mail.h or webhook.h.
 */
#ifndef WORKER_SENDER_H
#define WORKER_SENDER_H

#include <stdbool.h>

#include <ev.h>

#include "kept/config.h"
#include "kept/seal.h"
#include "worker/address.h"
#include "worker/attempt.h"
#include "worker/words.h"

/* All times and numbers that a test may want smaller; sender_limits() gives those of limits.h. */
struct sender_limits {
	double webhook_seconds, webhook_connect_seconds;
	double mail_seconds, mail_answer_seconds, mail_idle_seconds;
	int mail_connections;
};

struct sender_settings {
	struct ev_loop *loop;
	const struct config *config; /* borrowed, like all below */
	const struct seal *seal;
	const struct address_policy *policy;
	struct words *words;
	struct sender_limits limits;
	void (*room)(void *context); /* after sender_ready() was false; from the loop */
	void *context;
};

struct sender;

struct sender_limits sender_limits(void);
/* NULL: no memory. transport_prepare_process() comes first. */
struct sender *sender_new(const struct sender_settings *settings) __attribute__((warn_unused_result));
/* What is under way ends without its `done`. Accepts NULL. */
void sender_free(struct sender *sender);

/* True if the job would start at once. */
bool sender_ready(const struct sender *sender, const struct send_job *job);
/* Starts to send; `job` is borrowed until the one call of `done`, which may come from inside. Only while
 * sender_ready(). */
void sender_send(struct sender *sender, const struct send_job *job, send_done *done, void *context);
/* True while something is under way. */
bool sender_busy(const struct sender *sender);
/* Gives up what is under way: each ends as OUTCOME_UNKNOWN, within about a second. */
void sender_stop(struct sender *sender);

#endif
