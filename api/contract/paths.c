#include <string.h>

#include "api/contract.h"
#include "api/contract/compiler.h"

static bool same_segment(const struct node *node, const char *segment, size_t length)
{
	if (!node->segment || !segment)
		return node->segment == segment;
	return node->length == length && strncmp(node->segment, segment, length) == 0;
}

/* The child for a segment, made if need be; the one for any segment stays last. */
static size_t child_of(struct compiler *compiler, size_t parent, const char *segment, size_t length)
{
	size_t *link, node = compiler->node_count;

	for (size_t i = compiler->nodes[parent].child; i; i = compiler->nodes[i].next)
		if (same_segment(&compiler->nodes[i], segment, length))
			return i;
	compiler->nodes = keep(compiler->nodes, node + 1, sizeof(*compiler->nodes));
	compiler->nodes[node] = (struct node){.segment = segment, .length = length};
	compiler->node_count++;
	link = &compiler->nodes[parent].child;
	while (*link && (!segment || compiler->nodes[*link].segment))
		link = &compiler->nodes[*link].next;
	compiler->nodes[node].next = *link;
	*link = node;
	return node;
}

/* The parameters in the path come first, in the order of the template. */
static void order_value(struct compiler *compiler, struct operation *operation, size_t at, const char *name,
			size_t length)
{
	for (size_t i = at; i < operation->parameter_count; i++) {
		struct parameter *found = &operation->parameters[i];
		struct parameter swap = *found;

		if (!found->in_path || strlen(found->name) != length || strncmp(found->name, name, length) != 0)
			continue;
		*found = operation->parameters[at];
		operation->parameters[at] = swap;
		return;
	}
	fault(compiler, operation->id, "the path names {%.*s}, which is no parameter in the path", (int)length, name);
}

static void order_values(struct compiler *compiler, struct operation *operation)
{
	size_t values = 0, declared = 0;

	for (const char *c = operation->path; (c = strchr(c, '{')); c++)
		order_value(compiler, operation, values++, c + 1, strcspn(c + 1, "}"));
	for (size_t i = 0; i < operation->parameter_count; i++)
		declared += operation->parameters[i].in_path;
	if (declared != values)
		fault(compiler, operation->id, "has a parameter in the path that the path does not name");
	if (values > CONTRACT_PATH_VALUES)
		fault(compiler, operation->id, "has too many values in the path");
}

static void path_add(struct compiler *compiler, size_t first, size_t count)
{
	const char *path = compiler->operations[first].path;
	const char *segment = path + 1;
	size_t node = 0;

	if (*path != '/' || (path[1] && path[strlen(path) - 1] == '/') || strstr(path, "//"))
		fault(compiler, path, "is no path of segments");
	while (*segment) {
		size_t length = strcspn(segment, "/");
		bool any = segment[0] == '{' && segment[length - 1] == '}';

		if (!any && memchr(segment, '{', length))
			fault(compiler, path, "a value must be a whole segment");
		node = child_of(compiler, node, any ? NULL : segment, length);
		segment += length;
		segment += *segment == '/';
	}
	if (compiler->nodes[node].operations)
		fault(compiler, path, "is the same path as %s", compiler->nodes[node].path);
	compiler->nodes[node].path = path;
	compiler->nodes[node].first = first;
	compiler->nodes[node].operations = count;
}

void paths_build(struct compiler *compiler)
{
	size_t count;

	compiler->nodes = keep(NULL, 1, sizeof(*compiler->nodes));
	compiler->node_count = 1;
	for (size_t i = 0; i < compiler->operation_count; i++)
		order_values(compiler, &compiler->operations[i]);
	for (size_t first = 0; first < compiler->operation_count; first += count) {
		count = 1;
		while (first + count < compiler->operation_count &&
		       strcmp(compiler->operations[first + count].path, compiler->operations[first].path) == 0)
			count++;
		path_add(compiler, first, count);
	}
	if (compiler->node_count > UINT16_MAX || compiler->operation_count > UINT16_MAX)
		fault(compiler, "paths", "are too many");
}
