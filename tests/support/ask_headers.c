#include "tests/support/ask_headers.h"

#include <check.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "api/schema/schema_read.h"
#include "tests/support/ask.h"

struct told_header {
	char *name;
	bool required;
	struct schema_reader *reader;
	const struct schema *schema;
	json_t *document; /* the schema alone */
};

struct told_headers {
	size_t count;
	struct told_header items[];
};

static void header_open(struct told_header *header, const char *name, const json_t *json)
{
	header->name = strdup(name);
	header->required = json_is_true(json_object_get(json, "required"));
	header->document = json_deep_copy(json_object_get(json, "schema"));
	/* Of integers the format follows from the limits, and is told only. */
	if (json_object_get(header->document, "minimum"))
		json_object_del(header->document, "format");
	header->reader = schema_reader_new(header->document);
	header->schema = schema_read(header->reader, "");
	ck_assert_msg(header->name && header->schema, "%s: %s", name, schema_reader_fault(header->reader));
}

struct told_headers *told_headers_new(const json_t *document)
{
	json_t *headers = json_object_get(json_object_get(document, "components"), "headers"), *json;
	struct told_headers *told = calloc(1, sizeof(*told) + json_object_size(headers) * sizeof(struct told_header));
	const char *name;
	ck_assert_ptr_nonnull(told);
	json_object_foreach (headers, name, json)
		header_open(&told->items[told->count++], name, json);
	return told;
}

void told_headers_free(struct told_headers *told)
{
	for (size_t i = 0; told && i < told->count; i++) {
		free(told->items[i].name);
		schema_reader_free(told->items[i].reader);
		json_decref(told->items[i].document);
	}
	free(told);
}

static bool is_free(const char *name, size_t length)
{
	static const char *const free_headers[] = {"Date",
						   "Connection",
						   "Content-Length",
						   "Content-Type",
						   "Transfer-Encoding",
						   "X-Content-Type-Options",
						   "Referrer-Policy",
						   "Content-Security-Policy"};
	for (size_t i = 0; i < sizeof(free_headers) / sizeof(free_headers[0]); i++)
		if (strlen(free_headers[i]) == length && strncasecmp(free_headers[i], name, length) == 0)
			return true;
	return false;
}

static const struct told_header *find(const struct told_headers *told, const json_t *response, const char *name,
				      size_t length)
{
	for (size_t i = 0; i < told->count; i++)
		if (strlen(told->items[i].name) == length && strncasecmp(told->items[i].name, name, length) == 0)
			return json_object_get(json_object_get(response, "headers"), told->items[i].name)
				       ? &told->items[i]
				       : NULL;
	return NULL;
}

/* One line "Name: value" of the head. */
static void judge_line(const struct told_headers *told, const struct answer *answer, const json_t *response,
		       const char *line, size_t length)
{
	const char *colon = memchr(line, ':', length);
	ck_assert_msg(colon != NULL, "%s: %d, a line without colon", answer->asked, answer->status);
	size_t name = (size_t)(colon - line);
	const struct told_header *header = find(told, response, line, name);
	if (!header && is_free(line, name))
		return;
	ck_assert_msg(header != NULL, "%s: %d sends %.*s, of which the document tells nothing", answer->asked,
		      answer->status, (int)name, line);
	char *value = strndup(colon + 2, length - name - 2);
	struct schema_errors errors;
	schema_errors_init(&errors);
	ck_assert_msg(schema_validate_text(header->schema, value, &errors), "%s: %d, header %.*s %s", answer->asked,
		      answer->status, (int)length, line, errors.count ? errors.items[0].detail : "");
	schema_errors_release(&errors);
	free(value);
}

/* What is required by the kind of answer, beside what the document says. */
static bool is_due(const struct answer *answer, const char *name)
{
	if (strcmp(name, "Retry-After") == 0)
		return answer->status == 429 || answer->status == 503;
	return strcmp(name, "Link") == 0 && json_is_string(json_object_get(answer->json, "next"));
}

static bool is_sent(const struct answer *answer, const char *name)
{
	struct api_reply reply = {.head = answer->head};
	char *value = api_header(&reply, name);
	bool sent = value && *value;
	free(value);
	return sent;
}

void told_headers_judge(const struct told_headers *told, const struct answer *answer, const json_t *response)
{
	const json_t *headers = json_object_get(response, "headers");
	for (size_t i = 0; i < told->count; i++) {
		const struct told_header *item = &told->items[i];
		if (json_object_get(headers, item->name) && (item->required || is_due(answer, item->name)))
			ck_assert_msg(is_sent(answer, item->name), "%s: %d, header %s is missing", answer->asked,
				      answer->status, item->name);
	}
	const char *line = strstr(answer->head, "\r\n");
	while (line && line[2] && line[2] != '\r') {
		line += 2;
		judge_line(told, answer, response, line, strcspn(line, "\r\n"));
		line = strstr(line, "\r\n");
	}
}
