#include "api/reply/plan_sheet.h"

#include <string.h>

#include "api/loop.h"
#include "api/reply/shown.h"
#include "api/request/exchange.h"

#define HASH_SHOWN 12
#define QUERY_BYTES 128

static void add_word_in(struct shown *shown, const char *element, const char *key)
{
	text_addf(&shown->html.out, "<%s>", element);
	shown_word(shown, key);
	text_addf(&shown->html.out, "</%.*s>\n", (int)strcspn(element, " "), element);
}

/* A word and so many lines to write on. */
static void add_room(struct shown *shown, const char *key, int lines)
{
	text_adds(&shown->html.out, "<div class=\"room\">");
	add_word_in(shown, "p", key);
	for (int i = 0; i < lines; i++)
		text_adds(&shown->html.out, "<div class=\"line\"></div>");
	text_adds(&shown->html.out, "</div>\n");
}

/* The address as it is typed: the part after the scheme is enough for people, the link has all. */
static void add_link(struct exchange *exchange, struct shown *shown, const json_t *plan)
{
	const char *url = exchange->loop->live->config->public_url, *code = shown_text(plan, "sheet_code");
	struct text *out = &shown->html.out;

	text_adds(out, "<div><dt>");
	shown_word(shown, "sheet.link");
	text_adds(out, "</dt> <dd><a dir=\"ltr\" href=\"/s/");
	text_add_html(out, code);
	text_adds(out, "\">");
	text_add_html(out, url);
	text_adds(out, "/s/");
	text_add_html(out, code);
	text_adds(out, "</a></dd></div>\n");
}

static void add_head(struct exchange *exchange, struct shown *shown, const json_t *plan, const char *more)
{
	const char *hash = shown_text(plan, "text_hash");
	struct text *out = &shown->html.out;

	text_adds(out, "<header>\n");
	shown_languages(shown, more);
	shown_written(shown, "h1", shown_text(plan, "title"), NULL);
	text_adds(out, "\n<dl class=\"facts\">\n");
	shown_fact(shown, "page.district", shown_text(plan, "district"), SHOWN_WRITTEN);
	shown_fact(shown, "page.school", shown_text(plan, "school"), SHOWN_WRITTEN);
	shown_fact(shown, "page.year", shown_text(plan, "school_year"), SHOWN_CODE);
	text_adds(out, "<div><dt>");
	shown_word(shown, "sheet.version");
	text_addf(out, "</dt> <dd><span dir=\"ltr\">%" JSON_INTEGER_FORMAT,
		  json_integer_value(json_object_get(plan, "number")));
	if (hash)
		text_addf(out, " / %.*s", HASH_SHOWN, hash);
	text_adds(out, "</span></dd></div>\n");
	add_link(exchange, shown, plan);
	text_adds(out, "</dl>\n");
	add_word_in(shown, "p", "sheet.how");
	text_adds(out, "<div class=\"who\">\n");
	add_room(shown, "sheet.group", 1);
	add_room(shown, "sheet.name", 1);
	add_room(shown, "sheet.date", 1);
	text_adds(out, "</div>\n</header>\n");
}

static void add_boxes(struct shown *shown)
{
	static const char *const stances[] = {"stance.agree", "stance.amend", "stance.decline", "stance.abstain"};

	text_adds(&shown->html.out, "<ul class=\"boxes\">");
	for (size_t i = 0; i < sizeof(stances) / sizeof(stances[0]); i++) {
		text_adds(&shown->html.out, "<li><span class=\"box\"></span> ");
		shown_word(shown, stances[i]);
		text_adds(&shown->html.out, "</li>");
	}
	text_adds(&shown->html.out, "</ul>\n");
}

