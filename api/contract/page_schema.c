#include <stdlib.h>
#include <string.h>

#include "api/contract/page.h"

json_t *page_schema_merged(const struct page *page, const json_t *schema)
{
	const char *ref = json_string_value(json_object_get(schema, "$ref"));
	json_t *merged, *own;

	if (!ref)
		return json_is_object(schema) ? json_copy((json_t *)schema) : json_object();
	merged = page_schema_merged(page, resolve(page->compiler, ref));
	own = json_copy((json_t *)schema);
	json_object_del(own, "$ref");
	json_object_update(merged, own);
	json_decref(own);
	return merged;
}

static void range_words(struct text *out, const json_t *schema, const char *least, const char *most, const char *unit)
{
	const json_t *from = json_object_get(schema, least), *to = json_object_get(schema, most);

	if (from && to)
		text_addf(out, ", %g to %.17g%s", json_number_value(from), json_number_value(to), unit);
	else if (from)
		text_addf(out, ", at least %.17g%s", json_number_value(from), unit);
	else if (to)
		text_addf(out, ", at most %.17g%s", json_number_value(to), unit);
}

static void value_words(struct text *out, const json_t *value)
{
	char *bytes = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);

	text_adds(out, "<code>");
	text_add_html(out, json_is_string(value) ? json_string_value(value) : bytes ? bytes : "");
	text_adds(out, "</code>");
	free(bytes);
}

static void list_words(struct text *out, const json_t *list)
{
	size_t i;
	const json_t *value;

	json_array_foreach (list, i, value) {
		text_adds(out, i ? ", " : "");
		value_words(out, value);
	}
}

/* The name of the shape that a $ref means, if it is more than one value; else NULL. */
static const char *shape_of(const struct page *page, const json_t *schema)
{
	const char *ref = json_string_value(json_object_get(schema, "$ref"));
	const json_t *meant = ref ? resolve(page->compiler, ref) : NULL;

	return json_object_get(meant, "properties") || json_object_get(meant, "oneOf") ? strrchr(ref, '/') + 1 : NULL;
}

static void string_words(struct text *out, const json_t *schema)
{
	static const char *const formats[][2] = {{"date", "date"},
						 {"date-time", "date and time with offset"},
						 {"email", "e-mail address"},
						 {"uri", "address (URI)"},
						 {"uuid", "id (UUID)"},
						 {"time-zone", "time zone"},
						 {"language-tag", "language tag"}};
	const char *format = page_string(schema, "format"), *words = "text";

	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (strcmp(format, formats[i][0]) == 0)
			words = formats[i][1];
	text_adds(out, words);
	/* These have one length anyway. */
	if (!strstr(" date date-time uuid ", keep_format(" %s ", format)))
		range_words(out, schema, "minLength", "maxLength", " characters");
}

static void forms_words(struct page *page, const json_t *forms)
{
	size_t i;
	const json_t *form;

	json_array_foreach (forms, i, form) {
		text_adds(&page->out, i ? " or " : "");
		page_schema_words(page, form);
	}
}

static void type_words(struct page *page, const json_t *schema, const char *type)
{
	struct text *out = &page->out;

	if (strcmp(type, "string") == 0) {
		string_words(out, schema);
	} else if (strcmp(type, "integer") == 0 || strcmp(type, "number") == 0) {
		text_adds(out, strcmp(type, "integer") == 0 ? "whole number" : "number");
		range_words(out, schema, "minimum", "maximum", "");
		range_words(out, schema, "exclusiveMinimum", "exclusiveMaximum", " (not itself)");
		if (json_object_get(schema, "multipleOf"))
			text_addf(out, ", a multiple of %g", json_number_value(json_object_get(schema, "multipleOf")));
	} else if (strcmp(type, "array") == 0) {
		text_adds(out, json_is_true(json_object_get(schema, "uniqueItems")) ? "list without repeats" : "list");
		range_words(out, schema, "minItems", "maxItems", " items");
		if (json_object_get(schema, "items")) {
			text_adds(out, ", each: ");
			page_schema_words(page, json_object_get(schema, "items"));
		}
	} else {
		text_adds(out, strcmp(type, "boolean") == 0 ? "true or false" : type);
	}
}

