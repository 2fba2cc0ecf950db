/*
 * smtp_peer.h: an SMTP server (RFC 5321) for tests, on a port of 127.0.0.1, that keeps what it gets and does as it is
 * told.
 *
 * It runs in threads of the test's process, one a connection. All functions may be called from any thread.
 */
#ifndef TESTS_SUPPORT_SMTP_PEER_H
#define TESTS_SUPPORT_SMTP_PEER_H

#include <stdbool.h>
#include <stddef.h>

#include "tests/support/certificate.h"

struct smtp_peer;

/* NULL: no socket or no memory. */
struct smtp_peer *smtp_peer_start(void);
enum smtp_security { SMTP_STARTTLS, SMTP_TLS };
/* With TLS by this certificate, which is borrowed: after STARTTLS (RFC 3207) or from the first byte. After TLS it asks
 * for a login (AUTH PLAIN, RFC 4954) when `login` is "user:password": MAIL before it is refused. */
struct smtp_peer *smtp_peer_start_tls(const struct certificate *certificate, enum smtp_security security,
				      const char *login);
/* Closes all connections, ends the threads, frees. Accepts NULL. */
void smtp_peer_stop(struct smtp_peer *peer);
int smtp_peer_port(const struct smtp_peer *peer);

/*
 * From now on `command` is answered with `reply` ("550 no\r\n", whole lines) after `delay_ms`; "" closes the connection
 * instead; NULL is the ordinary answer, only later. Commands: CONNECT (the greeting), EHLO, HELO, MAIL, RCPT, DATA, "."
 * (the end of the message), RSET, QUIT, STARTTLS, AUTH. `times` such answers, then the ordinary one again; negative:
 * for ever. The strings are copied. A waiting peer ends its wait when it is stopped.
 */
void smtp_peer_script(struct smtp_peer *peer, const char *command, const char *reply, int delay_ms, int times);
/* Forgets scripts, mails and counters. */
void smtp_peer_reset(struct smtp_peer *peer);

/* Connections accepted, connections open now, and how often a command came. */
int smtp_peer_connections(struct smtp_peer *peer);
int smtp_peer_open(struct smtp_peer *peer);
int smtp_peer_commands(struct smtp_peer *peer, const char *command);

/* Mails that were answered with 250 after the dot. */
int smtp_peer_mails(struct smtp_peer *peer);
/* True when there are that many mails; false after `seconds`. */
bool smtp_peer_wait(struct smtp_peer *peer, int mails, double seconds);

struct smtp_mail {
	char *from;  /* of the envelope, without angle brackets */
	char *to;    /* the recipients, separated by one space */
	char *bytes; /* with CRLF, dots unstuffed */
	size_t length;
};

/* A copy of mail `index`, oldest first; false: there is none. Free with smtp_mail_release(). */
bool smtp_peer_mail(struct smtp_peer *peer, int index, struct smtp_mail *mail);
void smtp_mail_release(struct smtp_mail *mail);

#endif
