/*
 * bulk_sheet.h: the rows of a sheet as items of a bulk. The first row names the columns (bulk_column.h); cells that are
 * empty say nothing.
 */
#ifndef API_BULK_SHEET_H
#define API_BULK_SHEET_H

#include "api/bulk/bulk.h"
#include "api/bulk/bulk_item.h"

/* Adds an item for each row. False: a fault of the whole, told as bulk_read() tells it. */
bool bulk_sheet_read(struct bulk *bulk, const struct bulk_source *source, struct problem_errors *errors,
		     struct body_fault *fault) __attribute__((warn_unused_result));

#endif
