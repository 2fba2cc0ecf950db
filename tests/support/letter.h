/*
 * letter.h: mails made of facts by worker/compose.h, and read again as a mail reader would.
 *
 * A mail that is not well formed fails the test. What is returned is to be freed by the caller.
 */
#ifndef TESTS_SUPPORT_LETTER_H
#define TESTS_SUPPORT_LETTER_H

#include "worker/compose.h"

#define LETTER_ID "01890a5d-ac96-774b-bcce-b302099a8057"
#define LETTER_MARIA                                                                                                   \
	"Mar\xC3\xAD"                                                                                                  \
	"a O'Neill"

extern const struct compose_sender letter_from;

/* A reminder in Spanish, two days before, to María, who owns the promise. */
json_t *letter_facts(void);
/* Sets a member of the facts, "commitment.title"; takes the value; NULL removes it. */
void letter_set(json_t *json, const char *path, json_t *value);
/* `out` [out], to be released, also when it is refused. */
enum compose_status letter_try(struct words *words, const json_t *json, struct text *out);
/* The mail that says these facts; takes them. */
char *letter_take(struct words *words, json_t *json);

/* The raw value of a header, unfolded, of the first header block in `part`; NULL when it is not there. */
char *letter_raw_header(const char *part, const char *name);
/* RFC 2047: decodes encoded words; blanks between two of them vanish. Each must hold whole characters. */
char *letter_decode(const char *value);
/* The decoded value of a header that must be there. */
char *letter_header(const char *part, const char *name);
/* The decoded body of the part of that type; line ends as LF. */
char *letter_part(const char *mail, const char *type);
/* The plain body as one line, so that wrapped sentences can be found. */
char *letter_flat(const char *mail);

#endif
