/* Hexadecimal and base64 of text.h. */
#include "kept/text.h"

#include <string.h>

static const char base64_alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char base64url_alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void text_add_hex(struct text *text, const uint8_t *bytes, size_t length)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < length; i++)
		text_add(text, (char[]){digits[bytes[i] >> 4], digits[bytes[i] & 15]}, 2);
}

static void encode(struct text *text, const uint8_t *bytes, size_t length, const char *alphabet, bool pad)
{
	for (size_t at = 0; at < length; at += 3) {
		size_t left = length - at;
		uint32_t group = (uint32_t)bytes[at] << 16;
		char out[4];

		if (left > 1)
			group |= (uint32_t)bytes[at + 1] << 8;
		if (left > 2)
			group |= bytes[at + 2];
		out[0] = alphabet[group >> 18];
		out[1] = alphabet[group >> 12 & 63];
		out[2] = left > 1 ? alphabet[group >> 6 & 63] : '=';
		out[3] = left > 2 ? alphabet[group & 63] : '=';
		text_add(text, out, pad || left > 2 ? 4 : left + 1);
	}
}

void text_add_base64(struct text *text, const uint8_t *bytes, size_t length)
{
	encode(text, bytes, length, base64_alphabet, true);
}

void text_add_base64url(struct text *text, const uint8_t *bytes, size_t length)
{
	encode(text, bytes, length, base64url_alphabet, false);
}

/* `string_length` counts no padding. */
static bool decode(uint8_t *out, size_t *length, const char *string, size_t string_length, const char *alphabet)
{
	size_t used = string_length / 4 * 3 + string_length % 4 * 3 / 4;
	uint32_t bits = 0;
	unsigned held = 0;

	if (string_length % 4 == 1 || used > *length)
		return false;
	for (size_t i = 0; i < string_length; i++) {
		const char *found = string[i] ? strchr(alphabet, string[i]) : NULL;

		if (!found)
			return false;
		bits = (bits << 6 | (uint32_t)(found - alphabet)) & 0xFFFF;
		held += 6;
		if (held >= 8) {
			held -= 8;
			*out++ = (uint8_t)(bits >> held);
		}
	}
	/* A second spelling of the same bytes would make signatures and tokens malleable. */
	if (bits & ((1u << held) - 1))
		return false;
	*length = used;
	return true;
}

bool text_from_base64(uint8_t *out, size_t *length, const char *string, size_t string_length)
{
	size_t padding = 0;

	if (string_length % 4 != 0)
		return false;
	while (padding < 2 && padding < string_length && string[string_length - padding - 1] == '=')
		padding++;
	return decode(out, length, string, string_length - padding, base64_alphabet);
}

bool text_from_base64url(uint8_t *out, size_t *length, const char *string, size_t string_length)
{
	return decode(out, length, string, string_length, base64url_alphabet);
}

static int hex_value(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	if (digit >= 'a' && digit <= 'f')
		return digit - 'a' + 10;
	if (digit >= 'A' && digit <= 'F')
		return digit - 'A' + 10;
	return -1;
}

bool text_from_hex(uint8_t *out, size_t *length, const char *string, size_t string_length)
{
	if (string_length % 2 || string_length / 2 > *length)
		return false;
	for (size_t i = 0; i < string_length; i += 2) {
		int high = hex_value(string[i]), low = hex_value(string[i + 1]);

		if (high < 0 || low < 0)
			return false;
		out[i / 2] = (uint8_t)(high << 4 | low);
	}
	*length = string_length / 2;
	return true;
}
