#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "api/contract.h"
#include "api/contract/page.h"

static const json_t *operation_json(const struct page *page, const struct operation *operation)
{
	const json_t *paths = json_object_get(page->document, "paths");

	return json_object_get(json_object_get(paths, operation->path), operation->method);
}

/* Those of the path, then those of the method, all resolved; a new list. */
static json_t *parameters_all(const struct page *page, const struct operation *operation)
{
	const json_t *paths = json_object_get(page->document, "paths");
	const json_t *lists[] = {
		json_object_get(json_object_get(paths, operation->path), "parameters"),
		json_object_get(operation_json(page, operation), "parameters"),
	};
	json_t *all = json_array();
	size_t j;
	const json_t *parameter;

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		json_array_foreach (lists[i], j, parameter)
			json_array_append(all, (json_t *)page_resolve(page, parameter));
	return all;
}

static void parameters_write(struct page *page, const json_t *parameters)
{
	size_t i;
	const json_t *parameter;

	if (!json_array_size(parameters))
		return;
	text_adds(&page->out, "<h4>Parameters</h4>\n<dl>\n");
	json_array_foreach (parameters, i, parameter) {
		text_adds(&page->out, "<dt><code>");
		text_add_html(&page->out, page_string(parameter, "name"));
		text_adds(&page->out, "</code> ");
		if (json_is_true(json_object_get(parameter, "required")))
			text_adds(&page->out, "<span class=\"must\">needed</span> ");
		text_addf(&page->out, "<span class=\"type\">%s; ", page_string(parameter, "in"));
		page_schema_words(page, json_object_get(parameter, "schema"));
		text_adds(&page->out, "</span></dt>\n<dd>");
		page_prose(&page->out, page_string(parameter, "description"));
		text_adds(&page->out, "</dd>\n");
	}
	text_adds(&page->out, "</dl>\n");
}

static const json_t *content_of(const json_t *holder, const char **type)
{
	json_t *content = json_object_get(holder, "content");
	void *first = json_object_iter(content);

	*type = first ? json_object_iter_key(first) : "";
	return first ? json_object_iter_value(first) : NULL;
}

/* Each media type has one: the document's own, or what examples_add() made. Borrowed. */
static const json_t *content_example(const json_t *media)
{
	void *first = json_object_iter(json_object_get(media, "examples"));

	return first ? json_object_get(json_object_iter_value(first), "value") : json_object_get(media, "example");
}

static void body_write(struct page *page, const json_t *body)
{
	const char *type, *name;
	const json_t *media = content_of(body, &type);
	json_t *other;

	if (!media)
		return;
	text_adds(&page->out, "<h4>Body</h4>\n<p>");
	json_object_foreach (json_object_get(body, "content"), name, other)
		text_addf(&page->out, "%s<code>%s</code>", name == type ? "" : " or ", name);
	text_adds(&page->out, json_is_true(json_object_get(body, "required")) ? ". " : ", may be left out. ");
	page_prose(&page->out, page_string(body, "description"));
	text_adds(&page->out, "</p>\n<dl>\n");
	page_schema_members(page, json_object_get(media, "schema"), "", 0);
	text_adds(&page->out, "</dl>\n");
}

static void answer_write(struct page *page, const char *status, const json_t *response)
{
	const char *type;
	const json_t *media = content_of(response, &type), *schema = json_object_get(media, "schema");
	const char *name;
	json_t *header;
	const char *before = " Headers: ";

	text_addf(&page->out, "<dt><code>%s</code> <span class=\"type\">%s ", status, type);
	if (schema && strstr(type, "json"))
		page_schema_words(page, schema);
	text_adds(&page->out, "</span></dt>\n<dd>");
	page_prose(&page->out, page_string(response, "description"));
	json_object_foreach (json_object_get(response, "headers"), name, header) {
		if (strstr(" X-Request-Id Cache-Control RateLimit RateLimit-Policy Access-Control-Allow-Origin Vary ",
			   keep_format(" %s ", name)))
			continue; /* on every answer; told once */
		text_addf(&page->out, "%s<code>%s</code>", before, name);
		before = ", ";
	}
	text_adds(&page->out, "</dd>\n");
}

/* Answers of the operation's own, then links to those that it shares with others. */
static void answers_write(struct page *page, const json_t *responses)
{
	const char *status, *before = "<p>Or ";
	json_t *response;

	text_adds(&page->out, "<h4>Answers</h4>\n<dl>\n");
	json_object_foreach ((json_t *)responses, status, response)
		if (!json_object_get(response, "$ref"))
			answer_write(page, status, response);
	text_adds(&page->out, "</dl>\n");
	json_object_foreach ((json_t *)responses, status, response) {
		const char *ref = json_string_value(json_object_get(response, "$ref"));

		if (!ref)
			continue;
		text_addf(&page->out, "%s<a href=\"#answer-%s\">%s</a>", before, strrchr(ref, '/') + 1, status);
		before = ", ";
	}
	if (*before == ',')
		text_adds(&page->out, ".</p>\n");
}

