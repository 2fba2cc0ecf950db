/* ask.c: see ask.h. */
#include "worker/ask.h"

#include <string.h>

#include "kept/log.h"

static const char *value_of(const struct ask *ask, const char *name)
{
	for (int i = 0; i < ask->value_count; i++)
		if (strcmp(ask->values[i].name, name) == 0)
			return ask->values[i].value;
	return NULL;
}

unsigned long ask_submit(struct pipe *pipe, const struct ask *asks, int count, double seconds, unit_done *done,
			 void *context)
{
	struct unit_statement statements[UNIT_STATEMENTS];
	const char *values[UNIT_STATEMENTS][STATEMENT_PARAMETERS];

	if (count > UNIT_STATEMENTS)
		return 0;
	for (int i = 0; i < count; i++) {
		const struct statement *statement = statement_find(asks[i].statement);

		if (!statement) {
			log_write(LOG_ERROR_LEVEL, "statement_missing", "sstatement", asks[i].statement, NULL);
			return 0;
		}
		for (int n = 0; n < statement->parameter_count; n++)
			values[i][n] = value_of(&asks[i], statement->parameters[n]);
		statements[i] = (struct unit_statement){.statement = statement, .values = values[i]};
	}
	return pipe_submit(pipe, statements, count, seconds, done, context);
}

const char *ask_state(const struct unit_result *result)
{
	return result->outcome == UNIT_ERROR && result->sqlstate ? result->sqlstate : "";
}
