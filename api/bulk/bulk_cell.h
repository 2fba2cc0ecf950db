/*
 * bulk_cell.h: what the text of a cell becomes by a schema (bulk_column.h tells the rules). Keeps no state.
 */
#ifndef API_BULK_CELL_H
#define API_BULK_CELL_H

#include <jansson.h>

#include "api/schema/schema.h"

/* The schema of a member by its dotted path, through $ref and combinations; NULL: there is none. */
const struct schema *bulk_cell_schema(const struct schema *schema, const char *path);
/* The value, owned; NULL: no memory. */
json_t *bulk_cell_value(const struct schema *schema, const char *cell) __attribute__((warn_unused_result));
/* Takes out of objects and of the objects of a list what an answer tells and nobody can write, and nulls that are not
 * taken: a cell of an answer can be sent back. */
void bulk_cell_prune(json_t *value, const struct schema *taken, const struct schema *shown);
/* The texts between semicolons, without blanks around them; empty ones are left out. */
json_t *bulk_cell_list(const char *cell) __attribute__((warn_unused_result));
json_t *bulk_cell_trimmed(const char *cell) __attribute__((warn_unused_result));

#endif