static void curl_path(struct page *page, const char *path, const json_t *parameters)
{
	while (*path) {
		size_t i;
		const json_t *parameter;

		if (*path != '{') {
			text_add(&page->out, path++, 1);
			continue;
		}
		json_array_foreach (parameters, i, parameter) {
			const char *name = page_string(parameter, "name");
			json_t *merged;
			const char *value;

			if (strncmp(name, path + 1, strlen(name)) != 0 || path[1 + strlen(name)] != '}')
				continue;
			merged = page_schema_merged(page, json_object_get(parameter, "schema"));
			value = json_string_value(json_array_get(json_object_get(merged, "examples"), 0));
			if (!value)
				value = json_string_value(json_array_get(json_object_get(merged, "enum"), 0));
			text_add_html(&page->out, value ? value : name);
			json_decref(merged);
		}
		path += strcspn(path, "}") + 1;
	}
}

/* In single quotes for a shell. */
static void curl_body(struct page *page, const json_t *media)
{
	char *bytes = json_dumps(content_example(media), JSON_INDENT(2));

	text_adds(&page->out, " \\\n  -d '");
	for (const char *c = bytes ? bytes : ""; *c; c++) {
		if (*c == '\'')
			text_add_html(&page->out, "'\\''");
		else
			text_add_html(&page->out, (const char[]){*c, '\0'});
	}
	text_adds(&page->out, "'");
	free(bytes);
}

/* Those that cannot be left out. */
static void curl_headers(struct page *page, const json_t *parameters)
{
	size_t i;
	const json_t *parameter;

	json_array_foreach (parameters, i, parameter) {
		const char *name = page_string(parameter, "name");

		if (strcmp(page_string(parameter, "in"), "header") != 0 ||
		    !json_is_true(json_object_get(parameter, "required")))
			continue;
		text_addf(&page->out, " \\\n  -H '%s: %s'", name,
			  strcmp(name, "If-Match") == 0 ? "*" : "a-new-text-of-your-own");
	}
}

static void curl_write(struct page *page, const struct operation *operation, const json_t *parameters)
{
	const json_t *body = json_object_get(operation_json(page, operation), "requestBody");
	struct text *out = &page->out;
	const char *type;

	text_adds(out, "<h4>Example</h4>\n<pre>curl");
	if (strcmp(operation->method, "get") != 0) {
		text_adds(out, " -X ");
		for (const char *c = operation->method; *c; c++)
			text_add(out, (const char[]){(char)toupper((unsigned char)*c)}, 1);
	}
	text_adds(out, " $KEPT");
	curl_path(page, operation->path, parameters);
	if (operation->roles)
		text_adds(out, " \\\n  -H \"Authorization: Bearer $KEY\"");
	curl_headers(page, parameters);
	if (body) {
		const json_t *media = content_of(body, &type);

		text_addf(out, " \\\n  -H 'Content-Type: %s'", type);
		curl_body(page, media);
	}
	text_adds(out, "</pre>\n");
}

static void answer_example(struct page *page, const json_t *responses)
{
	const char *status, *type;
	json_t *response;

	json_object_foreach ((json_t *)responses, status, response) {
		const json_t *media = content_of(response, &type);
		char *bytes;

		if (status[0] != '2' || !media || !strstr(type, "json"))
			continue;
		bytes = json_dumps(content_example(media), JSON_INDENT(2) | JSON_ENCODE_ANY);
		text_addf(&page->out, "<details><summary>An answer %s</summary>\n<pre>", status);
		text_add_html(&page->out, bytes ? bytes : "");
		text_adds(&page->out, "</pre></details>\n");
		free(bytes);
		return;
	}
}

void page_operation(struct page *page, const struct operation *operation)
{
	const json_t *json = operation_json(page, operation);
	json_t *parameters = parameters_all(page, operation);

	text_addf(&page->out, "<article>\n<h3 id=\"%s\">", operation->id);
	page_prose(&page->out, page_string(json, "summary"));
	text_addf(&page->out, "</h3>\n<p><span class=\"method %s\">", operation->method);
	text_addf(&page->out, "%s</span> <code>", operation->method);
	text_add_html(&page->out, operation->path);
	text_adds(&page->out, "</code></p>\n<p>");
	page_prose(&page->out, page_string(json, "description"));
	text_adds(&page->out, operation->roles ? "</p>\n" : " No key is needed.</p>\n");
	parameters_write(page, parameters);
	body_write(page, json_object_get(json, "requestBody"));
	answers_write(page, json_object_get(json, "responses"));
	curl_write(page, operation, parameters);
	answer_example(page, json_object_get(json, "responses"));
	text_adds(&page->out, "</article>\n");
	json_decref(parameters);
}
