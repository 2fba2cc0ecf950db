#include "api/schema/schema_errors.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "kept/text.h"

void schema_errors_init(struct schema_errors *errors)
{
	memset(errors, 0, sizeof(*errors));
}

void schema_errors_release(struct schema_errors *errors)
{
	for (size_t i = 0; i < errors->count; i++) {
		free(errors->items[i].pointer);
		free(errors->items[i].detail);
	}
	schema_errors_init(errors);
}

/* One fault may be found on several ways: through $ref and beside it. */
static bool errors_have(const struct schema_errors *errors, const char *pointer, const char *detail)
{
	for (size_t i = 0; i < errors->count; i++)
		if (strcmp(errors->items[i].pointer, pointer) == 0 && strcmp(errors->items[i].detail, detail) == 0)
			return true;
	return false;
}

/* Takes both texts, which may be NULL for want of memory. */
static void errors_add_take(struct schema_errors *errors, char *pointer, char *detail)
{
	if (!pointer || !detail)
		errors->no_memory = true;
	else if (errors->count == KEPT_ERRORS)
		errors->more = true;
	else if (!errors_have(errors, pointer, detail)) {
		errors->items[errors->count++] = (struct schema_error){pointer, detail};
		return;
	}
	free(pointer);
	free(detail);
}

void schema_errors_add(struct schema_errors *errors, const char *pointer, const char *detail)
{
	errors_add_take(errors, strdup(pointer), strdup(detail));
}

void schema_errors_move(struct schema_errors *errors, struct schema_errors *from)
{
	for (size_t i = 0; i < from->count; i++)
		errors_add_take(errors, from->items[i].pointer, from->items[i].detail);
	errors->more |= from->more;
	errors->no_memory |= from->no_memory;
	schema_errors_init(from);
}

/* RFC 6901, section 3. Stops at the first member without room, so that what is told is a true pointer. */
static bool pointer_write(struct text *text, const struct schema_place *at)
{
	struct text member;
	bool fits;

	if (!at->parent)
		return true;
	if (!pointer_write(text, at->parent))
		return false;
	text_init(&member, SCHEMA_POINTER_BYTES);
	if (at->name) {
		text_adds(&member, "/");
		for (const char *c = at->name; *c && text_ok(&member); c++) {
			if (*c == '~')
				text_adds(&member, "~0");
			else if (*c == '/')
				text_adds(&member, "~1");
			else
				text_add(&member, c, 1);
		}
	} else {
		text_addf(&member, "/%zu", at->index);
	}
	fits = text_ok(&member) && text->length + member.length <= SCHEMA_POINTER_BYTES;
	if (fits)
		text_add(text, member.bytes, member.length);
	text_release(&member);
	return fits;
}

static void tell_take(struct schema_errors *errors, const struct schema_place *at, char *detail)
{
	struct text pointer;

	text_init(&pointer, SCHEMA_POINTER_BYTES);
	pointer_write(&pointer, at);
	errors_add_take(errors, text_take(&pointer), detail);
	text_release(&pointer);
}

bool schema_tell(struct schema_errors *errors, const struct schema_place *at, const char *detail, ...)
{
	struct text text;
	va_list arguments;

	if (!errors)
		return false;
	text_init(&text, SCHEMA_DETAIL_BYTES);
	va_start(arguments, detail);
	text_addv(&text, detail, arguments);
	va_end(arguments);
	tell_take(errors, at, text_ok(&text) ? text_take(&text) : strdup("is not what the contract asks for"));
	text_release(&text);
	return false;
}

bool schema_tell_type(struct schema_errors *errors, const struct schema_place *at, unsigned types)
{
	static const struct {
		unsigned type;
		const char *words;
	} names[] = {{SCHEMA_STRING, "text"},     {SCHEMA_INTEGER, "a whole number"},
		     {SCHEMA_NUMBER, "a number"}, {SCHEMA_BOOLEAN, "true or false"},
		     {SCHEMA_ARRAY, "a list"},    {SCHEMA_OBJECT, "an object"},
		     {SCHEMA_NULL, "null"}};
	struct text text;

	if (!errors)
		return false;
	if (types & SCHEMA_NUMBER)
		types &= ~(unsigned)SCHEMA_INTEGER;
	text_init(&text, SCHEMA_DETAIL_BYTES);
	text_adds(&text, "must be ");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!(types & names[i].type))
			continue;
		types &= ~names[i].type;
		text_adds(&text, names[i].words);
		if (types)
			text_adds(&text, " or ");
	}
	tell_take(errors, at, text_take(&text));
	text_release(&text);
	return false;
}

static void value_write(struct text *text, const struct schema_value *value)
{
	switch (value->type) {
	case SCHEMA_NULL:
		text_adds(text, "null");
		break;
	case SCHEMA_BOOLEAN:
		text_adds(text, value->boolean ? "true" : "false");
		break;
	case SCHEMA_INTEGER:
		text_addf(text, "%lld", (long long)value->integer);
		break;
	case SCHEMA_NUMBER:
		if (value->string)
			text_adds(text, value->string);
		else
			text_addf(text, "%.15g", value->number);
		break;
	case SCHEMA_STRING:
		if (value->count)
			text_add(text, value->string, value->count);
		else
			text_adds(text, "\"\"");
		break;
	case SCHEMA_ARRAY:
		text_adds(text, "a list that the contract shows");
		break;
	default:
		text_adds(text, "an object that the contract shows");
		break;
	}
}

bool schema_tell_values(struct schema_errors *errors, const struct schema_place *at, const struct schema_value *values,
			size_t count)
{
	struct text text;
	size_t i;

	if (!errors)
		return false;
	text_init(&text, SCHEMA_DETAIL_BYTES);
	text_adds(&text, count == 1 ? "must be " : "is not one of: ");
	for (i = 0; i < count && text.length < SCHEMA_DETAIL_BYTES / 2; i++) {
		if (i)
			text_adds(&text, ", ");
		value_write(&text, &values[i]);
	}
	if (i < count)
		text_adds(&text, ", …");
	tell_take(errors, at,
		  text_ok(&text) ? text_take(&text) : strdup("is not one of the values that the contract lists"));
	text_release(&text);
	return false;
}

bool schema_tell_format(struct schema_errors *errors, const struct schema_place *at, enum schema_format format)
{
	static const char *const sentences[] = {
		[FORMAT_NONE] = "",
		[FORMAT_DATE] = "must be a date like 2027-01-15",
		[FORMAT_DATE_TIME] = "must be a date and time with its offset, like 2027-01-15T08:00:00Z",
		[FORMAT_EMAIL] = "must be an e-mail address like maria@lakeview.example",
		[FORMAT_URI] = "must be a full address like https://lakeview.example/hooks",
		[FORMAT_UUID] = "must be an id like 0191b2a4-5c3e-7f00-8a1b-2c3d4e5f6071",
		[FORMAT_TIME_ZONE] = "must be a time zone like America/New_York",
		[FORMAT_LANGUAGE_TAG] = "must be a language tag like en or es-MX",
	};

	return schema_tell(errors, at, "%s", sentences[format]);
}

bool schema_tell_number(struct schema_errors *errors, const struct schema_place *at, const char *rule,
			const struct schema_number *number)
{
	if (number->text)
		return schema_tell(errors, at, "%s %s", rule, number->text);
	if (number->is_integer)
		return schema_tell(errors, at, "%s %lld", rule, (long long)number->integer);
	return schema_tell(errors, at, "%s %.15g", rule, number->number);
}
