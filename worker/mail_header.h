/*
 * mail_header.h: header lines of a mail: folding (RFC 5322, section 2.2.3), encoded words (RFC 2047), mailboxes, dates.
 *
 * Whoever calls has checked that no text holds a control character: text_is_line().
 */
#ifndef WORKER_MAIL_HEADER_H
#define WORKER_MAIL_HEADER_H

#include <stdbool.h>

#include "kept/text.h"

/* "Name: text" CRLF, folded; encoded words where the text is not plain ASCII. For texts that people read. */
void mail_header_text(struct text *out, const char *name, const char *value);
/* "Name: display <address>" CRLF; without display name the address alone. */
void mail_header_mailbox(struct text *out, const char *name, const char *display, const char *address);
/* "Date: Wed, 13 Jan 2027 13:00:00 +0000" CRLF from "2027-01-13T13:00:00Z", a fraction of the second is left out.
 * False: malformed. */
bool mail_header_date(struct text *out, const char *instant) __attribute__((warn_unused_result));

#endif
