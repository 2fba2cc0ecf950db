#include "tests/schema/json.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "api/schema/schema_decimal.h"

struct source {
	const char *begin, *at, *end;
	int levels;
	struct json_fault *fault;
};

static json_t *value_read(struct source *source);

static void *fail(struct source *source, const char *words)
{
	size_t line = 1;

	for (const char *c = source->begin; c < source->at; c++)
		line += *c == '\n';
	if (!source->fault->words[0])
		snprintf(source->fault->words, sizeof(source->fault->words), "line %zu: %s", line, words);
	return NULL;
}

static void spaces_skip(struct source *source)
{
	source->at += strspn(source->at, " \t\r\n");
}

/* True and behind it, if that byte comes next. */
static bool take(struct source *source, char byte)
{
	spaces_skip(source);
	if (*source->at != byte || source->at == source->end)
		return false;
	source->at++;
	return true;
}

static json_t *string_read(struct source *source)
{
	const char *begin = source->at, *c;
	json_error_t error;
	json_t *string;

	for (c = begin + 1; c < source->end && *c != '"'; c++)
		c += *c == '\\' && c + 1 < source->end;
	if (c >= source->end)
		return fail(source, "a string does not end");
	string = json_loadb(begin, (size_t)(c + 1 - begin), JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
	if (!string)
		return fail(source, error.text);
	source->at = c + 1;
	return string;
}

static json_t *number_read(struct source *source)
{
	size_t length = strspn(source->at, "0123456789+-.eE");
	json_t *number = schema_decimal_json(source->at, length);

	if (!number)
		return fail(source, "this is no value, or a number beyond all limits");
	source->at += length;
	return number;
}

static json_t *word_read(struct source *source, const char *word, json_t *value)
{
	if (strncmp(source->at, word, strlen(word)) != 0)
		return fail(source, "this is no value");
	source->at += strlen(word);
	return value;
}

static bool items_read(struct source *source, json_t *list)
{
	if (take(source, ']'))
		return true;
	do {
		json_t *item = value_read(source);

		if (!item || json_array_append_new(list, item))
			return false;
	} while (take(source, ','));
	return take(source, ']') || fail(source, "a list does not end");
}

static bool member_read(struct source *source, json_t *object)
{
	json_t *name, *value = NULL;
	const char *word;
	bool good = false;

	spaces_skip(source);
	name = *source->at == '"' ? string_read(source) : fail(source, "a name is missing");
	word = json_string_value(name);
	if (!word)
		return false;
	if (strlen(word) != json_string_length(name))
		fail(source, "U+0000 in a name");
	else if (json_object_get(object, word))
		fail(source, "a name is there twice");
	else if (!take(source, ':'))
		fail(source, "a colon is missing");
	else if ((value = value_read(source)))
		good = json_object_set_new_nocheck(object, word, value) == 0;
	json_decref(name);
	return good;
}

static bool members_read(struct source *source, json_t *object)
{
	if (take(source, '}'))
		return true;
	do {
		if (!member_read(source, object))
			return false;
	} while (take(source, ','));
	return take(source, '}') || fail(source, "an object does not end");
}

static json_t *container_read(struct source *source)
{
	bool list = *source->at == '[';
	json_t *value = list ? json_array() : json_object();
	bool good;

	source->at++;
	if (++source->levels > JSON_LEVELS) {
		json_decref(value);
		return fail(source, "nested too deep");
	}
	good = value && (list ? items_read(source, value) : members_read(source, value));
	source->levels--;
	if (good)
		return value;
	json_decref(value);
	return fail(source, "no memory");
}

static json_t *value_read(struct source *source)
{
	spaces_skip(source);
	switch (*source->at) {
	case '{':
	case '[':
		return container_read(source);
	case '"':
		return string_read(source);
	case 't':
		return word_read(source, "true", json_true());
	case 'f':
		return word_read(source, "false", json_false());
	case 'n':
		return word_read(source, "null", json_null());
	default:
		return number_read(source);
	}
}

json_t *json_read_exact(const char *bytes, size_t length, struct json_fault *fault)
{
	struct source source = {.begin = bytes, .at = bytes, .end = bytes + length, .fault = fault};
	json_t *value;

	fault->words[0] = '\0';
	value = value_read(&source);
	spaces_skip(&source);
	if (!value || source.at == source.end)
		return value;
	json_decref(value);
	return fail(&source, "something stands after the value");
}
