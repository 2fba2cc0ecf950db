#include "api/request/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "api/request/guard.h"
#include "api/schema/schema.h"

int request_parameter(const struct contract_operation *operation, enum contract_in in, const char *name)
{
	for (int i = 0; i < operation->parameter_count && i < REQUEST_PARAMETERS; i++)
		if (operation->parameters[i].in == in && strcmp(operation->parameters[i].name, name) == 0)
			return i;
	return -1;
}

/* Adds what the schema says of the value; true if it is valid. */
static bool check_value(const struct contract_parameter *parameter, const char *value, struct problem_errors *errors)
{
	struct schema_errors found;
	schema_errors_init(&found);
	bool valid = schema_validate_text(parameter->schema, value, &found);
	if (!valid)
		problem_errors_parameter(errors, parameter->name,
					 found.count > 0 ? found.items[0].detail : "is not valid");
	schema_errors_release(&found);
	return valid;
}

static bool decode(char *text)
{
	size_t length;
	for (char *c = text; *c; c++)
		if (*c == '+')
			*c = ' ';
	return guard_unescape(text, &length);
}

/* Takes "name=value". */
static void take_pair(const struct contract_operation *operation, char *pair, char **values,
		      struct problem_errors *errors)
{
	char *value = strchr(pair, '=');
	if (value)
		*value++ = '\0';
	if (!decode(pair) || (value && !decode(value))) {
		problem_errors_parameter(errors, pair, "must be UTF-8 text without control characters");
		return;
	}
	int i = request_parameter(operation, IN_QUERY, pair);
	if (i < 0) {
		problem_errors_parameter(errors, pair, "is not known here");
		return;
	}
	if (values[i]) {
		problem_errors_parameter(errors, pair, "is given more than once");
		return;
	}
	values[i] = strdup(value ? value : "");
	if (values[i])
		(void)!check_value(&operation->parameters[i], values[i], errors);
	else
		problem_errors_parameter(errors, pair, "could not be read");
}

bool request_query(const struct contract_operation *operation, char *query, char **values,
		   struct problem_errors *errors)
{
	int pairs = 0, before = errors->count;
	for (char *next, *pair = query; pair; pair = next) {
		next = strchr(pair, '&');
		if (next)
			*next++ = '\0';
		if (!*pair)
			continue;
		if (++pairs > KEPT_PARAMETERS) {
			problem_errors_parameter(errors, "", "there are too many parameters");
			break;
		}
		take_pair(operation, pair, values, errors);
	}
	for (int i = 0; i < operation->parameter_count && i < REQUEST_PARAMETERS; i++) {
		const struct contract_parameter *parameter = &operation->parameters[i];
		if (parameter->in == IN_QUERY && parameter->required && !values[i])
			problem_errors_parameter(errors, parameter->name, "is missing");
	}
	return errors->count == before;
}

bool request_path(const struct contract_match *match, char **values)
{
	const struct contract_operation *operation = match->operation;
	int at = 0;
	for (int i = 0; i < operation->parameter_count && i < REQUEST_PARAMETERS; i++) {
		if (operation->parameters[i].in != IN_PATH)
			continue;
		if (at >= match->value_count)
			return false;
		values[i] = strndup(match->values[at].bytes, match->values[at].length);
		at++;
		size_t length;
		if (!values[i] || !guard_unescape(values[i], &length) ||
		    !schema_validate_text(operation->parameters[i].schema, values[i], NULL))
			return false;
	}
	return true;
}

struct language {
	char tag[36];
	int weight; /* thousandths */
};

/* "0", "1", "0.5", "0.123", "1.000" */
int request_weight(const char *text, size_t length)
{
	static const int place[] = {100, 10, 1};
	if (length < 1 || length > 5 || (text[0] != '0' && text[0] != '1') || (length > 1 && text[1] != '.'))
		return -1;
	int weight = (text[0] - '0') * 1000;
	for (size_t i = 2; i < length; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		weight += (text[i] - '0') * place[i - 2];
	}
	return weight <= 1000 ? weight : -1;
}

static bool read_language(const char *item, size_t length, struct language *language)
{
	size_t tag = 0;
	while (tag < length && (strchr("-", item[tag]) || (item[tag] >= '0' && item[tag] <= '9') ||
				(item[tag] >= 'a' && item[tag] <= 'z') || (item[tag] >= 'A' && item[tag] <= 'Z')))
		tag++;
	if (tag == 0 || tag >= sizeof(language->tag))
		return false;
	memcpy(language->tag, item, tag);
	language->tag[tag] = '\0';
	language->weight = 1000;
	while (tag < length && (item[tag] == ' ' || item[tag] == '\t' || item[tag] == ';'))
		tag++;
	if (tag == length)
		return true;
	if (length - tag < 3 || strncasecmp(item + tag, "q=", 2) != 0)
		return false;
	language->weight = request_weight(item + tag + 2, length - tag - 2);
	return language->weight > 0;
}

#define LANGUAGES 8

