/*
 * sending.h: a sender on a loop of its own, and jobs for it, for tests of worker/.
 */
#ifndef TESTS_SUPPORT_SENDING_H
#define TESTS_SUPPORT_SENDING_H

#include "worker/sender.h"

#define SENDING_SECRET "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="

struct sending {
	struct ev_loop *loop;
	struct config config; /* only what a sender reads; strings owned */
	struct seal *seal;
	struct address_policy *policy;
	struct words *words;
	struct sender_limits limits;
	struct sender *sender;
};

/* `allow` as KEPT_EGRESS_ALLOW. `limits` NULL: a second or two for everything. Ends the test on failure. */
void sending_start(struct sending *sending, const char *mail_url, const char *mail_folder, enum mail_tls tls,
		   const char *allow, const struct sender_limits *limits);
/* Makes the sender anew, after a change of `config`. */
void sending_again(struct sending *sending);
void sending_stop(struct sending *sending);
struct sender_limits sending_limits(void);

/* A job with fresh ids. The secret is SENDING_SECRET, sealed. Free with send_job_release(). */
void sending_webhook(struct sending *sending, struct send_job *job, const char *url, const char *body);
void sending_mail(struct send_job *job, const char *address);

/* Sends jobs at once and runs the loop until all have ended or `seconds` have passed; how many have ended. */
int sending_run(struct sending *sending, const struct send_job *jobs, int count, struct send_result *results,
		double seconds);

#endif
