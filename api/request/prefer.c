#include "api/request/prefer.h"

#include <string.h>
#include <strings.h>

#include "api/request/header_list.h"

#define WORD_BYTES 32

static const char *skip_space(const char *c)
{
	return c + strspn(c, " \t");
}

static size_t token_length(const char *c)
{
	return strspn(c, "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
}

static void take(char out[WORD_BYTES], size_t *used, char c)
{
	if (*used < WORD_BYTES - 1)
		out[*used] = c;
	*used += 1;
}

/* A token or a quoted string (RFC 9110, 5.6). What is longer than any word of Kept's comes out as "". NULL: neither. */
static const char *read_word(const char *c, char out[WORD_BYTES])
{
	size_t used = 0;
	if (*c == '"') {
		for (c++; *c && *c != '"'; c++) {
			c += *c == '\\' && c[1];
			take(out, &used, *c);
		}
		if (*c++ != '"')
			return NULL;
	} else {
		size_t length = token_length(c);
		if (length == 0)
			return NULL;
		for (size_t i = 0; i < length; i++)
			take(out, &used, c[i]);
		c += length;
	}
	out[used < WORD_BYTES ? used : 0] = '\0';
	return c;
}

/* "= word", which may be left out. NULL: malformed. */
static const char *read_value(const char *c, char out[WORD_BYTES])
{
	const char *equals = skip_space(c);
	out[0] = '\0';
	return *equals == '=' ? read_word(skip_space(equals + 1), out) : c;
}

/* Parameters of a preference mean nothing here. NULL: malformed. */
static const char *skip_parameters(const char *c)
{
	char word[WORD_BYTES];
	for (c = skip_space(c); c && *c == ';'; c = c ? skip_space(c) : NULL) {
		c = skip_space(c + 1);
		if (*c == ';' || *c == ',' || *c == '\0')
			continue;
		c = token_length(c) > 0 ? read_value(c + token_length(c), word) : NULL;
	}
	return c && (*c == ',' || *c == '\0') ? c : NULL;
}

static const struct {
	const char *name, *value;
} known[] = {
	{"return", "minimal"}, {"return", "representation"}, {"tx", "rollback"},
	{"tx", "commit"},      {"handling", "strict"},       {"handling", "lenient"},
};

#define KNOWN (sizeof(known) / sizeof(known[0]))

/* `first` keeps, for each name, which row of the table it was given as. */
static void note(const char *name, const char *value, int first[KNOWN], struct prefer *prefer)
{
	bool named = false;
	int found = -1;
	for (size_t i = 0; i < KNOWN; i++) {
		if (strcasecmp(known[i].name, name) != 0)
			continue;
		if (first[i])
			return;
		named = true;
		first[i] = -1;
		if (strcasecmp(known[i].value, value) == 0)
			found = (int)i;
	}
	if (!named || found < 0)
		prefer->unknown = true;
	else
		first[found] = 1;
}

void prefer_read(const char *header, struct prefer *prefer)
{
	int first[KNOWN] = {0};
	memset(prefer, 0, sizeof(*prefer));
	for (const char *c = header; c && *c;) {
		char name[WORD_BYTES], value[WORD_BYTES];
		c += strspn(c, " \t,");
		if (!*c)
			break;
		const char *end = token_length(c) > 0 ? read_word(c, name) : NULL;
		end = end ? read_value(end, value) : NULL;
		end = end ? skip_parameters(end) : NULL;
		if (end)
			note(name, value, first, prefer);
		else
			prefer->unknown = true;
		c = end ? end : header_list_skip(c);
	}
	prefer->back = first[0] > 0 ? RETURN_MINIMAL : first[1] > 0 ? RETURN_REPRESENTATION : RETURN_ANY;
	prefer->rollback = first[2] > 0;
	prefer->strict = first[4] > 0;
}
