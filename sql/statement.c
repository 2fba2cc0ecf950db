#include "sql/statement.h"

#include <stdlib.h>
#include <string.h>

static int compare_name(const void *name, const void *statement)
{
	return strcmp(name, ((const struct statement *)statement)->name);
}

const struct statement *statement_find(const char *name)
{
	return bsearch(name, statement_table, statement_count, sizeof(statement_table[0]), compare_name);
}

const struct statement_text *statement_choose(const struct statement *statement, const char *const *values,
					      const char **ordered)
{
	unsigned mask = 0;
	for (uint8_t i = 0; i < statement->option_count && i < STATEMENT_OPTIONS; i++)
		mask |= (unsigned)(values[statement->options[i]] != NULL) << i;
	const struct statement_text *text = &statement->texts[mask];
	for (uint8_t i = 0; i < text->parameter_count && i < STATEMENT_PARAMETERS; i++)
		ordered[i] = values[text->parameters[i]];
	return text;
}
