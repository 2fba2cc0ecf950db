#include "worker/words_pattern.h"

#include <stdlib.h>
#include <string.h>

#include <unicode/umsg.h>
#include <unicode/ustring.h>

static const char *const argument_names[ARGUMENT_COUNT] = {
	[ARGUMENT_DAYS] = "days",     [ARGUMENT_NAME] = "name",     [ARGUMENT_TITLE] = "title",
	[ARGUMENT_OWNER] = "owner",   [ARGUMENT_GROUP] = "group",   [ARGUMENT_PLACE] = "place",
	[ARGUMENT_SENDER] = "sender", [ARGUMENT_DUE] = "due",       [ARGUMENT_DAY] = "day",
	[ARGUMENT_REPLY] = "reply",   [ARGUMENT_ANSWER] = "answer", [ARGUMENT_ROLE] = "role",
};

/* A pass over the source: what it has seen, and the numbered pattern that it writes. */
struct rewrite {
	struct words_pattern *pattern;
	unsigned declared;
	int first_text; /* number of the first text: 1 when a number comes before it */
	struct text out;
	const char *fault;
};

static size_t word_length(const char *at)
{
	return strspn(at, "abcdefghijklmnopqrstuvwxyz_");
}

static int argument_find(const char *name, size_t length)
{
	for (int i = 0; i < ARGUMENT_COUNT; i++)
		if (strlen(argument_names[i]) == length && memcmp(argument_names[i], name, length) == 0)
			return i;
	return -1;
}

static int text_number(struct rewrite *rewrite, int argument)
{
	struct words_pattern *pattern = rewrite->pattern;
	for (int i = 0; i < pattern->text_count; i++)
		if (pattern->texts[i] == argument)
			return i + rewrite->first_text;
	pattern->texts[pattern->text_count] = (uint8_t)argument;
	return pattern->text_count++ + rewrite->first_text;
}

static bool is_word(const char *at, size_t length, const char *word)
{
	return strlen(word) == length && memcmp(at, word, length) == 0;
}

/*
 * Reads an argument after its brace, up to its closing brace, or up to the branches of plural and select (*branches).
 * Returns where the pass goes on, or NULL with a fault.
 */
static const char *rewrite_argument(struct rewrite *rewrite, const char *at, bool *branches)
{
	at += strspn(at, " ");
	size_t length = word_length(at);
	int argument = argument_find(at, length);
	if (argument < 0 || !(rewrite->declared & ARGUMENT_BIT(argument))) {
		rewrite->fault = "uses an argument that this key does not have";
		return NULL;
	}
	at += length;
	at += strspn(at, " ");
	bool number = argument == ARGUMENT_DAYS;
	*branches = false;
	if (*at == ',') {
		const char *type = at + 1 + strspn(at + 1, " ");
		size_t type_length = word_length(type);
		bool plural = is_word(type, type_length, "plural") || is_word(type, type_length, "selectordinal");
		bool select = is_word(type, type_length, "select");
		if (!(number ? plural || is_word(type, type_length, "number") : select)) {
			rewrite->fault =
				"treats a text as a number, a number as a text, or has an unknown type of argument";
			return NULL;
		}
		*branches = plural || select;
	} else if (number || *at != '}') {
		rewrite->fault = "has a malformed argument; a number needs plural or number";
		return NULL;
	}
	text_addf(&rewrite->out, "{%d", number ? 0 : text_number(rewrite, argument));
	if (number)
		rewrite->pattern->number = true;
	return at;
}

/* Walks the source with a stack of what each open brace is: the text of a message, or an argument. */
static bool rewrite_all(struct rewrite *rewrite, const char *source)
{
	bool in_argument[PATTERN_DEPTH] = {false};
	int depth = 0;
	for (const char *at = source; *at != '\0';) {
		if (*at == '{' && depth + 1 == PATTERN_DEPTH) {
			rewrite->fault = "is nested too deep";
			return false;
		}
		if (*at == '\'') {
			rewrite->fault = "holds an ASCII apostrophe; write \xE2\x80\x99";
			return false;
		}
		if (*at == '{' && !in_argument[depth]) {
			bool branches;
			at = rewrite_argument(rewrite, at + 1, &branches);
			if (at == NULL)
				return false;
			in_argument[++depth] = true;
			continue;
		}
		if (*at == '{')
			in_argument[++depth] = false;
		else if (*at == '}' && --depth < 0) {
			rewrite->fault = "has a closing brace too many";
			return false;
		}
		text_add(&rewrite->out, at, 1);
		at++;
	}
	if (depth != 0)
		rewrite->fault = "has a brace that is not closed";
	return depth == 0;
}

static void *open_format(const char *locale, const char *source, const char **fault)
{
	UChar wide[PATTERN_BYTES];
	int32_t length = 0;
	UErrorCode status = U_ZERO_ERROR;
	u_strFromUTF8(wide, PATTERN_BYTES, &length, source, -1, &status);
	UMessageFormat *format = NULL;
	if (U_SUCCESS(status))
		format = umsg_open(wide, length, locale, NULL, &status);
	if (U_FAILURE(status)) {
		if (format != NULL)
			umsg_close(format);
		*fault = "is not a message pattern";
		return NULL;
	}
	return format;
}

