#include "api/reply/plan_page.h"

#include <string.h>

#include "api/reply/shown.h"
#include "api/request/exchange.h"

static const char *const outcomes[] = {"kept", "kept_later", "late", "under_way", "let_go"};
#define OUTCOMES (sizeof(outcomes) / sizeof(outcomes[0]))

static void add_head(struct shown *shown, const json_t *plan)
{
	struct text *out = &shown->html.out;

	text_adds(out, "<header>\n");
	shown_languages(shown, "");
	shown_written(shown, "h1", shown_text(plan, "title"), NULL);
	text_adds(out, "\n<dl class=\"facts\">\n");
	shown_fact(shown, "page.district", shown_text(plan, "district"), SHOWN_WRITTEN);
	shown_fact(shown, "page.school", shown_text(plan, "school"), SHOWN_WRITTEN);
	shown_fact(shown, "page.year", shown_text(plan, "school_year"), SHOWN_CODE);
	shown_fact(shown, "page.framework", shown_text(plan, "framework"), SHOWN_WRITTEN);
	text_adds(out, "<div><dt>");
	shown_word(shown, "page.status");
	text_adds(out, "</dt> <dd>");
	shown_word_of(shown, "status", shown_text(plan, "status"));
	text_adds(out, " (");
	shown_word(shown, "page.version");
	text_addf(out, " %" JSON_INTEGER_FORMAT ")</dd></div>\n", json_integer_value(json_object_get(plan, "number")));
	shown_fact(shown, "page.review", shown_text(plan, "review_on"), SHOWN_DATE);
	text_adds(out, "</dl>\n<p>");
	shown_word(shown, "page.about");
	text_adds(out, "</p>\n</header>\n");
}

/* Those who must or should be there and are not. */
static void add_missing(struct shown *shown)
{
	struct text *out = &shown->html.out;
	const json_t *group;
	size_t index, count = 0;

	json_array_foreach (json_object_get(shown->data, "groups"), index, group) {
		if (strcmp(shown_text(group, "coverage"), "missing") != 0 ||
		    strcmp(shown_text(group, "necessity"), "may") == 0)
			continue;
		if (count++ == 0) {
			text_adds(out, "<div class=\"missing\"><h3>");
			shown_word(shown, "page.missing");
			text_adds(out, "</h3>\n<ul>\n");
		}
		text_adds(out, "<li>");
		text_add_html(out, shown_text(group, "name"));
		text_adds(out, "</li>\n");
	}
	if (count > 0) {
		text_adds(out, "</ul></div>\n");
		return;
	}
	text_adds(out, "<p>");
	shown_word(shown, "page.nobody_missing");
	text_adds(out, "</p>\n");
}

/* What became of a group's promises: only what there is. */
static void add_counts(struct shown *shown, const json_t *items)
{
	struct text *out = &shown->html.out;
	size_t told = 0;

	for (size_t i = 0; i < OUTCOMES; i++) {
		const json_t *item;
		size_t index, count = 0;

		json_array_foreach (items, index, item) {
			const char *outcome = shown_text(item, "outcome");
			count += outcome && strcmp(outcome, outcomes[i]) == 0;
		}
		if (count == 0)
			continue;
		text_adds(out, told++ > 0 ? "</li><li class=\"" : "<ul class=\"marks\"><li class=\"");
		text_adds(out, outcomes[i]);
		text_adds(out, "\">");
		shown_word_of(shown, "outcome", outcomes[i]);
		text_addf(out, ": %zu", count);
	}
	text_adds(out, told > 0 ? "</li></ul>" : "–");
}

