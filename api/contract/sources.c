#include <string.h>

#include "api/contract/compiler.h"

static struct parameter *parameter_find(struct operation *operation, const char *name)
{
	for (size_t i = 0; i < operation->parameter_count; i++)
		if (strcmp(operation->parameters[i].name, name) == 0)
			return &operation->parameters[i];
	return NULL;
}

static bool use(struct operation *operation, const char *name)
{
	struct parameter *parameter = parameter_find(operation, name);

	if (parameter)
		parameter->used = true;
	return parameter != NULL;
}

/* The sources that api/contract.h lists. */
static bool has_source(struct operation *operation, const char *name)
{
	if (strcmp(name, "request") == 0)
		return true;
	if (strcmp(name, "body") == 0)
		return operation->body != NULL;
	if (strcmp(name, "after") == 0)
		return use(operation, "page_token");
	if (strcmp(name, "secrets") == 0)
		return operation->before != NULL;
	if (strcmp(name, "languages") == 0) {
		operation->languages = true;
		return true;
	}
	return strcmp(name, "page_token") != 0 && use(operation, name);
}

void sources_check(struct compiler *compiler, struct operation *operation)
{
	static const char *const taken[] = {"request", "body", "after", "secrets", "languages"};
	const struct statement_file *statement = &compiler->statements[operation->statement_index];
	bool uses_body = false;

	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
		if (parameter_find(operation, taken[i]))
			fault(compiler, operation->id, "a parameter may not be named %s", taken[i]);
	for (size_t i = 0; i < statement->parameter_count; i++) {
		uses_body |= strcmp(statement->parameters[i], "body") == 0;
		if (!has_source(operation, statement->parameters[i]))
			fault(compiler, operation->id, "the parameter :%s of statement %s has no source",
			      statement->parameters[i], statement->name);
	}
	if (operation->body && !uses_body)
		fault(compiler, operation->id, "takes a body that statement %s does not use", statement->name);
	for (size_t i = 0; i < operation->parameter_count; i++)
		if (!operation->parameters[i].used)
			fault(compiler, operation->id, "statement %s does not use the parameter %s", statement->name,
			      operation->parameters[i].name);
}
