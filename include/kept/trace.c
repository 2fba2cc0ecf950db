#include "kept/trace.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "kept/seal.h"

#define HEXADECIMAL "0123456789abcdef"
#define FLAG_RANDOM 2u
#define FLAGS_PASSED_ON 3u
#define KEY_BYTES 256
#define VALUE_BYTES 256
#define LONG_MEMBER 128

/* Never all zero, which means none. */
static void random_hex(char *out, size_t digits)
{
	uint8_t bytes[16];
	random_bytes(bytes, digits / 2);
	bytes[0] |= bytes[0] == 0;
	for (size_t i = 0; i < digits / 2; i++)
		snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

void trace_span(struct trace *trace)
{
	random_hex(trace->span, TRACE_SPAN_SIZE - 1);
}

void trace_new(struct trace *trace)
{
	memset(trace, 0, sizeof(*trace));
	random_hex(trace->id, TRACE_ID_SIZE - 1);
	trace_span(trace);
	trace->flags = FLAG_RANDOM;
}

static bool is_hex(const char *text, size_t digits)
{
	return strspn(text, HEXADECIMAL) >= digits;
}

static bool is_zero(const char *text, size_t digits)
{
	return strspn(text, "0") >= digits;
}

static unsigned hex_byte(const char *text)
{
	return (unsigned)((strchr(HEXADECIMAL, text[0]) - HEXADECIMAL) * 16 +
			  (strchr(HEXADECIMAL, text[1]) - HEXADECIMAL));
}

bool trace_continue(struct trace *trace, const char *traceparent)
{
	const char *text = traceparent + strspn(traceparent, " \t");
	size_t length = strlen(text);
	while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\t'))
		length--;
	/* 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01 */
	if (length < 55 || !is_hex(text, 2) || strncmp(text, "ff", 2) == 0 || text[2] != '-')
		return false;
	if (!is_hex(text + 3, 32) || is_zero(text + 3, 32) || text[35] != '-')
		return false;
	if (!is_hex(text + 36, 16) || is_zero(text + 36, 16) || text[52] != '-' || !is_hex(text + 53, 2))
		return false;
	/* A later version may have more behind a dash; what is known of it is the same (3.2.4, 4.3). */
	if (length > 55 && (strncmp(text, "00", 2) == 0 || text[55] != '-'))
		return false;
	memset(trace, 0, sizeof(*trace));
	memcpy(trace->id, text + 3, 32);
	memcpy(trace->parent, text + 36, 16);
	trace->flags = hex_byte(text + 53) & FLAGS_PASSED_ON;
	trace_span(trace);
	return true;
}

void trace_parent(const struct trace *trace, char out[TRACE_PARENT_SIZE])
{
	snprintf(out, TRACE_PARENT_SIZE, "00-%s-%s-%02x", trace->id, trace->span, trace->flags & FLAGS_PASSED_ON);
}

struct member {
	const char *text;
	size_t length, key;
};

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* 3.3.1.3.1 */
static bool key_is_good(const char *text, size_t length)
{
	if (length < 1 || length > KEY_BYTES || !(is_lower(text[0]) || is_digit(text[0])))
		return false;
	for (size_t i = 1; i < length; i++)
		if (!is_lower(text[i]) && !is_digit(text[i]) && !strchr("_-*/@", text[i]))
			return false;
	return true;
}

/* 3.3.1.3.2: printable, neither comma nor equals sign, no blank at the end. */
static bool value_is_good(const char *text, size_t length)
{
	if (length < 1 || length > VALUE_BYTES || text[length - 1] == ' ')
		return false;
	for (size_t i = 0; i < length; i++)
		if (text[i] < ' ' || text[i] > '~' || text[i] == ',' || text[i] == '=')
			return false;
	return true;
}

static bool has_key(const struct member *members, int count, const char *key, size_t length)
{
	for (int i = 0; i < count; i++)
		if (members[i].key == length && memcmp(members[i].text, key, length) == 0)
			return true;
	return false;
}

/* Number of members, -1: malformed. */
static int state_members(const char *text, struct member members[TRACE_STATE_MEMBERS])
{
	int count = 0;
	for (const char *next = text; next; text = next) {
		size_t length = strcspn(text, ",");
		next = text[length] ? text + length + 1 : NULL;
		while (length > 0 && (*text == ' ' || *text == '\t'))
			text++, length--;
		while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\t'))
			length--;
		if (length == 0)
			continue;
		const char *equals = memchr(text, '=', length);
		size_t key = equals ? (size_t)(equals - text) : 0;
		if (!equals || count == TRACE_STATE_MEMBERS || !key_is_good(text, key) ||
		    !value_is_good(equals + 1, length - key - 1))
			return -1;
		if (!has_key(members, count, text, key))
			members[count++] = (struct member){text, length, key};
	}
	return count;
}

static size_t state_length(const struct member *members, int count)
{
	size_t length = 0;
	for (int i = 0; i < count; i++)
		length += members[i].length > 0 ? members[i].length + (length > 0) : 0;
	return length;
}

void trace_state(struct trace *trace, const char *tracestate)
{
	struct member members[TRACE_STATE_MEMBERS];
	int count = state_members(tracestate, members);
	size_t used = 0;
	trace->state[0] = '\0';
	/* Long ones first, from the right, then the last ones (3.3.1.5). */
	for (int i = count - 1; i >= 0 && state_length(members, count) >= TRACE_STATE_SIZE; i--)
		if (members[i].length > LONG_MEMBER)
			members[i].length = 0;
	while (count > 0 && state_length(members, count) >= TRACE_STATE_SIZE)
		count--;
	for (int i = 0; i < count; i++)
		if (members[i].length > 0)
			used += (size_t)snprintf(trace->state + used, sizeof(trace->state) - used, "%s%.*s",
						 used > 0 ? "," : "", (int)members[i].length, members[i].text);
}

void trace_header(struct trace_headers *headers, const char *name, size_t name_size, const char *value,
		  size_t value_size)
{
	if (!value)
		value_size = 0;
	if (name_size == 11 && strncasecmp(name, "traceparent", name_size) == 0) {
		/* One too long to be kept is malformed anyway, unless it is of a later version: then a new trace. */
		bool fits = value_size < sizeof(headers->parent) && !memchr(value ? value : "", '\0', value_size);
		if (fits && value_size > 0)
			memcpy(headers->parent, value, value_size);
		headers->parent[fits ? value_size : 0] = '\0';
		headers->parents++;
	} else if (name_size == 10 && strncasecmp(name, "tracestate", name_size) == 0) {
		if (headers->state_length + value_size + 2 > sizeof(headers->state)) {
			headers->state_too_long = true;
			return;
		}
		if (headers->state_length > 0)
			headers->state[headers->state_length++] = ',';
		if (value_size > 0)
			memcpy(headers->state + headers->state_length, value, value_size);
		headers->state_length += value_size;
		headers->state[headers->state_length] = '\0';
	}
}

void trace_of(struct trace *trace, const struct trace_headers *headers)
{
	/* tracestate without its traceparent means nothing (3.3). */
	if (headers->parents != 1 || !trace_continue(trace, headers->parent))
		trace_new(trace);
	else if (headers->state_length > 0 && !headers->state_too_long)
		trace_state(trace, headers->state);
}