static void add_table(struct shown *shown)
{
	static const char *const columns[] = {"page.group", "page.coverage", "page.promises"};
	struct text *out = &shown->html.out;
	const json_t *group;
	size_t index;

	text_adds(out, "<section aria-labelledby=\"table\">\n<h2 id=\"table\">");
	shown_word(shown, "page.table");
	text_adds(out, "</h2>\n");
	add_missing(shown);
	text_adds(out, "<table>\n<thead><tr>");
	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
		text_adds(out, "<th scope=\"col\">");
		shown_word(shown, columns[i]);
		text_adds(out, "</th>");
	}
	text_adds(out, "</tr></thead>\n<tbody>\n");
	json_array_foreach (json_object_get(shown->data, "groups"), index, group) {
		text_adds(out, "<tr><th scope=\"row\"><a href=\"#");
		text_add_html(out, shown_text(group, "code"));
		text_adds(out, "\">");
		text_add_html(out, shown_text(group, "name"));
		text_adds(out, "</a></th><td>");
		shown_word_of(shown, "coverage", shown_text(group, "coverage"));
		text_adds(out, "<br><span class=\"soft\">");
		shown_word_of(shown, "necessity", shown_text(group, "necessity"));
		text_adds(out, "</span></td><td>");
		add_counts(shown, json_object_get(group, "items"));
		text_adds(out, "</td></tr>\n");
	}
	text_adds(out, "</tbody>\n</table>\n</section>\n");
}

/* Where a responsibility stands: what became of the promise; before that, what the group says. */
static void add_mark(struct shown *shown, const json_t *item)
{
	const char *outcome = shown_text(item, "outcome"), *standing = shown_text(item, "standing");
	struct text *out = &shown->html.out;

	if (!outcome && !standing)
		return;
	text_adds(out, "<li class=\"");
	text_add_html(out, outcome ? outcome : standing);
	text_adds(out, "\">");
	shown_word_of(shown, outcome ? "outcome" : "standing", outcome ? outcome : standing);
	text_adds(out, "</li>");
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
	text_adds(out, "\n<ul class=\"marks\">");
	add_mark(shown, item);
	if (due) {
		text_adds(out, "<li>");
		shown_word(shown, "page.due");
		text_adds(out, " ");
		shown_date(shown, due);
		text_adds(out, "</li>");
	}
	if (owed) {
		text_adds(out, "<li>");
		shown_word(shown, "page.owed");
		text_adds(out, " ");
		text_add_html(out, owed);
		text_adds(out, "</li>");
	}
	text_adds(out, "</ul></li>\n");
}

static void add_group(struct shown *shown, const json_t *group)
{
	const json_t *items = json_object_get(group, "items"), *item;
	struct text *out = &shown->html.out;
	size_t index;

	text_adds(out, "<section aria-labelledby=\"");
	text_add_html(out, shown_text(group, "code"));
	text_adds(out, "\">\n<h2 id=\"");
	text_add_html(out, shown_text(group, "code"));
	text_adds(out, "\">");
	text_add_html(out, shown_text(group, "name"));
	text_adds(out, "</h2>\n");
	if (json_array_size(items) == 0) {
		text_adds(out, "<p class=\"soft\">");
		shown_word(shown, "page.nothing");
		text_adds(out, "</p>\n</section>\n");
		return;
	}
	text_adds(out, "<ol class=\"items\">\n");
	json_array_foreach (items, index, item)
		add_item(shown, item);
	text_adds(out, "</ol>\n</section>\n");
}

bool plan_page(struct exchange *exchange)
{
	struct shown shown;
	const json_t *group, *plan;
	size_t index;

	if (!shown_read(exchange, &shown))
		return false;
	plan = json_object_get(shown.data, "plan");
	html_begin(&shown.html, "plan.css", shown.language, shown_text(plan, "title"));
	add_head(&shown, plan);
	text_adds(&shown.html.out, "<main>\n");
	add_table(&shown);
	json_array_foreach (json_object_get(shown.data, "groups"), index, group)
		add_group(&shown, group);
	text_adds(&shown.html.out, "</main>\n<footer>\n<p class=\"screen\"><a href=\"/s/");
	text_add_html(&shown.html.out, shown_text(plan, "sheet_code"));
	text_adds(&shown.html.out, "?language=");
	text_add_html(&shown.html.out, shown.language);
	text_adds(&shown.html.out, "\">");
	shown_word(&shown, "page.sheet");
	text_adds(&shown.html.out, "</a></p>\n<p class=\"soft\">");
	shown_word(&shown, "page.made_with");
	text_adds(&shown.html.out, "</p>\n</footer>\n");
	return shown_send(exchange, &shown, REPLY_SHARED);
}
