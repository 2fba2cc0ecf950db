#include "api/schema/schema.h"

#include <stdlib.h>
#include <string.h>

#include "api/schema/schema_errors.h"
#include "api/schema/schema_format.h"
#include "api/schema/schema_pattern.h"
#include "api/schema/schema_value.h"
#include "kept/text.h"

/*
 * Each rule returns whether the value meets it. With errors NULL a rule may stop at the first fault; with errors all
 * faults are told. `at` is the place of the value.
 */
static bool judge(const struct schema *schema, const json_t *value, const struct schema_place *at,
		  struct schema_errors *errors);

static bool one_of_values(const struct schema_value *values, size_t count, const json_t *value)
{
	for (size_t i = 0; i < count; i++)
		if (schema_value_equals(&values[i], value))
			return true;
	return false;
}

static bool judge_values(const struct schema *schema, const json_t *value, const struct schema_place *at,
			 struct schema_errors *errors)
{
	if (schema->has_values && !one_of_values(schema->values, schema->value_count, value))
		return schema_tell_values(errors, at, schema->values, schema->value_count);
	if (schema->constant && !schema_value_equals(schema->constant, value))
		return schema_tell_values(errors, at, schema->constant, 1);
	return true;
}

static const char *plural(size_t count)
{
	return count == 1 ? "" : "s";
}

/* minLength, minItems, minProperties and their opposites; `thing` in the singular. */
static bool judge_count(size_t count, size_t least, size_t most, const char *thing, const struct schema_place *at,
			struct schema_errors *errors)
{
	if (count < least)
		return least == 1 ? schema_tell(errors, at, "must not be empty")
				  : schema_tell(errors, at, "must have at least %zu %s%s, and has %zu", least, thing,
						plural(least), count);
	if (count > most)
		return schema_tell(errors, at, "must have at most %zu %s%s, and has %zu", most, thing, plural(most),
				   count);
	return true;
}

static bool judge_string(const struct schema *schema, const json_t *value, const struct schema_place *at,
			 struct schema_errors *errors)
{
	const char *string = json_string_value(value);
	size_t length = json_string_length(value);
	bool valid = true;

	if (schema->min_length || schema->max_length != SCHEMA_NO_LIMIT)
		valid = judge_count(text_code_points(string, length), schema->min_length, schema->max_length,
				    "character", at, errors);
	if (schema->format != FORMAT_NONE && !schema_format_holds(schema->format, string, length))
		valid = schema_tell_format(errors, at, schema->format);
	else if (valid && schema->pattern && !schema_pattern_matches(schema->pattern, string, length))
		valid = schema_tell(errors, at, "has a form that is not taken here; the contract's pattern is %s",
				    schema->pattern->text);
	return valid;
}

static bool judge_number(const struct schema *schema, const json_t *value, const struct schema_place *at,
			 struct schema_errors *errors)
{
	bool valid = true;

	if (schema->minimum.present && schema_number_compare(value, &schema->minimum) < 0)
		valid = schema_tell_number(errors, at, "must be at least", &schema->minimum);
	if (schema->maximum.present && schema_number_compare(value, &schema->maximum) > 0)
		valid = schema_tell_number(errors, at, "must be at most", &schema->maximum);
	if (schema->exclusive_minimum.present && schema_number_compare(value, &schema->exclusive_minimum) <= 0)
		valid = schema_tell_number(errors, at, "must be above", &schema->exclusive_minimum);
	if (schema->exclusive_maximum.present && schema_number_compare(value, &schema->exclusive_maximum) >= 0)
		valid = schema_tell_number(errors, at, "must be below", &schema->exclusive_maximum);
	if (schema->multiple_of.present && !schema_number_is_multiple(value, &schema->multiple_of))
		valid = schema_tell_number(errors, at, "must be a multiple of", &schema->multiple_of);
	return valid;
}

