#include "api/schema/schema_pattern.h"

#include <ctype.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "kept/text.h"

#define PATTERN_BYTES 4096
#define MATCH_STEPS 200000
#define MATCH_HEAP_KIB 1024

/* ECMA 262: WhiteSpace and LineTerminator; and what `.` does not take. */
#define SPACES "\\t-\\r \\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}\\x{feff}"
#define NO_LINE_END "[^\\n\\r\\x{2028}\\x{2029}]"

struct translation {
	const char *at; /* in the ECMA pattern */
	struct text out;
	int groups; /* open */
	bool quantifiable;
};

/* \uXXXX or \u{…}: `at` is behind the u. Surrogates have no meaning in UTF-8. */
static bool translate_unicode(struct translation *t)
{
	bool braces = *t->at == '{';
	size_t count;
	unsigned long code = 0;

	t->at += braces;
	count = strspn(t->at, "0123456789abcdefABCDEF");
	if (!braces && count > 4)
		count = 4;
	if (count == 0 || count > 6 || (!braces && count != 4))
		return false;
	for (size_t i = 0; i < count; i++)
		code = code * 16 + (unsigned long)(isdigit((unsigned char)t->at[i])
							   ? t->at[i] - '0'
							   : tolower((unsigned char)t->at[i]) - 'a' + 10);
	t->at += count;
	if (braces && *t->at++ != '}')
		return false;
	if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return false;
	text_addf(&t->out, "\\x{%lx}", code);
	return true;
}

/* \p{Lu}: general categories have the same short names on both sides. */
static bool translate_category(struct translation *t, char letter)
{
	size_t count;

	if (*t->at != '{')
		return false;
	count = strcspn(t->at + 1, "}");
	if (count < 1 || count > 2 || t->at[1 + count] != '}' || !strchr("LMNPSZC", t->at[1]))
		return false;
	text_addf(&t->out, "\\%c{%.*s}", letter, (int)count, t->at + 1);
	t->at += count + 2;
	return true;
}

/* `at` is behind the backslash. */
static bool translate_escape(struct translation *t, bool in_class)
{
	char c = *t->at;

	if (!c)
		return false;
	t->at++;
	switch (c) {
	case 'u':
		return translate_unicode(t);
	case 'p':
	case 'P':
		return translate_category(t, c);
	case 's':
		text_addf(&t->out, in_class ? "%s" : "[%s]", SPACES);
		return true;
	case 'S':
		if (in_class)
			return false;
		text_adds(&t->out, "[^" SPACES "]");
		return true;
	case 'v':
		text_adds(&t->out, "\\x{b}"); /* in PCRE2 \v is a class */
		return true;
	case 'b':
	case 'B':
		if (in_class)
			return false;
		t->quantifiable = false;
		break;
	default:
		if (isalnum((unsigned char)c) ? !strchr("dDwWtnfr", c) : !strchr("^$\\.*+?()[]{}|/-", c))
			return false;
	}
	text_addf(&t->out, "\\%c", c);
	return true;
}

static bool translate_class(struct translation *t)
{
	text_adds(&t->out, "[");
	if (*t->at == '^') {
		text_adds(&t->out, "^");
		t->at++;
	}
	if (*t->at == ']') /* means "nothing" or "anything" in ECMA, a literal in PCRE2 */
		return false;
	while (*t->at && *t->at != ']') {
		char c = *t->at++;

		if (c == '\\') {
			if (!translate_escape(t, true))
				return false;
		} else if (c == '[') {
			text_adds(&t->out, "\\["); /* else PCRE2 might see [:alpha:] */
		} else {
			text_add(&t->out, &c, 1);
		}
	}
	if (*t->at++ != ']')
		return false;
	text_adds(&t->out, "]");
	return true;
}

static bool translate_group(struct translation *t)
{
	text_adds(&t->out, "(");
	t->groups++;
	t->quantifiable = false;
	if (*t->at != '?')
		return true;
	if (t->at[1] != ':' && t->at[1] != '=' && t->at[1] != '!')
		return false;
	text_add(&t->out, t->at, 2);
	t->at += 2;
	return true;
}

