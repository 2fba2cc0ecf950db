#include <string.h>

#include "api/contract/compiler.h"

/* What may stand at a place of an OpenAPI document (OpenAPI 3.1.0, section 4.8), as far as Kept uses it. */
enum place {
	ANY,
	STRING,
	BOOLEAN,
	STRINGS,
	ROOT,
	INFO,
	CONTACT,
	LICENSE,
	SERVER,
	TAG,
	PATH,
	OPERATION,
	ITEMS,
	PARAMETER,
	BODY,
	RESPONSE,
	MEDIA,
	EXAMPLE,
	HEADER,
	SCHEMA,
	COMPONENTS,
	SECURITY_SCHEME,
};

enum many { ONE, LIST, MAP };

static const struct member {
	enum place in;
	const char *name;
	enum place place;
	enum many many;
	bool required;
} members[] = {
	{ROOT, "openapi", STRING, ONE, false},
	{ROOT, "info", INFO, ONE, false},
	{ROOT, "servers", SERVER, LIST, false},
	{ROOT, "security", ANY, LIST, false},
	{ROOT, "tags", TAG, LIST, false},
	{ROOT, "paths", PATH, MAP, false},
	{ROOT, "components", COMPONENTS, ONE, false},
	{INFO, "title", STRING, ONE, true},
	{INFO, "version", STRING, ONE, true},
	{INFO, "summary", STRING, ONE, false},
	{INFO, "description", STRING, ONE, false},
	{INFO, "license", LICENSE, ONE, false},
	{INFO, "contact", CONTACT, ONE, false},
	{CONTACT, "name", STRING, ONE, true},
	{CONTACT, "url", STRING, ONE, false},
	{LICENSE, "name", STRING, ONE, true},
	{LICENSE, "identifier", STRING, ONE, false},
	{LICENSE, "url", STRING, ONE, false},
	{SERVER, "url", STRING, ONE, true},
	{SERVER, "description", STRING, ONE, false},
	{SERVER, "x-internal", BOOLEAN, ONE, false},
	{TAG, "name", STRING, ONE, true},
	{TAG, "description", STRING, ONE, true},
	{PATH, "parameters", PARAMETER, LIST, false},
	{PATH, "get", OPERATION, ONE, false},
	{PATH, "post", OPERATION, ONE, false},
	{PATH, "put", OPERATION, ONE, false},
	{PATH, "patch", OPERATION, ONE, false},
	{PATH, "delete", OPERATION, ONE, false},
	{OPERATION, "operationId", STRING, ONE, true},
	{OPERATION, "summary", STRING, ONE, true},
	{OPERATION, "description", STRING, ONE, true},
	{OPERATION, "tags", STRINGS, ONE, true},
	{OPERATION, "parameters", PARAMETER, LIST, false},
	{OPERATION, "requestBody", BODY, ONE, false},
	{OPERATION, "responses", RESPONSE, MAP, true},
	{OPERATION, "deprecated", BOOLEAN, ONE, false},
	{OPERATION, "x-kept-statement", STRING, ONE, false},
	{OPERATION, "x-kept-produces", STRING, ONE, false},
	{OPERATION, "x-kept-roles", STRINGS, ONE, false},
	{OPERATION, "x-kept-public", STRING, ONE, false},
	{OPERATION, "x-kept-lane", STRING, ONE, false},
	{OPERATION, "x-kept-before", STRING, ONE, false},
	{OPERATION, "x-kept-after", STRING, ONE, false},
	{OPERATION, "x-kept-rows", STRING, ONE, false},
	{OPERATION, "x-kept-items", ITEMS, ONE, false},
	{ITEMS, "create", STRING, ONE, true},
	{ITEMS, "change", STRING, ONE, true},
	{ITEMS, "shown", STRING, ONE, true},
	{ITEMS, "item", STRING, ONE, true},
	{PARAMETER, "name", STRING, ONE, true},
	{PARAMETER, "in", STRING, ONE, true},
	{PARAMETER, "description", STRING, ONE, true},
	{PARAMETER, "required", BOOLEAN, ONE, false},
	{PARAMETER, "deprecated", BOOLEAN, ONE, false},
	{PARAMETER, "schema", SCHEMA, ONE, true},
	{BODY, "description", STRING, ONE, false},
	{BODY, "required", BOOLEAN, ONE, false},
	{BODY, "content", MEDIA, MAP, true},
	{RESPONSE, "description", STRING, ONE, true},
	{RESPONSE, "headers", HEADER, MAP, false},
	{RESPONSE, "content", MEDIA, MAP, false},
	{MEDIA, "schema", SCHEMA, ONE, true},
	{MEDIA, "example", ANY, ONE, false},
	{MEDIA, "examples", EXAMPLE, MAP, false},
	{EXAMPLE, "summary", STRING, ONE, false},
	{EXAMPLE, "value", ANY, ONE, true},
	{HEADER, "description", STRING, ONE, true},
	{HEADER, "required", BOOLEAN, ONE, false},
	{HEADER, "schema", SCHEMA, ONE, true},
	{COMPONENTS, "schemas", SCHEMA, MAP, false},
	{COMPONENTS, "parameters", PARAMETER, MAP, false},
	{COMPONENTS, "responses", RESPONSE, MAP, false},
	{COMPONENTS, "headers", HEADER, MAP, false},
	{COMPONENTS, "securitySchemes", SECURITY_SCHEME, MAP, false},
	{SECURITY_SCHEME, "type", STRING, ONE, true},
	{SECURITY_SCHEME, "scheme", STRING, ONE, true},
	{SECURITY_SCHEME, "bearerFormat", STRING, ONE, false},
	{SECURITY_SCHEME, "description", STRING, ONE, true},
};

