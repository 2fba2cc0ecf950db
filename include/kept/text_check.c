/* What text.h says of identifiers, dates and addresses. */
#include "kept/text.h"

#include <string.h>

static bool is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

static bool is_letter(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

bool text_is_uuid(const char *string)
{
	static const char shape[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

	for (size_t i = 0; i < sizeof(shape) - 1; i++) {
		bool hex = is_digit(string[i]) || (string[i] >= 'a' && string[i] <= 'f') ||
			   (string[i] >= 'A' && string[i] <= 'F');

		if (shape[i] == '-' ? string[i] != '-' : !hex)
			return false;
	}
	return string[sizeof(shape) - 1] == '\0';
}

bool text_is_date(const char *string)
{
	static const int days_in_month[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int year = 0, month, day, days;

	for (int i = 0; i < 10; i++)
		if (i == 4 || i == 7 ? string[i] != '-' : !is_digit(string[i]))
			return false;
	if (string[10])
		return false;
	for (int i = 0; i < 4; i++)
		year = year * 10 + (string[i] - '0');
	month = (string[5] - '0') * 10 + (string[6] - '0');
	day = (string[8] - '0') * 10 + (string[9] - '0');
	if (year < 1900 || month < 1 || month > 12)
		return false;
	days = days_in_month[month - 1];
	if (month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0))
		days++;
	return day >= 1 && day <= days;
}

static bool is_control(uint32_t code)
{
	return code < 0x20 || (code >= 0x7F && code <= 0x9F) || code == 0x2028 || code == 0x2029;
}

bool text_is_line(const char *string)
{
	size_t length = strlen(string), size;
	uint32_t code;

	for (; length; string += size, length -= size) {
		size = text_next_code_point(string, length, &code);
		if (!size || is_control(code))
			return false;
	}
	return true;
}

/* Spaces, joiners and direction marks: in an address they only mislead. */
static bool is_unseen(uint32_t code)
{
	return code == 0xA0 || code == 0xAD || code == 0x1680 || (code >= 0x2000 && code <= 0x200F) ||
	       (code >= 0x2028 && code <= 0x202F) || (code >= 0x205F && code <= 0x206F) || code == 0x3000 ||
	       code == 0xFEFF;
}

/* RFC 5321's Dot-string, with the UTF-8 of RFC 6531. */
static bool is_local_part(const char *string, size_t length)
{
	bool dot = true;
	uint32_t code;

	if (length < 1 || length > 64)
		return false;
	for (size_t at = 0, size; at < length; at += size) {
		size = text_next_code_point(string + at, length - at, &code);
		if (!size || is_control(code) || is_unseen(code))
			return false;
		if (code == '.' && dot)
			return false;
		dot = code == '.';
		if (code < 0x80 && !dot && !is_letter((char)code) && !is_digit((char)code) &&
		    !strchr("!#$%&'*+-/=?^_`{|}~", (char)code))
			return false;
	}
	return !dot;
}

static bool is_domain(const char *string)
{
	size_t label = 0;

	for (; *string; string++) {
		if (*string == '.') {
			if (!label || string[-1] == '-')
				return false;
			label = 0;
			continue;
		}
		if (!is_letter(*string) && !is_digit(*string) && (*string != '-' || !label))
			return false;
		if (++label > 63)
			return false;
	}
	return label && string[-1] != '-';
}

bool text_is_email(const char *string)
{
	const char *at = strrchr(string, '@');

	return at && strlen(string) <= 254 && is_local_part(string, (size_t)(at - string)) && is_domain(at + 1);
}
