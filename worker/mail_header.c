#include "worker/mail_header.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define LINE 76         /* RFC 2047, section 2: a line with encoded words; also a good length for the rest */
#define ENCODED_WORD 75 /* RFC 2047, section 2 */
#define PLAIN_TOKEN 60  /* a longer token could not be folded well */
#define OPENING "=?UTF-8?Q?"

/* ASCII that nobody could take for an encoded word, in tokens that can be folded, and whose blanks survive folding. */
static bool is_plain(const char *value)
{
	size_t token = 0;
	if (*value == '\0' || *value == ' ' || value[strlen(value) - 1] == ' ' || strstr(value, "=?") != NULL)
		return false;
	for (const unsigned char *at = (const unsigned char *)value; *at != '\0'; at++) {
		if (*at >= 0x7f || (at[0] == ' ' && at[1] == ' '))
			return false;
		token = *at == ' ' ? 0 : token + 1;
		if (token > PLAIN_TOKEN)
			return false;
	}
	return true;
}

/* Adds tokens with folds at their blanks; *column is where the line stands. */
static void add_folded(struct text *out, const char *value, size_t *column)
{
	while (*value != '\0') {
		size_t blank = *value == ' ' ? 1 : 0;
		size_t length = strcspn(value + blank, " ");
		if (blank == 1 && *column + 1 + length > LINE) {
			text_adds(out, "\r\n ");
			*column = 1;
		} else if (blank == 1) {
			text_adds(out, " ");
			(*column)++;
		}
		text_add(out, value + blank, length);
		*column += length;
		value += blank + length;
	}
}

static size_t character_length(const unsigned char *at)
{
	return *at < 0x80 ? 1 : *at < 0xe0 ? 2 : *at < 0xf0 ? 3 : 4;
}

/* RFC 2047, section 5 (3): what may stand for itself in a phrase, the strictest of the three places. */
static bool stands_for_itself(unsigned char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || strchr("!*+-/", c) != NULL;
}

static size_t q_length(const unsigned char *at, size_t length)
{
	size_t sum = 0;
	for (size_t i = 0; i < length; i++)
		sum += at[i] == ' ' || stands_for_itself(at[i]) ? 1 : 3;
	return sum;
}

static void add_q(struct text *out, const unsigned char *at, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (at[i] == ' ')
			text_adds(out, "_");
		else if (stands_for_itself(at[i]))
			text_add(out, &at[i], 1);
		else
			text_addf(out, "=%02X", at[i]);
	}
}

/* Bytes of whole characters that fit into `room` once encoded, at least one character. */
static size_t fitting(const unsigned char *at, bool base64, size_t room)
{
	size_t bytes = 0;
	while (at[bytes] != '\0') {
		size_t next = bytes + character_length(at + bytes);
		if (bytes > 0 && (base64 ? (next + 2) / 3 * 4 : q_length(at, next)) > room)
			break;
		bytes = next;
	}
	return bytes;
}

static void add_encoded(struct text *out, const char *value, size_t *column)
{
	const unsigned char *at = (const unsigned char *)value;
	size_t length = strlen(value);
	bool base64 = (length + 2) / 3 * 4 < q_length(at, length);
	size_t frame = strlen(OPENING "?=");
	while (*at != '\0') {
		size_t limit = *column + ENCODED_WORD > LINE ? LINE - *column : ENCODED_WORD;
		size_t take = fitting(at, base64, limit > frame + 12 ? limit - frame : 12);
		text_adds(out, base64 ? "=?UTF-8?B?" : OPENING);
		size_t before = out->length;
		if (base64)
			text_add_base64(out, at, take);
		else
			add_q(out, at, take);
		text_adds(out, "?=");
		*column += frame + (out->length - before) - 2;
		at += take;
		if (*at != '\0') {
			text_adds(out, "\r\n ");
			*column = 1;
		}
	}
}

void mail_header_text(struct text *out, const char *name, const char *value)
{
	size_t column = strlen(name) + 2;
	text_addf(out, "%s: ", name);
	if (is_plain(value))
		add_folded(out, value, &column);
	else
		add_encoded(out, value, &column);
	text_adds(out, "\r\n");
}

/* RFC 5322, section 3.2.3: atoms and blanks need no quotes. */
static bool is_phrase(const char *display)
{
	for (; *display != '\0'; display++)
		if (!((*display >= 'A' && *display <= 'Z') || (*display >= 'a' && *display <= 'z') ||
		      (*display >= '0' && *display <= '9') || strchr(" !#$%&'*+-/=?^_`{|}~", *display) != NULL))
			return false;
	return true;
}

static void add_display(struct text *out, const char *display, size_t *column)
{
	if (!is_plain(display) || strlen(display) > PLAIN_TOKEN) {
		add_encoded(out, display, column);
		return;
	}
	size_t before = out->length;
	if (is_phrase(display)) {
		text_adds(out, display);
	} else {
		text_adds(out, "\"");
		for (; *display != '\0'; display++) {
			if (*display == '"' || *display == '\\')
				text_adds(out, "\\");
			text_add(out, display, 1);
		}
		text_adds(out, "\"");
	}
	*column += out->length - before;
}

void mail_header_mailbox(struct text *out, const char *name, const char *display, const char *address)
{
	size_t column = strlen(name) + 2;
	text_addf(out, "%s: ", name);
	if (*display == '\0') {
		text_addf(out, "%s\r\n", address);
		return;
	}
	add_display(out, display, &column);
	text_addf(out, "%s<%s>\r\n", column + strlen(address) + 3 > LINE ? "\r\n " : " ", address);
}

bool mail_header_date(struct text *out, const char *instant)
{
	static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
					     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	struct tm parts;
	int used = 0;
	memset(&parts, 0, sizeof(parts));
	if (strspn(instant, "0123456789T:-.+Z") != strlen(instant) ||
	    sscanf(instant, "%4d-%2d-%2dT%2d:%2d:%2d%n", &parts.tm_year, &parts.tm_mon, &parts.tm_mday, &parts.tm_hour,
		   &parts.tm_min, &parts.tm_sec, &used) != 6 ||
	    used != 19)
		return false;
	if (instant[used] == '.')
		used += 1 + (int)strspn(instant + used + 1, "0123456789");
	if (strcmp(instant + used, "Z") != 0 && strcmp(instant + used, "+00:00") != 0)
		return false;
	char date[11];
	memcpy(date, instant, 10);
	date[10] = '\0';
	if (!text_is_date(date) || parts.tm_hour > 23 || parts.tm_min > 59 || parts.tm_sec > 59)
		return false;
	parts.tm_year -= 1900;
	parts.tm_mon -= 1;
	(void)timegm(&parts); /* for the day of the week */
	text_addf(out, "Date: %s, %02d %s %04d %02d:%02d:%02d +0000\r\n", days[parts.tm_wday], parts.tm_mday,
		  months[parts.tm_mon], parts.tm_year + 1900, parts.tm_hour, parts.tm_min, parts.tm_sec);
	return true;
}
