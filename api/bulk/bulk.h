/*
 * bulk.h: reads the body of an operation with items, JSON or a sheet, and makes the statement's parameter of it.
 *
 * A fault of the whole (no JSON, no CSV, more than KEPT_BULK_ITEMS items, a column that is unknown or there twice) is
 * told and nothing goes on. A fault of one item goes with the item (bulk_item.h), so that the others can go on. Keeps
 * no state and knows nothing of connections.
 */
#ifndef API_BULK_H
#define API_BULK_H

#include <stdbool.h>
#include <stddef.h>

#include "api/contract.h"
#include "api/reply/problem.h"
#include "api/request/body.h"
#include "kept/seal.h"

struct bulk_source {
	const struct contract_operation *operation; /* with items */
	const struct seal *seal;                    /* seals the secrets of new webhook contacts */
	const char *bytes;
	size_t length;
	bool sheet; /* text/csv, else JSON */
};

/* The JSON array, owned by the caller. NULL: `fault` [out] says why, and `errors` takes what is wrong. */
char *bulk_read(const struct bulk_source *source, struct problem_errors *errors, struct body_fault *fault)
	__attribute__((warn_unused_result));

#endif
