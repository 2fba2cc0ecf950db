#include "api/bulk/bulk_item.h"

#include <stdlib.h>
#include <string.h>

#include "api/reply/secrets.h"
#include "kept/limits.h"

bool bulk_item_init(struct bulk_item *item, json_t *members, size_t line)
{
	memset(item, 0, sizeof(*item));
	item->members = members ? members : json_object();
	item->line = line;
	if (!members) {
		item->find = json_object();
		item->stays = json_object();
	}
	if (item->members && (members || (item->find && item->stays)))
		return true;
	bulk_item_release(item);
	return false;
}

void bulk_item_release(struct bulk_item *item)
{
	json_decref(item->members);
	json_decref(item->find);
	json_decref(item->stays);
	schema_errors_release(&item->errors);
	memset(item, 0, sizeof(*item));
}

/* Judges a value that stands at `place` within the item. */
static void judge(struct bulk_item *item, const struct schema *schema, const json_t *value, const char *place)
{
	struct schema_errors found;
	schema_errors_init(&found);
	(void)!schema_validate(schema, value, &found);
	for (size_t i = 0; i < found.count; i++) {
		struct text pointer;
		text_init(&pointer, strlen(place) + strlen(found.items[i].pointer));
		text_adds(&pointer, place);
		text_adds(&pointer, found.items[i].pointer);
		schema_errors_add(&item->errors, text_ok(&pointer) && pointer.bytes ? pointer.bytes : place,
				  found.items[i].detail);
		text_release(&pointer);
	}
	item->errors.no_memory |= found.no_memory;
	schema_errors_release(&found);
}

/* Takes a member out of the object; NULL: it is not there. */
static json_t *take(json_t *members, const char *name)
{
	json_t *value = json_incref(json_object_get(members, name));
	json_object_del(members, name);
	return value;
}

static void judge_item(struct bulk *bulk, struct bulk_item *item, const json_t *id, const json_t *version)
{
	if (!id) {
		judge(item, bulk->items->create, item->members, "");
		return;
	}
	judge(item, contract_schema_find("Id"), id, "/id");
	if (version)
		judge(item, contract_schema_find("Version"), version, "/version");
	/* A row of a sheet may say nothing new. */
	if (!item->find || json_object_size(item->members) > 0)
		judge(item, bulk->items->change, item->members, "");
}

/* A client may choose names of any length: of a long pointer the nearest parent is told. There is more before it. */
static size_t told_length(const char *pointer)
{
	size_t length = strlen(pointer), most = KEPT_ERROR_PLACE_BYTES - sizeof("/items/999");
	if (length > most)
		for (length = most; length > 0 && pointer[length] != '/';)
			length--;
	return length;
}

static void add_errors(struct text *out, const struct schema_errors *errors)
{
	text_adds(out, "\"errors\":[");
	for (size_t i = 0; i < errors->count && i < KEPT_BULK_ITEM_ERRORS; i++) {
		text_adds(out, i > 0 ? ",{\"pointer\":" : "{\"pointer\":");
		text_add_json(out, errors->items[i].pointer, told_length(errors->items[i].pointer));
		text_adds(out, ",\"detail\":");
		text_add_json(out, errors->items[i].detail, strlen(errors->items[i].detail));
		text_adds(out, "}");
	}
	text_adds(out, "]");
}

static void add_value(struct text *out, const char *name, const json_t *value)
{
	char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
	if (!text)
		out->failed = true;
	text_adds(out, name);
	text_adds(out, text ? text : "");
	free(text);
}

/* One for each new contact of channel webhook, in their order. */
static void add_secrets(struct bulk *bulk, const json_t *members)
{
	const json_t *contact;
	size_t i;
	bool any = false;
	json_array_foreach (json_object_get(members, "contacts"), i, contact) {
		const char *channel = json_string_value(json_object_get(contact, "channel"));
		if (!channel || strcmp(channel, "webhook") != 0)
			continue;
		text_adds(&bulk->out, any ? "," : ",\"secrets\":[");
		any = true;
		if (!secrets_add_webhook(bulk->seal, &bulk->out))
			bulk->out.failed = true;
	}
	text_adds(&bulk->out, any ? "]" : "");
}

static void add_good(struct bulk *bulk, const struct bulk_item *item, const json_t *id, const json_t *version)
{
	struct text *out = &bulk->out;
	add_value(out, "\"body\":", item->members);
	if (id)
		add_value(out, ",\"id\":", id);
	else
		add_secrets(bulk, item->members);
	/* 1.0 is a version too. */
	if (version)
		text_addf(out, ",\"if_match\":%.0f", json_number_value(version));
	if (json_object_size(item->find) > 0)
		add_value(out, ",\"find\":", item->find);
	if (json_object_size(item->stays) > 0)
		add_value(out, ",\"stays\":", item->stays);
}

static void append(struct bulk *bulk, const struct bulk_item *item, const json_t *id, const json_t *version)
{
	text_adds(&bulk->out, bulk->count > 0 ? ",{" : "[{");
	bulk->count++;
	if (item->errors.no_memory)
		bulk->out.failed = true;
	if (item->errors.count > 0)
		add_errors(&bulk->out, &item->errors);
	else
		add_good(bulk, item, id, version);
	if (item->line > 0)
		text_addf(&bulk->out, ",\"line\":%zu", item->line);
	text_adds(&bulk->out, "}");
}

void bulk_item_refuse(struct bulk *bulk, struct bulk_item *item, const char *detail)
{
	schema_errors_add(&item->errors, "", detail);
	append(bulk, item, NULL, NULL);
}

void bulk_item_add(struct bulk *bulk, struct bulk_item *item)
{
	json_t *id = take(item->members, "id");
	json_t *version = id ? take(item->members, "version") : NULL;
	judge_item(bulk, item, id, version);
	append(bulk, item, id, version);
	json_decref(id);
	json_decref(version);
}
