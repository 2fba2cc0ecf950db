#include "api/request/guard.h"

#include <string.h>
#include <strings.h>

#include "kept/limits.h"
#include "kept/text.h"

static const struct guard_fault nothing = {NULL, NULL};

static struct guard_fault bad(const char *detail)
{
	struct guard_fault fault = {"bad-request", detail};
	return fault;
}

bool guard_method_known(const char *method)
{
	static const char *const known[] = {"GET",    "HEAD",    "POST",  "PUT",    "PATCH",
					    "DELETE", "OPTIONS", "TRACE", "CONNECT"};
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(method, known[i]) == 0)
			return true;
	return false;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* The value of the escape at `text`, or -1. */
static int escape_value(const char *text)
{
	int high = text[0] == '%' ? hex_value(text[1]) : -1;
	int low = high < 0 ? -1 : hex_value(text[2]);
	return low < 0 ? -1 : high * 16 + low;
}

static bool alphanumeric(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* RFC 3986: unreserved, sub-delims, and what path and query may hold. */
static bool target_character(char c)
{
	return alphanumeric(c) || (c != '\0' && strchr("-._~!$&'()*+,;=:@/?%", c) != NULL);
}

/* True if the segment is "." or "..", with its dots written as such or escaped. */
static bool dot_segment(const char *segment, size_t length)
{
	size_t dots = 0, i = 0;
	while (i < length) {
		if (segment[i] == '.')
			i++;
		else if (length - i >= 3 && escape_value(segment + i) == '.')
			i += 3;
		else
			return false;
		dots++;
	}
	return dots == 1 || dots == 2;
}

static struct guard_fault check_segments(const char *path, size_t length)
{
	size_t begin = 1;
	for (size_t i = 1; i <= length; i++) {
		int escaped = i < length ? escape_value(path + i) : -1;
		if (escaped == '/' || escaped == '\\')
			return bad("The path holds an escaped slash or backslash.");
		if (i < length && path[i] != '/')
			continue;
		if (i == begin && i < length)
			return bad("The path holds an empty segment (two slashes in a row).");
		if (dot_segment(path + begin, i - begin))
			return bad("The path holds a dot segment.");
		begin = i + 1;
	}
	return nothing;
}

/* RFC 3986, 3.2.2: a name of `length` bytes, or an address in brackets; RFC 9110, 7.2: with an optional port. */
static bool is_host(const char *host, size_t length)
{
	size_t i = 0;
	if (length > 0 && host[0] == '[') {
		for (i = 1; i < length && (hex_value(host[i]) >= 0 || host[i] == ':' || host[i] == '.'); i++)
			;
		if (i < 3 || i == length || host[i] != ']')
			return false;
		i++;
	} else {
		for (; i < length && host[i] != ':'; i++) {
			if (!alphanumeric(host[i]) && !strchr("-._~!$&'()*+,;=%", host[i]))
				return false;
			if (host[i] == '%' && (length - i < 3 || escape_value(host + i) <= 0x20))
				return false;
		}
		if (i == 0)
			return false;
	}
	if (i == length)
		return true;
	if (host[i] != ':' || length - i > 6)
		return false;
	for (i++; i < length; i++)
		if (host[i] < '0' || host[i] > '9')
			return false;
	return true;
}

/* Where the path begins: absolute form is accepted, its authority means nothing here but must be one. NULL: it is not.
 */
static const char *skip_authority(const char *target)
{
	size_t scheme = strncasecmp(target, "http://", 7) == 0 ? 7 : strncasecmp(target, "https://", 8) == 0 ? 8 : 0;
	if (scheme == 0)
		return target;
	size_t authority = strcspn(target + scheme, "/?#");
	return is_host(target + scheme, authority) ? target + scheme + authority : NULL;
}

struct guard_fault guard_target(const char *target, const char **start)
{
	*start = target;
	if (strlen(target) > KEPT_TARGET_BYTES) {
		struct guard_fault fault = {"uri-too-long", "Path and query together may have 4,096 bytes."};
		return fault;
	}
	for (const char *c = target; *c; c++) {
		if (!target_character(*c))
			return bad("The address holds a character that must be escaped.");
		if (*c != '%')
			continue;
		int value = escape_value(c);
		if (value < 0)
			return bad("The address holds an escape that is not % and two hexadecimal digits.");
		if (value < 0x20 || value == 0x7f)
			return bad("The address holds an escaped control character.");
	}
	const char *path = skip_authority(target);
	if (!path)
		return bad("The address names a host that is none.");
	if (*path != '/')
		return bad("The address must begin with a slash.");
	*start = path;
	return check_segments(path, strcspn(path, "?"));
}

/* RFC 9110, 5.6.2 */
static bool is_token(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (!alphanumeric(text[i]) && (text[i] == '\0' || !strchr("!#$%&'*+-.^_`|~", text[i])))
			return false;
	return length > 0;
}

static bool clean_value(const char *value, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		unsigned char c = (unsigned char)value[i];
		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

static void note(struct guard_headers *headers, const char *detail)
{
	if (!headers->fault.code)
		headers->fault = bad(detail);
}

static void take_length(struct guard_headers *headers, const char *value)
{
	headers->content_length++;
	headers->length = 0;
	for (const char *c = value; *c; c++) {
		if (*c < '0' || *c > '9') {
			note(headers, "Content-Length is not a number.");
			return;
		}
		if (headers->length > UINT64_MAX / 10 - 1) {
			note(headers, "Content-Length is too large a number.");
			return;
		}
		headers->length = headers->length * 10 + (uint64_t)(*c - '0');
	}
	if (!*value)
		note(headers, "Content-Length is empty.");
}

void guard_header(struct guard_headers *headers, const char *name, size_t name_size, const char *value,
		  size_t value_size)
{
	static const char *const once[6] = {"Authorization", "Content-Type",  "Idempotency-Key",
					    "If-Match",      "If-None-Match", "Content-Encoding"};
	if (!is_token(name, name_size)) {
		note(headers, "The name of a header holds a character that it must not.");
		return;
	}
	if (!clean_value(value, value_size)) {
		note(headers, "The value of a header holds a control character.");
		return;
	}
	if (strcasecmp(name, "Host") == 0) {
		headers->host++;
		if (!is_host(value, strlen(value)))
			note(headers, "The header Host is not a name with an optional port.");
	} else if (strcasecmp(name, "Content-Length") == 0) {
		take_length(headers, value);
	} else if (strcasecmp(name, "Transfer-Encoding") == 0) {
		headers->transfer_encoding++;
		headers->chunked = strcasecmp(value, "chunked") == 0;
	} else if (strcasecmp(name, "Expect") == 0) {
		headers->expects = strcasecmp(value, "100-continue") == 0;
		headers->unmet = headers->unmet || !headers->expects;
	} else {
		for (size_t i = 0; i < 6; i++)
			if (strcasecmp(name, once[i]) == 0 && ++headers->once[i] == 2)
				note(headers, "A header that may come once came twice: Authorization, Content-Type, "
					      "Content-Encoding, Idempotency-Key, If-Match or If-None-Match.");
	}
}

struct guard_fault guard_headers_end(const struct guard_headers *headers, const char *version)
{
	bool older = strcmp(version, "HTTP/1.0") == 0;
	if (!older && strcmp(version, "HTTP/1.1") != 0) {
		struct guard_fault fault = {"http-version", "Use HTTP/1.1."};
		return fault;
	}
	if (headers->fault.code)
		return headers->fault;
	if (headers->host > 1)
		return bad("There is more than one header Host.");
	if (headers->host == 0 && !older)
		return bad("The header Host is missing.");
	if (headers->content_length > 1)
		return bad("There is more than one header Content-Length.");
	if (headers->transfer_encoding > 0) {
		if (headers->content_length > 0)
			return bad("Content-Length and Transfer-Encoding must not come together.");
		if (older)
			return bad("Transfer-Encoding is not part of HTTP/1.0.");
		if (headers->transfer_encoding > 1 || !headers->chunked)
			return bad("The only Transfer-Encoding taken is chunked.");
	}
	if (headers->unmet && !older)
		return (struct guard_fault){"expectation-failed", "The only Expect that is met is 100-continue."};
	return nothing;
}

bool guard_unescape(char *text, size_t *length)
{
	char *out = text;
	for (const char *in = text; *in; out++) {
		int value = *in == '%' ? escape_value(in) : -1;
		*out = value < 0 ? *in : (char)value;
		in += value < 0 ? 1 : 3;
	}
	*out = '\0';
	*length = (size_t)(out - text);
	if (!text_is_utf8(text, *length))
		return false;
	for (size_t i = 0; i < *length; i++)
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			return false;
	return true;
}
