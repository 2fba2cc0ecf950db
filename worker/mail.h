/*
 * mail.h: sends mail by a few threads of its own: over SMTP, or into a folder.
 *
 * Each thread holds one connection to the relay and sends one mail at a time. Threads, and not the loop's curl_multi,
 * since libcurl waits for the answer after the dot inside one call, and since a file is written when it is on the disk.
 * Threads start when they are needed. Mail of demonstration jobs always goes to the folder. All functions are for the
 * loop's thread.
 */
#ifndef WORKER_MAIL_H
#define WORKER_MAIL_H

#include <stdbool.h>

#include <ev.h>

#include "kept/config.h"
#include "worker/attempt.h"
#include "worker/words.h"

struct mail_settings {
	struct ev_loop *loop;
	const struct config *config; /* borrowed, like all below */
	struct words *words;
	double seconds;              /* KEPT_MAIL_SECONDS */
	double answer_seconds;       /* KEPT_MAIL_ANSWER_SECONDS */
	double idle_seconds;         /* KEPT_MAIL_IDLE_SECONDS */
	int connections;             /* KEPT_MAIL_CONNECTIONS */
	void (*room)(void *context); /* after mail_ready() was false: it is true again; from the loop */
	void *context;
};

struct mail;

/* NULL: no memory. */
struct mail *mail_new(const struct mail_settings *settings) __attribute__((warn_unused_result));
/* Ends the threads, within about a second; what they had in hand ends without its `done`. Accepts NULL. */
void mail_free(struct mail *mail);

/* True if mail_send() would start at once. */
bool mail_ready(const struct mail *mail);
/* True while something is under way. */
bool mail_busy(const struct mail *mail);
/* Starts to send; ends in one call of `done`, which may come from inside. Only while mail_ready(). */
void mail_send(struct mail *mail, const struct send_job *job, send_done *done, void *context);
/* Gives up what is under way: each ends as OUTCOME_UNKNOWN, within about a second. Nothing may be sent afterwards. */
void mail_stop(struct mail *mail);

#endif
