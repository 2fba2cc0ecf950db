#include "api/schema/schema_format.h"

#include <string.h>

#include <unicode/ucal.h>

#include "kept/text.h"

static const char *const format_names[] = {
	[FORMAT_DATE] = "date",
	[FORMAT_DATE_TIME] = "date-time",
	[FORMAT_EMAIL] = "email",
	[FORMAT_URI] = "uri",
	[FORMAT_UUID] = "uuid",
	[FORMAT_TIME_ZONE] = "time-zone",
	[FORMAT_LANGUAGE_TAG] = "language-tag",
};

enum schema_format schema_format_find(const char *name)
{
	for (unsigned i = FORMAT_NONE + 1; i < sizeof(format_names) / sizeof(format_names[0]); i++)
		if (strcmp(name, format_names[i]) == 0)
			return (enum schema_format)i;
	return FORMAT_NONE;
}

/* Reads `count` digits, or -1. */
static int digits(const char *text, int count)
{
	int value = 0;

	for (int i = 0; i < count; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		value = value * 10 + (text[i] - '0');
	}
	return value;
}

/* full-date of RFC 3339 at the begin of the text, which has 10 bytes at least. */
static bool date_holds(const char *text)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int year = digits(text, 4);
	int month = digits(text + 5, 2);
	int day = digits(text + 8, 2);
	bool leap = year > 0 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	if (year < 1 || month < 1 || month > 12 || day < 1 || text[4] != '-' || text[7] != '-')
		return false;
	return day <= days[month - 1] + (leap && month == 2);
}

/* date-time of RFC 3339; a second 60 only where UTC has 23:59. */
static bool date_time_holds(const char *text, size_t length)
{
	const char *rest = text + 19;
	int hour, minute, second, offset = 0;

	if (length < 20 || !date_holds(text) || (text[10] != 'T' && text[10] != 't'))
		return false;
	hour = digits(text + 11, 2);
	minute = digits(text + 14, 2);
	second = digits(text + 17, 2);
	if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60 || text[13] != ':' ||
	    text[16] != ':')
		return false;
	if (*rest == '.') {
		size_t fraction = strspn(rest + 1, "0123456789");

		if (fraction == 0)
			return false;
		rest += 1 + fraction;
	}
	if (*rest == 'Z' || *rest == 'z') {
		rest++;
	} else {
		if ((*rest != '+' && *rest != '-') || strlen(rest) != 6 || rest[3] != ':')
			return false;
		if (digits(rest + 1, 2) < 0 || digits(rest + 1, 2) > 23 || digits(rest + 4, 2) < 0 ||
		    digits(rest + 4, 2) > 59)
			return false;
		offset = (digits(rest + 1, 2) * 60 + digits(rest + 4, 2)) * (*rest == '-' ? -1 : 1);
		rest += 6;
	}
	if (second == 60 && (hour * 60 + minute - offset + 2 * 1440) % 1440 != 1439)
		return false;
	return rest == text + length;
}

/* Known to ICU and named by region, or UTC: abbreviations such as EST stand for more than one zone. */
static bool time_zone_holds(const char *text, size_t length)
{
	UChar id[64], canonical[64];
	UBool system = 0;
	UErrorCode status = U_ZERO_ERROR;

	if (strcmp(text, "UTC") == 0)
		return true;
	if (length >= 64 || !strchr(text, '/') || text_starts(text, "SystemV/") || strcmp(text, "Etc/Unknown") == 0)
		return false;
	for (size_t i = 0; i <= length; i++) {
		if ((unsigned char)text[i] > 0x7f)
			return false;
		id[i] = (UChar)text[i];
	}
	ucal_getCanonicalTimeZoneID(id, (int32_t)length, canonical, 64, &system, &status);
	return U_SUCCESS(status) && system;
}

bool schema_format_holds(enum schema_format format, const char *text, size_t length)
{
	if (strlen(text) != length)
		return format == FORMAT_NONE;
	switch (format) {
	case FORMAT_NONE:
		return true;
	case FORMAT_DATE:
		return length == 10 && date_holds(text);
	case FORMAT_DATE_TIME:
		return date_time_holds(text, length);
	case FORMAT_EMAIL:
		return schema_is_email(text, length);
	case FORMAT_URI:
		return schema_is_uri(text, length);
	case FORMAT_UUID:
		return text_is_uuid(text);
	case FORMAT_TIME_ZONE:
		return time_zone_holds(text, length);
	case FORMAT_LANGUAGE_TAG:
		return schema_is_language_tag(text, length);
	}
	return false;
}
