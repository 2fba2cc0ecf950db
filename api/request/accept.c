#include "api/request/accept.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "api/request/header_list.h"
#include "api/request/request.h"

/* What the header says of one type. */
struct wish {
	int closeness; /* 0 nothing, 1 all types, 2 all of its kind, 3 itself */
	int weight;    /* thousandths */
};

struct range {
	const char *type, *subtype;
	size_t type_length, subtype_length;
	int weight;
	bool other_csv; /* asks for a form of CSV that is not made here */
};

static size_t token_length(const char *c)
{
	return strspn(c, "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
}

static bool equals(const char *bytes, size_t length, const char *word)
{
	return strlen(word) == length && strncasecmp(bytes, word, length) == 0;
}

/* The length of a token, or of a quoted string; *inner [out] is what it says, without the quotes. 0: neither. */
static size_t value_length(const char *c, const char **inner, size_t *inner_length)
{
	size_t length = token_length(c);
	*inner = c;
	*inner_length = length;
	if (*c != '"')
		return length;
	for (length = 1; c[length] && c[length] != '"'; length++)
		length += c[length] == '\\' && c[length + 1];
	*inner = c + 1;
	*inner_length = length - 1;
	return c[length] ? length + 1 : 0;
}

/* NULL: malformed. */
static const char *read_parameters(const char *c, struct range *range)
{
	for (c += strspn(c, " \t"); *c == ';'; c += strspn(c, " \t")) {
		c += 1 + strspn(c + 1, " \t");
		size_t name = token_length(c), length;
		const char *value;
		if (name == 0 && (*c == ';' || *c == ',' || *c == '\0'))
			continue;
		if (name == 0 || c[name] != '=')
			return NULL;
		size_t whole = value_length(c + name + 1, &value, &length);
		if (whole == 0)
			return NULL;
		if (equals(c, name, "q"))
			range->weight = request_weight(value, length);
		else if (equals(c, name, "charset"))
			range->other_csv |= !equals(value, length, "utf-8");
		else if (equals(c, name, "header"))
			range->other_csv |= !equals(value, length, "present");
		c += name + 1 + whole;
	}
	return range->weight >= 0 && (*c == ',' || *c == '\0') ? c : NULL;
}

static const char *read_range(const char *c, struct range *range)
{
	*range = (struct range){.type = c, .type_length = token_length(c), .weight = 1000};
	if (range->type_length == 0 || c[range->type_length] != '/')
		return NULL;
	range->subtype = c + range->type_length + 1;
	range->subtype_length = token_length(range->subtype);
	return range->subtype_length > 0 ? read_parameters(range->subtype + range->subtype_length, range) : NULL;
}

static void note(struct wish *wish, const struct range *range, const char *type, const char *subtype)
{
	bool all = equals(range->subtype, range->subtype_length, "*");
	int closeness = 0;
	if (equals(range->type, range->type_length, type))
		closeness = all ? 2 : equals(range->subtype, range->subtype_length, subtype) ? 3 : 0;
	else if (all && equals(range->type, range->type_length, "*"))
		closeness = 1;
	if (closeness < wish->closeness || closeness == 0)
		return;
	if (closeness > wish->closeness || range->weight > wish->weight)
		*wish = (struct wish){closeness, range->weight};
}

enum accept_form accept_form(const char *header)
{
	struct wish json = {0}, csv = {0};
	bool any = false;
	for (const char *c = header; c && *c;) {
		struct range range;
		c += strspn(c, " \t,");
		if (!*c)
			break;
		const char *end = read_range(c, &range);
		c = end ? end : header_list_skip(c);
		if (!end)
			continue;
		any = true;
		note(&json, &range, "application", "json");
		if (!range.other_csv)
			note(&csv, &range, "text", "csv");
	}
	if (!any)
		return ACCEPT_JSON;
	if (json.weight == 0 && csv.weight == 0)
		return ACCEPT_NEITHER;
	if (csv.weight != json.weight)
		return csv.weight > json.weight ? ACCEPT_CSV : ACCEPT_JSON;
	return csv.closeness > json.closeness ? ACCEPT_CSV : ACCEPT_JSON;
}
