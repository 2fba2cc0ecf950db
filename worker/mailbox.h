/*
 * mailbox.h: a name and an address, as KEPT_MAIL_FROM holds them.
 */
#ifndef WORKER_MAILBOX_H
#define WORKER_MAILBOX_H

#include <stdbool.h>

struct mailbox {
	char *name;         /* owned, "" none */
	char *address;      /* owned; also the envelope's sender */
	const char *domain; /* inside `address` */
};

/* Parses "Name <address>", "\"Name\" <address>" or "address". False: malformed, a control character, or no memory;
 * nothing to release. */
bool mailbox_parse(struct mailbox *mailbox, const char *text) __attribute__((warn_unused_result));
void mailbox_release(struct mailbox *mailbox);

#endif