static void types_words(struct page *page, const json_t *schema)
{
	const json_t *type = json_object_get(schema, "type"), *word;
	size_t i;

	if (json_is_string(type))
		type_words(page, schema, json_string_value(type));
	if (!type)
		text_adds(&page->out, json_object_get(schema, "oneOf") || json_object_get(schema, "allOf") ||
						      json_object_get(schema, "properties")
					      ? "object"
					      : "anything");
	json_array_foreach (type, i, word) {
		text_adds(&page->out, i ? " or " : "");
		type_words(page, schema, json_string_value(word));
	}
}

void page_schema_words(struct page *page, const json_t *schema)
{
	struct text *out = &page->out;
	const char *shape = shape_of(page, schema);
	json_t *merged = page_schema_merged(page, schema);
	const json_t *values = json_object_get(merged, "enum"), *constant = json_object_get(merged, "const");
	const json_t *forms = json_object_get(merged, "anyOf");
	const char *pattern = page_string(merged, "pattern");

	if (shape) {
		text_addf(out, "<a href=\"#shape-%s\">%s</a>", shape, shape);
	} else if (values || constant) {
		text_adds(out, values ? "one of " : "always ");
		if (values)
			list_words(out, values);
		else
			value_words(out, constant);
	} else if (forms && !json_object_get(merged, "type")) {
		forms_words(page, forms);
	} else {
		types_words(page, merged);
		/* Which control characters are not taken tells nobody anything. */
		if (*pattern && strlen(pattern) <= 60 && !strstr(pattern, "\\u00")) {
			text_adds(out, ", of the form <code>");
			text_add_html(out, pattern);
			text_adds(out, "</code>");
		}
	}
	if (json_object_get(merged, "default")) {
		text_adds(out, ", without it ");
		value_words(out, json_object_get(merged, "default"));
	}
	json_decref(merged);
}

static bool is_required(const json_t *schema, const char *name)
{
	size_t i;
	const json_t *word;

	json_array_foreach (json_object_get(schema, "required"), i, word)
		if (strcmp(json_string_value(word), name) == 0)
			return true;
	return false;
}

static void member_write(struct page *page, const char *path, const json_t *member, bool required)
{
	json_t *merged = page_schema_merged(page, member);

	text_adds(&page->out, "<dt><code>");
	text_add_html(&page->out, path);
	text_adds(&page->out, "</code> ");
	if (required)
		text_adds(&page->out, "<span class=\"must\">needed</span> ");
	text_adds(&page->out, "<span class=\"type\">");
	page_schema_words(page, member);
	text_adds(&page->out, "</span></dt>\n<dd>");
	page_prose(&page->out, page_string(merged, "description"));
	text_adds(&page->out, "</dd>\n");
	json_decref(merged);
}

/* The forms of a combination add members; one that is there already is not told again. */
static void forms_members(struct page *page, const json_t *merged, const char *prefix, int depth)
{
	static const char *const words[] = {"allOf", "anyOf", "oneOf"};
	const json_t *own = json_object_get(merged, "properties");

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t j;
		const json_t *form;

		json_array_foreach (json_object_get(merged, words[i]), j, form) {
			json_t *one = page_schema_merged(page, form);
			json_t *properties = json_copy(json_object_get(one, "properties"));
			const char *name;
			json_t *member;

			json_object_foreach ((json_t *)own, name, member)
				json_object_del(properties, name);
			if (properties)
				json_object_set(one, "properties", properties);
			page_schema_members(page, one, prefix, depth + 1);
			json_decref(properties);
			json_decref(one);
		}
	}
}

void page_schema_members(struct page *page, const json_t *schema, const char *prefix, int depth)
{
	json_t *merged;
	const char *name;
	json_t *member;

	if (!json_is_object(schema) || depth > PAGE_DEPTH)
		return;
	merged = page_schema_merged(page, schema);
	json_object_foreach (json_object_get(merged, "properties"), name, member) {
		const char *path = keep_format("%s%s", prefix, name);

		member_write(page, path, member, is_required(merged, name));
		page_schema_members(page, member, keep_format("%s.", path), depth + 1);
	}
	if (json_object_get(merged, "items"))
		page_schema_members(page, json_object_get(merged, "items"),
				    keep_format("%.*s[].", (int)strlen(prefix) - (*prefix ? 1 : 0), prefix), depth + 1);
	forms_members(page, merged, prefix, depth);
	json_decref(merged);
}
