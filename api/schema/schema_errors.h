/*
 * schema_errors.h: how the engine tells what is wrong: places, and sentences for a tired person. Internal to the
 * engine.
 */
#ifndef API_SCHEMA_ERRORS_H
#define API_SCHEMA_ERRORS_H

#include "api/schema/schema.h"

/* Longest pointer and longest sentence; a pointer that would be longer ends at the last member that has room. */
#define SCHEMA_POINTER_BYTES 1024
#define SCHEMA_DETAIL_BYTES 1000

/* Where the engine is: a chain on the stack from the value up to the document (parent NULL, nothing else set). */
struct schema_place {
	const struct schema_place *parent;
	const char *name; /* member; NULL: item `index` */
	size_t index;
};

/* All of these do nothing when `errors` is NULL, and return false so that a rule can end with them. */
bool schema_tell(struct schema_errors *errors, const struct schema_place *at, const char *detail, ...)
	__attribute__((format(printf, 3, 4)));
bool schema_tell_type(struct schema_errors *errors, const struct schema_place *at, unsigned types);
bool schema_tell_values(struct schema_errors *errors, const struct schema_place *at, const struct schema_value *values,
			size_t count);
bool schema_tell_format(struct schema_errors *errors, const struct schema_place *at, enum schema_format format);
/* "must be at least 5": `rule` is the words before the number. */
bool schema_tell_number(struct schema_errors *errors, const struct schema_place *at, const char *rule,
			const struct schema_number *number);
/* Moves all errors of `from` to the end of `errors`. */
void schema_errors_move(struct schema_errors *errors, struct schema_errors *from);

#endif
