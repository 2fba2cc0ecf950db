#include "api/contract/page.h"

#include <stdlib.h>
#include <string.h>

#define PAGE_BYTES (8 * 1024 * 1024)

void page_prose(struct text *out, const char *prose)
{
	const char *open, *close;

	while (prose && (open = strchr(prose, '`')) && (close = strchr(open + 1, '`'))) {
		text_add_html(out, keep_format("%.*s", (int)(open - prose), prose));
		text_adds(out, "<code>");
		text_add_html(out, keep_format("%.*s", (int)(close - open - 1), open + 1));
		text_adds(out, "</code>");
		prose = close + 1;
	}
	if (prose)
		text_add_html(out, prose);
}

const char *page_string(const json_t *object, const char *name)
{
	const char *string = json_string_value(json_object_get(object, name));

	return string ? string : "";
}

const json_t *page_resolve(const struct page *page, const json_t *object)
{
	const char *ref = json_string_value(json_object_get(object, "$ref"));

	return ref ? resolve(page->compiler, ref) : object;
}

static bool has_tag(const struct operation *operation, const char *tag)
{
	return strcmp(json_string_value(json_array_get(json_object_get(operation->json, "tags"), 0)), tag) == 0;
}

/* A tag as part of an address. */
static const char *tag_place(const char *tag)
{
	char *place = keep_format("tag-%s", tag);

	for (char *c = place; *c; c++)
		if (*c == ' ')
			*c = '-';
	return place;
}

static void page_index(struct page *page)
{
	size_t i;
	const json_t *tag;

	text_adds(&page->out, "<nav aria-label=\"Contents\">\n<ul>\n<li><a href=\"#begin\">Begin</a></li>\n");
	json_array_foreach (json_object_get(page->document, "tags"), i, tag) {
		const char *name = page_string(tag, "name");

		text_addf(&page->out, "<li><a href=\"#%s\">%s</a>\n<ul>\n", tag_place(name), name);
		for (size_t j = 0; j < page->compiler->operation_count; j++) {
			const struct operation *operation = &page->compiler->operations[j];

			if (!has_tag(operation, name))
				continue;
			text_addf(&page->out, "<li><a href=\"#%s\">", operation->id);
			page_prose(&page->out, page_string(operation->json, "summary"));
			text_adds(&page->out, "</a></li>\n");
		}
		text_adds(&page->out, "</ul></li>\n");
	}
	text_adds(&page->out, "<li><a href=\"#answers\">Other answers</a></li>\n"
			      "<li><a href=\"#headers\">Headers of answers</a></li>\n"
			      "<li><a href=\"#shapes\">Shapes</a></li>\n</ul>\n</nav>\n");
}

/* What holds everywhere; the contract says the rest. */
static void page_begin(struct page *page)
{
	const json_t *info = json_object_get(page->document, "info");

	text_adds(&page->out, "<h1 id=\"begin\">");
	text_add_html(&page->out, page_string(info, "title"));
	text_adds(&page->out, "</h1>\n<p>");
	page_prose(&page->out, page_string(info, "summary"));
	text_adds(&page->out, "</p>\n<p>");
	page_prose(&page->out, page_string(info, "description"));
	text_adds(&page->out,
		  "</p>\n<p>The same for programs: <a href=\"/openapi.json\">/openapi.json</a> (OpenAPI 3.1). "
		  "What can go wrong: <a href=\"/docs/problems\">problems</a>. "
		  "How it fares: <a href=\"/\">the first page</a>.</p>\n"
		  "<p>The examples are for a shell that knows this register's address and a key:</p>\n"
		  "<pre>KEPT=http://127.0.0.1:8420\nKEY=kept_…</pre>\n<p>");
	page_prose(&page->out,
		   page_string(json_object_get(json_object_get(json_object_get(page->document, "components"),
							       "securitySchemes"),
					       "bearer"),
			       "description"));
	text_adds(&page->out, "</p>\n");
}

