#include <stdlib.h>
#include <string.h>

#include "api/contract.h"
#include "api/contract/compiler.h"

json_t *reference(const char *section, const char *name)
{
	return json_pack("{s:o}", "$ref", json_string(keep_format("#/components/%s/%s", section, name)));
}

static void parameter_add(json_t *operation, const char *name)
{
	json_t *list = json_object_get(operation, "parameters");

	if (!list) {
		list = json_array();
		json_object_set_new(operation, "parameters", list);
	}
	json_array_append_new(list, reference("parameters", name));
}

static bool is_method(const struct operation *operation, const char *methods)
{
	return strstr(methods, operation->method) != NULL;
}

static void parameters_add(const struct operation *operation, json_t *json)
{
	if (operation->languages)
		parameter_add(json, "Accept-Language");
	if (operation->produces && json_object_get(json_object_get(json, "responses"), "304"))
		parameter_add(json, "If-None-Match");
	if (!operation->statement)
		return;
	if (is_method(operation, "get") && !operation->is_list)
		parameter_add(json, "If-None-Match");
	if (is_method(operation, "post patch delete"))
		parameter_add(json, operation->takes_items ? "Idempotency-Key-required" : "Idempotency-Key");
	if (is_method(operation, "patch delete"))
		parameter_add(json, "If-Match");
	if (is_method(operation, "post patch delete"))
		parameter_add(json, "Prefer");
}

#define ALL_ROLES (ROLE_ADMIN | ROLE_STEWARD | ROLE_PARTNER | ROLE_READER)

/* Every answer that an operation can give, and no other: tests see each. */
static void responses_add(const struct operation *operation, json_t *responses)
{
	bool write = is_method(operation, "post patch delete put") && operation->statement;
	bool versioned = is_method(operation, "patch delete") && operation->statement;
	const struct {
		const char *status, *name;
		bool applies;
	} table[] = {
		{"204", "NoContent", write && !operation->after && json_object_get(responses, "200")},
		{"304", "NotModified", operation->statement && is_method(operation, "get") && !operation->is_list},
		{"400", "BadRequest", true},
		{"401", "Unauthorized", true},
		{"403", "Forbidden", operation->roles != 0 && operation->roles != ALL_ROLES},
		{"404", "NotFound", strchr(operation->path, '{') != NULL},
		{"406", "NotAcceptable", operation->column_count > 0},
		{"409", "Conflict", write},
		{"412", "PreconditionFailed", versioned || operation->takes_if_match},
		{"413", "TooLarge", operation->body != NULL},
		{"415", "UnsupportedMediaType", operation->body != NULL},
		{"422", "Unprocessable", operation->body != NULL},
		{"428", "PreconditionRequired", versioned},
		{"429", "TooManyRequests", true},
		{"500", "ServerError", true},
		{"503", "Unavailable", operation->statement != NULL},
		{"504", "Timeout", operation->statement != NULL},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].applies && !json_object_get(responses, table[i].status))
			json_object_set_new(responses, table[i].status, reference("responses", table[i].name));
}

static void roles_tell(const struct operation *operation, json_t *json)
{
	static const char *const names[] = {"admin", "steward", "partner", "reader"};
	unsigned left = operation->roles;
	char *words = keep_format("%s For keys of role ", json_string_value(json_object_get(json, "description")));

	if (!operation->roles) {
		/* Without a key, or with one: that of ours which is malformed is refused. */
		json_object_set_new(json, "security", json_pack("[{}, {s:[]}]", "bearer"));
		return;
	}
	for (unsigned i = 0; i < 4; i++) {
		if (!(operation->roles & 1u << i))
			continue;
		left &= ~(1u << i);
		words = keep_format("%s%s%s", words, names[i], !left ? "." : left & (left - 1) ? ", " : " or ");
	}
	json_object_set_new(json, "description", json_string(words));
}

static void extensions_remove(json_t *operation)
{
	const char *name;
	json_t *value;
	void *next;

	json_object_foreach_safe (operation, next, name, value)
		if (strncmp(name, "x-kept-", 7) == 0)
			json_object_del(operation, name);
}

static int compare_tags(const void *a, const void *b)
{
	return strcmp(json_string_value(json_object_get(*(json_t *const *)a, "name")),
		      json_string_value(json_object_get(*(json_t *const *)b, "name")));
}

static void tags_sort(json_t *document)
{
	json_t *tags = json_object_get(document, "tags"), *sorted = json_array(), *tag;
	size_t count = json_array_size(tags), index;
	json_t **list = keep(NULL, count + 1, sizeof(*list));

	json_array_foreach (tags, index, tag)
		list[index] = tag;
	qsort(list, count, sizeof(*list), compare_tags);
	for (size_t i = 0; i < count; i++)
		json_array_append(sorted, list[i]);
	json_object_set_new(document, "tags", sorted);
}

/* In the order in which people read it. */
static json_t *in_order(json_t *document)
{
	static const char *const names[] = {"openapi", "info", "servers", "security", "tags", "paths", "components"};
	json_t *ordered = json_object();

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (json_object_get(document, names[i]))
			json_object_set(ordered, names[i], json_object_get(document, names[i]));
	json_decref(document);
	return ordered;
}

json_t *document_public(struct compiler *compiler)
{
	json_t *document = json_deep_copy(compiler->document);

	for (size_t i = 0; i < compiler->operation_count; i++) {
		const struct operation *operation = &compiler->operations[i];
		json_t *path = json_object_get(json_object_get(document, "paths"), operation->path);
		json_t *json = json_object_get(path, operation->method);
		json_t *responses = json_object_get(json, "responses");

		parameters_add(operation, json);
		headers_add(operation, responses);
		links_add(compiler, operation, responses);
		columns_tell(operation, responses);
		responses_add(operation, responses);
		roles_tell(operation, json);
		extensions_remove(json);
	}
	headers_add_shared(json_object_get(json_object_get(document, "components"), "responses"));
	formats_add(document);
	examples_add(compiler, document);
	tags_sort(document);
	return in_order(document);
}