bool words_pattern_open(struct words_pattern *pattern, const char *locale, const char *source, unsigned declared,
			const char **fault)
{
	struct rewrite rewrite = {.pattern = pattern, .declared = declared};
	text_init(&rewrite.out, PATTERN_BYTES - 1);
	memset(pattern, 0, sizeof(*pattern));
	bool done = rewrite_all(&rewrite, source);
	if (done && pattern->number) {
		/* Only now is it known that the texts come second. */
		memset(pattern, 0, sizeof(*pattern));
		text_clear(&rewrite.out);
		rewrite.first_text = 1;
		done = rewrite_all(&rewrite, source);
	}
	*fault = rewrite.fault;
	if (done && (!text_ok(&rewrite.out) || rewrite.out.length == 0)) {
		*fault = "is empty or too long";
		done = false;
	}
	if (done) {
		pattern->format = open_format(locale, rewrite.out.bytes, fault);
		done = pattern->format != NULL;
	}
	text_release(&rewrite.out);
	return done;
}

void words_pattern_close(struct words_pattern *pattern)
{
	if (pattern->format != NULL)
		umsg_close(pattern->format);
	memset(pattern, 0, sizeof(*pattern));
}

unsigned words_pattern_uses(const struct words_pattern *pattern)
{
	unsigned uses = pattern->number ? ARGUMENT_BIT(ARGUMENT_DAYS) : 0;
	for (int i = 0; i < pattern->text_count; i++)
		uses |= ARGUMENT_BIT(pattern->texts[i]);
	return uses;
}

/* ICU takes its arguments as varargs: those beyond what the pattern uses are not looked at. */
static int32_t format_wide(const struct words_pattern *pattern, double days, UChar *const t[ARGUMENT_COUNT], UChar *out,
			   int32_t room, UErrorCode *status)
{
	if (pattern->number)
		return umsg_format(pattern->format, out, room, status, days, t[0], t[1], t[2], t[3], t[4], t[5], t[6],
				   t[7], t[8], t[9], t[10]);
	return umsg_format(pattern->format, out, room, status, t[0], t[1], t[2], t[3], t[4], t[5], t[6], t[7], t[8],
			   t[9], t[10]);
}

static bool add_utf8(struct text *out, const UChar *wide, int32_t length)
{
	int32_t bytes = 0;
	UErrorCode status = U_ZERO_ERROR;
	u_strToUTF8(NULL, 0, &bytes, wide, length, &status);
	if (status != U_BUFFER_OVERFLOW_ERROR && U_FAILURE(status))
		return false;
	char *utf8 = malloc((size_t)bytes + 1);
	if (utf8 == NULL)
		return false;
	status = U_ZERO_ERROR;
	u_strToUTF8(utf8, bytes + 1, &bytes, wide, length, &status);
	bool done = U_SUCCESS(status);
	if (done)
		text_add(out, utf8, (size_t)bytes);
	free(utf8);
	return done && text_ok(out);
}

static bool format_into(const struct words_pattern *pattern, double days, UChar *const wide[ARGUMENT_COUNT],
			struct text *out)
{
	UChar small[512];
	UErrorCode status = U_ZERO_ERROR;
	int32_t length = format_wide(pattern, days, wide, small, (int32_t)(sizeof(small) / sizeof(small[0])), &status);
	if (U_SUCCESS(status))
		return add_utf8(out, small, length);
	if (status != U_BUFFER_OVERFLOW_ERROR)
		return false;
	UChar *large = malloc(((size_t)length + 1) * sizeof(*large));
	if (large == NULL)
		return false;
	status = U_ZERO_ERROR;
	length = format_wide(pattern, days, wide, large, length + 1, &status);
	bool done = U_SUCCESS(status) && add_utf8(out, large, length);
	free(large);
	return done;
}

bool words_pattern_format(const struct words_pattern *pattern, const char *const texts[ARGUMENT_COUNT], double days,
			  struct text *out)
{
	size_t room = 1;
	for (int i = 0; i < pattern->text_count; i++)
		room += texts[pattern->texts[i]] == NULL ? 1 : strlen(texts[pattern->texts[i]]) + 1;
	if (room > INT32_MAX / 4)
		return false;
	UChar *arena = calloc(room, sizeof(*arena)); /* UTF-16 never has more units than UTF-8 has bytes */
	if (arena == NULL)
		return false;
	UChar *wide[ARGUMENT_COUNT];
	for (int i = 0; i < ARGUMENT_COUNT; i++)
		wide[i] = arena + room - 1;
	bool done = true;
	UChar *at = arena;
	for (int i = 0; i < pattern->text_count && done; i++) {
		const char *value = texts[pattern->texts[i]] == NULL ? "" : texts[pattern->texts[i]];
		int32_t length = 0;
		UErrorCode status = U_ZERO_ERROR;
		u_strFromUTF8(at, (int32_t)(arena + room - at), &length, value, -1, &status);
		done = U_SUCCESS(status);
		wide[i] = at;
		at += length + 1;
	}
	done = done && format_into(pattern, days, wide, out);
	free(arena);
	return done;
}