static void add_item(struct shown *shown, const json_t *item)
{
	const char *description = shown_text(item, "description"), *due = shown_text(item, "due_on"),
		   *owed = shown_text(item, "owed_to"), *language = shown_text(item, "language");
	struct text *out = &shown->html.out;

	text_adds(out, "<li>");
	shown_written(shown, "strong", shown_text(item, "title"), language);
	if (description)
		shown_written(shown, "p", description, language);
	text_adds(out, due || owed ? "<p class=\"soft\">" : "");
	if (due) {
		shown_word(shown, "page.due");
		text_adds(out, " ");
		shown_date(shown, due);
		text_adds(out, owed ? " · " : "");
	}
	if (owed) {
		shown_word(shown, "page.owed");
		text_adds(out, " ");
		text_add_html(out, owed);
	}
	text_adds(out, due || owed ? "</p>\n" : "\n");
	add_boxes(shown);
	add_room(shown, "sheet.change", 2);
	text_adds(out, "</li>\n");
}

static void add_group(struct shown *shown, const json_t *group)
{
	const char *code = shown_text(group, "code");
	const json_t *items = json_object_get(group, "items"), *item;
	struct text *out = &shown->html.out;
	size_t index;

	text_adds(out, "<section aria-labelledby=\"");
	text_add_html(out, code);
	text_adds(out, "\">\n<h2 id=\"");
	text_add_html(out, code);
	text_adds(out, "\">");
	text_add_html(out, shown_text(group, "name"));
	text_adds(out, "</h2>\n");
	if (!json_object_get(shown->data, "group") || json_is_null(json_object_get(shown->data, "group"))) {
		text_adds(out, "<p class=\"screen\"><a href=\"?group=");
		text_add_html(out, code);
		text_adds(out, "&amp;language=");
		text_add_html(out, shown->language);
		text_adds(out, "\">");
		shown_word(shown, "sheet.only");
		text_adds(out, "</a></p>\n");
	}
	text_adds(out, json_array_size(items) > 0 ? "<ol class=\"items\">\n" : "");
	json_array_foreach (items, index, item)
		add_item(shown, item);
	text_adds(out, json_array_size(items) > 0 ? "</ol>\n" : "");
	add_room(shown, "sheet.add", 2);
	text_adds(out, "</section>\n");
}

static void add_questions(struct shown *shown)
{
	static const char *const questions[] = {"question.agree", "question.missing", "question.together"};
	struct text *out = &shown->html.out;

	text_adds(out, "<section aria-labelledby=\"questions\">\n");
	add_word_in(shown, "h2 id=\"questions\"", "sheet.questions");
	text_adds(out, "<ol class=\"items\">\n");
	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
		text_adds(out, "<li>");
		add_room(shown, questions[i], 3);
		text_adds(out, "</li>\n");
	}
	text_adds(out, "</ol>\n</section>\n");
}

/* The other languages' links lead to the same group's sheet. */
static const char *add_query(struct text *out, const struct shown *shown)
{
	const char *group = shown_text(shown->data, "group");

	text_init(out, QUERY_BYTES);
	text_addf(out, group ? "&group=%s" : "%s", group ? group : "");
	return text_ok(out) && out->bytes ? out->bytes : "";
}

bool plan_sheet(struct exchange *exchange)
{
	struct shown shown;
	struct text query;
	const json_t *group, *plan;
	size_t index;

	if (!shown_read(exchange, &shown))
		return false;
	plan = json_object_get(shown.data, "plan");
	html_begin(&shown.html, "plan.css", shown.language, shown_text(plan, "title"));
	add_head(exchange, &shown, plan, add_query(&query, &shown));
	text_release(&query);
	text_adds(&shown.html.out, "<main class=\"sheet\">\n");
	json_array_foreach (json_object_get(shown.data, "groups"), index, group)
		add_group(&shown, group);
	add_questions(&shown);
	text_adds(&shown.html.out, "</main>\n<footer>\n");
	add_word_in(&shown, "p", "sheet.return");
	text_adds(&shown.html.out, "</footer>\n");
	if (!shown_send(exchange, &shown, REPLY_PUBLIC))
		return false;
	reply_header(&exchange->reply, "Vary", "Accept-Language");
	return true;
}
