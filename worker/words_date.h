/*
 * words_date.h: calendar dates in words, by ICU. Making a formatter takes milliseconds, so the last few are kept.
 */
#ifndef WORKER_WORDS_DATE_H
#define WORKER_WORDS_DATE_H

#include <stdbool.h>

#include "kept/text.h"

struct words_dates; /* not thread-safe */

struct words_dates *words_dates_new(void) __attribute__((warn_unused_result));
void words_dates_free(struct words_dates *dates);
/* Appends the date (YYYY-MM-DD) with its weekday in the language of the BCP 47 tag, in the Gregorian calendar. */
bool words_dates_format(struct words_dates *dates, const char *tag, const char *date, bool year, struct text *out)
	__attribute__((warn_unused_result));

#endif
