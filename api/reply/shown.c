#include "api/reply/shown.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <unicode/uloc.h>
#include <unicode/ustring.h>

#include "api/request/exchange.h"

#define DATE_UNITS 128
#define KEY_BYTES 64

/* A date has no zone: it is read and written in UTC, so that none can move it. Digits are those of the plan's text. */
static UDateFormat *open_dates(const char *language)
{
	static const UChar utc[] = {'E', 't', 'c', '/', 'U', 'T', 'C', 0};
	char locale[ULOC_FULLNAME_CAPACITY];
	UErrorCode status = U_ZERO_ERROR;

	uloc_forLanguageTag(language, locale, sizeof(locale), NULL, &status);
	uloc_setKeywordValue("calendar", "gregorian", locale, sizeof(locale), &status);
	uloc_setKeywordValue("numbers", "latn", locale, sizeof(locale), &status);
	if (U_FAILURE(status) || status == U_STRING_NOT_TERMINATED_WARNING)
		return NULL;
	UDateFormat *dates = udat_open(UDAT_NONE, UDAT_LONG, locale, utc, -1, NULL, 0, &status);
	return U_SUCCESS(status) ? dates : NULL;
}

bool shown_read(struct exchange *exchange, struct shown *shown)
{
	const struct reply *reply = &exchange->reply;

	*shown = (struct shown){.data = json_loadb(reply->constant, reply->length, 0, NULL)};
	shown->words = json_object_get(shown->data, "words");
	shown->language = shown_text(shown->data, "language");
	if (!shown->language) {
		json_decref(shown->data);
		exchange_problem(exchange, "internal", NULL);
		return false;
	}
	shown->dates = open_dates(shown->language);
	return true;
}

bool shown_send(struct exchange *exchange, struct shown *shown, enum reply_cache cache)
{
	bool well = text_ok(&shown->html.out);

	if (well)
		html_send(exchange, &shown->html, cache);
	else
		exchange_problem(exchange, "unavailable", NULL);
	text_release(&shown->html.out);
	if (shown->dates)
		udat_close(shown->dates);
	json_decref(shown->data);
	return well;
}

const char *shown_text(const json_t *object, const char *member)
{
	return json_string_value(json_object_get(object, member));
}

void shown_word(struct shown *shown, const char *key)
{
	const char *word = shown_text(shown->words, key);

	text_add_html(&shown->html.out, word ? word : key);
}

void shown_word_of(struct shown *shown, const char *kind, const char *name)
{
	struct text key;

	text_init(&key, KEY_BYTES);
	text_addf(&key, "%s.%s", kind, name);
	shown_word(shown, text_ok(&key) ? key.bytes : kind);
	text_release(&key);
}

void shown_written(struct shown *shown, const char *element, const char *text, const char *language)
{
	struct text *out = &shown->html.out;

	text_addf(out, "<%s dir=\"auto\"", element);
	if (language) {
		text_adds(out, " lang=\"");
		text_add_html(out, language);
		text_adds(out, "\"");
	}
	text_adds(out, ">");
	text_add_html(out, text);
	text_addf(out, "</%s>", element);
}

static bool add_formatted(struct shown *shown, const char *date)
{
	struct tm parts;
	UChar wide[DATE_UNITS];
	char utf8[DATE_UNITS * 3];
	int32_t length;
	UErrorCode status = U_ZERO_ERROR;

	if (!shown->dates || !text_is_date(date))
		return false;
	memset(&parts, 0, sizeof(parts));
	parts.tm_year = (int)strtol(date, NULL, 10) - 1900;
	parts.tm_mon = (int)strtol(date + 5, NULL, 10) - 1;
	parts.tm_mday = (int)strtol(date + 8, NULL, 10);
	length = udat_format(shown->dates, (UDate)timegm(&parts) * 1000.0, wide, DATE_UNITS, NULL, &status);
	u_strToUTF8(utf8, sizeof(utf8), &length, wide, length, &status);
	if (U_FAILURE(status) || status == U_STRING_NOT_TERMINATED_WARNING)
		return false;
	text_add_html(&shown->html.out, utf8);
	return true;
}

void shown_date(struct shown *shown, const char *date)
{
	struct text *out = &shown->html.out;

	text_adds(out, "<time datetime=\"");
	text_add_html(out, date);
	text_adds(out, "\">");
	if (!add_formatted(shown, date))
		text_add_html(out, date);
	text_adds(out, "</time>");
}

void shown_fact(struct shown *shown, const char *key, const char *value, enum shown_kind kind)
{
	struct text *out = &shown->html.out;

	if (!value)
		return;
	text_adds(out, "<div><dt>");
	shown_word(shown, key);
	text_adds(out, "</dt> ");
	text_adds(out, "<dd>");
	if (kind == SHOWN_DATE) {
		shown_date(shown, value);
	} else {
		text_adds(out, kind == SHOWN_CODE ? "<bdi dir=\"ltr\">" : "<bdi>");
		text_add_html(out, value);
		text_adds(out, "</bdi>");
	}
	text_adds(out, "</dd>");
	text_adds(out, "</div>\n");
}

void shown_languages(struct shown *shown, const char *more)
{
	struct text *out = &shown->html.out;
	const json_t *one;
	size_t index;

	text_adds(out, "<nav aria-label=\"");
	shown_word(shown, "page.language");
	text_adds(out, "\"><ul class=\"languages\">\n");
	json_array_foreach (json_object_get(shown->data, "languages"), index, one) {
		const char *tag = shown_text(one, "tag");
		bool this = strcmp(tag, shown->language) == 0;

		text_adds(out, "<li><a href=\"?language=");
		text_add_html(out, tag);
		text_add_html(out, more);
		text_adds(out, "\" lang=\"");
		text_add_html(out, tag);
		text_adds(out, "\" hreflang=\"");
		text_add_html(out, tag);
		text_adds(out, this ? "\" aria-current=\"page\">" : "\">");
		text_add_html(out, shown_text(one, "name"));
		text_adds(out, "</a></li>\n");
	}
	text_adds(out, "</ul></nav>\n");
}
