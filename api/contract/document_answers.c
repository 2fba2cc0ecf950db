#include <string.h>

#include "api/contract/compiler.h"

static json_t *headers_of(json_t *response)
{
	json_t *headers = json_object_get(response, "headers");

	if (!headers) {
		headers = json_object();
		json_object_set_new(response, "headers", headers);
	}
	return headers;
}

static void header_add(json_t *response, const char *name)
{
	json_t *headers = headers_of(response);

	if (!json_object_get(headers, name))
		json_object_set_new(headers, name, reference("headers", name));
}

static void headers_add_all(json_t *response, bool private)
{
	static const char *const names[] = {"X-Request-Id", "Cache-Control", "RateLimit", "RateLimit-Policy",
					    "Access-Control-Allow-Origin"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		header_add(response, names[i]);
	if (private)
		header_add(response, "Vary");
}

void headers_add(const struct operation *operation, json_t *responses)
{
	const char *status;
	json_t *response;

	json_object_foreach (responses, status, response) {
		if (json_object_get(response, "$ref"))
			continue;
		headers_add_all(response, operation->roles != 0 || operation->enters);
		if (!operation->statement || status[0] != '2')
			continue;
		if (strcmp(operation->method, "get") != 0) {
			header_add(response, "Preference-Applied");
			header_add(response, "Idempotent-Replayed");
		}
		if (strcmp(status, "201") == 0)
			header_add(response, "Location");
		if (operation->column_count)
			header_add(response, "Content-Disposition");
		if (operation->is_list) {
			header_add(response, "Link");
		} else if (strcmp(status, "202") != 0 && !operation->takes_items &&
			   json_object_get(response, "content")) {
			/* What 202 and a bulk tell is an answer, no resource that could be read again. */
			header_add(response, "ETag");
		}
	}
}

void headers_add_shared(json_t *responses)
{
	const char *name;
	json_t *response;

	json_object_foreach (responses, name, response) {
		headers_add_all(response, true);
		if (json_object_get(json_object_get(response, "content"), "application/problem+json"))
			header_add(response, "Content-Language");
	}
}

static json_t *link_to(const struct operation *target)
{
	json_t *parameters = json_pack("{s:s}", "id", "$response.body#/id");

	if (strcmp(target->method, "patch") == 0 || strcmp(target->method, "delete") == 0)
		json_object_set_new(parameters, "header.If-Match", json_string("$response.header.ETag"));
	return json_pack("{s:s, s:o, s:O}", "operationId", target->id, "parameters", parameters, "description",
			 json_object_get(target->json, "summary"));
}

void links_add(const struct compiler *compiler, const struct operation *operation, json_t *responses)
{
	const char *last = strrchr(operation->path, '/');
	char *one = keep_format("/v1%s/{id}", last ? last : "");
	json_t *response = json_object_get(responses, "201"), *links = json_object();

	for (size_t i = 0; response && i < compiler->operation_count; i++)
		if (strcmp(compiler->operations[i].path, one) == 0)
			json_object_set_new(links, compiler->operations[i].id, link_to(&compiler->operations[i]));
	if (json_object_size(links) > 0)
		json_object_set(response, "links", links);
	json_decref(links);
}
