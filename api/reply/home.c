#include "api/reply/home.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/loop.h"
#include "api/reply/health.h"
#include "kept/embed.h"
#include "sql/cell.h"

#define PAGE_BYTES (512 * 1024)

static void worker_words(const struct health *health, char out[64])
{
	if (!health->database)
		snprintf(out, 64, "not known");
	else if (health->worker_age < 0)
		snprintf(out, 64, "has not looked yet");
	else if (health->worker_age < 120)
		snprintf(out, 64, "looked %.0f s ago", health->worker_age);
	else
		snprintf(out, 64, "looked %.0f minutes ago: is it running?", health->worker_age / 60);
}

struct value {
	const char *name, *text;
	bool html; /* made here: nothing is escaped */
};

static void add_value(struct text *out, const struct value *value)
{
	if (value->html)
		text_adds(out, value->text);
	else
		text_add_html(out, value->text);
}

/* Copies the page and puts values in place of {{names}}. */
static void fill(struct text *out, const struct embedded *page, const struct value *values, size_t count)
{
	const char *at = page->bytes, *end = page->bytes + page->length;
	while (at < end) {
		const char *open = strstr(at, "{{");
		const char *close = open ? strstr(open, "}}") : NULL;
		if (!close) {
			text_add(out, at, (size_t)(end - at));
			return;
		}
		text_add(out, at, (size_t)(open - at));
		for (size_t i = 0; i < count; i++)
			if (strlen(values[i].name) == (size_t)(close - open - 2) &&
			    strncmp(values[i].name, open + 2, strlen(values[i].name)) == 0)
				add_value(out, &values[i]);
		at = close + 2;
	}
}

/* Who is missing from a plan's table. */
static void add_missing(struct text *out, const json_t *missing)
{
	size_t index;
	const json_t *name;

	text_adds(out, json_array_size(missing) > 0 ? "Missing: " : "Nobody");
	json_array_foreach (missing, index, name) {
		text_adds(out, index > 0 ? ", " : "");
		text_add_html(out, json_string_value(name));
	}
}

static void add_text(struct text *out, const json_t *plan, const char *before, const char *member)
{
	const char *text = json_string_value(json_object_get(plan, member));

	if (!text)
		return;
	text_adds(out, before);
	text_adds(out, "<bdi>");
	text_add_html(out, text);
	text_adds(out, "</bdi>");
}

/* A section about the plans; nothing where there are none. `plans` NULL: it is not known. */
static void add_plans(struct text *out, const char *plans)
{
	json_t *list = plans ? json_loads(plans, 0, NULL) : NULL;
	const json_t *plan;
	size_t index;

	text_adds(out, json_array_size(list) > 0 ? "<h2 id=\"plans\">Plans, and who is missing from the table</h2>\n"
						   "<ul class=\"plans\">\n"
						 : "");
	json_array_foreach (list, index, plan) {
		text_adds(out, "<li><a href=\"/plans/");
		text_add_html(out, json_string_value(json_object_get(plan, "slug")));
		text_adds(out, "\">");
		add_text(out, plan, "", "title");
		text_adds(out, "</a><br>");
		add_text(out, plan, "", "district");
		add_text(out, plan, ", ", "school");
		add_text(out, plan, ", ", "school_year");
		text_adds(out, "<br>");
		add_missing(out, json_object_get(plan, "missing"));
		text_adds(out, "</li>\n");
	}
	text_adds(out, json_array_size(list) > 0 ? "</ul>\n" : "");
	json_decref(list);
}

static void write_home(struct exchange *exchange, const struct health *health, const char *shown)
{
	const struct embedded *page = embedded_find(&embedded_pages, "home.html");
	char worker[64];
	struct text body, plans;
	if (!page) {
		exchange_problem(exchange, "internal", NULL);
		return;
	}
	worker_words(health, worker);
	text_init(&plans, PAGE_BYTES);
	add_plans(&plans, shown);
	const struct value values[] = {
		{"version", KEPT_VERSION, false},
		{"public_url", exchange->loop->live->config->public_url, false},
		{"database",
		 !health->database                      ? "does not answer"
		 : health_is_migrated(exchange, health) ? "answers"
							: "answers, but lacks migrations: run kept-api migrate",
		 false},
		{"worker", worker, false},
		{"plans", text_ok(&plans) && plans.bytes ? plans.bytes : "", true},
	};
	text_init(&body, 2 * PAGE_BYTES);
	fill(&body, page, values, sizeof(values) / sizeof(values[0]));
	size_t length = body.length;
	reply_clear(&exchange->reply);
	reply_take(&exchange->reply, 200, "text/html; charset=utf-8", text_take(&body), length);
	reply_header(&exchange->reply, "Content-Security-Policy",
		     "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'");
	exchange->reply.cache = REPLY_PUBLIC;
	text_release(&body);
	text_release(&plans);
}

static void health_done(struct exchange *exchange, struct unit_result *result)
{
	struct health health = health_read(result);
	write_home(exchange, &health, NULL);
}

/* A database that lacks migrations lacks the plans too: then how it fares is asked alone. */
static void home_done(struct exchange *exchange, struct unit_result *result)
{
	struct health health = health_read(result);
	if (health.database)
		write_home(exchange, &health, cell_text(result->results[1], 0, "plans"));
	else if (!health_ask(exchange, health_done))
		write_home(exchange, &health, NULL);
}

void home_page(struct exchange *exchange)
{
	const struct health away = {false, 0, -1};
	const struct unit_statement statements[] = {{exchange->loop->service->health, NULL},
						    {exchange->loop->service->plans, NULL}};
	const struct lane_request request = {.lane = LANE_FAST, .repeat = true, .statements = statements, .count = 2};
	if (!exchange_submit(exchange, &request, home_done))
		write_home(exchange, &away, NULL);
}
