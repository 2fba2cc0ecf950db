/*
 * bulk_column.h: a column of a sheet: which member its cells mean, and what a cell becomes.
 *
 * A column is named like a member, with dots for nested ones ("owner.person_id"). The schemas of the contract say what
 * there is: members of a new thing, of a change, and those that are only shown. Some columns are of sheets alone:
 * owner_email, owner_organisation, school, schools, email.
 *
 * A cell becomes a number, true or false (also TRUE and FALSE, as spreadsheets write them) where the schema takes no
 * text; a list of what stands between semicolons; an object or a list of objects when it is JSON. `null` takes away:
 * null where the schema takes it, an empty list where it takes lists. Blanks around a value of an enum or of a format
 * are left out. What fits nothing stays text, so that the engine tells what is wrong with it.
 */
#ifndef API_BULK_COLUMN_H
#define API_BULK_COLUMN_H

#include <stdbool.h>

#include <jansson.h>

#include "api/bulk/bulk_item.h"
#include "api/contract.h"

struct bulk_column {
	const char *name;                             /* borrowed from the first row */
	const char *alone;                            /* of sheets alone: the member that it stands for; NULL */
	const struct schema *create, *change, *shown; /* of the member; NULL: it has none */
};

/* False: no member and no column of sheets has that name. An empty name is a column whose cells are empty. */
bool bulk_column_find(struct bulk_column *column, const struct contract_operation *operation, const char *name)
	__attribute__((warn_unused_result));

/* Puts a cell that is not empty into the item; `change`: the row has an id. What is wrong with it goes to item->errors.
 * Columns of sheets alone come after the others. */
void bulk_column_take(const struct bulk_column *column, struct bulk_item *item, const char *cell, bool change);

#endif
