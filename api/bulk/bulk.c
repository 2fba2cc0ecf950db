#include "api/bulk/bulk.h"

#include <stdio.h>
#include <string.h>

#include "api/bulk/bulk_item.h"
#include "api/bulk/bulk_sheet.h"
#include "kept/limits.h"

#define NO_MEMORY "There is no memory for this request just now. Try again soon."

static bool refuse(struct body_fault *fault, int status, const char *detail)
{
	fault->status = status;
	snprintf(fault->detail, sizeof(fault->detail), "%s", detail);
	return false;
}

/* The document shows an envelope with one member; the items are judged one by one. */
static bool take_envelope(const json_t *body, struct problem_errors *errors)
{
	const json_t *items = json_object_get(body, "items");
	const char *name;
	json_t *value;
	int before = errors->count;
	json_object_foreach ((json_t *)body, name, value) {
		struct text pointer;
		if (strcmp(name, "items") == 0)
			continue;
		text_init(&pointer, strlen(name) + 1);
		text_adds(&pointer, "/");
		text_adds(&pointer, name);
		problem_errors_pointer(errors, text_ok(&pointer) ? pointer.bytes : "/", "is not known here; remove it");
		text_release(&pointer);
	}
	if (!items)
		problem_errors_pointer(errors, "/items", "is missing");
	else if (!json_is_array(items))
		problem_errors_pointer(errors, "/items", "must be a list");
	return errors->count == before;
}

static bool take_json(struct bulk *bulk, const struct bulk_source *source, struct problem_errors *errors,
		      struct body_fault *fault)
{
	json_t *body = body_parse_within(source->bytes, source->length, KEPT_BULK_MEMBERS, fault), *value;
	if (!body)
		return false;
	bool ok =
		take_envelope(body, errors) || refuse(fault, 422, "The body holds members that are wrong. See errors.");
	size_t i;
	json_array_foreach (json_object_get(body, "items"), i, value) {
		struct bulk_item item;
		if (!ok || i > KEPT_BULK_ITEMS)
			break;
		ok = bulk_item_init(&item, json_incref(value), 0) || refuse(fault, 503, NO_MEMORY);
		if (ok)
			bulk_item_add(bulk, &item);
		bulk_item_release(&item);
	}
	json_decref(body);
	return ok;
}

static bool check_count(const struct bulk *bulk, struct problem_errors *errors, struct body_fault *fault)
{
	if (bulk->count >= 1 && bulk->count <= KEPT_BULK_ITEMS)
		return true;
	problem_errors_pointer(errors, "/items",
			       bulk->count == 0 ? "must not be empty" : "must have at most 1000 items");
	return refuse(fault, 422,
		      bulk->count == 0 ? "There is nothing to do: no item, no row."
				       : "Up to 1,000 items or rows are taken at once. Send them in parts.");
}

char *bulk_read(const struct bulk_source *source, struct problem_errors *errors, struct body_fault *fault)
{
	struct bulk bulk = {.items = source->operation->items, .seal = source->seal};
	char *text = NULL;
	memset(fault, 0, sizeof(*fault));
	text_init(&bulk.out, KEPT_REPLY_BYTES);
	bool ok =
		source->sheet ? bulk_sheet_read(&bulk, source, errors, fault) : take_json(&bulk, source, errors, fault);
	if (ok && check_count(&bulk, errors, fault)) {
		text_adds(&bulk.out, "]");
		text = text_take(&bulk.out);
		if (!text)
			(void)refuse(fault, 503, NO_MEMORY);
	}
	text_release(&bulk.out);
	return text;
}
