#include "api/contract.h"

#include <stdlib.h>
#include <string.h>

#include "api/contract_patterns.h"
#include "api/schema/schema.h"

static int compare_schema(const void *name, const void *schema)
{
	return strcmp(name, ((const struct contract_schema *)schema)->name);
}

const struct schema *contract_schema_find(const char *name)
{
	const struct contract_schema *found =
		bsearch(name, contract_schemas, contract_schema_count, sizeof(*contract_schemas), compare_schema);

	return found ? found->schema : NULL;
}

bool contract_start(void)
{
	return schema_patterns_start(contract_patterns, contract_pattern_count);
}

/* The node of `path` (which begins with a slash) below `node`; values are pushed on the way and popped on a dead end.
 */
static const struct contract_node *find(const struct contract_node *node, const char *path,
					struct contract_match *match)
{
	const char *segment = path + 1;
	size_t length = strcspn(segment, "/");
	const struct contract_node *child, *found;

	if (length == 0)
		return NULL;
	for (uint16_t i = node->child; i; i = child->next) {
		child = &contract_nodes[i];
		if (child->segment) {
			if (strncmp(child->segment, segment, length) != 0 || child->segment[length])
				continue;
		} else {
			if (match->value_count == CONTRACT_PATH_VALUES)
				continue;
			match->values[match->value_count].bytes = segment;
			match->values[match->value_count++].length = length;
		}
		found = segment[length] ? find(child, segment + length, match) : child->operations ? child : NULL;
		if (found)
			return found;
		match->value_count -= !child->segment;
	}
	return NULL;
}

void contract_match(const char *method, const char *path, struct contract_match *match)
{
	const struct contract_node *node = NULL;

	memset(match, 0, sizeof(*match));
	match->status = 404;
	if (strcmp(path, "/") == 0)
		node = contract_nodes[0].operations ? &contract_nodes[0] : NULL;
	else if (*path == '/')
		node = find(&contract_nodes[0], path, match);
	if (!node)
		return;
	match->status = 405;
	match->allow = node->allow;
	if (strcmp(method, "HEAD") == 0)
		method = "GET";
	for (size_t i = node->first; i < (size_t)node->first + node->operations; i++) {
		if (strcmp(contract_operations[i].method, method) != 0)
			continue;
		match->operation = &contract_operations[i];
		match->status = 0;
	}
}