static void page_tag(struct page *page, const json_t *tag)
{
	const char *name = page_string(tag, "name");

	text_addf(&page->out, "<section>\n<h2 id=\"%s\">%s</h2>\n<p>", tag_place(name), name);
	page_prose(&page->out, page_string(tag, "description"));
	text_adds(&page->out, "</p>\n<ul class=\"list\">\n");
	for (size_t i = 0; i < page->compiler->operation_count; i++) {
		const struct operation *operation = &page->compiler->operations[i];

		if (!has_tag(operation, name))
			continue;
		text_addf(&page->out, "<li><span class=\"method %s\">%s</span> <a href=\"#%s\"><code>",
			  operation->method, operation->method, operation->id);
		text_add_html(&page->out, operation->path);
		text_adds(&page->out, "</code></a> ");
		page_prose(&page->out, page_string(operation->json, "summary"));
		text_adds(&page->out, "</li>\n");
	}
	text_adds(&page->out, "</ul>\n");
	for (size_t i = 0; i < page->compiler->operation_count; i++)
		if (has_tag(&page->compiler->operations[i], name))
			page_operation(page, &page->compiler->operations[i]);
	text_adds(&page->out, "</section>\n");
}

/* The answers that many operations share. */
static void page_answers(struct page *page)
{
	const json_t *responses = json_object_get(json_object_get(page->document, "components"), "responses");
	const char *name;
	json_t *response;

	text_adds(&page->out,
		  "<section>\n<h2 id=\"answers\">Other answers</h2>\n"
		  "<p>Each is a problem; <a href=\"/docs/problems\">every kind has a page</a>.</p>\n<dl>\n");
	json_object_foreach ((json_t *)responses, name, response) {
		text_addf(&page->out, "<dt id=\"answer-%s\"><code>%s</code></dt>\n<dd>", name, name);
		page_prose(&page->out, page_string(response, "description"));
		text_adds(&page->out, "</dd>\n");
	}
	text_adds(&page->out, "</dl>\n</section>\n");
}

static void page_headers(struct page *page)
{
	const json_t *headers = json_object_get(json_object_get(page->document, "components"), "headers");
	const char *name;
	json_t *header;

	text_adds(&page->out, "<section>\n<h2 id=\"headers\">Headers of answers</h2>\n<dl>\n");
	json_object_foreach ((json_t *)headers, name, header) {
		text_addf(&page->out, "<dt><code>%s</code> <span class=\"type\">", name);
		page_schema_words(page, json_object_get(header, "schema"));
		text_adds(&page->out, "</span></dt>\n<dd>");
		page_prose(&page->out, page_string(header, "description"));
		text_adds(&page->out, "</dd>\n");
	}
	text_adds(&page->out, "</dl>\n</section>\n");
}

static void page_shapes(struct page *page)
{
	const json_t *schemas = json_object_get(json_object_get(page->document, "components"), "schemas");
	const char *name;
	json_t *schema;

	text_adds(&page->out,
		  "<section>\n<h2 id=\"shapes\">Shapes</h2>\n<p>What bodies and answers are made of.</p>\n");
	json_object_foreach ((json_t *)schemas, name, schema) {
		text_addf(&page->out, "<h3 id=\"shape-%s\">%s</h3>\n<p>", name, name);
		page_prose(&page->out, page_string(schema, "description"));
		text_adds(&page->out, " <span class=\"type\">");
		page_schema_words(page, schema);
		text_adds(&page->out, "</span></p>\n<dl>\n");
		page_schema_members(page, schema, "", PAGE_DEPTH - 1);
		text_adds(&page->out, "</dl>\n");
	}
	text_adds(&page->out, "</section>\n");
}

char *page_make(const struct compiler *compiler, const json_t *document, const char *style)
{
	struct page page = {.compiler = compiler, .document = document};
	size_t i;
	const json_t *tag;

	text_init(&page.out, PAGE_BYTES);
	text_adds(&page.out, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
			     "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>");
	text_add_html(&page.out, page_string(json_object_get(document, "info"), "title"));
	text_adds(&page.out, ": the API</title>\n<style>");
	text_adds(&page.out, style);
	text_adds(&page.out, "</style>\n</head>\n<body class=\"with-nav\">\n");
	page_index(&page);
	text_adds(&page.out, "<main>\n");
	page_begin(&page);
	json_array_foreach (json_object_get(document, "tags"), i, tag)
		page_tag(&page, tag);
	page_answers(&page);
	page_headers(&page);
	page_shapes(&page);
	text_adds(&page.out, "</main>\n</body>\n</html>\n");
	return text_take(&page.out);
}
