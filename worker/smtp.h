/*
 * smtp.h: one mail to one recipient over SMTP (RFC 5321), waiting for the end. For a thread of its own: see mail.h.
 */
#ifndef WORKER_SMTP_H
#define WORKER_SMTP_H

#include <stdatomic.h>
#include <stdbool.h>

#include "kept/config.h"
#include "kept/text.h"
#include "worker/outcome.h"
#include "worker/send.h"

struct smtp_settings {
	const char *url;  /* smtp:// or smtps:// */
	const char *user; /* "" none */
	const char *password;
	const char *from;            /* envelope sender */
	const char *tls_authorities; /* PEM file, trusted beside the system's; "" none */
	enum mail_tls tls;       /* opportunistic: a certificate is not checked, because no TLS at all would do too */
	double seconds;          /* from the first byte to the final dot */
	double answer_seconds;   /* wait for the answer after the dot */
	const atomic_bool *stop; /* true: give up within a second */
};

/* One mail, and how its attempt ended. */
struct letter {
	const char *recipient; /* one address, checked by the caller */
	struct text bytes;     /* RFC 5322, CRLF */
	/* [out] */
	enum send_error error; /* SEND_OK: the relay answered, see status */
	int status;            /* of the last answer, 0 none */
	enum mail_phase phase;
	bool stopped;       /* given up because of `stop` */
	struct text answer; /* what the relay said last */
	long duration_ms;
};

struct smtp; /* a session: its connection stays open from one mail to the next */

/* Connects to nothing yet. `settings` is borrowed until smtp_free(). NULL: no memory. */
struct smtp *smtp_new(const struct smtp_settings *settings) __attribute__((warn_unused_result));
/* Says QUIT and closes. Accepts NULL. */
void smtp_free(struct smtp *smtp);
/* Sends and fills the [out] members. */
void smtp_send(struct smtp *smtp, struct letter *letter);

#endif
