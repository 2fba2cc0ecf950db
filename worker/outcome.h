/*
 * outcome.h: what an attempt's end means, and when to try again. Pure functions.
 *
 * Webhooks follow the schedule of Standard Webhooks: ten attempts, 5 s, 5 min, 30 min, 2, 5, 10, 14, 20 and 24 h apart.
 * Mail follows RFC 5321, section 4.5.4.1, with quick first tries: fifteen attempts over about four days.
 * Each pause is changed at random by up to a fifth, so that what failed together does not return together.
 */
#ifndef WORKER_OUTCOME_H
#define WORKER_OUTCOME_H

#include <stdint.h>

#include "worker/send.h"

struct attempt_end {
	enum send_error error;      /* what the client saw; SEND_OK when an answer came, be it good or bad */
	int status;                 /* HTTP or SMTP status, 0 none */
	int attempt;                /* 1 for the first */
	double retry_after_seconds; /* as retry_after_parse() gives it; negative: none */
	double useful_seconds;      /* from now, 0 when that is past; negative: always of use */
	double random;              /* 0 <= random < 1 */
};

/* How far the SMTP dialogue came when it ended. */
enum mail_phase {
	MAIL_PHASE_SESSION, /* greeting, EHLO, STARTTLS, AUTH, MAIL FROM: the relay or our settings, not this recipient
			     */
	MAIL_PHASE_RECIPIENT, /* RCPT TO */
	MAIL_PHASE_DATA       /* DATA, the message, the answer after the final dot */
};

/*
 * Fill outcome, error, status, retry_seconds, lane_pause_seconds and endpoint_gone of `result`; duration and answer are
 * left alone. `error` becomes SEND_STATUS or SEND_REDIRECT where the status says so.
 *
 * HTTP: 2xx sent. 410 failed, and the endpoint is gone. All else is tried again: 3xx (never followed), 4xx, 5xx, no
 * answer, an address that the policy denies (the operator may allow it). 429 and 503 pause the lane for Retry-After,
 * 429 without it, 502 and 504 for KEPT_THROTTLE_SECONDS. SMTP: 2xx, or no status when the mail was written to a
 * folder, sent. 5xx to the recipient or the message: failed at once. Else tried again: 4xx, no answer, refused login,
 * 5xx in the session; 421 and what is the relay's fault, as no answer in the session, pauses the lane. A message that
 * cannot be composed has failed. After the last attempt: failed; a next try after its use: expired.
 */
void outcome_http(struct send_result *result, const struct attempt_end *end);
void outcome_smtp(struct send_result *result, const struct attempt_end *end, enum mail_phase phase);

/* Seconds from the end of this attempt to the next; negative: this was the last. `random` 0.5 is the schedule itself.
 */
double next_try(enum channel channel, int attempt, double random);

/*
 * Reads a Retry-After value (RFC 9110, section 10.2.3): seconds, or one of the three forms of an HTTP date (section
 * 5.6.7) seen from `now` (Unix seconds). At least 0, at most KEPT_RETRY_AFTER_SECONDS; negative: absent (NULL) or
 * malformed.
 */
double retry_after_parse(const char *value, int64_t now);

#endif
