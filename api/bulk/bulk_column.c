#include "api/bulk/bulk_column.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "api/bulk/bulk_cell.h"
#include "kept/limits.h"

static const struct {
	const char *operation, *name, *member;
} alone[] = {
	{"commitment_bulk", "owner_email", "owner"},  {"commitment_bulk", "owner_organisation", "owner"},
	{"commitment_bulk", "school", "school_id"},   {"person_bulk", "email", "contacts"},
	{"person_bulk", "schools", "school_ids"},     {"organisation_bulk", "email", "contacts"},
	{"organisation_bulk", "school", "school_id"},
};

bool bulk_column_find(struct bulk_column *column, const struct contract_operation *operation, const char *name)
{
	const char *path = name;
	memset(column, 0, sizeof(*column));
	column->name = name;
	if (!*name)
		return true;
	for (size_t i = 0; i < sizeof(alone) / sizeof(alone[0]); i++)
		if (strcmp(alone[i].operation, operation->id) == 0 && strcmp(alone[i].name, name) == 0)
			path = column->alone = alone[i].member;
	column->create = bulk_cell_schema(operation->items->create, path);
	column->change = bulk_cell_schema(operation->items->change, path);
	column->shown = bulk_cell_schema(operation->items->shown, path);
	if (strcmp(name, "id") == 0 || strcmp(name, "version") == 0)
		column->change = column->shown;
	return column->create || column->change || column->shown;
}

static void tell(struct bulk_item *item, const struct bulk_column *column, const char *detail)
{
	struct text pointer;
	text_init(&pointer, KEPT_CSV_CELL_BYTES + 1);
	text_adds(&pointer, *column->name ? "/" : "");
	for (const char *c = column->name; *c; c++)
		text_add(&pointer, *c == '.' ? "/" : c, 1);
	schema_errors_add(&item->errors, pointer.bytes ? pointer.bytes : "", detail);
	text_release(&pointer);
}

/* Sets the member at a dotted path; takes the value. */
static void set(struct bulk_item *item, json_t *object, const struct bulk_column *column, const char *path,
		json_t *value)
{
	for (const char *dot; (dot = strchr(path, '.')); path = dot + 1) {
		char *name = strndup(path, (size_t)(dot - path));
		json_t *inner = name ? json_object_get(object, name) : NULL;
		if (name && !inner) {
			(void)json_object_set_new(object, name, json_object());
			inner = json_object_get(object, name);
		}
		free(name);
		if (inner && !json_is_object(inner)) {
			tell(item, column, "does not go with another column of the same member");
			json_decref(value);
			return;
		}
		object = inner;
	}
	if (json_object_set_new(object, path, value) != 0)
		item->errors.no_memory = true;
}

static json_t *mail_contact(const char *address)
{
	return json_pack("[{s:s, s:s}]", "channel", "email", "address", address);
}

/* The names go to SQL; what the schema judges has an id in their place. */
static void take_names(const struct bulk_column *column, struct bulk_item *item, const char *cell)
{
	json_t *names = NULL, *stand_in = NULL;
	if (strcmp(column->name, "schools") == 0) {
		names = bulk_cell_list(cell);
		if (json_array_size(names) > 50)
			tell(item, column, "must have at most 50 names");
		stand_in = json_pack("[s]", BULK_PLACEHOLDER);
	} else {
		names = bulk_cell_trimmed(cell);
		if (strcmp(column->alone, "owner") == 0)
			stand_in = json_pack("{s:s}",
					     strcmp(column->name, "owner_email") == 0 ? "person_id" : "organisation_id",
					     BULK_PLACEHOLDER);
		else
			stand_in = json_string(BULK_PLACEHOLDER);
	}
	if (json_object_set_new(item->find, column->name, names) != 0)
		item->errors.no_memory = true;
	set(item, item->members, column, column->alone, stand_in);
}

static void take_alone(const struct bulk_column *column, struct bulk_item *item, const char *cell, bool change)
{
	bool mail = strcmp(column->alone, "contacts") == 0;
	json_t *into = change && mail ? item->stays : item->members;
	if (json_object_get(into, column->alone)) {
		tell(item, column, "says what another column says too; fill in one of them");
		return;
	}
	if (mail) {
		json_t *address = bulk_cell_trimmed(cell);
		set(item, into, column, column->alone, address ? mail_contact(json_string_value(address)) : NULL);
		json_decref(address);
	} else if (strcmp(cell, "null") == 0) {
		set(item, into, column, column->alone, bulk_cell_value(column->create, cell));
	} else {
		take_names(column, item, cell);
	}
}

static void take_member(const struct bulk_column *column, struct bulk_item *item, const struct schema *schema,
			const char *cell, bool change)
{
	json_t *value = bulk_cell_value(schema, cell);
	if (change && column->shown)
		bulk_cell_prune(value, schema, column->shown);
	set(item, item->members, column, column->name, value);
}

void bulk_column_take(const struct bulk_column *column, struct bulk_item *item, const char *cell, bool change)
{
	const struct schema *schema = change ? column->change : column->create;
	if (!*column->name)
		tell(item, column, "has a cell in a column without a name");
	else if (column->alone)
		take_alone(column, item, cell, change);
	else if (schema)
		take_member(column, item, schema, cell, change);
	else if (!change)
		tell(item, column, "cannot be set for a new one; leave the cell empty");
	else if (column->create)
		set(item, item->stays, column, column->name, bulk_cell_value(column->create, cell));
}
