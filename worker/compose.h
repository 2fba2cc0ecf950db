/*
 * compose.h: from the frozen facts of a reminder or a notice to the bytes of its mail.
 *
 * The result is an RFC 5322 message with CRLF line ends, made only of ASCII (an address with UTF-8 in its local part
 * excepted, RFC 6532): multipart/alternative (RFC 2046) of text and HTML, both quoted-printable UTF-8 (RFC 2045),
 * encoded words for names and subject (RFC 2047), Auto-Submitted (RFC 3834). It is a function of its arguments: the
 * same facts, sender and id give the same bytes, at every attempt and after a restart.
 */
#ifndef WORKER_COMPOSE_H
#define WORKER_COMPOSE_H

#include <jansson.h>

#include "kept/text.h"
#include "worker/words.h"

enum compose_status {
	COMPOSE_OK,
	COMPOSE_FACTS, /* a fact is missing, malformed, or holds a control character bound for a header: never to be
			  sent */
	COMPOSE_LOCAL  /* no memory, ICU failed, or over KEPT_MAIL_BYTES */
};

/* Who sends, as KEPT_MAIL_FROM says it (config.h); borrowed. */
struct compose_sender {
	const char *name;    /* a line, not empty */
	const char *address; /* also the envelope's sender */
};

/*
 * Appends the message to `out` (text_init() it with KEPT_MAIL_BYTES). `message_id` is the message's UUID: Message-ID is
 * <UUID@domain of from->address>. `facts` is send_job.content. The envelope's recipient is send_job.destination;
 * compose_mail() refuses facts whose to.address is another. `*why` [out] is a constant sentence when the status is not
 * COMPOSE_OK.
 */
enum compose_status compose_mail(struct words *words, const struct compose_sender *from, const char *message_id,
				 const char *destination, const json_t *facts, struct text *out, const char **why)
	__attribute__((warn_unused_result));

#endif