#define MEMBER_COUNT (sizeof(members) / sizeof(members[0]))

struct walk {
	struct compiler *compiler; /* NULL: only look for schemas */
	const char *file;
	void (*found)(void *context, const char *pointer);
	void *context;
};

static void tell(struct walk *walk, const char *pointer, const char *words)
{
	if (walk->compiler)
		fault(walk->compiler, walk->file, "%s %s", *pointer ? pointer : "the document", words);
}

static void visit(struct walk *walk, const char *pointer, enum place place, const json_t *json);

static void visit_many(struct walk *walk, const char *pointer, const struct member *member, const json_t *json)
{
	const char *key;
	size_t index;
	json_t *value;

	if (member->many == ONE) {
		visit(walk, pointer, member->place, json);
	} else if (member->many == LIST) {
		if (!json_is_array(json))
			tell(walk, pointer, "must be a list");
		json_array_foreach (json, index, value)
			visit(walk, keep_format("%s/%zu", pointer, index), member->place, value);
	} else {
		if (!json_is_object(json))
			tell(walk, pointer, "must be an object");
		json_object_foreach ((json_t *)json, key, value)
			visit(walk, keep_pointer(pointer, key), member->place, value);
	}
}

static const struct member *member_find(enum place place, const char *name)
{
	for (size_t i = 0; i < MEMBER_COUNT; i++)
		if (members[i].in == place && strcmp(members[i].name, name) == 0)
			return &members[i];
	return NULL;
}

static void visit_object(struct walk *walk, const char *pointer, enum place place, const json_t *json)
{
	const char *name;
	json_t *value;

	if (json_object_get(json, "$ref") && (place == PARAMETER || place == RESPONSE || place == HEADER)) {
		if (json_object_size(json) != 1 || !json_is_string(json_object_get(json, "$ref")))
			tell(walk, pointer, "must have nothing beside a $ref");
		return;
	}
	json_object_foreach ((json_t *)json, name, value) {
		const struct member *member = member_find(place, name);

		if (member)
			visit_many(walk, keep_pointer(pointer, name), member, value);
		else
			tell(walk, keep_pointer(pointer, name), "is not known at this place");
	}
	for (size_t i = 0; i < MEMBER_COUNT; i++)
		if (members[i].in == place && members[i].required && !json_object_get(json, members[i].name))
			tell(walk, keep_pointer(pointer, members[i].name), "is missing");
}

static void visit(struct walk *walk, const char *pointer, enum place place, const json_t *json)
{
	size_t index;
	json_t *value;

	switch (place) {
	case ANY:
		return;
	case STRING:
		if (!json_is_string(json))
			tell(walk, pointer, "must be text");
		return;
	case BOOLEAN:
		if (!json_is_boolean(json))
			tell(walk, pointer, "must be true or false");
		return;
	case STRINGS:
		if (!json_is_array(json))
			tell(walk, pointer, "must be a list of words");
		json_array_foreach (json, index, value)
			if (!json_is_string(value))
				tell(walk, pointer, "must be a list of words");
		return;
	case SCHEMA:
		if (walk->found)
			walk->found(walk->context, pointer);
		return;
	default:
		if (!json_is_object(json))
			tell(walk, pointer, "must be an object");
		else
			visit_object(walk, pointer, place, json);
	}
}

void places_check(struct compiler *compiler, const char *file, const json_t *document)
{
	struct walk walk = {.compiler = compiler, .file = file};

	visit(&walk, "", ROOT, document);
}

void places_schemas(const json_t *document, void (*found)(void *context, const char *pointer), void *context)
{
	struct walk walk = {.found = found, .context = context};

	visit(&walk, "", ROOT, document);
}