static bool judge_unique(const json_t *value, const struct schema_place *at, struct schema_errors *errors)
{
	for (size_t i = 1; i < json_array_size(value); i++) {
		for (size_t j = 0; j < i; j++) {
			struct schema_place item = {at, NULL, i};

			if (schema_json_equal(json_array_get(value, i), json_array_get(value, j)))
				return schema_tell(errors, &item, "is there twice (as item %zu too); remove one", j);
		}
	}
	return true;
}

static bool judge_array(const struct schema *schema, const json_t *value, const struct schema_place *at,
			struct schema_errors *errors)
{
	bool valid = judge_count(json_array_size(value), schema->min_items, schema->max_items, "item", at, errors);

	/* A list that is too long is wrong already; comparing its items pair by pair would take as long as a client
	 * likes. */
	if (schema->unique_items && json_array_size(value) <= schema->max_items && !judge_unique(value, at, errors))
		valid = false;
	for (size_t i = 0; schema->items && i < json_array_size(value) && (valid || errors); i++) {
		struct schema_place item = {at, NULL, i};

		if (!judge(schema->items, json_array_get(value, i), &item, errors))
			valid = false;
	}
	return valid;
}

static int compare_property(const void *name, const void *property)
{
	return strcmp(name, ((const struct schema_property *)property)->name);
}

static bool judge_member(const struct schema *schema, const char *name, const json_t *value,
			 const struct schema_place *at, struct schema_errors *errors)
{
	const struct schema_property *property = NULL;

	if (schema->property_count)
		property =
			bsearch(name, schema->properties, schema->property_count, sizeof(*property), compare_property);
	if (property)
		return judge(property->schema, value, at, errors);
	if (!schema->additional_properties)
		return true;
	if (schema->additional_properties->refuses_all)
		return schema_tell(errors, at, "is not known here; remove it");
	return judge(schema->additional_properties, value, at, errors);
}

static bool judge_object(const struct schema *schema, const json_t *value, const struct schema_place *at,
			 struct schema_errors *errors)
{
	bool valid = judge_count(json_object_size(value), schema->min_properties, schema->max_properties, "member", at,
				 errors);
	const char *name;
	json_t *member;

	for (size_t i = 0; i < schema->required_count && (valid || errors); i++) {
		struct schema_place place = {at, schema->required[i], 0};

		if (!json_object_get(value, schema->required[i]))
			valid = schema_tell(errors, &place, "is missing");
	}
	if (!schema->property_count && !schema->additional_properties)
		return valid;
	json_object_foreach ((json_t *)value, name, member) {
		struct schema_place place = {at, name, 0};

		if (!valid && !errors)
			break;
		if (!judge_member(schema, name, member, &place, errors))
			valid = false;
	}
	return valid;
}

static size_t count_fits(const struct schema *const *schemas, size_t count, const json_t *value,
			 const struct schema_place *at, size_t enough)
{
	size_t fits = 0;

	for (size_t i = 0; i < count && fits < enough; i++)
		fits += judge(schemas[i], value, at, NULL);
	return fits;
}

/* A form whose type is another, or one of whose constant members has another value, was not meant. */
static bool form_was_meant(const struct schema *form, const json_t *value)
{
	if (form->types && !(schema_types_of(value) & form->types))
		return false;
	for (size_t i = 0; i < form->property_count && json_is_object(value); i++) {
		const struct schema_value *constant = form->properties[i].schema->constant;
		const json_t *member = json_object_get(value, form->properties[i].name);

		if (constant && member && !schema_value_equals(constant, member))
			return false;
	}
	return !form->ref || form_was_meant(form->ref, value);
}

/* No form fits. Of those that may have been meant, the faults of the one with the fewest are told, if it is the only
 * one. */
