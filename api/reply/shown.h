/*
 * shown.h: what a statement told of a plan, on its way into a page for people: its words in the page's language, its
 * dates, and the links to the other languages. All that comes from the database is escaped here.
 */
#ifndef API_SHOWN_H
#define API_SHOWN_H

#include <stdbool.h>

#include <jansson.h>
#include <unicode/udat.h>

#include "api/reply/html.h"

enum shown_kind {
	SHOWN_WRITTEN, /* somebody's words */
	SHOWN_DATE,
	SHOWN_CODE /* digits and signs that are read from left to right in every language */
};

struct shown {
	json_t *data; /* owned: what the statement told */
	const json_t *words;
	const char *language;
	UDateFormat *dates; /* owned; NULL: dates are shown as they are written */
	struct html html;
};

/* Takes the reply's JSON; false: a problem is set. Released by shown_send(). */
bool shown_read(struct exchange *exchange, struct shown *shown) __attribute__((warn_unused_result));
/* Ends the page and sets it as the reply; true, or false with a problem. */
bool shown_send(struct exchange *exchange, struct shown *shown, enum reply_cache cache);

/* A member's text, or NULL. */
const char *shown_text(const json_t *object, const char *member);
/* Appends a word of the page by its key; one that is not there is its key. */
void shown_word(struct shown *shown, const char *key);
/* The same by the two parts of a key: "outcome", "late". */
void shown_word_of(struct shown *shown, const char *kind, const char *name);
/* Appends what somebody wrote, in an element of that name, which finds its own direction. `language` may be NULL. */
void shown_written(struct shown *shown, const char *element, const char *text, const char *language);
/* Appends a date (YYYY-MM-DD) as people of the language write it. */
void shown_date(struct shown *shown, const char *date);
/* Appends "label: value"; the value is NULL: nothing. */
void shown_fact(struct shown *shown, const char *key, const char *value, enum shown_kind kind);
/* Links to the same page in the other languages; `more` is added to their query. */
void shown_languages(struct shown *shown, const char *more);

#endif
