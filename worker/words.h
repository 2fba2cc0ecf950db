/*
 * words.h: what Kept says to people, in their language.
 *
 * worker/messages/LANGUAGE.json holds one object: key -> ICU MessageFormat pattern with named arguments
 * (https://unicode-org.github.io/icu/userguide/format_parse/messages/). All files hold the same keys, those of enum
 * word; each key declares which arguments its pattern may use. All of it is checked when the program starts. A pattern
 * uses a text as {name} or {role, select, …}, and the one number as {days, plural, …} or {days, number}. Not
 * thread-safe: one struct words a thread.
 */
#ifndef WORKER_WORDS_H
#define WORKER_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "kept/embed.h"
#include "kept/text.h"

/* What can be said; each name in lower case without WORD_ is the key in the files. */
enum word {
	WORD_SUBJECT_BEFORE,
	WORD_SUBJECT_TODAY,
	WORD_SUBJECT_AFTER,
	WORD_SUBJECT_ASK,
	WORD_SUBJECT_NOW,
	WORD_SUBJECT_KEPT,
	WORD_SUBJECT_LATE,
	WORD_SUBJECT_HANDOVER,
	WORD_HELLO,
	WORD_LEAD_BEFORE,
	WORD_LEAD_TODAY,
	WORD_LEAD_AFTER,
	WORD_LEAD_LONG_AFTER,
	WORD_LEAD_ASK,
	WORD_LEAD_NOW,
	WORD_LEAD_KEPT,
	WORD_LEAD_LATE,
	WORD_LEAD_HANDOVER,
	WORD_PROMISE_BY,
	WORD_PROMISE_DUE,
	WORD_PROMISE_WAS_DUE,
	WORD_PROMISE_KEPT,
	WORD_PLAN,
	WORD_ACTION_BEFORE,
	WORD_ACTION_AFTER,
	WORD_ACTION_ASK,
	WORD_ACTION_KEPT,
	WORD_ACTION_LATE,
	WORD_ACTION_HANDOVER,
	WORD_THANKS,
	WORD_SENDER,
	WORD_WHY,
	WORD_WHY_BENEFICIARY,
	WORD_WHY_HANDOVER,
	WORD_WHY_INVITATION,
	WORD_STOP,
	WORD_STOP_NOTICE,
	WORD_COUNT
};

struct words_arguments {
	const char *name;   /* of the reader */
	const char *title;  /* of the commitment */
	const char *owner;  /* who promised */
	const char *group;  /* the stakeholder group's name in the language */
	const char *place;  /* the school, or else the district */
	const char *sender; /* school and district, or the district */
	const char *due;    /* the due date, or of what was kept the day, in words, with weekday and year */
	const char *day;    /* the same without the year */
	const char *reply;  /* name of the person who reads replies, "" when nobody does */
	const char *answer; /* "person" when replies reach somebody, else "none": to select by */
	const char *role;   /* owner, helper, accountable, escalation, beneficiary: to select by */
	double days;        /* to the due date, or since it: never negative */
};

struct words;
struct words_language;

/* Loads all languages; "en" must be among them. NULL: *error [out, freed by the caller] is one line that names file and
 * key. */
struct words *words_new(const struct embedded_table *files, char **error) __attribute__((warn_unused_result));
void words_free(struct words *words);

/* The best language for a BCP 47 tag: its primary language if there is a file of it, else en. Never NULL. */
const struct words_language *words_language(const struct words *words, const char *tag);
/* "en", "es", "ar": the tag of the words that are really used. */
const char *words_language_tag(const struct words_language *language);
bool words_right_to_left(const struct words_language *language);

/* Appends the words. An argument that the pattern uses and that is NULL is an empty text. False: ICU or memory failed.
 */
bool words_say(const struct words_language *language, enum word word, const struct words_arguments *arguments,
	       struct text *out) __attribute__((warn_unused_result));

enum words_date_style { WORDS_DATE_FULL, WORDS_DATE_DAY };

/*
 * Appends a calendar date (YYYY-MM-DD) as people of `tag` write it: "Friday, January 15, 2027", "viernes, 15 de enero
 * de 2027"; WORDS_DATE_DAY leaves out the year. A date has no zone and is never shifted by one. When `tag` speaks
 * another language than `language`, the date follows `language`. False: no such date, or ICU or memory failed.
 */
bool words_date(struct words *words, const struct words_language *language, const char *tag, const char *date,
		enum words_date_style style, struct text *out) __attribute__((warn_unused_result));

#endif
