#include "api/csv/csv_write.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define CELL_BYTES (8 * 1024 * 1024)
#define REAL_DIGITS 15
#define PLAIN_FLAGS (JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(REAL_DIGITS))

static void write_cell(struct text *out, const char *cell, size_t length, bool number)
{
	size_t apostrophes = strspn(cell, "'");
	bool formula = !number && cell[apostrophes] && strchr("=+-@\t\r", cell[apostrophes]);
	bool quotes = length == 0 || strcspn(cell, ",\"\r\n") < length;
	text_adds(out, quotes ? "\"" : "");
	text_adds(out, formula ? "'" : "");
	for (const char *from = cell, *quote; length > 0; from = quote) {
		quote = memchr(from, '"', length);
		quote = quote ? quote + 1 : from + length;
		text_add(out, from, (size_t)(quote - from));
		length -= (size_t)(quote - from);
		text_adds(out, quote[-1] == '"' ? "\"" : "");
	}
	text_adds(out, quotes ? "\"" : "");
}

static bool is_plain(const json_t *value)
{
	return !json_is_array(value) && !json_is_object(value);
}

static bool all_plain(const json_t *array)
{
	size_t i;
	const json_t *value;
	json_array_foreach (array, i, value)
		if (!is_plain(value))
			return false;
	return true;
}

/* Appends text as it is, and all else as JSON. */
static void add_value(struct text *cell, const json_t *value)
{
	if (json_is_string(value)) {
		text_add(cell, json_string_value(value), json_string_length(value));
		return;
	}
	char *json = json_dumps(value, PLAIN_FLAGS);
	if (json)
		text_adds(cell, json);
	else
		cell->failed = true;
	free(json);
}

static void write_value(struct text *out, const json_t *value)
{
	struct text cell;
	size_t i;
	const json_t *one;
	if (!value || json_is_null(value) || (json_is_array(value) && json_array_size(value) == 0))
		return;
	text_init(&cell, CELL_BYTES);
	if (json_is_array(value) && all_plain(value)) {
		json_array_foreach (value, i, one) {
			text_adds(&cell, i > 0 ? ";" : "");
			add_value(&cell, one);
		}
	} else {
		add_value(&cell, value);
	}
	if (!text_ok(&cell))
		out->failed = true;
	else
		write_cell(out, cell.length > 0 ? cell.bytes : "", cell.length,
			   json_is_number(value) ||
				   (json_array_size(value) == 1 && json_is_number(json_array_get(value, 0))));
	text_release(&cell);
}

static const json_t *find(const json_t *item, const char *column)
{
	for (;;) {
		size_t length = strcspn(column, ".");
		item = json_object_getn(item, column, length);
		if (!item || !column[length])
			return item;
		column += length + 1;
	}
}

void csv_write_header(struct text *out, const char *const *columns, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		text_adds(out, i > 0 ? "," : "");
		write_cell(out, columns[i], strlen(columns[i]), false);
	}
	text_adds(out, "\r\n");
}

void csv_write_row(struct text *out, const char *const *columns, size_t count, const json_t *item)
{
	for (size_t i = 0; i < count; i++) {
		text_adds(out, i > 0 ? "," : "");
		write_value(out, find(item, columns[i]));
	}
	text_adds(out, "\r\n");
}
