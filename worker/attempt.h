/*
 * attempt.h: what mail.h and webhook.h share: how an attempt begins and how its end is put together.
 */
#ifndef WORKER_ATTEMPT_H
#define WORKER_ATTEMPT_H

#include <stddef.h>

#include "worker/outcome.h"
#include "worker/send.h"

/* An attempt ended. `result` is lent: `answer` may be taken by setting it NULL. Called once, in the loop's thread. */
typedef void send_done(void *context, struct send_result *result);

/* The facts about the job that decide on its next try; error, status and retry_after are set to none. */
void attempt_end_init(struct attempt_end *end, const struct send_job *job, long duration_ms);

/*
 * What a peer said, fit to be stored and shown: valid UTF-8, every other byte and every control character but line feed
 * and tab replaced by '?', ends trimmed. NULL: nothing was said, or no memory.
 */
char *attempt_answer(const char *bytes, size_t length) __attribute__((warn_unused_result));

/* An attempt that never reached a peer (SEND_COMPOSE, SEND_BLOCKED, SEND_LOCAL): calls `done`. `why` becomes the
 * answer. */
void attempt_refuse(const struct send_job *job, enum send_error error, const char *why, send_done *done, void *context);
/* An attempt of which nobody knows whether it arrived: calls `done` with OUTCOME_UNKNOWN. */
void attempt_unknown(long duration_ms, send_done *done, void *context);

#endif