/* `at` is behind `c`. The lazy mark belongs to the quantifier; another quantifier may not follow. */
static bool translate_quantifier(struct translation *t, char c)
{
	if (!t->quantifiable)
		return false;
	text_add(&t->out, &c, 1);
	if (c == '{') {
		size_t least = strspn(t->at, "0123456789");
		size_t count = least;

		if (t->at[count] == ',')
			count += 1 + strspn(t->at + count + 1, "0123456789");
		if (least == 0 || t->at[count] != '}')
			return false;
		text_add(&t->out, t->at, count + 1);
		t->at += count + 1;
	}
	if (*t->at == '?') {
		text_adds(&t->out, "?");
		t->at++;
	}
	t->quantifiable = false;
	return true;
}

static bool translate_one(struct translation *t)
{
	char c = *t->at++;

	switch (c) {
	case '*':
	case '+':
	case '?':
	case '{':
		return translate_quantifier(t, c);
	case '(':
		return translate_group(t);
	case '^':
	case '$':
	case '|':
		t->quantifiable = false;
		text_add(&t->out, &c, 1);
		return true;
	case ']':
	case '}':
		return false;
	default:
		break;
	}
	t->quantifiable = true;
	switch (c) {
	case '\\':
		return translate_escape(t, false);
	case '[':
		return translate_class(t);
	case '.':
		text_adds(&t->out, NO_LINE_END);
		return true;
	case ')':
		text_adds(&t->out, ")");
		return --t->groups >= 0;
	default:
		text_add(&t->out, &c, 1);
		return true;
	}
}

/* A multi-byte character passes byte by byte; PCRE2 in UTF mode puts it together, also for a quantifier behind it. */
static pcre2_code *pattern_compile(const char *text)
{
	struct translation t = {.at = text};
	pcre2_code *code = NULL;
	bool taken = text_is_utf8(text, strlen(text));
	int fault;
	size_t offset;

	text_init(&t.out, PATTERN_BYTES);
	while (taken && *t.at)
		taken = translate_one(&t);
	if (taken && t.groups == 0 && text_ok(&t.out))
		code = pcre2_compile((PCRE2_SPTR)(t.out.bytes ? t.out.bytes : ""), t.out.length,
				     PCRE2_UTF | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_BACKSLASH_C, &fault, &offset, NULL);
	text_release(&t.out);
	return code;
}

bool schema_pattern_supported(const char *text)
{
	pcre2_code *code = pattern_compile(text);

	pcre2_code_free(code);
	return code != NULL;
}

static bool code_matches(const pcre2_code *code, const char *text, size_t length)
{
	pcre2_match_data *data = pcre2_match_data_create(1, NULL);
	pcre2_match_context *limits = pcre2_match_context_create(NULL);
	int found = PCRE2_ERROR_NOMEMORY;

	if (data && limits) {
		pcre2_set_match_limit(limits, MATCH_STEPS);
		pcre2_set_heap_limit(limits, MATCH_HEAP_KIB);
		found = pcre2_match(code, (PCRE2_SPTR)text, length, 0, 0, data, limits);
	}
	pcre2_match_context_free(limits);
	pcre2_match_data_free(data);
	return found >= 0;
}

bool schema_pattern_matches(const struct schema_pattern *pattern, const char *text, size_t length)
{
	pcre2_code *code;
	bool found;

	if (pattern->code)
		return code_matches(pattern->code, text, length);
	code = pattern_compile(pattern->text);
	found = code && code_matches(code, text, length);
	pcre2_code_free(code);
	return found;
}

bool schema_patterns_start(struct schema_pattern *patterns, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!patterns[i].code)
			patterns[i].code = pattern_compile(patterns[i].text);
		if (!patterns[i].code)
			return false;
	}
	return true;
}

void schema_patterns_end(struct schema_pattern *patterns, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		pcre2_code_free(patterns[i].code);
		patterns[i].code = NULL;
	}
}
