#include "worker/mail_body.h"

#include <stdbool.h>
#include <string.h>

#define WRAP 66        /* short enough that accented letters rarely make a soft break */
#define QUOTED_LINE 76 /* RFC 2045, section 6.7, rule 5: with the "=" of a soft break */

static bool is_blank(char c)
{
	return (unsigned char)c <= ' ' || c == 0x7f;
}

/* Wraps one line of the source, which holds no line end. */
static void wrap_line(struct text *out, const char *prefix, const char *at, size_t length)
{
	size_t column = 0;
	text_adds(out, prefix);
	for (size_t i = 0; i < length;) {
		while (i < length && is_blank(at[i]))
			i++;
		size_t word = i;
		while (i < length && !is_blank(at[i]))
			i++;
		if (word == i)
			break;
		size_t width = text_code_points(at + word, i - word);
		if (column > 0 && column + 1 + width + text_code_points(prefix, strlen(prefix)) > WRAP) {
			text_adds(out, "\n");
			text_adds(out, prefix);
			column = 0;
		} else if (column > 0) {
			text_adds(out, " ");
			column++;
		}
		text_add(out, at + word, i - word);
		column += width;
	}
	text_adds(out, "\n");
}

void mail_body_wrap(struct text *out, const char *prefix, const char *paragraph)
{
	for (;;) {
		size_t length = strcspn(paragraph, "\r\n");
		wrap_line(out, prefix, paragraph, length);
		paragraph += length;
		if (*paragraph == '\0')
			return;
		paragraph += paragraph[0] == '\r' && paragraph[1] == '\n' ? 2 : 1;
		if (*paragraph == '\0')
			return;
	}
}

/* Rule 3: a blank at the end of a line is encoded; a dot alone and "From " begin no line, for old relays (RFC 2049,
 * section 3). */
static bool needs_code(const char *body, size_t length, size_t i, size_t column)
{
	unsigned char c = (unsigned char)body[i];
	bool last = i + 1 == length || body[i + 1] == '\n';
	if (c == ' ' || c == '\t')
		return last;
	if (column == 0 && (c == '.' || (c == 'F' && length - i >= 5 && memcmp(body + i, "From ", 5) == 0)))
		return true;
	return c < ' ' || c > '~' || c == '=';
}

void mail_body_quoted(struct text *out, const char *body, size_t length)
{
	size_t column = 0;
	for (size_t i = 0; i < length; i++) {
		if (body[i] == '\n') {
			text_adds(out, "\r\n");
			column = 0;
			continue;
		}
		size_t width = needs_code(body, length, i, column) ? 3 : 1;
		if (column + width > QUOTED_LINE - 1) {
			text_adds(out, "=\r\n");
			column = 0;
			width = needs_code(body, length, i, column) ? 3 : 1;
		}
		if (width == 3)
			text_addf(out, "=%02X", (unsigned char)body[i]);
		else
			text_add(out, body + i, 1);
		column += width;
	}
	if (column > 0)
		text_adds(out, "\r\n");
}