bool request_languages(const char *header, char out[KEPT_LANGUAGES_BYTES])
{
	struct language languages[LANGUAGES];
	int count = 0;
	out[0] = '\0';
	for (const char *c = header; c && *c && count < LANGUAGES;) {
		c += strspn(c, " \t,");
		size_t length = strcspn(c, ",");
		const char *next = c + length;
		while (length > 0 && (c[length - 1] == ' ' || c[length - 1] == '\t'))
			length--;
		struct language language;
		if (read_language(c, length, &language)) {
			int at = count++;
			/* Equal weights keep the client's order. */
			for (; at > 0 && languages[at - 1].weight < language.weight; at--)
				languages[at] = languages[at - 1];
			languages[at] = language;
		}
		c = next;
	}
	size_t used = 0;
	for (int i = 0; i < count; i++)
		used += (size_t)snprintf(out + used, KEPT_LANGUAGES_BYTES - used, "%s%s", i > 0 ? "," : "",
					 languages[i].tag);
	return count > 0;
}

bool request_idempotency_key(const char *header, char out[KEPT_IDEMPOTENCY_KEY_BYTES + 1])
{
	size_t length = strlen(header), used = 0;
	bool quoted = header[0] == '"';
	if (quoted && (length < 2 || header[length - 1] != '"'))
		return false;
	size_t end = quoted ? length - 1 : length;
	for (size_t i = quoted ? 1 : 0; i < end; i++) {
		char c = header[i];
		if (quoted && c == '"')
			return false;
		/* RFC 9651, 3.3.3: only a quote and a backslash are escaped. */
		if (quoted && c == '\\') {
			if (++i >= end || (header[i] != '"' && header[i] != '\\'))
				return false;
			c = header[i];
		}
		if (c < 0x20 || c > 0x7e || used == KEPT_IDEMPOTENCY_KEY_BYTES)
			return false;
		out[used++] = c;
	}
	out[used] = '\0';
	return used > 0;
}

/* The version in a tag whose quotes are at `tag` and `end`; -1: Kept made no such tag. */
static long version_of(const char *tag, const char *end)
{
	long value = 0;
	size_t digits = strspn(tag + 1, "0123456789");
	if (digits == 0 || digits > 15 || (tag[1 + digits] != '-' && tag + 1 + digits != end))
		return -1;
	for (size_t i = 1; i <= digits; i++)
		value = value * 10 + (tag[i] - '0');
	return value;
}

/* Reads one tag and what separates it from the next. NULL: malformed. */
static const char *read_tag(const char *c, long *version)
{
	/* A weak tag is well-formed but never equal here (strong comparison). */
	bool weak = c[0] == 'W' && c[1] == '/';
	c += weak ? 2 : 0;
	const char *end = *c == '"' ? strchr(c + 1, '"') : NULL;
	if (!end)
		return NULL;
	*version = weak ? -1 : version_of(c, end);
	c = end + 1 + strspn(end + 1, " \t");
	return *c && *c != ',' ? NULL : c + strspn(c, " \t,");
}

enum request_match request_if_match(const char *header, struct request_tags *tags)
{
	int seen = 0;
	tags->count = 0;
	if (strcmp(header, "*") == 0)
		return MATCH_ANY;
	for (const char *c = header + strspn(header, " \t,"); *c;) {
		long version;
		c = read_tag(c, &version);
		if (!c || ++seen > REQUEST_TAGS) {
			tags->count = 0;
			return MATCH_MALFORMED;
		}
		if (version >= 0)
			tags->versions[tags->count++] = version;
	}
	return tags->count > 0 ? MATCH_VERSION : seen > 0 ? MATCH_NEVER : MATCH_MALFORMED;
}

bool request_type_is(const char *header, const char *type)
{
	if (!header)
		return false;
	size_t length = strlen(type);
	if (strncasecmp(header, type, length) != 0)
		return false;
	const char *rest = header + length;
	rest += strspn(rest, " \t");
	if (*rest == '\0')
		return true;
	if (*rest++ != ';')
		return false;
	rest += strspn(rest, " \t");
	return *rest == '\0' || strcasecmp(rest, "charset=utf-8") == 0 || strcasecmp(rest, "charset=\"utf-8\"") == 0;
}

const char *request_bearer(const char *header)
{
	if (!header || strncasecmp(header, "Bearer ", 7) != 0)
		return NULL;
	const char *key = header + 7 + strspn(header + 7, " ");
	if (!text_starts(key, "kept_") || strlen(key) != 48)
		return NULL;
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	return strspn(key + 5, alphabet) == 43 ? key : NULL;
}

static void add_escaped(struct text *out, const char *value)
{
	for (const char *c = value; *c; c++) {
		if ((*c >= '0' && *c <= '9') || (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
		    strchr("-._~", *c))
			text_add(out, c, 1);
		else
			text_addf(out, "%%%02X", (unsigned)(unsigned char)*c);
	}
}

void request_query_write(const struct contract_operation *operation, char *const *values, const char *without,
			 struct text *out)
{
	bool first = true;
	for (int i = 0; i < operation->parameter_count && i < REQUEST_PARAMETERS; i++) {
		const struct contract_parameter *parameter = &operation->parameters[i];
		if (parameter->in != IN_QUERY || !values[i] || strcmp(parameter->name, without) == 0)
			continue;
		text_adds(out, first ? "" : "&");
		text_adds(out, parameter->name);
		text_adds(out, "=");
		add_escaped(out, values[i]);
		first = false;
	}
}
