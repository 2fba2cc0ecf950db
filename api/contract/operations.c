#include <ctype.h>
#include <string.h>

#include "api/contract.h"
#include "api/contract/compiler.h"

static const char *text_of(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

static void parameter_read(struct compiler *compiler, struct operation *operation, const char *pointer, json_t *json)
{
	const char *ref = text_of(json, "$ref");
	const char *in, *name;
	struct parameter *parameter;

	if (ref) {
		json = strncmp(ref, "#/components/parameters/", 24) == 0 ? resolve(compiler, ref) : NULL;
		pointer = ref + 1;
	}
	if (!json) {
		fault(compiler, operation->id, "%s is no shared parameter", ref);
		return;
	}
	in = text_of(json, "in");
	name = text_of(json, "name");
	if (strcmp(in, "header") == 0) {
		if (strcmp(name, "If-Match") != 0 || json_is_true(json_object_get(json, "required")))
			fault(compiler, operation->id, "the header %s is told by rule, or not known", name);
		operation->takes_if_match = true;
		return;
	}
	if (strcmp(in, "path") != 0 && strcmp(in, "query") != 0) {
		fault(compiler, operation->id, "the parameter %s must be in the path or the query", name);
		return;
	}
	for (size_t i = 0; i < operation->parameter_count; i++)
		if (strcmp(operation->parameters[i].name, name) == 0)
			fault(compiler, operation->id, "the parameter %s is there twice", name);
	if (operation->parameter_count == OPERATION_PARAMETERS) {
		fault(compiler, operation->id, "has too many parameters");
		return;
	}
	parameter = &operation->parameters[operation->parameter_count++];
	*parameter = (struct parameter){.name = name, .in_path = strcmp(in, "path") == 0};
	parameter->required = json_is_true(json_object_get(json, "required"));
	parameter->schema = schema_read(compiler->reader, keep_pointer(pointer, "schema"));
	if (parameter->in_path && !parameter->required)
		fault(compiler, operation->id, "the path parameter %s must be required", name);
	schema_check_request(compiler, parameter->schema);
}

static void parameters_read(struct compiler *compiler, struct operation *operation, const char *pointer, json_t *list)
{
	size_t index;
	json_t *json;

	json_array_foreach (list, index, json)
		parameter_read(compiler, operation, keep_format("%s/parameters/%zu", pointer, index), json);
}

static void body_read(struct compiler *compiler, struct operation *operation, const char *pointer)
{
	json_t *body = json_object_get(operation->json, "requestBody");
	json_t *content = json_object_get(body, "content");
	const char *type;
	json_t *media;

	if (!body)
		return;
	/* Many things also come as a sheet. */
	if (operation->takes_items && !json_object_get(content, "text/csv"))
		fault(compiler, operation->id, "takes items and must take text/csv too");
	if (json_object_size(content) != (operation->takes_items ? 2 : 1))
		fault(compiler, operation->id, "must take one media type");
	operation->body_required = json_is_true(json_object_get(body, "required"));
	json_object_foreach (content, type, media) {
		char *place = keep_pointer(keep_format("%s/requestBody/content", pointer), type);
		bool patch = strcmp(operation->method, "patch") == 0;

		if (operation->takes_items && strcmp(type, "text/csv") == 0)
			continue;
		if (strcmp(type, patch ? "application/merge-patch+json" : "application/json") != 0)
			fault(compiler, operation->id, "the media type %s does not fit the method %s", type,
			      operation->method);
		operation->body_type = type;
		operation->body = schema_read(compiler->reader, keep_format("%s/schema", place));
	}
	if (operation->body)
		schema_check_request(compiler, operation->body);
}

static void roles_read(struct compiler *compiler, struct operation *operation)
{
	static const struct {
		const char *name;
		unsigned role;
	} roles[] = {
		{"admin", ROLE_ADMIN}, {"steward", ROLE_STEWARD}, {"partner", ROLE_PARTNER}, {"reader", ROLE_READER}};
	size_t index;
	json_t *word;

	json_array_foreach (json_object_get(operation->json, "x-kept-roles"), index, word) {
		unsigned role = 0;

		for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
			if (strcmp(json_string_value(word), roles[i].name) == 0)
				role = roles[i].role;
		if (!role || operation->roles & role)
			fault(compiler, operation->id, "x-kept-roles: %s is no role, or is there twice",
			      json_string_value(word));
		operation->roles |= role;
	}
}

static void lane_read(struct compiler *compiler, struct operation *operation)
{
	const char *lane = text_of(operation->json, "x-kept-lane");

	operation->lane = strcmp(operation->method, "get") == 0 ? "LANE_FAST" : "LANE_WRITE";
	if (!lane || strcmp(lane, strcmp(operation->method, "get") == 0 ? "fast" : "write") == 0)
		return;
	if (strcmp(lane, "slow") != 0)
		fault(compiler, operation->id, "x-kept-lane: %s is no lane for this method", lane);
	operation->lane = "LANE_SLOW";
}

static void statement_read(struct compiler *compiler, struct operation *operation)
{
	if (!operation->statement == !operation->produces)
		fault(compiler, operation->id, "must have one of x-kept-statement and x-kept-produces");
	if (!operation->statement)
		return;
	if (!operation->roles == !operation->enters)
		fault(compiler, operation->id, "a statement needs x-kept-roles or x-kept-public");
	while (operation->statement_index < compiler->statement_count &&
	       strcmp(compiler->statements[operation->statement_index].name, operation->statement) != 0)
		operation->statement_index++;
	if (operation->statement_index == compiler->statement_count)
		fault(compiler, operation->id, "there is no statement %s", operation->statement);
	else
		sources_check(compiler, operation);
}

/* What everybody may read is found by the first value of the path, and never written. */
static void public_read(struct compiler *compiler, struct operation *operation)
{
	operation->enters = text_of(operation->json, "x-kept-public");
	if (operation->enters && (!operation->statement || strcmp(operation->method, "get") != 0 ||
				  !operation->parameter_count || !operation->parameters[0].in_path))
		fault(compiler, operation->id, "x-kept-public goes with a GET of a statement and a value in the path");
}

static void hooks_use(struct compiler *compiler, struct operation *operation)
{
	if (operation->before)
		hook_use(compiler, operation->id, HOOK_BEFORE_KIND, operation->before);
	if (operation->after)
		hook_use(compiler, operation->id, HOOK_AFTER_KIND, operation->after);
	if (operation->produces)
		hook_use(compiler, operation->id, HOOK_PRODUCES_KIND, operation->produces);
	if (operation->produces && (operation->before || operation->after))
		fault(compiler, operation->id, "x-kept-produces stands alone");
}

static void operation_read(struct compiler *compiler, const char *path, json_t *item, const char *method, json_t *json)
{
	struct operation *operation;
	char *place = keep_pointer("/paths", path);

	compiler->operations = keep(compiler->operations, compiler->operation_count + 1, sizeof(*compiler->operations));
	operation = &compiler->operations[compiler->operation_count];
	*operation =
		(struct operation){.path = path, .method = method, .json = json, .id = text_of(json, "operationId")};
	for (size_t i = 0; i < compiler->operation_count; i++)
		if (strcmp(compiler->operations[i].id, operation->id) == 0)
			fault(compiler, operation->id, "is the operationId of two operations");
	compiler->operation_count++;
	operation->statement = text_of(json, "x-kept-statement");
	operation->produces = text_of(json, "x-kept-produces");
	operation->before = text_of(json, "x-kept-before");
	operation->after = text_of(json, "x-kept-after");
	parameters_read(compiler, operation, place, json_object_get(item, "parameters"));
	parameters_read(compiler, operation, keep_format("%s/%s", place, method), json_object_get(json, "parameters"));
	for (size_t i = 0; i < operation->parameter_count; i++)
		operation->is_list |= strcmp(operation->parameters[i].name, "page_token") == 0;
	bulk_read(compiler, operation);
	operation->rows = text_of(json, "x-kept-rows");
	if (operation->rows && (operation->is_list || strcmp(method, "get") != 0))
		fault(compiler, operation->id, "x-kept-rows goes with a GET that is no list");
	if (operation->is_list || operation->rows)
		columns_read(compiler, operation);
	body_read(compiler, operation, keep_format("%s/%s", place, method));
	roles_read(compiler, operation);
	public_read(compiler, operation);
	lane_read(compiler, operation);
	hooks_use(compiler, operation);
	statement_read(compiler, operation);
}

void operations_read(struct compiler *compiler)
{
	static const char *const methods[] = {"get", "post", "put", "patch", "delete"};
	const char *path;
	json_t *item;

	json_object_foreach (json_object_get(compiler->document, "paths"), path, item)
		for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
			if (json_object_get(item, methods[i]))
				operation_read(compiler, path, item, methods[i], json_object_get(item, methods[i]));
}
