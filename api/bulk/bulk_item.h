/*
 * bulk_item.h: one item of a bulk, judged by the schema of the operation for one thing, and written for the statement.
 *
 * The statement gets a JSON array; each item is {"line","id","if_match","body","find","stays","secrets"}, where line is
 * that of a sheet, find holds names that stand for ids, stays holds what a sheet says of members that cannot be
 * changed, secrets are those of new webhook contacts; all but body only where they apply. A wrong item is
 * {"line","errors"}.
 */
#ifndef API_BULK_ITEM_H
#define API_BULK_ITEM_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "api/contract.h"
#include "api/schema/schema.h"
#include "kept/seal.h"
#include "kept/text.h"

/* What a sheet says of an owner or a school by name is judged with this id in its place. */
#define BULK_PLACEHOLDER "00000000-0000-7000-8000-000000000000"

struct bulk {
	const struct contract_items *items;
	const struct seal *seal;
	struct text out; /* the array, without the bracket that ends it */
	size_t count;
};

struct bulk_item {
	json_t *members;             /* as they came, with id and version; owned */
	json_t *find;                /* owned; NULL: a JSON item */
	json_t *stays;               /* owned; NULL: a JSON item */
	size_t line;                 /* 0: a JSON item */
	struct schema_errors errors; /* what is known to be wrong already; pointers within the item */
};

/* A row of a sheet has empty objects; a JSON item has `members`, whose reference is taken. False: no memory. */
bool bulk_item_init(struct bulk_item *item, json_t *members, size_t line) __attribute__((warn_unused_result));
void bulk_item_release(struct bulk_item *item);
/* Judges the item and appends it to bulk->out, which tells whether there was memory. Changes item->members. */
void bulk_item_add(struct bulk *bulk, struct bulk_item *item);
/* Appends an item that is wrong as a whole. */
void bulk_item_refuse(struct bulk *bulk, struct bulk_item *item, const char *detail);

#endif
