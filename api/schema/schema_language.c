#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "api/schema/schema_format.h"

/* The tag as subtags of 1 to 8 letters and digits. RFC 5646 sets no limit; longer tags than this are of no use here. */
#define SUBTAGS 20

struct tag {
	const char *subtags[SUBTAGS];
	size_t lengths[SUBTAGS];
	int count;
	int at; /* next to be read */
};

static bool tag_split(struct tag *tag, const char *text, size_t length)
{
	size_t begin = 0;

	memset(tag, 0, sizeof(*tag));
	for (size_t i = 0; i <= length; i++) {
		if (i < length && text[i] != '-') {
			if ((unsigned char)text[i] > 0x7f || !isalnum((unsigned char)text[i]))
				return false;
			continue;
		}
		if (i == begin || i - begin > 8 || tag->count == SUBTAGS)
			return false;
		tag->subtags[tag->count] = text + begin;
		tag->lengths[tag->count++] = i - begin;
		begin = i + 1;
	}
	return true;
}

static bool letters(const struct tag *tag, int at)
{
	for (size_t i = 0; i < tag->lengths[at]; i++)
		if (!isalpha((unsigned char)tag->subtags[at][i]))
			return false;
	return true;
}

static bool numbers(const struct tag *tag, int at)
{
	for (size_t i = 0; i < tag->lengths[at]; i++)
		if (!isdigit((unsigned char)tag->subtags[at][i]))
			return false;
	return true;
}

/* The next subtag has this length and, if asked, letters only. */
static bool next_is(const struct tag *tag, size_t length, bool only_letters)
{
	return tag->at < tag->count && tag->lengths[tag->at] == length && (!only_letters || letters(tag, tag->at));
}

static bool next_is_variant(const struct tag *tag)
{
	if (tag->at >= tag->count)
		return false;
	return tag->lengths[tag->at] >= 5 ||
	       (tag->lengths[tag->at] == 4 && isdigit((unsigned char)tag->subtags[tag->at][0]));
}

static bool same(const struct tag *tag, int a, int b)
{
	return tag->lengths[a] == tag->lengths[b] &&
	       strncasecmp(tag->subtags[a], tag->subtags[b], tag->lengths[a]) == 0;
}

/* True if subtag `at` has an equal in [from, at). */
static bool seen(const struct tag *tag, int from, int at)
{
	for (int i = from; i < at; i++)
		if (same(tag, i, at))
			return true;
	return false;
}

static bool read_language(struct tag *tag)
{
	size_t length = tag->lengths[0];

	if (!letters(tag, 0) || length < 2)
		return false;
	tag->at = 1;
	for (int i = 0; length <= 3 && i < 3 && next_is(tag, 3, true); i++)
		tag->at++;
	if (next_is(tag, 4, true))
		tag->at++;
	if (next_is(tag, 2, true) || (next_is(tag, 3, false) && numbers(tag, tag->at)))
		tag->at++;
	return true;
}

static bool read_extensions(struct tag *tag)
{
	unsigned long long singletons = 0; /* one bit a letter or digit */

	while (next_is(tag, 1, false) && tolower((unsigned char)tag->subtags[tag->at][0]) != 'x') {
		int letter = tolower((unsigned char)tag->subtags[tag->at][0]);
		unsigned long long bit = 1ULL << (isdigit(letter) ? letter - '0' : letter - 'a' + 10);
		int begin = ++tag->at;

		if (singletons & bit)
			return false;
		singletons |= bit;
		while (tag->at < tag->count && tag->lengths[tag->at] > 1)
			tag->at++;
		if (tag->at == begin)
			return false;
	}
	return true;
}

bool schema_is_language_tag(const char *text, size_t length)
{
	struct tag tag;
	int variants;

	if (!tag_split(&tag, text, length))
		return false;
	if (tag.lengths[0] != 1) {
		if (!read_language(&tag))
			return false;
		for (variants = tag.at; next_is_variant(&tag); tag.at++)
			if (seen(&tag, variants, tag.at))
				return false;
		if (!read_extensions(&tag))
			return false;
	}
	if (tag.at == tag.count)
		return true;
	/* Private use: x and at least one more. */
	return next_is(&tag, 1, true) && tolower((unsigned char)tag.subtags[tag.at][0]) == 'x' &&
	       tag.at + 1 < tag.count;
}
