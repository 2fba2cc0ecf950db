/*
 * mail_body.h: the text inside a mail: wrapped paragraphs and quoted-printable.
 */
#ifndef WORKER_MAIL_BODY_H
#define WORKER_MAIL_BODY_H

#include "kept/text.h"

/*
 * Appends a paragraph, each line begun with `prefix` and at most 66 characters long where words allow, each ended with
 * LF. Line ends in `paragraph` (LF, CR LF, CR) begin a new line; other control characters become blanks.
 */
void mail_body_wrap(struct text *out, const char *prefix, const char *paragraph);

/* Appends `body` (UTF-8 with LF) as quoted-printable with CRLF (RFC 2045, section 6.7). */
void mail_body_quoted(struct text *out, const char *body, size_t length);

#endif
