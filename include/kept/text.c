#include "kept/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void text_init(struct text *text, size_t limit)
{
	*text = (struct text){.limit = limit};
}

void text_release(struct text *text)
{
	free(text->bytes);
	text_init(text, text->limit);
}

void text_clear(struct text *text)
{
	text->length = 0;
	text->failed = false;
	if (text->bytes)
		text->bytes[0] = '\0';
}

/* Makes room for `more` bytes and the NUL. */
static bool reserve(struct text *text, size_t more)
{
	size_t need, room;
	char *bytes;

	if (text->failed)
		return false;
	if (more > text->limit - text->length || text->limit == SIZE_MAX)
		goto fail;
	need = text->length + more + 1;
	if (need <= text->room)
		return true;
	room = text->room < 32 ? 64 : text->room;
	while (room < need)
		room = room > SIZE_MAX / 2 ? need : room * 2;
	if (room > text->limit + 1)
		room = text->limit + 1;
	bytes = realloc(text->bytes, room);
	if (!bytes)
		goto fail;
	text->bytes = bytes;
	text->room = room;
	return true;
fail:
	text->failed = true;
	return false;
}

char *text_take(struct text *text)
{
	char *bytes = NULL;

	if (reserve(text, 0)) {
		bytes = text->bytes;
		bytes[text->length] = '\0';
		text->bytes = NULL;
	}
	text_release(text);
	return bytes;
}

void text_add(struct text *text, const void *bytes, size_t length)
{
	if (!reserve(text, length))
		return;
	if (length)
		memcpy(text->bytes + text->length, bytes, length);
	text->length += length;
	text->bytes[text->length] = '\0';
}

void text_adds(struct text *text, const char *string)
{
	text_add(text, string, strlen(string));
}

void text_addf(struct text *text, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	text_addv(text, format, arguments);
	va_end(arguments);
}

void text_addv(struct text *text, const char *format, va_list arguments)
{
	va_list again;
	int length;

	va_copy(again, arguments);
	length = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (length < 0) {
		text->failed = true;
		return;
	}
	if (!reserve(text, (size_t)length))
		return;
	vsnprintf(text->bytes + text->length, (size_t)length + 1, format, arguments);
	text->length += (size_t)length;
}

static bool is_tail(uint8_t byte)
{
	return (byte & 0xC0) == 0x80;
}

size_t text_next_code_point(const char *string, size_t length, uint32_t *code)
{
	const uint8_t *bytes = (const uint8_t *)string;
	uint8_t low = 0x80, high = 0xBF;
	size_t size;

	if (!length)
		return 0;
	*code = bytes[0];
	if (bytes[0] < 0x80)
		return 1;
	/* RFC 3629, section 4: the second byte's range keeps out overlong forms, surrogates and what is above U+10FFFF.
	 */
	if (bytes[0] >= 0xC2 && bytes[0] <= 0xDF) {
		size = 2;
		*code = bytes[0] & 0x1F;
	} else if (bytes[0] >= 0xE0 && bytes[0] <= 0xEF) {
		size = 3;
		*code = bytes[0] & 0x0F;
		low = bytes[0] == 0xE0 ? 0xA0 : 0x80;
		high = bytes[0] == 0xED ? 0x9F : 0xBF;
	} else if (bytes[0] >= 0xF0 && bytes[0] <= 0xF4) {
		size = 4;
		*code = bytes[0] & 0x07;
		low = bytes[0] == 0xF0 ? 0x90 : 0x80;
		high = bytes[0] == 0xF4 ? 0x8F : 0xBF;
	} else {
		return 0;
	}
	if (length < size || bytes[1] < low || bytes[1] > high)
		return 0;
	*code = *code << 6 | (bytes[1] & 0x3F);
	for (size_t i = 2; i < size; i++) {
		if (!is_tail(bytes[i]))
			return 0;
		*code = *code << 6 | (bytes[i] & 0x3F);
	}
	return size;
}

bool text_is_utf8(const char *bytes, size_t length)
{
	uint32_t code;

	for (size_t at = 0, size; at < length; at += size) {
		size = text_next_code_point(bytes + at, length - at, &code);
		if (!size || !code)
			return false;
	}
	return true;
}

size_t text_code_points(const char *bytes, size_t length)
{
	size_t count = 0;

	for (size_t i = 0; i < length; i++)
		count += !is_tail((uint8_t)bytes[i]);
	return count;
}

static void add_json_escape(struct text *text, uint8_t byte)
{
	static const char letters[] = "\b\f\n\r\t\"\\";
	static const char escapes[] = "bfnrt\"\\";
	const char *letter = byte ? strchr(letters, byte) : NULL;

	if (letter)
		text_addf(text, "\\%c", escapes[letter - letters]);
	else
		text_addf(text, "\\u%04x", byte);
}

void text_add_json(struct text *text, const char *string, size_t length)
{
	size_t begin = 0, at = 0, size;
	uint32_t code;

	text_adds(text, "\"");
	while (at < length) {
		size = text_next_code_point(string + at, length - at, &code);
		if (size && code >= 0x20 && code != '"' && code != '\\') {
			at += size;
			continue;
		}
		text_add(text, string + begin, at - begin);
		if (size)
			add_json_escape(text, (uint8_t)code);
		else
			text_adds(text, "\xEF\xBF\xBD");
		begin = ++at;
	}
	text_add(text, string + begin, at - begin);
	text_adds(text, "\"");
}

void text_add_html(struct text *text, const char *string)
{
	for (;;) {
		size_t plain = strcspn(string, "&<>\"'");

		text_add(text, string, plain);
		string += plain;
		switch (*string++) {
		case '&':
			text_adds(text, "&amp;");
			break;
		case '<':
			text_adds(text, "&lt;");
			break;
		case '>':
			text_adds(text, "&gt;");
			break;
		case '"':
			text_adds(text, "&quot;");
			break;
		case '\'':
			text_adds(text, "&#39;");
			break;
		default:
			return;
		}
	}
}

bool text_starts(const char *string, const char *prefix)
{
	return strncmp(string, prefix, strlen(prefix)) == 0;
}
