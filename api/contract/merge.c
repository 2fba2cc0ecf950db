#include <stdlib.h>
#include <string.h>

#include "api/contract/compiler.h"

/* Adds each member of `from` to the object `name` of `into`; a name that is there already is a fault. */
static void merge_map(struct compiler *compiler, const char *file, json_t *into, const char *name, json_t *from)
{
	json_t *target = json_object_get(into, name);
	const char *key;
	json_t *value;

	if (!target) {
		target = json_object();
		json_object_set_new(into, name, target);
	}
	json_object_foreach (from, key, value) {
		if (json_object_get(target, key))
			fault(compiler, file, "%s \"%s\" is in another file too", name, key);
		else
			json_object_set(target, key, value);
	}
}

static void merge_tags(struct compiler *compiler, const char *file, json_t *from)
{
	json_t *tags = json_object_get(compiler->document, "tags");
	size_t index, other;
	json_t *tag, *there;

	if (!tags) {
		tags = json_array();
		json_object_set_new(compiler->document, "tags", tags);
	}
	json_array_foreach (from, index, tag) {
		json_array_foreach (tags, other, there)
			if (json_equal(json_object_get(tag, "name"), json_object_get(there, "name")))
				fault(compiler, file, "tag \"%s\" is there twice",
				      json_string_value(json_object_get(tag, "name")));
		json_array_append(tags, tag);
	}
}

static void merge(struct compiler *compiler, const char *file, json_t *root)
{
	const char *key, *section;
	json_t *value, *map, *components;

	json_object_foreach (root, key, value) {
		if (strcmp(key, "paths") == 0) {
			merge_map(compiler, file, compiler->document, key, value);
		} else if (strcmp(key, "tags") == 0) {
			merge_tags(compiler, file, value);
		} else if (strcmp(key, "components") == 0) {
			components = json_object_get(compiler->document, key);
			if (!components) {
				components = json_object();
				json_object_set_new(compiler->document, key, components);
			}
			json_object_foreach (value, section, map)
				merge_map(compiler, file, components, section, map);
		} else if (json_object_get(compiler->document, key)) {
			fault(compiler, file, "\"%s\" is in another file too", key);
		} else {
			json_object_set(compiler->document, key, value);
		}
	}
}

void document_add_file(struct compiler *compiler, const char *path)
{
	size_t before = compiler->faults;
	json_error_t error;
	json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, &error);

	if (!root) {
		fault(compiler, path, "line %d: %s", error.line, error.text);
		return;
	}
	places_check(compiler, path, root);
	if (compiler->faults == before)
		merge(compiler, path, root);
	json_decref(root);
}
