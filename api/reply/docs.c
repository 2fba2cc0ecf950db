#include "api/reply/docs.h"

#include <stdlib.h>
#include <string.h>

#include "api/loop.h"
#include "api/reply/html.h"
#include "api/request/exchange.h"

#define PAGE_BYTES (64 * 1024)
#define STYLE "docs.css"
#define EXAMPLE_ID "94d445f6-0d58-4be5-aa3a-bb17b24c900b"

static void page_begin(struct html *page, const char *title)
{
	html_begin(page, STYLE, "en", title);
	text_adds(&page->out, "<main class=\"page\">\n");
}

/* Sends what was written. */
static void page_end(struct exchange *exchange, struct html *page)
{
	text_adds(&page->out, "</main>\n");
	html_send(exchange, page, REPLY_PUBLIC);
}

void docs_problems(struct exchange *exchange)
{
	struct html page;
	struct text *out = &page.out;

	page_begin(&page, "Problems: Kept");
	text_adds(out,
		  "<p><a href=\"/docs\">All of the API</a></p>\n<h1>Problems</h1>\n"
		  "<p>Whatever Kept refuses or cannot do is answered as a problem (RFC 9457): a JSON object whose "
		  "<code>type</code> is one of these pages. <code>detail</code> says what is wrong this time, "
		  "<code>errors</code> names every wrong field, and <code>instance</code> is the id of the request, "
		  "which is also in the header <code>X-Request-Id</code> and in the log.</p>\n<dl>\n");
	for (size_t i = 0; i < problem_count; i++) {
		text_addf(out, "<dt><a href=\"/docs/problems/%s\">", problem_table[i].code);
		text_add_html(out, problem_table[i].title);
		text_addf(out, "</a> <span class=\"soft\">%d <code>%s</code></span></dt>\n<dd>",
			  problem_table[i].status, problem_table[i].code);
		text_add_html(out, problem_table[i].about);
		text_adds(out, "</dd>\n");
	}
	text_adds(out, "</dl>\n");
	page_end(exchange, &page);
}

static const char *example_errors(const struct problem *problem)
{
	if (strcmp(problem->code, "bad-request") == 0)
		return "[{\"parameter\":\"due_from\",\"detail\":\"must be a date like 2027-01-15\"}]";
	if (strcmp(problem->code, "invalid") == 0)
		return "[{\"pointer\":\"/due_on\",\"detail\":\"must be a date like 2027-01-15\"},"
		       "{\"pointer\":\"/title\",\"detail\":\"is missing\"}]";
	return NULL;
}

static void add_example(struct text *out, const struct exchange *exchange, const struct problem *problem)
{
	const struct problem_reply reply = {
		.problem = problem,
		.public_url = exchange->loop->live->config->public_url,
		.request_id = EXAMPLE_ID,
		.detail = problem->about,
		.errors = example_errors(problem),
	};
	struct text body;

	text_init(&body, PAGE_BYTES);
	problem_write(&body, &reply);
	json_t *json = text_ok(&body) ? json_loadb(body.bytes, body.length, 0, NULL) : NULL;
	char *shown = json_dumps(json, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
	text_add_html(out, shown ? shown : "");
	free(shown);
	json_decref(json);
	text_release(&body);
}

void docs_problem(struct exchange *exchange)
{
	const struct problem *problem = problem_find(exchange->values[0] ? exchange->values[0] : "");
	struct html page;
	struct text *out = &page.out;

	if (!problem) {
		exchange_problem(exchange, "not-found", "There is no problem of this code. /docs/problems lists all.");
		return;
	}
	page_begin(&page, problem->title);
	text_adds(out, "<p><a href=\"/docs/problems\">All problems</a></p>\n<h1>");
	text_add_html(out, problem->title);
	text_addf(out, "</h1>\n<p class=\"soft\">Status %d, code <code>%s</code></p>\n<h2>What it means</h2>\n<p>",
		  problem->status, problem->code);
	text_add_html(out, problem->about);
	text_adds(out, "</p>\n<h2>What to do</h2>\n<p>");
	text_add_html(out, problem->advice);
	text_adds(out, "</p>\n<h2>Example</h2>\n<pre>");
	add_example(out, exchange, problem);
	text_adds(out, "</pre>\n<p><code>instance</code> is the id of the request. Tell it to the operator: it is in "
		       "the log.</p>\n");
	page_end(exchange, &page);
}

void docs_page(struct exchange *exchange)
{
	reply_constant(&exchange->reply, 200, "text/html; charset=utf-8", contract_page, contract_page_length);
	html_finish(exchange, STYLE, "en", contract_page_tag, REPLY_PUBLIC);
}

void docs_openapi(struct exchange *exchange)
{
	reply_constant(&exchange->reply, 200, "application/json", contract_document, contract_document_length);
	html_revalidate(exchange, contract_document_tag, REPLY_PUBLIC);
}
