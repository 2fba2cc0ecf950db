#include "api/request/body.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "kept/limits.h"
#include "kept/text.h"

static bool fault_set(struct body_fault *fault, int status, const char *detail, ...)
	__attribute__((format(printf, 3, 4)));

static bool fault_set(struct body_fault *fault, int status, const char *detail, ...)
{
	va_list arguments;

	fault->status = status;
	va_start(arguments, detail);
	vsnprintf(fault->detail, sizeof(fault->detail), detail, arguments);
	va_end(arguments);
	return false;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The index behind a string that begins at `at`, as far as quotes and backslashes tell; the parser judges the rest. */
static size_t string_end(const char *bytes, size_t length, size_t at)
{
	for (at++; at < length && bytes[at] != '"'; at++)
		if (bytes[at] == '\\')
			at++;
	return at < length ? at + 1 : length;
}

static bool container_is_empty(const char *bytes, size_t length, size_t at)
{
	for (at++; at < length && is_space(bytes[at]); at++)
		;
	return at < length && (bytes[at] == ']' || bytes[at] == '}');
}

/* Depth and members, counted on the text: a tree takes many times the memory of its text. */
static bool within_limits(const char *bytes, size_t length, size_t most, struct body_fault *fault)
{
	size_t members = 0;
	int depth = 0;
	size_t i = 0;

	while (i < length) {
		char c = bytes[i];

		if (c == '"') {
			i = string_end(bytes, length, i);
			continue;
		}
		if (c == '{' || c == '[') {
			depth++;
			members += !container_is_empty(bytes, length, i);
		} else if (c == '}' || c == ']') {
			depth--;
		} else if (c == ',') {
			members++;
		}
		if (depth > KEPT_JSON_DEPTH)
			return fault_set(fault, 413, "The body is nested deeper than %d levels.", KEPT_JSON_DEPTH);
		if (members > most)
			return fault_set(fault, 413, "The body has more than %zu members and items. Send it in parts.",
					 most);
		i++;
	}
	return true;
}

/* Jansson's own texts repeat parts of the body; these do not. */
static void fault_of_parser(struct body_fault *fault, const json_error_t *error)
{
	static const struct {
		enum json_error_code code;
		int status;
		const char *words;
	} table[] = {
		{json_error_premature_end_of_input, 400, "The JSON text ends too early"},
		{json_error_end_of_input_expected, 400, "There is something after the end of the JSON text"},
		{json_error_invalid_utf8, 400, "The body is not well-formed UTF-8"},
		{json_error_null_character, 400, "The character U+0000 is not taken"},
		{json_error_null_byte_in_key, 400, "The character U+0000 is not taken"},
		{json_error_duplicate_key, 400, "A member is there twice in one object"},
		{json_error_numeric_overflow, 400, "A number is too large"},
		{json_error_stack_overflow, 413, "The body is nested too deep"},
	};
	enum json_error_code code = json_error_code(error);

	if (code == json_error_out_of_memory) {
		fault_set(fault, 503, "There is no memory for this request just now. Try again soon.");
		return;
	}
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (code != table[i].code)
			continue;
		fault_set(fault, table[i].status, "%s (line %d, column %d).", table[i].words, error->line,
			  error->column);
		return;
	}
	fault_set(fault, 400, "The body is not JSON: see line %d, column %d.", error->line, error->column);
}

json_t *body_parse_within(const char *bytes, size_t length, size_t members, struct body_fault *fault)
{
	json_error_t error;
	json_t *body;

	memset(fault, 0, sizeof(*fault));
	if (length == 0) {
		fault_set(fault, 400, "The body is empty. Send a JSON object.");
		return NULL;
	}
	if (!text_is_utf8(bytes, length)) {
		fault_set(fault, 400, "The body is not well-formed UTF-8 without the character U+0000.");
		return NULL;
	}
	if (!within_limits(bytes, length, members, fault))
		return NULL;
	body = json_loadb(bytes, length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
	if (!body) {
		fault_of_parser(fault, &error);
		return NULL;
	}
	if (!json_is_object(body)) {
		fault_set(fault, 422, "The body must be a JSON object, in braces.");
		json_decref(body);
		return NULL;
	}
	return body;
}

json_t *body_parse(const char *bytes, size_t length, struct body_fault *fault)
{
	return body_parse_within(bytes, length, KEPT_JSON_MEMBERS, fault);
}
