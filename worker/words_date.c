#include "worker/words_date.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <unicode/udat.h>
#include <unicode/udatpg.h>
#include <unicode/uloc.h>
#include <unicode/ustring.h>

#define DATE_FORMATS 32
#define TAG_SIZE 36 /* RFC 5646, section 4.4.1: room for the longest sensible tag */
#define DATE_UNITS 128

struct date_format {
	char tag[TAG_SIZE];
	UDateFormat *full;
	UDateFormat *day;
};

struct words_dates {
	struct date_format formats[DATE_FORMATS];
	unsigned next; /* the one to be replaced next */
};

static const UChar utc[] = {'E', 't', 'c', '/', 'U', 'T', 'C', 0};

struct words_dates *words_dates_new(void)
{
	return calloc(1, sizeof(struct words_dates));
}

static void format_close(struct date_format *format)
{
	if (format->full != NULL)
		udat_close(format->full);
	if (format->day != NULL)
		udat_close(format->day);
	memset(format, 0, sizeof(*format));
}

void words_dates_free(struct words_dates *dates)
{
	if (dates == NULL)
		return;
	for (size_t i = 0; i < DATE_FORMATS; i++)
		format_close(&dates->formats[i]);
	free(dates);
}

/* The date is read and written in UTC: it has no zone, and so none can move it. */
static UDateFormat *open_full(const char *locale)
{
	UErrorCode status = U_ZERO_ERROR;
	UDateFormat *format = udat_open(UDAT_NONE, UDAT_FULL, locale, utc, -1, NULL, 0, &status);
	return U_SUCCESS(status) ? format : NULL;
}

static UDateFormat *open_day(const char *locale)
{
	static const UChar skeleton[] = {'E', 'E', 'E', 'E', 'M', 'M', 'M', 'M', 'd', 0};
	UErrorCode status = U_ZERO_ERROR;
	UDateTimePatternGenerator *generator = udatpg_open(locale, &status);
	UChar pattern[DATE_UNITS];
	int32_t length = udatpg_getBestPattern(generator, skeleton, -1, pattern, DATE_UNITS, &status);
	udatpg_close(generator);
	UDateFormat *format = udat_open(UDAT_PATTERN, UDAT_PATTERN, locale, utc, -1, pattern, length, &status);
	return U_SUCCESS(status) ? format : NULL;
}

static bool format_open(struct date_format *format, const char *tag)
{
	char locale[ULOC_FULLNAME_CAPACITY];
	UErrorCode status = U_ZERO_ERROR;
	uloc_forLanguageTag(tag, locale, sizeof(locale), NULL, &status);
	uloc_setKeywordValue("calendar", "gregorian", locale, sizeof(locale), &status);
	if (U_FAILURE(status) || status == U_STRING_NOT_TERMINATED_WARNING)
		return false;
	format->full = open_full(locale);
	format->day = open_day(locale);
	if (format->full == NULL || format->day == NULL) {
		format_close(format);
		return false;
	}
	memcpy(format->tag, tag, strlen(tag) + 1);
	return true;
}

static const struct date_format *find_format(struct words_dates *dates, const char *tag)
{
	if (strlen(tag) >= TAG_SIZE)
		return NULL;
	for (size_t i = 0; i < DATE_FORMATS; i++)
		if (dates->formats[i].full != NULL && strcmp(dates->formats[i].tag, tag) == 0)
			return &dates->formats[i];
	struct date_format *format = &dates->formats[dates->next];
	dates->next = (dates->next + 1) % DATE_FORMATS;
	format_close(format);
	return format_open(format, tag) ? format : NULL;
}

static UDate milliseconds(const char *date)
{
	struct tm parts;
	memset(&parts, 0, sizeof(parts));
	parts.tm_year = (int)strtol(date, NULL, 10) - 1900;
	parts.tm_mon = (int)strtol(date + 5, NULL, 10) - 1;
	parts.tm_mday = (int)strtol(date + 8, NULL, 10);
	return (UDate)timegm(&parts) * 1000.0;
}

bool words_dates_format(struct words_dates *dates, const char *tag, const char *date, bool year, struct text *out)
{
	if (!text_is_date(date))
		return false;
	const struct date_format *format = find_format(dates, tag);
	if (format == NULL)
		return false;
	UChar wide[DATE_UNITS];
	char utf8[DATE_UNITS * 3];
	int32_t length;
	UErrorCode status = U_ZERO_ERROR;
	length = udat_format(year ? format->full : format->day, milliseconds(date), wide, DATE_UNITS, NULL, &status);
	u_strToUTF8(utf8, sizeof(utf8), &length, wide, length, &status);
	if (U_FAILURE(status))
		return false;
	text_add(out, utf8, (size_t)length);
	return text_ok(out);
}
