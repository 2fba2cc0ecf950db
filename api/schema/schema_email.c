#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "api/schema/schema_format.h"
#include "kept/text.h"

#define EMAIL_BYTES 254
#define LOCAL_BYTES 64

/* Quoted-string: printable ASCII, with a backslash before a quote or backslash. `text` begins with the quote. */
static bool is_quoted(const char *text, size_t length)
{
	if (length < 2 || length > LOCAL_BYTES || text[length - 1] != '"')
		return false;
	for (size_t i = 1; i < length - 1; i++) {
		if (text[i] < ' ' || text[i] > '~' || text[i] == '"')
			return false;
		if (text[i] == '\\' && (++i == length - 1 || text[i] < ' ' || text[i] > '~'))
			return false;
	}
	return true;
}

/* Address-literal in brackets: IPv4 or IPv6. */
static bool is_literal(const char *text, size_t length)
{
	char copy[INET6_ADDRSTRLEN + 8];
	unsigned char address[16];

	if (length < 2 || length - 2 >= sizeof(copy) || text[length - 1] != ']')
		return false;
	memcpy(copy, text + 1, length - 2);
	copy[length - 2] = '\0';
	if (strncasecmp(copy, "IPv6:", 5) == 0)
		return inet_pton(AF_INET6, copy + 5, address) == 1;
	return inet_pton(AF_INET, copy, address) == 1;
}

bool schema_is_email(const char *text, size_t length)
{
	const char *at = strrchr(text, '@');
	char plain[EMAIL_BYTES + 16];
	int local;

	if (!at || length > EMAIL_BYTES)
		return false;
	local = (int)(at - text);
	if (*text == '"' && !is_quoted(text, (size_t)local))
		return false;
	if (at[1] == '[' && !is_literal(at + 1, strlen(at + 1)))
		return false;
	/* The half that is plain is judged as it would be beside another plain one. */
	snprintf(plain, sizeof(plain), "%.*s@%s", *text == '"' ? 1 : local, *text == '"' ? "a" : text,
		 at[1] == '[' ? "a" : at + 1);
	return text_is_email(plain);
}
