/* Parameters: text that stands for a JSON value. */
#include <string.h>

#include "api/schema/schema_errors.h"
#include "kept/text.h"

/* How far $ref and allOf are followed to find the type of a parameter. */
#define TYPE_STEPS 8

static unsigned types_wanted(const struct schema *schema, int steps)
{
	unsigned types = schema->types;

	if (steps == 0)
		return types;
	if (!types && schema->ref)
		types = types_wanted(schema->ref, steps - 1);
	for (size_t i = 0; !types && i < schema->all_count; i++)
		types = types_wanted(schema->all_of[i], steps - 1);
	return types;
}

/* An integer is digits only, because the text goes on to the statement as it is; else a JSON number (RFC 8259, section
 * 6). */
static json_t *number_read(const char *text, bool integer)
{
	const char *digits = text + (*text == '-');
	size_t whole = strspn(digits, "0123456789");

	if (whole == 0 || (whole > 1 && *digits == '0'))
		return NULL;
	if (digits[strspn(digits, integer ? "0123456789" : "0123456789.eE+-")])
		return NULL;
	return json_loads(text, JSON_DECODE_ANY, NULL);
}

static json_t *value_read(unsigned types, const char *text)
{
	json_t *value = NULL;

	if (types && !(types & SCHEMA_STRING)) {
		if (types & (SCHEMA_INTEGER | SCHEMA_NUMBER))
			value = number_read(text, !(types & SCHEMA_NUMBER));
		if (!value && types & SCHEMA_BOOLEAN)
			value = strcmp(text, "true") == 0    ? json_true()
				: strcmp(text, "false") == 0 ? json_false()
							     : NULL;
	}
	return value ? value : json_string(text);
}

bool schema_validate_text(const struct schema *schema, const char *text, struct schema_errors *errors)
{
	struct schema_place top = {NULL, NULL, 0};
	json_t *value;
	bool valid;

	if (!text_is_utf8(text, strlen(text)))
		return schema_tell(errors, &top, "must be text in UTF-8");
	value = value_read(types_wanted(schema, TYPE_STEPS), text);
	if (!value) {
		if (errors)
			errors->no_memory = true;
		return false;
	}
	valid = schema_validate(schema, value, errors);
	json_decref(value);
	return valid;
}
