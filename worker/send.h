/*
 * send.h: one attempt to send one message, as the tick or a settle hands it over, and what came of it.
 */
#ifndef WORKER_SEND_H
#define WORKER_SEND_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "kept/trace.h"

enum channel { CHANNEL_EMAIL, CHANNEL_WEBHOOK };

/* The vocabulary of outcomes; `dropped` and `superseded` are decided by the database before a send. */
enum outcome {
	OUTCOME_SENT,
	OUTCOME_RETRY,
	OUTCOME_FAILED,
	OUTCOME_EXPIRED,
	OUTCOME_UNKNOWN,
	OUTCOME_DROPPED,
	OUTCOME_SUPERSEDED
};

/* "sent", "retry", … */
const char *outcome_word(enum outcome outcome);

/* Why an attempt did not succeed; stored with the attempt and shown. */
enum send_error {
	SEND_OK,
	SEND_NAME,    /* the host's name was not found */
	SEND_CONNECT, /* refused, unreachable, no answer to the connect */
	SEND_TLS,     /* no TLS, or a certificate that does not hold */
	SEND_BLOCKED, /* the address policy denies it: blocked_address */
	SEND_TIMEOUT,
	SEND_STATUS,   /* the peer answered, and not with success */
	SEND_REDIRECT, /* 3xx */
	SEND_BROKEN,   /* the answer broke off or was no HTTP or SMTP */
	SEND_AUTH,     /* the relay did not take our login */
	SEND_COMPOSE,  /* the message could not be made */
	SEND_LOCAL     /* our own fault: disk full, no memory */
};

/* "name", "connect", … "blocked_address". */
const char *send_error_word(enum send_error error);

/* One row of kept.tick() or kept.settle(). Owned strings; send_job_release(). */
struct send_job {
	char *batch_id;   /* uuid */
	char *lease_id;   /* uuid */
	int position;     /* in the batch */
	char *message_id; /* uuid; webhook-id "msg_…" and Message-ID are made of it and never change */
	int attempt;      /* 1 for the first */
	enum channel channel;
	char *destination;     /* address or URL */
	char *secret;          /* sealed signing secret, NULL for email */
	char *secret_context;  /* additional data under which the secret was sealed */
	bool demonstration;    /* of a demonstration district: mail goes to the folder */
	json_t *content;       /* email: the frozen facts (compose.h); webhook: NULL */
	struct trace trace;    /* its span is this attempt's */
	char *body;            /* webhook: the exact stored payload bytes; email: NULL */
	double useful_seconds; /* after that the message is of no use; a retry beyond it is `expired`; negative: always
				  of use */
};

struct send_result {
	enum outcome outcome;
	enum send_error error;
	int status;                /* SMTP or HTTP status, 0 none */
	double retry_seconds;      /* OUTCOME_RETRY: when to try again, from now */
	double lane_pause_seconds; /* the peer asked the whole lane to wait (Retry-After), 0 no */
	bool endpoint_gone;        /* 410: the endpoint is to be disabled */
	long duration_ms;
	char *answer; /* what the peer said, valid UTF-8, capped; NULL none; owned */
};

void send_job_release(struct send_job *job);
void send_result_release(struct send_result *result);

#endif