static bool tell_nearest(const struct schema *const *schemas, size_t count, const json_t *value,
			 const struct schema_place *at, struct schema_errors *errors)
{
	struct schema_errors *both, *best, *other;
	bool tie = true, any_meant = false;

	if (!errors)
		return false;
	for (size_t i = 0; i < count && !any_meant; i++)
		any_meant = form_was_meant(schemas[i], value);
	both = calloc(2, sizeof(*both));
	if (!both) {
		errors->no_memory = true;
		return false;
	}
	best = &both[0];
	other = &both[1];
	for (size_t i = 0; i < count; i++) {
		if (any_meant && !form_was_meant(schemas[i], value))
			continue;
		if (judge(schemas[i], value, at, other))
			continue;
		if (best->count == 0 || other->count < best->count) {
			struct schema_errors *worse = best;

			best = other;
			other = worse;
			tie = false;
		} else if (other->count == best->count) {
			tie = true;
		}
		schema_errors_release(other);
	}
	if (tie)
		schema_tell(errors, at, "fits none of the forms that the contract allows here");
	else
		schema_errors_move(errors, best);
	schema_errors_release(best);
	free(both);
	return false;
}

/* True when each form only asks for one member. Which ones these are helps more than that the forms do not fit. */
static bool forms_are_members(const struct schema *const *forms, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (forms[i]->required_count != 1 || forms[i]->property_count > 0 || forms[i]->types || forms[i]->ref)
			return false;
	return true;
}

static bool tell_members(const struct schema *const *forms, size_t count, const struct schema_place *at,
			 struct schema_errors *errors)
{
	struct text names;
	bool valid;

	text_init(&names, SCHEMA_DETAIL_BYTES);
	for (size_t i = 0; i < count; i++)
		text_addf(&names, "%s%s", i ? ", " : "", forms[i]->required[0]);
	valid = schema_tell(errors, at, "must have exactly one of: %s", text_ok(&names) ? names.bytes : "its members");
	text_release(&names);
	return valid;
}

static bool judge_combinations(const struct schema *schema, const json_t *value, const struct schema_place *at,
			       struct schema_errors *errors)
{
	bool valid = true;

	for (size_t i = 0; i < schema->all_count && (valid || errors); i++)
		if (!judge(schema->all_of[i], value, at, errors))
			valid = false;
	if (schema->any_count && count_fits(schema->any_of, schema->any_count, value, at, 1) == 0)
		valid = tell_nearest(schema->any_of, schema->any_count, value, at, errors);
	if (schema->one_count) {
		size_t fits = count_fits(schema->one_of, schema->one_count, value, at, 2);

		if (fits != 1 && forms_are_members(schema->one_of, schema->one_count))
			valid = tell_members(schema->one_of, schema->one_count, at, errors);
		else if (fits == 0)
			valid = tell_nearest(schema->one_of, schema->one_count, value, at, errors);
		else if (fits > 1)
			valid = schema_tell(errors, at,
					    "fits more than one of the forms of which it must fit exactly one");
	}
	if (schema->not_schema && judge(schema->not_schema, value, at, NULL))
		valid = schema_tell(errors, at, "has a form that the contract excludes here");
	return valid;
}

static bool judge_own(const struct schema *schema, const json_t *value, const struct schema_place *at,
		      struct schema_errors *errors)
{
	unsigned types = schema_types_of(value);

	if (schema->types && !(types & schema->types))
		return schema_tell_type(errors, at, schema->types);
	if (!judge_values(schema, value, at, errors))
		return false;
	if (types & SCHEMA_STRING)
		return judge_string(schema, value, at, errors);
	if (types & SCHEMA_NUMBER)
		return judge_number(schema, value, at, errors);
	if (types & SCHEMA_ARRAY)
		return judge_array(schema, value, at, errors);
	if (types & SCHEMA_OBJECT)
		return judge_object(schema, value, at, errors);
	return true;
}

static bool judge(const struct schema *schema, const json_t *value, const struct schema_place *at,
		  struct schema_errors *errors)
{
	bool valid;

	if (schema->refuses_all)
		return schema_tell(errors, at, "is not allowed here; remove it");
	valid = judge_own(schema, value, at, errors);
	if (!valid && !errors)
		return false;
	if (schema->ref && !judge(schema->ref, value, at, errors))
		valid = false;
	if (!valid && !errors)
		return false;
	return judge_combinations(schema, value, at, errors) && valid;
}

bool schema_validate(const struct schema *schema, const json_t *value, struct schema_errors *errors)
{
	struct schema_place top = {NULL, NULL, 0};

	return judge(schema, value, &top, errors);
}
